(module
  ;; @with manifest marker memory buffer open check
)
