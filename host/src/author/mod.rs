//! What an author of packs needs: a new pack, a built module, its cases, a look inside.

pub(crate) mod cases;
mod difference;
pub(crate) mod inspect;
pub(crate) mod module;
mod name;
pub(crate) mod new;
