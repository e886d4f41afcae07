;; 20,000 data segments. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  ;; @repeat 20000 (data "a")
)
