;; 4 GiB of memory before it has run. Expected: PackError::Limit.
(module
  (memory (export "memory") 65536)
  ;; @with manifest marker buffer open check
)
