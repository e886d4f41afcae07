;; Wants the host to give it a memory. Expected: PackError::Import.
(module
  (import "env" "memory" (memory 1))
  (export "memory" (memory 0))
  ;; @with manifest marker buffer open check
)
