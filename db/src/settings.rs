//! What SET, SHOW and RESET know: a closed list of settings and their values.

use std::time::Duration;

use diag::{Code, Diagnostic, Span};
use exec::JitMode;

/// The settings of one session.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Most threads at work for one statement.
    pub(crate) threads: usize,
    /// Most bytes of query memory, the whole database's.
    pub(crate) memory_limit: usize,
    /// Longest run of a statement; none for zero.
    pub(crate) statement_timeout: Option<Duration>,
    /// When expressions become machine code.
    pub(crate) jit: JitMode,
    /// False runs only the rules that planning needs.
    pub(crate) optimizer: bool,
    /// The valid-time axis of reads that do not name one.
    pub(crate) valid_time: ValidTimeSetting,
    /// True to refuse AS OF a commit in the future.
    pub(crate) strict_as_of: bool,
    /// Written into `system.commits`.
    pub(crate) application_name: String,
    /// Written into `system.commits` by the next commits.
    pub(crate) commit_message: String,
}

/// `SET valid_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValidTimeSetting {
    /// No filter.
    All,
    /// The transaction's time.
    Now,
    /// A fixed instant.
    AsOf(i64),
}

/// A setting's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Threads,
    MemoryLimit,
    StatementTimeout,
    Jit,
    Optimizer,
    ValidTime,
    StrictAsOf,
    ApplicationName,
    CommitMessage,
}

impl Setting {
    const ALL: [(&'static str, Setting); 9] = [
        ("application_name", Setting::ApplicationName),
        ("commit_message", Setting::CommitMessage),
        ("jit", Setting::Jit),
        ("memory_limit", Setting::MemoryLimit),
        ("optimizer", Setting::Optimizer),
        ("statement_timeout", Setting::StatementTimeout),
        ("temporal.strict_as_of", Setting::StrictAsOf),
        ("threads", Setting::Threads),
        ("valid_time", Setting::ValidTime),
    ];

    /// Returns the setting of this name.
    ///
    /// # Errors
    /// Unknown names, with the nearest known one.
    pub(crate) fn find(name: &str, span: Span) -> diag::Result<Setting> {
        if let Some((_, setting)) = Setting::ALL.iter().find(|(known, _)| *known == name) {
            return Ok(*setting);
        }
        // The binder knows the names of settings that come with their feature.
        if frontend::SETTINGS.contains(&name) {
            return Err(Box::new(Diagnostic::not_built(span, format!("setting \"{name}\""))));
        }
        let message = format!("setting \"{name}\" does not exist");
        let names = Setting::ALL.iter().map(|(known, _)| *known);
        Err(Box::new(
            Diagnostic::at(Code::UnknownSetting, span, message)
                .primary("not a setting")
                .help_opt(diag::did_you_mean(name, names)),
        ))
    }

    /// Returns all names with their settings, in order of name.
    pub(crate) fn all() -> impl Iterator<Item = (&'static str, Setting)> {
        Setting::ALL.into_iter()
    }
}

impl Settings {
    /// Returns the defaults on a machine with `threads` cores.
    pub(crate) fn new(threads: usize, memory_limit: usize) -> Settings {
        Settings {
            threads,
            memory_limit,
            statement_timeout: None,
            jit: JitMode::Auto,
            optimizer: true,
            valid_time: ValidTimeSetting::All,
            strict_as_of: false,
            application_name: String::new(),
            commit_message: String::new(),
        }
    }

    /// Returns a setting's value as SHOW prints it.
    pub(crate) fn get(&self, setting: Setting) -> String {
        match setting {
            Setting::Threads => self.threads.to_string(),
            Setting::MemoryLimit => bytes_text(self.memory_limit),
            Setting::StatementTimeout => {
                let timeout = self.statement_timeout.unwrap_or_default();
                format!("{}ms", timeout.as_millis())
            }
            Setting::Jit => jit_word(self.jit).to_owned(),
            Setting::Optimizer => on_off(self.optimizer).to_owned(),
            Setting::ValidTime => match self.valid_time {
                ValidTimeSetting::All => "all".to_owned(),
                ValidTimeSetting::Now => "now".to_owned(),
                ValidTimeSetting::AsOf(at) => format!("as of {at}"),
            },
            Setting::StrictAsOf => on_off(self.strict_as_of).to_owned(),
            Setting::ApplicationName => self.application_name.clone(),
            Setting::CommitMessage => self.commit_message.clone(),
        }
    }

    /// Sets a setting from its text.
    ///
    /// # Errors
    /// Values that it does not take, with those that it does.
    pub(crate) fn set(&mut self, setting: Setting, value: &str, span: Span) -> diag::Result<()> {
        let wrong = |takes: &str| {
            let message = format!("\"{value}\" is not a value of this setting");
            Box::new(
                Diagnostic::at(Code::InvalidSetting, span, message)
                    .help(format!("it takes {takes}")),
            )
        };
        let word = value.trim().to_ascii_lowercase();
        match setting {
            Setting::Threads => {
                let threads = word.parse().ok().filter(|count| (1..=1024).contains(count));
                self.threads = threads.ok_or_else(|| wrong("a number from 1 to 1024"))?;
            }
            Setting::MemoryLimit => {
                let takes = "bytes, as in 256MB or 2GiB, at least 1MB";
                let limit = bytes_of(&word).filter(|bytes| *bytes >= 1_000_000);
                self.memory_limit = limit.ok_or_else(|| wrong(takes))?;
            }
            Setting::StatementTimeout => {
                let takes = "milliseconds, or a number with us, ms, s, min or h; 0 for none";
                let timeout = duration_of(&word).ok_or_else(|| wrong(takes))?;
                self.statement_timeout = (!timeout.is_zero()).then_some(timeout);
            }
            Setting::Jit => {
                self.jit = jit_of(&word).ok_or_else(|| wrong("off, auto or force"))?;
            }
            Setting::Optimizer => {
                self.optimizer = bool_of(&word).ok_or_else(|| wrong("on or off"))?;
            }
            Setting::StrictAsOf => {
                self.strict_as_of = bool_of(&word).ok_or_else(|| wrong("on or off"))?;
            }
            Setting::ValidTime => {
                let takes = "all, now, or 'as of' and raw microseconds or a timestamp";
                self.valid_time = valid_time_of(&word).ok_or_else(|| wrong(takes))?;
            }
            Setting::ApplicationName => value.clone_into(&mut self.application_name),
            Setting::CommitMessage => value.clone_into(&mut self.commit_message),
        }
        Ok(())
    }

    /// Sets a setting back to the value it has in `defaults`.
    pub(crate) fn reset(&mut self, setting: Setting, defaults: &Settings) {
        match setting {
            Setting::Threads => self.threads = defaults.threads,
            Setting::MemoryLimit => self.memory_limit = defaults.memory_limit,
            Setting::StatementTimeout => self.statement_timeout = defaults.statement_timeout,
            Setting::Jit => self.jit = defaults.jit,
            Setting::Optimizer => self.optimizer = defaults.optimizer,
            Setting::ValidTime => self.valid_time = defaults.valid_time,
            Setting::StrictAsOf => self.strict_as_of = defaults.strict_as_of,
            Setting::ApplicationName => {
                self.application_name.clone_from(&defaults.application_name);
            }
            Setting::CommitMessage => self.commit_message.clone_from(&defaults.commit_message),
        }
    }
}

fn jit_word(mode: JitMode) -> &'static str {
    match mode {
        JitMode::Off => "off",
        JitMode::Auto => "auto",
        JitMode::Force => "force",
    }
}

fn jit_of(word: &str) -> Option<JitMode> {
    match word {
        "off" | "false" => Some(JitMode::Off),
        "auto" | "on" | "true" => Some(JitMode::Auto),
        "force" => Some(JitMode::Force),
        _ => None,
    }
}

fn on_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

fn bool_of(word: &str) -> Option<bool> {
    match word {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn valid_time_of(word: &str) -> Option<ValidTimeSetting> {
    match word {
        "all" => Some(ValidTimeSetting::All),
        "now" => Some(ValidTimeSetting::Now),
        _ => {
            let at = word.strip_prefix("as of ")?.trim().trim_matches('\'');
            let raw = at.parse().ok();
            let instant = || types::Timestamp::parse(at).ok().map(|time| time.0);
            raw.or_else(instant).map(ValidTimeSetting::AsOf)
        }
    }
}

/// Cuts `12 ms` into number and unit.
fn number_and_unit(word: &str) -> Option<(u64, &str)> {
    let end = word.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

fn bytes_of(word: &str) -> Option<usize> {
    let (number, unit) = number_and_unit(word)?;
    let scale: u64 = match unit {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    usize::try_from(number.checked_mul(scale)?).ok()
}

fn bytes_text(bytes: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(scale, _)| bytes >= *scale && bytes.is_multiple_of(*scale));
    unit.map_or_else(|| format!("{bytes}B"), |(scale, name)| format!("{}{name}", bytes / scale))
}

fn duration_of(word: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(word)?;
    Some(match unit {
        "us" => Duration::from_micros(number),
        "" | "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "min" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3_600)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use diag::Span;

    use super::{Setting, Settings, ValidTimeSetting};

    #[test]
    fn what_is_set_is_shown() {
        let mut settings = Settings::new(2, 1 << 30);
        let cases = [
            ("threads", "4", "4"),
            ("memory_limit", "256MiB", "256MiB"),
            ("memory_limit", "2gb", "1953125KiB"),
            ("statement_timeout", "2s", "2000ms"),
            ("jit", "FORCE", "force"),
            ("optimizer", "off", "off"),
            ("temporal.strict_as_of", "on", "on"),
            ("valid_time", "as of 1000", "as of 1000"),
            ("application_name", "Ledger", "Ledger"),
        ];
        for (name, value, shown) in cases {
            let setting = Setting::find(name, Span::NONE).expect("it exists");
            settings.set(setting, value, Span::NONE).expect("it is a value");
            assert_eq!(settings.get(setting), shown);
        }
        assert_eq!(settings.statement_timeout, Some(Duration::from_secs(2)));
        assert_eq!(settings.valid_time, ValidTimeSetting::AsOf(1000));
        let defaults = Settings::new(2, 1 << 30);
        for (_, setting) in Setting::all() {
            settings.reset(setting, &defaults);
            assert_eq!(settings.get(setting), defaults.get(setting));
        }
    }

    #[test]
    fn unknown_names_and_values_are_errors() {
        let unknown = Setting::find("thread", Span::NONE).expect_err("no such setting");
        assert_eq!(unknown.help.as_deref(), Some("did you mean \"threads\"?"));
        let later = Setting::find("timezone", Span::NONE).expect_err("not built");
        assert_eq!(later.code.sqlstate(), "0A000");
        let mut settings = Settings::new(2, 1 << 30);
        for (name, value) in [("threads", "0"), ("jit", "maybe"), ("memory_limit", "9XB")] {
            let setting = Setting::find(name, Span::NONE).expect("it exists");
            assert!(settings.set(setting, value, Span::NONE).is_err());
        }
    }
}
