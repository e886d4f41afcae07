;; 3,000 loops inside each other: 21 KB that the compiler needs a minute for.
;; Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func (param i32)
    ;; @repeat 3000 loop
    ;; @repeat 3000 local.get 0 br_if 0 end
  )
)
