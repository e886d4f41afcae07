;; 4 billion decisions of no bytes each, which fit any frame. Expected: a fault, Malformed::Section.
(module
  ;; @with manifest marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (drop (call $reply (i32.const 0)))
    (i32.store (i32.const 0x200018) (i32.const -1))
    (i32.store (i32.const 0x20001c) (i32.const 0))
    (i64.const 0x0020000000000040))
)
