//! The colours of everything that is printed. They are always written; the stream takes them off where they are not
//! wanted.

use anstyle::{AnsiColor, Style};
use tripline_abi::Severity;

/// What a sentence is about.
pub const BOLD: Style = Style::new().bold();
/// What is there for those who look for it.
pub const DIM: Style = Style::new().dimmed();
/// What a pattern captured.
pub const CAPTURE: Style = AnsiColor::Cyan.on_default();
/// An escape in the place of what is not shown.
pub const ESCAPE: Style = AnsiColor::Magenta.on_default();
/// What is well.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What needs a look.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What went wrong.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What to do about it.
pub const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// A severity's colour.
pub fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Informational => Style::new().dimmed(),
        Severity::Low => AnsiColor::Blue.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Critical => AnsiColor::BrightWhite.on(AnsiColor::Red).bold(),
    }
}
