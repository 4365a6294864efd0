//! Decides which versions a reader sees.
//!
//! A version is a rectangle: known during `[sys_from, sys_to)`, true during `[valid_from, valid_to)`.
//! A reader is a rectangle too: one commit or a span of commits, one instant or a span of valid
//! time. It sees exactly the versions whose rectangle shares a point with its own. Every form of
//! reading becomes the same four comparisons, so this is the only place that knows the rule; see
//! docs/internals/visibility.md and SQL:2011 (system-versioned tables).
//!
//! A reader also has a snapshot: what was committed after it is unknown to it, so an end after the
//! snapshot shows as an open end, and a beginning after it hides the version.

use types::{CommitId, Period, TIME_MAX, TIME_MIN};

/// Which commits a reader asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemTime {
    /// The state as one commit left it; a commit after the snapshot is the snapshot.
    AsOf(CommitId),
    /// Every version that was current at some time during `[from, to)`.
    Range {
        /// The first commit.
        from: CommitId,
        /// The first commit after it; nothing is seen unless it is larger than `from`.
        to: CommitId,
    },
    /// Every version that the snapshot knows.
    All,
}

/// Which valid time a reader asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidTime {
    /// All of it.
    All,
    /// What is true at one instant.
    At(i64),
    /// What is true at some instant of `[from, to)`.
    Range {
        /// The first instant.
        from: i64,
        /// The first instant after it; nothing is seen unless it is larger than `from`.
        to: i64,
    },
}

/// Where in both times a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPoint {
    /// System time: what was known.
    pub system: SystemTime,
    /// Valid time: what was true.
    pub valid: ValidTime,
}

impl ReadPoint {
    /// Returns the point that sees the state at `commit`, over all valid time.
    pub fn as_of(commit: CommitId) -> ReadPoint {
        ReadPoint { system: SystemTime::AsOf(commit), valid: ValidTime::All }
    }
}

/// A version's place in both times; `sys_to` is [`CommitId::MAX`] while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rectangle {
    pub(crate) sys_from: CommitId,
    pub(crate) sys_to: CommitId,
    pub(crate) valid: Period,
}

/// The least and greatest of each bound over some versions, from a zone map or a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) sys_from: (CommitId, CommitId),
    pub(crate) sys_to: (CommitId, CommitId),
    pub(crate) valid_from: (i64, i64),
    pub(crate) valid_to: (i64, i64),
}

/// What a reader sees, as the four comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) snapshot: CommitId,
    /// A seen version has `sys_from <= known_by`,
    pub(crate) known_by: CommitId,
    /// `sys_to > known_after`,
    pub(crate) known_after: CommitId,
    /// `valid_from <= true_by`,
    pub(crate) true_by: i64,
    /// and `valid_to > true_after`.
    pub(crate) true_after: i64,
}

impl Window {
    /// Returns the window of a reader with this snapshot; `None` if it can see nothing.
    pub(crate) fn new(at: ReadPoint, snapshot: CommitId) -> Option<Window> {
        let (known_by, known_after) = match at.system {
            SystemTime::AsOf(commit) => (commit.min(snapshot), commit.min(snapshot)),
            SystemTime::Range { from, to } if from < to => (CommitId(to.0 - 1).min(snapshot), from),
            SystemTime::Range { .. } => return None,
            SystemTime::All => (snapshot, CommitId::ZERO),
        };
        let (true_by, true_after) = match at.valid {
            // No version ends at -infinity, so this excludes nothing.
            ValidTime::All => (TIME_MAX, TIME_MIN),
            ValidTime::At(instant) => (instant, instant),
            ValidTime::Range { from, to } if from < to => (to - 1, from),
            ValidTime::Range { .. } => return None,
        };
        Some(Window { snapshot, known_by, known_after, true_by, true_after })
    }

    /// The rule.
    pub(crate) fn sees(&self, version: Rectangle) -> bool {
        version.sys_from <= self.known_by
            && self.sees_until(version.sys_to)
            && version.valid.from <= self.true_by
            && version.valid.to > self.true_after
    }

    /// The part of the rule that a closing decides, for versions whose other bounds are known to fit.
    pub(crate) fn sees_until(&self, sys_to: CommitId) -> bool {
        // An end that the snapshot does not know is no end.
        sys_to > self.known_after || sys_to > self.snapshot
    }

    /// False if no version within these bounds is seen.
    pub(crate) fn may_see(&self, bounds: &Bounds) -> bool {
        bounds.sys_from.0 <= self.known_by
            && self.sees_until(bounds.sys_to.1)
            && bounds.valid_from.0 <= self.true_by
            && bounds.valid_to.1 > self.true_after
    }

    /// True if every version within these bounds is seen.
    pub(crate) fn sees_all(&self, bounds: &Bounds) -> bool {
        bounds.sys_from.1 <= self.known_by
            && self.sees_until(bounds.sys_to.0)
            && bounds.valid_from.1 <= self.true_by
            && bounds.valid_to.0 > self.true_after
    }

    /// Returns the end of a seen version as the reader knows it; `None` while it is open.
    pub(crate) fn known_end(&self, sys_to: CommitId) -> Option<CommitId> {
        (sys_to <= self.snapshot).then_some(sys_to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn system() -> impl Strategy<Value = SystemTime> {
        prop_oneof![
            (0..8_u64).prop_map(|at| SystemTime::AsOf(CommitId(at))),
            (0..8_u64, 0..8_u64).prop_map(|(from, to)| SystemTime::Range {
                from: CommitId(from),
                to: CommitId(to),
            }),
            Just(SystemTime::All),
        ]
    }

    fn valid() -> impl Strategy<Value = ValidTime> {
        prop_oneof![
            Just(ValidTime::All),
            (0..8_i64).prop_map(ValidTime::At),
            (0..8_i64, 0..8_i64).prop_map(|(from, to)| ValidTime::Range { from, to }),
        ]
    }

    /// The rule point by point: some commit and some instant that the reader asks about are inside.
    fn seen_by_points(at: ReadPoint, snapshot: u64, version: Rectangle) -> bool {
        let asked_commit = |commit: u64| match at.system {
            SystemTime::AsOf(wanted) => commit == wanted.0.min(snapshot),
            SystemTime::Range { from, to } => from.0 <= commit && commit < to.0,
            SystemTime::All => true,
        };
        let asked_instant = |instant: i64| match at.valid {
            ValidTime::All => true,
            ValidTime::At(wanted) => instant == wanted,
            ValidTime::Range { from, to } => from <= instant && instant < to,
        };
        // An end after the snapshot is not known to the reader.
        let end = if version.sys_to.0 > snapshot { u64::MAX } else { version.sys_to.0 };
        let known = (0..12)
            .any(|commit| asked_commit(commit) && version.sys_from.0 <= commit && commit < end);
        let valid =
            (-1..12).any(|instant| asked_instant(instant) && version.valid.contains(instant));
        version.sys_from.0 <= snapshot && known && valid
    }

    fn rectangle() -> impl Strategy<Value = Rectangle> {
        (1..7_u64, 1..4_u64, any::<bool>(), 0..7_i64, 1..4_i64).prop_map(
            |(from, length, open, valid_from, valid_length)| Rectangle {
                sys_from: CommitId(from),
                sys_to: if open { CommitId::MAX } else { CommitId(from + length) },
                valid: Period { from: valid_from, to: valid_from + valid_length },
            },
        )
    }

    proptest! {
        #[test]
        fn four_comparisons_are_the_rule(
            system in system(), valid in valid(), snapshot in 0..9_u64, version in rectangle(),
        ) {
            let at = ReadPoint { system, valid };
            let seen = Window::new(at, CommitId(snapshot)).is_some_and(|window| window.sees(version));
            // A range that begins after the snapshot asks about commits that nobody knows.
            let future = matches!(system, SystemTime::Range { from, .. } if from.0 > snapshot);
            prop_assume!(!future);
            prop_assert_eq!(seen, seen_by_points(at, snapshot, version));
        }

        #[test]
        fn bounds_never_lie(
            system in system(), valid in valid(), snapshot in 0..9_u64, a in rectangle(), b in rectangle(),
        ) {
            let pair = |a: i64, b: i64| (a.min(b), a.max(b));
            let bounds = Bounds {
                sys_from: (a.sys_from.min(b.sys_from), a.sys_from.max(b.sys_from)),
                sys_to: (a.sys_to.min(b.sys_to), a.sys_to.max(b.sys_to)),
                valid_from: pair(a.valid.from, b.valid.from),
                valid_to: pair(a.valid.to, b.valid.to),
            };
            if let Some(window) = Window::new(ReadPoint { system, valid }, CommitId(snapshot)) {
                let some = window.sees(a) || window.sees(b);
                let all = window.sees(a) && window.sees(b);
                prop_assert!(!some || window.may_see(&bounds));
                prop_assert!(all || !window.sees_all(&bounds));
            }
        }
    }
}
