;; A state of 32 bits. Expected: PackError::Type.
(module
  ;; @with manifest marker memory buffer open check
  (func (export "tripline_save") (result i32) (i32.const 0))
)
