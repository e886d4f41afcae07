;; Divides by zero. Expected: Trap::Wasm.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.div_u (i64.const 1) (i64.const 0)))
)
