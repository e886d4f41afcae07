;; 2,000 locals that live over 15,000 branches: 165 KB in two functions, minutes of the compiler.
;; Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func (param i32) (local
    ;; @repeat 2000 i32
    )
    ;; @repeat 7500 local.get 0 if local.get 0 local.set 1 end
  )
  (func (param i32) (local
    ;; @repeat 2000 i32
    )
    ;; @repeat 7500 local.get 0 if local.get 0 local.set 1 end
  )
)
