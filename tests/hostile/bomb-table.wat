;; Ten million table elements before it has run. Expected: PackError::Limit.
(module
  (table 10000000 funcref)
  ;; @with manifest marker memory buffer open check
)
