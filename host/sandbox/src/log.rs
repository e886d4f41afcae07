use tripline_abi::LogLevel;
use tripline_engine::sandbox::LogLine;

use crate::Limits;

/// What a pack logged, in bounds whether it is drained or not.
#[derive(Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    dropped: u64,
    /// The last panic of the call that is going on.
    panic: Option<String>,
}

impl Log {
    pub(crate) fn push(&mut self, limits: &Limits, level: LogLevel, text: &[u8]) {
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
    pub(crate) fn take_panic(&mut self) -> Option<String> {
        self.panic.take()
    }

    /// When the call has not trapped: a panic that was none is a line like others, beyond the limit by one at most.
    pub(crate) fn settle(&mut self, limits: &Limits) {
        if let Some(text) = self.panic.take() {
            match self.lines.len() <= limits.log_lines {
                true => self.lines.push(LogLine { level: LogLevel::Panic, text }),
                false => self.dropped = self.dropped.saturating_add(1),
            }
        }
    }

    pub(crate) fn drain(&mut self) -> (Vec<LogLine>, u64) {
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.dropped))
    }
}
