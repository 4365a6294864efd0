//! What a run cost.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

/// CPU time of the whole process and wall time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

impl Figure {
    /// Returns what `work` gives, and what it cost.
    pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (Figure, T) {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let result = work();
        (Figure { cpu: cpu.elapsed(), wall: wall.elapsed() }, result)
    }

    pub(crate) fn of_millis(cpu: f64, wall: f64) -> Figure {
        let time = |millis: f64| Duration::from_secs_f64(millis / 1e3);
        Figure { cpu: time(cpu), wall: time(wall) }
    }

    /// Returns the medians, each by itself.
    pub(crate) fn median(figures: &[Figure]) -> Figure {
        let middle = |time: fn(&Figure) -> Duration| {
            let mut times: Vec<Duration> = figures.iter().map(time).collect();
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        };
        Figure { cpu: middle(|figure| figure.cpu), wall: middle(|figure| figure.wall) }
    }

    pub(crate) fn cpu_ms(self) -> f64 {
        self.cpu.as_secs_f64() * 1e3
    }

    pub(crate) fn wall_ms(self) -> f64 {
        self.wall.as_secs_f64() * 1e3
    }
}
