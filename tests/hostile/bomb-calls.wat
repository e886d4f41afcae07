;; 16,000 calls through a table in one function: 80 KB, ten seconds of the compiler.
;; Expected: PackError::Limit.
(module
  (type $none (func))
  (table 1 funcref)
  ;; @with manifest marker memory buffer open check
  (func (param i32)
    ;; @repeat 16000 local.get 0 call_indirect (type $none)
  )
)
