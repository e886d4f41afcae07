;; Refuses to open, with a text behind its memory. Expected: Trap::Pointer, error text.
(module
  ;; @with manifest marker memory buffer check
  (func (export "tripline_open") (param i32 i32) (result i64)
    (i64.const 0x0040000000000004))
)
