;; 10,000 exports. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (global $g i32 (i32.const 0))
  ;; @repeat 10000 (export "e#" (global $g))
)
