;; A state behind its memory. Expected: Trap::Pointer, state.
(module
  ;; @with manifest marker memory buffer open check
  (func (export "tripline_save") (result i64) (i64.const 0x0040000000000004))
)
