//! Log lines, and the bridge from the `log` crate.

use crate::abi::call;
use core::fmt;

/// How important a log line is, from the least to the most.
///
/// It displays as its name in lower case, padded if the format asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Steps of an algorithm.
    Trace,
    /// For a developer.
    Debug,
    /// For an operator, once in a while.
    Info,
    /// Something is wrong and was survived.
    Warn,
    /// Something failed.
    Error,
    /// The extension cannot go on. The panic hook logs at this level.
    Critical,
}

impl LogLevel {
    /// The level with this number in the ABI; `None` for a number without one, which a host refuses.
    pub const fn from_u32(number: u32) -> Option<LogLevel> {
        Some(match number {
            0 => LogLevel::Trace,
            1 => LogLevel::Debug,
            2 => LogLevel::Info,
            3 => LogLevel::Warn,
            4 => LogLevel::Error,
            5 => LogLevel::Critical,
            _ => return None,
        })
    }

    /// The number of the level in the ABI.
    #[inline]
    pub const fn as_u32(self) -> u32 {
        match self {
            LogLevel::Trace => 0,
            LogLevel::Debug => 1,
            LogLevel::Info => 2,
            LogLevel::Warn => 3,
            LogLevel::Error => 4,
            LogLevel::Critical => 5,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            LogLevel::Trace => "trace",
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
            LogLevel::Critical => "critical",
        })
    }
}

/// Hands a line to the host. The level has been checked.
pub(crate) fn write(level: LogLevel, message: &str) {
    call::log(level.as_u32(), message.as_bytes());
}

#[cfg(feature = "log")]
pub(crate) use bridge::install;

#[cfg(feature = "log")]
mod bridge {
    use super::{LogLevel, write};
    use alloc::string::ToString;
    use log::{Level, LevelFilter, Log, Metadata, Record};

    impl From<Level> for LogLevel {
        fn from(level: Level) -> Self {
            match level {
                Level::Error => LogLevel::Error,
                Level::Warn => LogLevel::Warn,
                Level::Info => LogLevel::Info,
                Level::Debug => LogLevel::Debug,
                Level::Trace => LogLevel::Trace,
            }
        }
    }

    struct Bridge;

    impl Log for Bridge {
        /// On wasm the `log` crate itself knows the level. Natively the logger belongs to the process and
        /// levels to VMs, so the one that is running is asked.
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            #[cfg(target_arch = "wasm32")]
            return metadata.level() <= log::max_level();
            #[cfg(not(target_arch = "wasm32"))]
            return crate::abi::host::log_enabled(LogLevel::from(metadata.level()).as_u32());
        }

        fn log(&self, record: &Record<'_>) {
            if !self.enabled(record.metadata()) {
                return;
            }
            let level = record.level().into();
            match record.args().as_str() {
                Some(message) => write(level, message),
                None => write(level, &record.args().to_string()),
            }
        }

        fn flush(&self) {}
    }

    /// Makes the `log` crate write to the host, from this level on.
    ///
    /// Natively this is for the whole process, once, and lines outside a callback are dropped; a logger
    /// that the process installed before stays.
    #[cold]
    pub(crate) fn install(level: LogLevel) {
        // An error means that there is a logger, which is ours from the second time on.
        let _ = log::set_logger(&Bridge);
        log::set_max_level(if cfg!(target_arch = "wasm32") { filter(level) } else { LevelFilter::Trace });
    }

    fn filter(level: LogLevel) -> LevelFilter {
        match level {
            LogLevel::Trace => LevelFilter::Trace,
            LogLevel::Debug => LevelFilter::Debug,
            LogLevel::Info => LevelFilter::Info,
            LogLevel::Warn => LevelFilter::Warn,
            LogLevel::Error => LevelFilter::Error,
            LogLevel::Critical => LevelFilter::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn each_number_leads_to_its_level_and_back() {
        for number in 0..=5 {
            assert_eq!(LogLevel::from_u32(number).map(LogLevel::as_u32), Some(number));
        }
        assert_eq!(LogLevel::from_u32(6), None);
        assert_eq!(LogLevel::from_u32(u32::MAX), None);
    }

    #[test]
    fn levels_are_in_the_order_of_their_numbers() {
        let levels = || (0..=5).filter_map(LogLevel::from_u32);
        assert!(levels().is_sorted());
        assert!(levels().zip(levels().skip(1)).all(|(lower, higher)| lower < higher));
    }

    #[test]
    fn a_level_is_a_padded_word() {
        assert_eq!(
            format!("{}|{:<6}|{:>9}", LogLevel::Trace, LogLevel::Warn, LogLevel::Critical),
            "trace|warn  | critical"
        );
    }
}
