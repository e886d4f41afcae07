;; The import that is allowed, with a parameter too few. Expected: PackError::Type.
(module
  (import "tripline" "log" (func (param i32 i32)))
  ;; @with manifest marker memory buffer open check
)
