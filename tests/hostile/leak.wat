;; Answers what its memory held before it wrote anything, then marks it: an instance that sees the mark
;; has been given another's memory. Expected: no trap; the same reply of zeros from every new instance.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (memory.copy (i32.const 0x200000) (i32.const 0x10000) (i32.const 0x10000))
    (memory.fill (i32.const 0x10000) (i32.const 0x4d) (i32.const 0x10000))
    (i64.const 0x0020000000010000))
)
