;; A pattern that matches every line, and a decision for each. Expected: no fault; its match time is
;; its own, and it is shown as a cost.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "hostile", "version": "1.0.0"}, "patterns": [{"name": "all", "regex": "(?P<all>.*)"}], "wakes_on": ["all"], "rules": [{"id": "loud", "title": "It makes decisions", "severity": "low"}]}
  ;; @with marker memory buffer open reader reply
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (local $entries i32) (local $i i32) (local $n i32) (local $entry i32)
    (local.set $entries (call $section (local.get $batch) (i32.const 1)))
    (local.set $n (i32.load offset=8 (local.get $entries)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $i) (local.get $n)))
        (local.set $entry (call $record (local.get $batch) (local.get $entries) (local.get $i)))
        (call $decide (local.get $n) (local.get $i) (local.get $entry))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (call $reply (local.get $n)))
)
