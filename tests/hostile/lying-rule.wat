;; A decision by its rule 7, of the one that it has. Expected: a fault, Malformed::Number.
(module
  ;; @with manifest marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (call $decide (i32.const 1) (i32.const 0) (local.get $batch))
    (i32.store (i32.const 0x200040) (i32.const 7))
    (call $reply (i32.const 1)))
)
