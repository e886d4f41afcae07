;; Can save, and never does: saves nothing, each time it is asked. Expected: no fault; what the host
;; keeps to replay stays bounded.
(module
  ;; @with manifest marker memory buffer open check
  (func (export "tripline_save") (result i64) (i64.const 0))
)
