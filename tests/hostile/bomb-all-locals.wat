;; Many functions with as many locals as one may have. Expected: PackError::Limit.
(module
  (type $wide (func (param
  ;; @repeat 900 i32
  )))
  ;; @with manifest marker memory buffer open check
  ;; @repeat 1000 (func (type $wide))
)
