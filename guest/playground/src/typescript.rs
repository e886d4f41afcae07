//! The shapes of what is given and taken, for the `.d.ts` beside the module.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const SHAPES: &'static str = include_str!("shapes.d.ts");
