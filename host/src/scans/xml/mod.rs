//! XML as nmap and masscan write it, read as it comes: hosts one by one, whatever breaks off behind them.
//!
//! ```text
//!   bytes ─► cleaned ────────► markup ──────────────► scan ────────► host
//!            UTF-8, no value   tags with attributes,  what was       one, when it
//!            that is too long  nothing expanded       asked, ended   is closed
//! ```
//!
//! What is in it comes from strangers: each text, host and scan is bounded, and a file that is none is an error of its
//! reader, never of the program.

mod cleaned;
mod hole;
mod host;
mod limits;
mod markup;
mod scan;

pub use self::limits::XmlLimits;
pub use self::markup::XmlError;
pub use self::scan::{Asked, Item, ScanXml};
