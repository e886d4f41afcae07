//! The bytes of the block that is being built, with room for more.

use std::io::{self, Read};
use std::mem::replace;
use std::ops::Deref;

/// Bytes that have come, and behind them such as may be written over: what is read is put there right away, and what a block
/// had before is not made zeros again.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// What has come, up to `end`, and what is left of before.
    bytes: Vec<u8>,
    end: usize,
}

impl Deref for Room {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.end]
    }
}

impl Room {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        if let Some(room) = self.bytes.get_mut(self.end..end) {
            room.copy_from_slice(bytes);
        } else {
            self.bytes.truncate(self.end);
            self.bytes.extend_from_slice(bytes);
        }
        self.end = end;
    }

    /// Reads once, at most so many bytes; how many have come.
    pub(super) fn read(&mut self, input: &mut (impl Read + ?Sized), most: usize) -> io::Result<usize> {
        let most = self.end + most;
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        let room = &mut self.bytes[self.end..most];
        let length = input.read(room)?.min(room.len());
        self.end += length;
        Ok(length)
    }

    /// Leaves what is in front of this place, at most.
    pub(super) fn truncate(&mut self, end: usize) {
        self.end = self.end.min(end);
    }

    /// Takes out what is between these places.
    pub(super) fn remove(&mut self, from: usize, to: usize) {
        self.bytes.copy_within(to..self.end, from);
        self.end -= to - from;
    }

    /// The first `end` bytes; what is behind them goes on in `next`, over whatever that holds.
    pub(super) fn split(&mut self, end: usize, next: Vec<u8>) -> Vec<u8> {
        let mut next = Room { bytes: next, end: 0 };
        next.push(&self[end..]);
        let mut bytes = replace(self, next).bytes;
        bytes.truncate(end);
        bytes
    }
}
