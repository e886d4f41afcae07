;; Gives up. Expected: Trap::Wasm.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (unreachable))
)
