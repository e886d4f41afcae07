;; No memory to talk through. Expected: PackError::NoExport.
(module
  ;; @with manifest marker buffer open 
  (func (export "tripline_check") (param i32 i32) (result i64) (i64.const 0))
)
