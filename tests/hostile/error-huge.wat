;; Refuses to open, with a megabyte of reasons. Expected: Trap::Answer, error text.
(module
  ;; @with manifest marker memory buffer check
  (func (export "tripline_open") (param i32 i32) (result i64)
    (i64.const 0x0000000000100000))
)
