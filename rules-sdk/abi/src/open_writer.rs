use alloc::string::String;
use alloc::vec::Vec;

use crate::batch_writer::{put, put_span};
use crate::frame::{Span, magic, section, write};
use crate::open::SETTING;

/// A setting's value as the host holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of values that are no lists.
    List(Vec<SettingValue>),
}

/// Writes an open frame.
#[derive(Default)]
pub struct OpenWriter {
    settings: Vec<u8>,
    items: Vec<u8>,
    arena: Vec<u8>,
}

impl OpenWriter {
    /// A frame without settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a setting; a list inside of a list is left out.
    pub fn setting(&mut self, name: &str, value: &SettingValue) {
        let name = self.text(name.as_bytes());
        let (kind, bits) = match value {
            SettingValue::List(items) => {
                let first = (self.items.len() / SETTING) as u32;
                for item in items {
                    if let Some((kind, bits)) = self.scalar(item) {
                        put_record(&mut self.items, Span::ABSENT, kind, bits);
                    }
                }
                let count = (self.items.len() / SETTING) as u32 - first;
                (5, u64::from(first) | u64::from(count) << 32)
            }
            scalar => self.scalar(scalar).unwrap_or((1, 0)),
        };
        put_record(&mut self.settings, name, kind, bits);
    }

    /// Writes the frame, with the state that a pack of this version saved.
    pub fn finish(&self, state: Option<(&[u8], &str)>) -> Vec<u8> {
        let mut sections: Vec<(u32, usize, &[u8])> = Vec::with_capacity(5);
        sections.push((section::SETTINGS, SETTING, &self.settings));
        sections.push((section::ITEMS, SETTING, &self.items));
        sections.push((section::ARENA, 1, &self.arena));
        if let Some((state, version)) = state {
            sections.push((section::STATE, 1, state));
            sections.push((section::STATE_VERSION, 1, version.as_bytes()));
        }
        let mut out = Vec::new();
        write(magic::OPEN, &sections, &mut out);
        out
    }

    fn scalar(&mut self, value: &SettingValue) -> Option<(u32, u64)> {
        Some(match value {
            SettingValue::Bool(value) => (1, u64::from(*value)),
            SettingValue::Integer(value) => (2, *value as u64),
            SettingValue::Number(value) => (3, value.to_bits()),
            SettingValue::Text(value) => {
                let span = self.text(value.as_bytes());
                (4, u64::from(span.offset) | u64::from(span.length) << 32)
            }
            SettingValue::List(_) => return None,
        })
    }

    fn text(&mut self, bytes: &[u8]) -> Span {
        let offset = self.arena.len() as u32;
        self.arena.extend_from_slice(bytes);
        Span { offset, length: bytes.len() as u32 }
    }
}

fn put_record(out: &mut Vec<u8>, name: Span, kind: u32, bits: u64) {
    put_span(out, name);
    put(out, &[kind, 0]);
    out.extend_from_slice(&bits.to_le_bytes());
}
