;; Panics as the SDK does: the text first, then a trap. Expected: Trap::Panic with the text.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (call $log (i32.const 0) (i32.const 16) (i32.const 9))
    (unreachable))
  (data (i32.const 16) "rule.rs:7")
)
