;; A state of two megabytes. Expected: Trap::Answer, state.
(module
  ;; @with manifest marker memory buffer open check
  (func (export "tripline_save") (result i64) (i64.const 0x0000000000200000))
)
