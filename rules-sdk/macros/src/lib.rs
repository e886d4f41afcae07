//! tripline-sdk-macros
