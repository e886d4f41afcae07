;; A module that says nothing of an ABI. Expected: PackError::NoAbi.
(module
  ;; @with manifest memory buffer open check
)
