;; Logs for ever. Expected: Trap::Cpu; a bounded number of lines, the others counted.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (loop $again
      (call $log (i32.const 3) (i32.const 0) (i32.const 100))
      (br $again))
    (unreachable))
)
