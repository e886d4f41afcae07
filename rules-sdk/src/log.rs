use std::fmt;

use tripline_abi::LogLevel;

/// Says something to the operator's log; [`error!`](crate::error), [`warn!`](crate::warn) and so on call it.
///
/// The host limits how often and how much. In native tests it goes to standard error.
pub fn log(level: LogLevel, text: fmt::Arguments<'_>) {
    match text.as_str() {
        Some(text) => crate::export::log(level, text),
        None => crate::export::log(level, &text.to_string()),
    }
}

/// Logs something that the pack could not do, as `format!` would write it.
#[macro_export]
macro_rules! error {
    ($($text:tt)*) => { $crate::log($crate::abi::LogLevel::Error, ::std::format_args!($($text)*)) };
}

/// Logs something odd, as `format!` would write it.
#[macro_export]
macro_rules! warn {
    ($($text:tt)*) => { $crate::log($crate::abi::LogLevel::Warn, ::std::format_args!($($text)*)) };
}

/// Logs something for the operator who asks, as `format!` would write it.
#[macro_export]
macro_rules! info {
    ($($text:tt)*) => { $crate::log($crate::abi::LogLevel::Info, ::std::format_args!($($text)*)) };
}

/// Logs something for the author, as `format!` would write it.
#[macro_export]
macro_rules! debug {
    ($($text:tt)*) => { $crate::log($crate::abi::LogLevel::Debug, ::std::format_args!($($text)*)) };
}
