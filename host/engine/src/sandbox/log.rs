use tripline_abi::LogLevel;

use super::{Limits, LogLine};

/// What a pack logged, in bounds whether it is drained or not.
#[derive(Debug, Default)]
pub struct Log {
    lines: Vec<LogLine>,
    dropped: u64,
    /// The last panic of the call that is going on.
    panic: Option<String>,
}

impl Log {
    /// Takes a line of a call that is going on.
    pub fn push(&mut self, limits: &Limits, level: LogLevel, text: &[u8]) {
        let cut = |limit: usize| String::from_utf8_lossy(text.get(..limit).unwrap_or(text)).into_owned();
        if level == LogLevel::Panic {
            self.panic = Some(cut(limits.panic_text));
        } else if self.lines.len() < limits.log_lines {
            self.lines.push(LogLine { level, text: cut(limits.log_line) });
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// The panic's text, when the call has trapped.
    pub fn take_panic(&mut self) -> Option<String> {
        self.panic.take()
    }

    /// When the call has not trapped: a panic that was none is a line like others, beyond the limit by one at most.
    pub fn settle(&mut self, limits: &Limits) {
        if let Some(text) = self.panic.take() {
            match self.lines.len() <= limits.log_lines {
                true => self.lines.push(LogLine { level: LogLevel::Panic, text }),
                false => self.dropped = self.dropped.saturating_add(1),
            }
        }
    }

    /// What was logged since the last call of this, and how many lines were over the limit.
    pub fn drain(&mut self) -> (Vec<LogLine>, u64) {
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.dropped))
    }
}
