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
