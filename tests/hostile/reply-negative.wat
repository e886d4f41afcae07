;; A reply of -1 bytes. Expected: Trap::Pointer, reply, with nothing allocated.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.const 0x00200000ffffffff))
)
