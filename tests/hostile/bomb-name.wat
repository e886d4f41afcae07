;; An export with a name of 300 bytes. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (global (export "long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-long-name-") i32 (i32.const 0))
)
