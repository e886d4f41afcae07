//! What JavaScript is told when something cannot be done.

use std::fmt::Display;

use js_sys::Error;
use wasm_bindgen::JsValue;

/// An `Error` with these words.
pub(crate) fn failure(words: impl Display) -> JsValue {
    Error::new(&words.to_string()).into()
}

/// What a browser says of an error, whatever it threw.
pub(crate) fn words(thrown: &JsValue) -> String {
    match wasm_bindgen::JsCast::dyn_ref::<Error>(thrown) {
        Some(error) => String::from(error.message()),
        None => thrown.as_string().unwrap_or_else(|| "something that is no error".into()),
    }
}
