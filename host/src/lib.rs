//! tripline
