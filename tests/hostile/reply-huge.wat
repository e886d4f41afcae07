;; A reply of 60 MB in a memory that it has grown for it. Expected: Trap::Answer, reply.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (drop (memory.grow (i32.const 900)))
    (i64.const 0x0000000003938700))
)
