;; A pack by hand, to hold the contract against: no SDK, no allocator, the batch walked by pointers.
;;
;; It makes one decision for every third event, over batch borders: evidence are the three events, the value `n` is
;; what the pattern captured in the third. Its state is what it has seen since the last decision.
;;
;;   0x00000  state: u32 seen │ 12 unused │ ids of the events seen, 3 × 16
;;   0x10000  reply
;;  0x100000  input, to the end of the memory, which grows as needed
(module
  (@custom "tripline.manifest"
    "{\"abi\": 1, \"pack\": {\"name\": \"counter\", \"version\": \"1.0.0\", \"description\": \"Every third event\"},"
    "\"patterns\": [{\"name\": \"n\", \"regex\": \"n=(?P<n>[0-9]{1,20})\"}], \"wakes_on\": [\"n\"],"
    "\"rules\": [{\"id\": \"third\", \"title\": \"A third event\", \"severity\": \"informational\"}]}")
  (global (export "tripline_abi_1") i32 (i32.const 0))
  (memory (export "memory") 17)

  (func (export "tripline_buffer") (param $length i32) (result i32)
    (local $missing i32)
    ;; Pages that input of this length needs beyond those there are.
    (local.set $missing (i32.sub
      (i32.add (i32.const 17) (i32.shr_u (local.get $length) (i32.const 16)))
      (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (unreachable)))))
    (i32.const 0x100000))

  ;; The section of this kind in the frame's table, 0 if there is none.
  (func $section (param $frame i32) (param $kind i32) (result i32)
    (local $at i32) (local $left i32)
    (local.set $at (i32.add (local.get $frame) (i32.load16_u offset=8 (local.get $frame))))
    (local.set $left (i32.load16_u offset=10 (local.get $frame)))
    (block $none
      (loop $next
        (br_if $none (i32.eqz (local.get $left)))
        (if (i32.eq (i32.load (local.get $at)) (local.get $kind)) (then (return (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Where a section's record is.
  (func $record (param $frame i32) (param $section i32) (param $index i32) (result i32)
    (i32.add
      (i32.add (local.get $frame) (i32.load offset=4 (local.get $section)))
      (i32.mul (i32.load offset=12 (local.get $section)) (local.get $index))))

  (func (export "tripline_open") (param $frame i32) (param $length i32) (result i64)
    (local $state i32)
    (local.set $state (call $section (local.get $frame) (i32.const 18)))
    (if (local.get $state) (then
      (if (i32.ne (i32.load offset=8 (local.get $state)) (i32.const 64)) (then (unreachable)))
      (memory.copy (i32.const 0) (call $record (local.get $frame) (local.get $state) (i32.const 0)) (i32.const 64))))
    (i64.const 0))

  (func (export "tripline_save") (result i64) (i64.const 64)) ;; at 0, 64 bytes

  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (local $entries i32) (local $entry i32) (local $i i32) (local $events i32)
    (local $decision i32) (local $value i32) (local $evidence i32) (local $arena i32)
    (local $decisions i32) (local $written i32) (local $text i32) (local $span i64)
    (local.set $entries (call $section (local.get $batch) (i32.const 1)))
    (if (i32.eqz (local.get $entries)) (then (return (i64.const 0))))

    ;; How many decisions there will be, so that the reply's sections can be laid out.
    (block $counted
      (loop $next
        (br_if $counted (i32.ge_u (local.get $i) (i32.load offset=8 (local.get $entries))))
        (local.set $entry (call $record (local.get $batch) (local.get $entries) (local.get $i)))
        (local.set $events (i32.add (local.get $events) (i32.eqz (i32.load offset=32 (local.get $entry)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.set $decisions (i32.div_u (i32.add (i32.load (i32.const 0)) (local.get $events)) (i32.const 3)))
    (local.set $decision (i32.const 0x10050)) ;; after the header and a table of four
    (local.set $value (i32.add (local.get $decision) (i32.mul (local.get $decisions) (i32.const 64))))
    (local.set $evidence (i32.add (local.get $value) (i32.mul (local.get $decisions) (i32.const 16))))
    (local.set $arena (i32.add (local.get $evidence) (i32.mul (local.get $decisions) (i32.const 48))))
    ;; Input begins at 0x100000; each value takes 20 bytes at most.
    (if (i32.gt_u (i32.add (local.get $arena) (i32.mul (local.get $decisions) (i32.const 20))) (i32.const 0xfffff))
      (then (unreachable)))

    (i32.store (i32.const 0x10000) (i32.const 0x31524c54)) ;; "TLR1"
    (i32.store (i32.const 0x10008) (i32.const 0x00040010)) ;; header of 16 bytes, 4 sections
    (i32.store (i32.const 0x1000c) (i32.const 0))
    (call $table (i32.const 0) (i32.const 32) (local.get $decision) (local.get $decisions) (i32.const 64))
    (call $table (i32.const 1) (i32.const 33) (local.get $value) (local.get $decisions) (i32.const 16))
    (call $table (i32.const 2) (i32.const 34) (local.get $evidence)
      (i32.mul (local.get $decisions) (i32.const 3)) (i32.const 16))
    (i32.store8 (local.get $arena) (i32.const 0x6e)) ;; the name "n", for all values
    (local.set $text (i32.const 1))

    (local.set $i (i32.const 0))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (i32.load offset=8 (local.get $entries))))
        (local.set $entry (call $record (local.get $batch) (local.get $entries) (local.get $i)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.load offset=32 (local.get $entry))) ;; a tick
        (memory.copy
          (i32.add (i32.const 16) (i32.mul (i32.load (i32.const 0)) (i32.const 16)))
          (local.get $entry) (i32.const 16))
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (br_if $next (i32.lt_u (i32.load (i32.const 0)) (i32.const 3)))

        (i32.store (i32.const 0) (i32.const 0))
        (i64.store (local.get $decision) (i64.const 0xffffffff00000000)) ;; rule 0, the rule's severity
        (i64.store offset=8 (local.get $decision) (i64.const 0xffffffff)) ;; no fingerprint
        (i64.store offset=16 (local.get $decision) (i64.const 0xffffffff)) ;; the rule's title
        (i64.store offset=24 (local.get $decision) (i64.const 0xffffffff)) ;; no summary
        (i32.store offset=32 (local.get $decision) (local.get $written))
        (i32.store offset=36 (local.get $decision) (i32.const 1))
        (i32.store offset=40 (local.get $decision) (i32.mul (local.get $written) (i32.const 3)))
        (i32.store offset=44 (local.get $decision) (i32.const 3))
        (memory.copy (i32.add (local.get $decision) (i32.const 48)) (local.get $entry) (i32.const 16))
        (memory.copy (local.get $evidence) (i32.const 16) (i32.const 48))
        (local.set $span (call $captured (local.get $batch) (local.get $entry)))
        (i64.store (local.get $value) (i64.const 0x100000000)) ;; 1 byte at 0
        (i32.store offset=8 (local.get $value) (local.get $text))
        (i32.store offset=12 (local.get $value) (i32.wrap_i64 (local.get $span)))
        (memory.copy (i32.add (local.get $arena) (local.get $text))
          (i32.wrap_i64 (i64.shr_u (local.get $span) (i64.const 32))) (i32.wrap_i64 (local.get $span)))
        (local.set $text (i32.add (local.get $text) (i32.wrap_i64 (local.get $span))))
        (local.set $decision (i32.add (local.get $decision) (i32.const 64)))
        (local.set $value (i32.add (local.get $value) (i32.const 16)))
        (local.set $evidence (i32.add (local.get $evidence) (i32.const 48)))
        (local.set $written (i32.add (local.get $written) (i32.const 1)))
        (br $next)))

    (if (i32.eqz (local.get $decisions)) (then (return (i64.const 0))))
    (call $table (i32.const 3) (i32.const 5) (local.get $arena) (local.get $text) (i32.const 1))
    (i32.store (i32.const 0x10004) (i32.sub (i32.add (local.get $arena) (local.get $text)) (i32.const 0x10000)))
    (i64.or (i64.const 0x1000000000000) (i64.extend_i32_u (i32.load (i32.const 0x10004)))))

  ;; Writes an entry of the reply's section table.
  (func $table (param $index i32) (param $kind i32) (param $start i32) (param $count i32) (param $stride i32)
    (local $at i32)
    (local.set $at (i32.add (i32.const 0x10010) (i32.mul (local.get $index) (i32.const 16))))
    (i32.store (local.get $at) (local.get $kind))
    (i32.store offset=4 (local.get $at) (i32.sub (local.get $start) (i32.const 0x10000)))
    (i32.store offset=8 (local.get $at) (local.get $count))
    (i32.store offset=12 (local.get $at) (local.get $stride)))

  ;; Pointer << 32 | length of the first capture of the entry's first match, if it lies in the message.
  (func $captured (param $batch i32) (param $entry i32) (result i64)
    (local $match i32) (local $capture i32)
    (if (i32.eqz (i32.load offset=76 (local.get $entry))) (then (return (i64.const 0))))
    (local.set $match (call $record (local.get $batch)
      (call $section (local.get $batch) (i32.const 3)) (i32.load offset=72 (local.get $entry))))
    (if (i32.eqz (i32.load16_u offset=12 (local.get $match))) (then (return (i64.const 0))))
    (local.set $capture (call $record (local.get $batch)
      (call $section (local.get $batch) (i32.const 4)) (i32.load offset=8 (local.get $match))))
    (if (i32.ne (i32.load (local.get $capture)) (i32.const 1)) (then (return (i64.const 0))))
    (if (i32.eq (i32.load offset=4 (local.get $capture)) (i32.const -1)) (then (return (i64.const 0))))
    (i64.or
      (i64.shl
        (i64.extend_i32_u (i32.add
          (call $record (local.get $batch) (call $section (local.get $batch) (i32.const 5))
            (i32.load offset=56 (local.get $entry)))
          (i32.load offset=4 (local.get $capture))))
        (i64.const 32))
      (i64.extend_i32_u (i32.load offset=8 (local.get $capture))))))
