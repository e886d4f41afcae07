;; Calls a function as what it is not. Expected: Trap::Wasm.
(module
  (table 1 funcref)
  (elem (i32.const 0) $f)
  (func $f (param f64))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (call_indirect (result i64) (i32.const 0)))
)
