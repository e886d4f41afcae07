;; 10,000 good decisions for each batch, each with a fingerprint of its own. Expected: no fault; what
;; is over the limit is folded into one counted decision.
(module
  ;; @with manifest marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (local $i i32) (local $entry i32)
    (local.set $entry (call $record (local.get $batch)
      (call $section (local.get $batch) (i32.const 1)) (i32.const 0)))
    (loop $next
      (call $decide (i32.const 10000) (local.get $i) (local.get $entry))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.const 10000))))
    (call $reply (i32.const 10000)))
)
