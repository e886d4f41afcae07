use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use rustix::termios::tcgetwinsize;
use terminal_size::{Height, terminal_size_of};

use super::Failure;
use super::arguments::Color;
use super::exit::Exit;
use crate::report::paint::{ERROR, HINT, WARNING};
use crate::report::visible;
use crate::report::waiting::Waiting;

/// Columns of what is not a terminal.
const WIDTH: usize = 100;
/// Lines of a terminal that does not say how many it has.
const HEIGHT: usize = 24;

/// Where things are printed: standard output for data, standard error for talk.
#[derive(Clone)]
pub(super) struct Screen {
    choice: ColorChoice,
}

impl Screen {
    /// A screen with colours as the user wants them; `auto` minds `NO_COLOR` and what is no terminal.
    pub(super) fn new(color: Color) -> Screen {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Screen { choice }
    }

    /// Standard output; colours are taken off where they are not wanted.
    pub(super) fn coloured(&self) -> Box<dyn Write + Send> {
        Box::new(BufWriter::new(AutoStream::new(io::stdout(), self.choice)))
    }

    /// Standard output as it is.
    pub(super) fn plain(&self) -> Box<dyn Write + Send> {
        Box::new(BufWriter::new(io::stdout()))
    }

    /// Columns of standard output.
    pub(super) fn width(&self) -> usize {
        columns(io::stdout())
    }

    /// Lines of standard output.
    pub(super) fn height(&self) -> usize {
        terminal_size_of(io::stdout()).map_or(HEIGHT, |(_, Height(lines))| usize::from(lines).max(10))
    }

    /// A text with its colours, where standard output has them.
    pub(super) fn styled<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let choice = match self.choice {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()),
            choice => choice,
        };
        match choice {
            ColorChoice::Never => strip_str(text).to_string().into(),
            _ => text.into(),
        }
    }

    /// Whether somebody looks at standard error while it is written.
    pub(super) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Tells whoever looks what takes so long.
    pub(super) fn waiting(&self, doing: String) -> Waiting {
        Waiting::new(self.shows_progress(), doing)
    }

    /// As [`Screen::waiting`], while data is put out: who sees that on the terminal sees how far it is.
    pub(super) fn waiting_beside_data(&self, doing: String) -> Waiting {
        Waiting::new(self.shows_progress() && !io::stdout().is_terminal(), doing)
    }

    /// Puts data out. Whoever closes the pipe has seen enough, which is no failure.
    pub(super) fn put(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let mut out = self.coloured();
        written(write(&mut out).and_then(|()| out.flush()))
    }

    /// Says what went wrong with one thing while the rest goes on.
    pub(super) fn error(&self, message: &str) {
        self.talk(|err| writeln!(err, "{ERROR}error:{ERROR:#} {}", lines(message)));
    }

    /// Says what is worth knowing.
    pub(super) fn warning(&self, message: &str) {
        self.talk(|err| writeln!(err, "{WARNING}warning:{WARNING:#} {}", lines(message)));
    }

    /// Says what was done.
    pub(super) fn say(&self, message: &str) {
        self.talk(|err| writeln!(err, "{}", lines(message)));
    }

    /// Says what to do about what was said.
    pub(super) fn hint(&self, hint: &str) {
        self.talk(|err| writeln!(err, "{HINT}hint:{HINT:#} {}", lines(hint)));
    }

    /// Puts figures beside the data, in so many columns.
    pub(super) fn figures(&self, write: impl FnOnce(&mut dyn Write, usize) -> io::Result<()>) {
        let width = self.width();
        self.talk(|err| write(err, width));
    }

    /// Says why a command failed.
    pub(super) fn fail(&self, failure: &Failure) -> Exit {
        self.error(failure.message());
        self.talk(|err| {
            if let Some(drawing) = failure.drawn() {
                writeln!(err, "{drawing}")?;
            }
            Ok(())
        });
        failure.hinted().into_iter().for_each(|hint| self.hint(hint));
        Exit::Wrong
    }

    fn talk(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let mut err = AutoStream::new(io::stderr().lock(), self.choice);
        // Nobody is left to be told that nobody listens.
        let _ = write(&mut err);
    }
}

/// Columns of what may be a terminal. It may say how wide it is and not how high, as after `stty cols 80`.
fn columns(out: impl AsFd) -> usize {
    match tcgetwinsize(out).map_or(0, |size| size.ws_col) {
        0 => WIDTH,
        columns => usize::from(columns).max(40),
    }
}

/// Whether data was put out; a closed pipe is no failure.
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Line breaks stay, all else that is hidden is shown: paths and words of packs come from strangers.
fn lines(message: &str) -> String {
    message.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use rustix::pty::{OpenptFlags, openpt};
    use rustix::termios::{Winsize, tcsetwinsize};

    use super::*;

    #[test]
    fn a_terminal_may_say_its_width_alone() {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        for (ws_col, expected) in [(0, WIDTH), (80, 80), (20, 40), (132, 132)] {
            let size = Winsize { ws_row: 0, ws_col, ws_xpixel: 0, ws_ypixel: 0 };
            tcsetwinsize(&terminal, size).unwrap();
            assert_eq!(columns(&terminal), expected);
        }
        assert_eq!(columns(io::pipe().unwrap().0), WIDTH);
    }
}
