//! tripline-tests
