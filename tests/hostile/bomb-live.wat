;; Thousands of values that all wait for the last of them: 80 KB in a function, seconds of the compiler for each.
;; Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func (param i32) local.get 0
    ;; @repeat 6000 local.get 0 i32.load local.get 0 i32.const 1 i32.add local.tee 0 i32.mul
    ;; @repeat 5999 i32.add
    i32.store)
)
