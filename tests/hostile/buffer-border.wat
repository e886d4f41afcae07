;; An input buffer that begins on its memory's last byte. Expected: Trap::Pointer, input buffer.
(module
  ;; @with manifest marker memory open check
  (func (export "tripline_buffer") (param i32) (result i32) (i32.const 0x2fffff))
)
