;; Logs what is not its own. Expected: Trap::Pointer, log line.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (call $log (i32.const 1) (i32.const 0x2ffff0) (i32.const 0x7fffffff))
    (i64.const 0))
)
