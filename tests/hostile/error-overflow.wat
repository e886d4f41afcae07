;; Refuses to open, with a text that overflows. Expected: Trap::Pointer, error text.
(module
  ;; @with manifest marker memory buffer check
  (func (export "tripline_open") (param i32 i32) (result i64)
    (i64.const 0xfffffff0000000ff))
)
