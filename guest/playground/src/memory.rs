//! A pack's memory, seen from outside. A view of it is made anew each time: when the memory grows, the browser takes all
//! earlier views away.

use js_sys::{Reflect, Uint8Array, WebAssembly};

/// The memory that a module exports.
#[derive(Clone)]
pub(crate) struct Memory(WebAssembly::Memory);

impl Memory {
    pub(crate) fn new(memory: WebAssembly::Memory) -> Memory {
        Memory(memory)
    }

    /// Bytes it has now: up to 4 GiB, which no `u32` holds.
    pub(crate) fn size(&self) -> u64 {
        let length = Reflect::get(&self.0.buffer(), &"byteLength".into());
        length.ok().and_then(|length| length.as_f64()).map_or(0, |bytes| bytes as u64)
    }

    /// The bytes at a place; `None` if it leaves the memory.
    pub(crate) fn read(&self, pointer: u32, length: u32) -> Option<Vec<u8>> {
        self.part(pointer, length).map(|part| part.to_vec())
    }

    /// Puts bytes at a place; `false` if they leave the memory.
    pub(crate) fn write(&self, pointer: u32, bytes: &[u8]) -> bool {
        let part = u32::try_from(bytes.len()).ok().and_then(|length| self.part(pointer, length));
        part.inspect(|part| part.copy_from(bytes)).is_some()
    }

    fn part(&self, pointer: u32, length: u32) -> Option<Uint8Array> {
        let inside = u64::from(pointer) + u64::from(length) <= self.size();
        inside.then(|| Uint8Array::new_with_byte_offset_and_length(&self.0.buffer(), pointer, length))
    }
}
