;; A marker from before there was one. Expected: PackError::Abi, too old.
(module
  (global (export "tripline_abi_0") i32 (i32.const 0))
  ;; @with manifest memory buffer open check
)
