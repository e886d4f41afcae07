;; Wants a clock. Expected: PackError::Import, naming env.now.
(module
  (import "env" "now" (func (result i64)))
  ;; @with manifest marker memory buffer open check
)
