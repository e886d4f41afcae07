//! Files as inputs: which there are, which of them are known, and their bytes.

mod counted;
mod error;
mod family;
mod feet;
mod foreign;
mod inputs;
mod known;
mod length;
mod name;
mod own;
mod packing;
mod present;
mod reader;

pub use self::error::{InputError, InputProblem};
pub(crate) use self::inputs::{Begin, File};
pub use self::inputs::{HeldLines, Inputs, Source, expand};
pub(crate) use self::known::{Found, OpenFiles, generation, recognise};
pub(crate) use self::name::name;
pub(crate) use self::present::Present;
pub(crate) use self::reader::{Piece, Reader};
#[cfg(feature = "program")]
pub(crate) use self::{
    counted::{MAX_RATIO, RATIO_FROM},
    packing::GZIP,
};
#[cfg(feature = "store")]
pub(crate) use self::{
    family::Member,
    feet::{FOOT, foot},
    inputs::is_being_packed,
    known::{is_same, newest},
    own::{OwnFiles, OwnKind, is_database, is_own},
    packing::Packing,
    present::{HEAD, open},
};
