;; 50,000 locals in five bytes of code. Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func (local
  ;; @repeat 50000 i32
  ))
)
