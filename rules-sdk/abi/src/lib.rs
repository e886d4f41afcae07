//! The bytes between Tripline's host and a rule pack, ABI version 1.
//!
//! A pack is a core WebAssembly module. It says what it is in a JSON [`manifest`] that the host reads without
//! running anything. Then three frames cross the border, each written by one side and read by the other:
//!
//! ```text
//!            host                                   pack (wasm32)
//!   ┌──────────────────────┐  open frame   ┌───────────────────────────┐
//!   │ settings, state      │ ────────────► │ tripline_open   once      │ ─► nothing, or an error text
//!   │ entries with matches │ ────────────► │ tripline_check  per batch │ ─► reply frame, or nothing
//!   │                      │               │ tripline_save   optional  │ ─► state, bytes of its own
//!   └──────────────────────┘               └───────────────────────────┘
//! ```
//!
//! # How bytes get in and out
//!
//! ```text
//!   tripline_buffer(len: i32) -> i32            the pack's own input buffer, reused; the host writes there
//!   tripline_open(ptr: i32, len: i32) -> i64    ptr << 32 | len of an answer; 0 is nothing.
//!   tripline_check(ptr: i32, len: i32) -> i64   The answer stays the pack's and is valid until the next call.
//!   tripline_save() -> i64                      optional: a pack without it starts empty after a restart
//!   memory                                      the one memory; offsets are unsigned 32-bit
//!   tripline_abi_1                              a marker of any kind; its name carries the version
//!   tripline_rule                               optional: an i32 constant, the address of a u32 in which the pack
//!                                               keeps the index of the rule that runs, or 0xFFFF_FFFF
//!   import tripline.log(level: i32, ptr: i32, len: i32)   optional, the only import there is ([`LogLevel`])
//! ```
//!
//! # A frame
//!
//! Little-endian; every section starts at a multiple of 8. A C program walks it with pointers: no parser, no
//! variable-length integers, no JSON. Readers skip kinds of sections they do not know, and step through records
//! by the stride that the table gives, so that records can grow at their end.
//!
//! ```text
//!    0 u32 magic            "TLB1" batch, "TLO1" open, "TLR1" reply
//!    4 u32 length           of the whole frame, this header included
//!    8 u16 header           bytes of this header: where the section table starts (16)
//!   10 u16 sections         how many
//!   12 u32 0
//!   16 section × sections:  u32 kind │ u32 offset from the frame's start │ u32 count │ u32 stride
//!    …  the sections' records, each aligned to 8
//! ```
//!
//! A *span* is `u32 offset │ u32 length` into the section [`section::ARENA`] (stride 1); offset `0xFFFF_FFFF`
//! is an absent text. Texts are bytes; nothing promises UTF-8. Spans may overlap.
//!
//! # The batch: [`Batch`], [`BatchWriter`]
//!
//! ```text
//!   ENTRIES 1, stride 88                          FIELDS 2, stride 16
//!    0 u8×16 id, opaque                            0 u32 number of the field (see below)
//!   16 i64 time, ns since 1970 UTC, MIN absent     4 u32 type: 0 absent 1 null 2 text 3 number 4 bool 5 JSON
//!   24 i64 received, likewise                      8 span value, as text
//!   32 u32 kind: 0 event, 1 tick                  MATCHES 3, stride 16
//!   36 u32 log source: index into SOURCES, or      0 u32 pattern: index into the manifest's patterns
//!          0xFFFF_FFFF                             4 u32 which entry of its list, or 0xFFFF_FFFF
//!   40 u32 flags: 1 the line was cut               8 u32 first capture
//!   44 u32 source: a number for where the line    12 u16 captures │ u16 flags: 1 only the value's
//!          comes from                                    first bytes were searched
//!   48 span raw                                   CAPTURES 4, stride 16, named groups in the regex's order
//!   56 span message                                0 u32 text: 0 raw, 1 message, 2+n field number n
//!   64 u32 first field │ u32 fields                4 u32 start, 0xFFFF_FFFF absent │ u32 length │ u32 0
//!   72 u32 first match │ u32 matches              SOURCES 6, stride 32: spans kind, product, service, category
//!   80 u64 0                                      ARENA 5, stride 1
//! ```
//!
//! Fields are numbered as [`manifest::Manifest::field_names`] lists them: `fields` of the manifest in order, then
//! the fields that patterns look at and that `fields` does not name, in order of the patterns. A batch is at most
//! [`BATCH_BYTES`] unless one event alone is larger. A tick has an id and a time, nothing else.
//!
//! # The open frame: [`Open`], [`OpenWriter`]
//!
//! ```text
//!   SETTINGS 16, stride 24, in the manifest's order, validated by the host, defaults filled in
//!    0 span name │ 8 u32 type: 1 bool 2 integer 3 number 4 text 5 list │ 12 u32 0
//!   16 u64 value: 0 or 1 · i64 · f64 bits · span · list: u32 first │ u32 count in ITEMS
//!   ITEMS 17, stride 24, as SETTINGS, without names
//!   STATE 18, stride 1        what tripline_save answered; no section: start empty
//!   STATE_VERSION 19, stride 1  version of the pack that saved it
//!   ARENA 5
//! ```
//!
//! # The reply: [`Reply`], [`ReplyWriter`]
//!
//! ```text
//!   DECISIONS 32, stride 64                       VALUES 33, stride 16: span name, span value
//!    0 u32 rule: index into the manifest's rules  EVIDENCE 34, stride 16: ids of entries
//!    4 u32 severity 0–4, 0xFFFF_FFFF the rule's   ARENA 5
//!    8 span fingerprint │ 16 span title │ 24 span summary
//!   32 u32 first value │ u32 values
//!   40 u32 first evidence │ u32 evidence
//!   48 u8×16 trigger: id of the entry that set it off
//! ```
//!
//! Every offset, count and length is checked with checked arithmetic before anything is read or allocated
//! ([`Malformed`]); the host takes a malformed reply as a fault of the pack.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "manifest", test))]
extern crate std;

mod batch;
#[cfg(feature = "alloc")]
mod batch_writer;
mod frame;
mod guest;
#[cfg(feature = "manifest")]
pub mod manifest;
mod open;
#[cfg(feature = "alloc")]
mod open_writer;
mod reply;
#[cfg(feature = "alloc")]
mod reply_writer;
mod severity;

pub use batch::{Batch, Capture, Entry, EntryKind, Field, FieldType, LogSource, Match};
#[cfg(feature = "alloc")]
pub use batch_writer::{BatchWriter, EventHead, sub_batch};
#[cfg(feature = "alloc")]
pub use frame::Span;
pub use frame::{Malformed, magic, section};
#[cfg(feature = "alloc")]
pub use guest::Guest;
pub use guest::LogLevel;
pub use open::{Open, Setting, Value, Values};
#[cfg(feature = "alloc")]
pub use open_writer::{OpenWriter, SettingValue};
pub use reply::{Decision, Reply, ReplyLimit};
#[cfg(feature = "alloc")]
pub use reply_writer::{DecisionHead, ReplyWriter};
pub use severity::{Severity, UnknownSeverity};

/// The ABI version that this crate reads and writes.
pub const ABI_VERSION: u32 = 1;
/// The versions that a host built with this crate serves, oldest first; two at most.
pub const ABI_VERSIONS_SERVED: &[u32] = &[1];
/// Name of the custom section that holds the manifest.
pub const MANIFEST_SECTION: &str = "tripline.manifest";
/// The manifest's size limit in bytes.
pub const MANIFEST_BYTES: usize = 256 * 1024;
/// A batch's size limit in bytes; one larger event travels alone.
pub const BATCH_BYTES: usize = 64 * 1024;
/// The saved state's size limit in bytes.
pub const STATE_BYTES: usize = 1024 * 1024;
/// An event's id: source, generation and offset, opaque to a pack, the same at every replay.
pub type EventId = [u8; 16];
