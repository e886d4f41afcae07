;; 100,000 functions for the compiler. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  ;; @repeat 100000 (func)
)
