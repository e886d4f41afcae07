;; One function of 600,000 bytes. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func
  ;; @repeat 300000 i32.const 0 drop
  )
)
