;; Takes a NaN as an integer. Expected: Trap::Wasm.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.trunc_f64_s (f64.const nan)))
)
