;; Nothing to judge with. Expected: PackError::NoExport.
(module
  ;; @with manifest marker memory buffer open
)
