;; What hostile modules share. Not a module: load.rs takes parts of it by name.
;;
;; Memory: input at 1 MiB (at most 1 MiB of it), replies at 2 MiB.

;; == manifest
(@custom "tripline.manifest" "{\"abi\": 1, \"pack\": {\"name\": \"hostile\", \"version\": \"1.0.0\"},"
  "\"every_event\": true, \"rules\": [{\"id\": \"loud\", \"title\": \"It makes decisions\", \"severity\": \"low\"}]}")

;; == marker
(global (export "tripline_abi_1") i32 (i32.const 0))

;; == memory
(memory (export "memory") 48)

;; == buffer
(func (export "tripline_buffer") (param $length i32) (result i32) (i32.const 0x100000))

;; == open
(func (export "tripline_open") (param $frame i32) (param $length i32) (result i64) (i64.const 0))

;; == check
(func (export "tripline_check") (param $batch i32) (param $length i32) (result i64) (i64.const 0))

;; == reader
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

;; == says
;; Whether the entry's message says "boom".
(func $says (param $batch i32) (param $entry i32) (result i32)
  (local $at i32) (local $end i32)
  (if (i32.eq (i32.load offset=56 (local.get $entry)) (i32.const -1)) (then (return (i32.const 0))))
  (local.set $at (call $record (local.get $batch)
    (call $section (local.get $batch) (i32.const 5)) (i32.load offset=56 (local.get $entry))))
  (local.set $end (i32.add (local.get $at) (i32.load offset=60 (local.get $entry))))
  (block $no
    (loop $next
      (br_if $no (i32.gt_u (i32.add (local.get $at) (i32.const 4)) (local.get $end)))
      (if (i32.eq (i32.load (local.get $at)) (i32.const 0x6d6f6f62)) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (i32.const 0))

;; == reply
;; A reply of n decisions at 2 MiB, each with one id of evidence and four letters of fingerprint:
;; 0x00 header │ 0x10 table of three │ 0x40 decisions, n × 64 │ evidence, n × 16 │ arena, n × 4
(func $reply (param $n i32) (result i64)
  (i32.store (i32.const 0x200000) (i32.const 0x31524c54)) ;; "TLR1"
  (i32.store (i32.const 0x200004) (i32.add (i32.const 64) (i32.mul (local.get $n) (i32.const 84))))
  (i32.store (i32.const 0x200008) (i32.const 0x00030010)) ;; header of 16 bytes, 3 sections
  (call $table (i32.const 0x200010) (i32.const 32) (i32.const 64) (local.get $n) (i32.const 64))
  (call $table (i32.const 0x200020) (i32.const 34)
    (i32.add (i32.const 64) (i32.mul (local.get $n) (i32.const 64))) (local.get $n) (i32.const 16))
  (call $table (i32.const 0x200030) (i32.const 5)
    (i32.add (i32.const 64) (i32.mul (local.get $n) (i32.const 80)))
    (i32.mul (local.get $n) (i32.const 4)) (i32.const 1))
  (i64.or (i64.const 0x20000000000000) (i64.extend_i32_u (i32.load (i32.const 0x200004)))))

(func $table (param $at i32) (param $kind i32) (param $offset i32) (param $count i32) (param $stride i32)
  (i32.store (local.get $at) (local.get $kind))
  (i32.store offset=4 (local.get $at) (local.get $offset))
  (i32.store offset=8 (local.get $at) (local.get $count))
  (i32.store offset=12 (local.get $at) (local.get $stride)))

;; Decision i of n, set off by the id at this place, which is its evidence too.
(func $decide (param $n i32) (param $i i32) (param $id i32)
  (local $at i32)
  (local.set $at (i32.add (i32.const 0x200040) (i32.mul (local.get $i) (i32.const 64))))
  (i64.store (local.get $at) (i64.const 0xffffffff00000000)) ;; rule 0, the rule's severity
  (i32.store offset=8 (local.get $at) (i32.mul (local.get $i) (i32.const 4)))
  (i32.store offset=12 (local.get $at) (i32.const 4))
  (i64.store offset=16 (local.get $at) (i64.const 0xffffffff)) ;; the rule's title
  (i64.store offset=24 (local.get $at) (i64.const 0xffffffff)) ;; no summary
  (i64.store offset=32 (local.get $at) (i64.const 0)) ;; no values
  (i32.store offset=40 (local.get $at) (local.get $i))
  (i32.store offset=44 (local.get $at) (i32.const 1))
  (memory.copy (i32.add (local.get $at) (i32.const 48)) (local.get $id) (i32.const 16))
  (memory.copy
    (i32.add (i32.const 0x200040)
      (i32.add (i32.mul (local.get $n) (i32.const 64)) (i32.mul (local.get $i) (i32.const 16))))
    (local.get $id) (i32.const 16))
  ;; Four letters of four bits each.
  (i32.store
    (i32.add (i32.const 0x200040)
      (i32.add (i32.mul (local.get $n) (i32.const 80)) (i32.mul (local.get $i) (i32.const 4))))
    (i32.add (i32.const 0x61616161)
      (i32.or
        (i32.or
          (i32.and (local.get $i) (i32.const 0xf))
          (i32.shl (i32.and (local.get $i) (i32.const 0xf0)) (i32.const 4)))
        (i32.or
          (i32.shl (i32.and (local.get $i) (i32.const 0xf00)) (i32.const 8))
          (i32.shl (i32.and (local.get $i) (i32.const 0xf000)) (i32.const 12)))))))
