;; A reply behind its memory. Expected: Trap::Pointer, reply.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.const 0x0030000000000010))
)
