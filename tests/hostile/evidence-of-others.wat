;; Names, as evidence, an event that was never delivered to it. Expected: a fault; no decision.
(module
  ;; @with manifest marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (local $entries i32) (local $i i32) (local $n i32) (local $entry i32)
    (local.set $entries (call $section (local.get $batch) (i32.const 1)))
    (local.set $n (i32.load offset=8 (local.get $entries)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (local.set $entry (call $record (local.get $batch) (local.get $entries) (local.get $i)))
        (call $decide (local.get $n) (local.get $i) (local.get $entry))
        ;; Evidence of decision i: behind n decisions of 64 bytes.
        (memory.fill
          (i32.add (i32.const 0x200040)
            (i32.add (i32.mul (local.get $n) (i32.const 64)) (i32.mul (local.get $i) (i32.const 16))))
          (i32.const 0x41) (i32.const 16))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (call $reply (local.get $n)))
)
