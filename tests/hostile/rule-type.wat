;; The index of the running rule as a variable of the module. Expected: PackError::Type.
(module
  ;; @with manifest marker memory buffer open check
  (global (export "tripline_rule") (mut i32) (i32.const 0))
)
