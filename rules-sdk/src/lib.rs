//! tripline-sdk
