//! A pack's memory, seen from outside. A view of it is made anew each time: when the memory grows, the browser takes all
//! earlier views away.

use js_sys::{ArrayBuffer, Uint8Array, WebAssembly};
use wasm_bindgen::JsCast;

/// The memory that a module exports.
#[derive(Clone)]
pub(crate) struct Memory(WebAssembly::Memory);

impl Memory {
    pub(crate) fn new(memory: WebAssembly::Memory) -> Memory {
        Memory(memory)
    }

    /// Bytes it has now.
    pub(crate) fn size(&self) -> u64 {
        u64::from(self.view().length())
    }

    /// The bytes at a place; `None` if it leaves the memory.
    pub(crate) fn read(&self, pointer: u32, length: u32) -> Option<Vec<u8>> {
        let end = pointer.checked_add(length)?;
        let view = self.view();
        (end <= view.length()).then(|| view.subarray(pointer, end).to_vec())
    }

    /// Puts bytes at a place; `false` if they leave the memory.
    pub(crate) fn write(&self, pointer: u32, bytes: &[u8]) -> bool {
        let view = self.view();
        let end = u32::try_from(bytes.len()).ok().and_then(|length| pointer.checked_add(length));
        match end {
            Some(end) if end <= view.length() => {
                view.subarray(pointer, end).copy_from(bytes);
                true
            }
            _ => false,
        }
    }

    fn view(&self) -> Uint8Array {
        Uint8Array::new(self.0.buffer().unchecked_ref::<ArrayBuffer>())
    }
}
