//! The browser's clock: what patterns and calls cost. Events bring their own time.

use std::time::Duration;

use tripline_engine::clock::Clock;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds of the page or worker. Browsers make it coarse on purpose, so single steps say little, sums a lot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageClock;

impl Clock for PageClock {
    fn now(&self) -> Duration {
        now()
    }
}

pub(crate) fn now() -> Duration {
    Duration::try_from_secs_f64(performance_now() / 1000.0).unwrap_or_default()
}
