//! The macros of `tripline-sdk`, which documents them.
//!
//! `pack` reads the attribute and the impl (`table`, `setting`, `rule`, `pack`), writes the manifest's JSON
//! (`json`) and runs it through the ABI's own checks, whose errors it takes back to the place in the source.
//! Then it writes the code (`emit`, `capture`). `state` is the derive.
#![forbid(unsafe_code)]

mod capture;
mod emit;
mod json;
mod pack;
mod rule;
mod setting;
mod state;
mod table;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemImpl, parse_macro_input};

/// Makes a rule pack of a struct's impl; see the crate `tripline-sdk`.
#[proc_macro_attribute]
pub fn pack(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let table = parse_macro_input!(attribute as table::Table);
    let item = parse_macro_input!(item as ItemImpl);
    let code = pack::Pack::read(&table, item).and_then(|pack| emit::pack(&pack));
    code.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Says that a method is a rule; stands only inside of an impl with `#[pack]`, which takes it away.
#[proc_macro_attribute]
pub fn rule(_: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let message = "expected #[rule] inside of an impl with #[tripline_sdk::pack { … }]";
    syn::Error::new_spanned(item, message).into_compile_error().into()
}

/// Saves and restores every field of a struct under its name; see `tripline_sdk::State`.
#[proc_macro_derive(State)]
pub fn state(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as DeriveInput);
    state::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
