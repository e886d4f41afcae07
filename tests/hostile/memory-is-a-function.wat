;; A function under the name of the memory. Expected: PackError::Type.
(module
  (memory 1)
  (func (export "memory"))
  ;; @with manifest marker buffer open check
)
