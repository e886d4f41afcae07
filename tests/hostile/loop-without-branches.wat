;; Works for minutes without one backward branch of its own: a bulk instruction over and over, from a
;; chain of calls. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (call $ten_times_ten (i32.const 12))
    (i64.const 0))
  (func $ten_times_ten (param $deep i32)
    (if (i32.eqz (local.get $deep)) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 1000000))
      (return)))
    (local.set $deep (i32.sub (local.get $deep) (i32.const 1)))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep))
    (call $ten_times_ten (local.get $deep)))
)
