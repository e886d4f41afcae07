;; A check that takes no length. Expected: PackError::Type.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32) (result i64) (i64.const 0))
)
