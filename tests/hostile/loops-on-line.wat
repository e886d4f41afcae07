;; Loops for ever when a message says "boom"; otherwise makes a decision for each event. Expected:
;; Fault with Trap::Cpu; the event is skipped and recorded, all others are judged.
(module
  ;; @with manifest marker memory buffer open reader says reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (local $entries i32) (local $i i32) (local $n i32) (local $entry i32)
    (local.set $entries (call $section (local.get $batch) (i32.const 1)))
    (local.set $n (i32.load offset=8 (local.get $entries)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (local.set $entry (call $record (local.get $batch) (local.get $entries) (local.get $i)))
        (if (call $says (local.get $batch) (local.get $entry)) (then (loop $ever (br $ever))))
        (call $decide (local.get $n) (local.get $i) (local.get $entry))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (call $reply (local.get $n)))
)
