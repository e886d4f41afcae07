;; Says a thousand times that it panics, and does not. Expected: no trap; one line.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (local $left i32)
    (local.set $left (i32.const 1000))
    (loop $again
      (call $log (i32.const 0) (i32.const 0) (i32.const 10000))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i64.const 0))
)
