//! Which numbers an embedder gives to sources and their files.

use crate::id::Position;
use crate::line::Line;

/// Numbers of sources and files that last longer than one check, so that an event's id does, too.
///
/// Inside a check both are counted from 0; what is not noted here keeps that number.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    sources: Vec<(u32, Vec<u32>)>,
}

impl Numbers {
    /// Notes the next source of the check: its number, and those of its files.
    pub fn source(&mut self, number: u32, files: Vec<u32>) {
        self.sources.push((number, files));
    }

    /// The numbers of a source's file.
    pub fn of(&self, source: u32, file: u32) -> (u32, u32) {
        match self.sources.get(source as usize) {
            None => (source, file),
            Some((number, files)) => (*number, files.get(file as usize).copied().unwrap_or(file)),
        }
    }

    /// Where a line of a source stands.
    pub(crate) fn position(&self, source: u32, line: &Line) -> Position {
        let (source, file) = self.of(source, line.file);
        Position { source, file, offset: line.offset, line: line.number }
    }
}
