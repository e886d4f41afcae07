//! `tripline pack inspect`: what a pack says of itself, needs and may use, without running any of it.

mod cost;
mod human;
mod json;
mod words;

pub(crate) use self::human::human;
pub(crate) use self::json::json;
