;; A marker from the future. Expected: PackError::Abi, too new.
(module
  (global (export "tripline_abi_2") i32 (i32.const 0))
  ;; @with manifest memory buffer open check
)
