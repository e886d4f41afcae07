//! A check in one call, for other people's pages and for CI.

use std::sync::Arc;

use js_sys::JSON;
use serde_json::Value;
use tripline_engine::judge::JudgeLimits;
use tripline_engine::line::LineSettings;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Check, Configured};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::announce::Announce;
use crate::failure::failure;
use crate::packs::{PackProblem, limits, read};
use crate::report::whole;
use crate::sandbox::Browser;
use crate::setup::{bytes, json, lines, settings, today};

/// Checks lines with a pack: what it decided, and which incidents that makes.
///
/// It runs in the thread that calls it, and waits for a pack that does not return. Whoever does not trust the pack calls
/// it in a Worker of its own, and terminates that after a deadline. Call the module's default export once before.
///
/// # Errors
/// An argument is not what it should be, the module is no pack, or the pack does not take the settings.
#[wasm_bindgen(unchecked_return_type = "Report")]
pub async fn check(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array | ArrayBuffer")] pack: JsValue,
    #[wasm_bindgen(js_name = settings, unchecked_param_type = "Record<string, unknown> | null | undefined")]
    given: JsValue,
    #[wasm_bindgen(js_name = lines, unchecked_param_type = "string | Uint8Array | ArrayBuffer")]
    text: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "LinesSetup")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let (pack, text) = (bytes("pack", &pack, false), bytes("lines", &text, true));
    let given = json("settings", &given).and_then(settings);
    let read_as = json("options", &options).and_then(|options| lines(options, today()));
    // All that can be wrong with what was given is said before anything is done with it.
    let (pack, text) = (pack.map_err(failure)?, text.map_err(failure)?);
    let (given, read_as) = (given.map_err(failure)?, read_as.map_err(failure)?);
    let pack = Arc::new(read(pack, false).map_err(|problem: PackProblem| failure(problem))?);
    let configured = Configured::new(Arc::clone(&pack), &given).map_err(failure)?;
    let browser = Arc::new(Browser::new(Announce::Nobody));
    browser.compile(&pack).await.map_err(failure)?;
    let sandbox = Arc::clone(&browser) as Arc<dyn Sandbox>;
    let (usual, judging) = (LineSettings::default(), JudgeLimits::default());
    let check = Check::with(sandbox, &[configured], 1, usual, limits(), judging).map_err(failure)?;
    let mut check = check.lines_of(0, read_as).keep_decisions();
    check.feed(&text);
    to_js(&whole(&check.finish(), 1, browser.enforces()))
}

/// JSON as an object of JavaScript.
pub(crate) fn to_js(value: &Value) -> Result<JsValue, JsValue> {
    JSON::parse(&value.to_string())
}
