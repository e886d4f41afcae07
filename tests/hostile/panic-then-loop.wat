;; Says that it panics, then loops. Expected: Trap::Cpu, not its words.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (call $log (i32.const 0) (i32.const 16) (i32.const 9))
    (loop $again (br $again))
    (unreachable))
  (data (i32.const 16) "rule.rs:7")
)
