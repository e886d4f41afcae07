;; An input buffer behind its memory. Expected: Trap::Pointer, input buffer.
(module
  ;; @with manifest marker memory open check
  (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0x300000))
)
