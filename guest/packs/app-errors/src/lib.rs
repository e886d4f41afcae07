//! tripline-pack-app-errors
