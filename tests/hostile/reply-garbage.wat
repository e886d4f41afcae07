;; A reply that is no frame. Expected: no trap; Malformed for the engine.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.const 0x0010000000000040))
)
