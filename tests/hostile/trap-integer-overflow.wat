;; Divides the least integer by -1. Expected: Trap::Wasm.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))
)
