;; The name that is allowed, as a global. Expected: PackError::Type.
(module
  (import "tripline" "log" (global i32))
  ;; @with manifest marker memory buffer open check
)
