;; Two megabytes of custom section. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (@custom "debug"
  ;; @repeat 40000 "..................................................."
  )
)
