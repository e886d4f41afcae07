;; A decision with 4 billion ids of evidence. Expected: a fault, Malformed::Range.
(module
  ;; @with manifest marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (call $decide (i32.const 1) (i32.const 0) (local.get $batch))
    (i32.store (i32.const 0x20006c) (i32.const -1))
    (call $reply (i32.const 1)))
)
