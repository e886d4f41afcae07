;; Opens without a state, never with the one that it saved. Expected: a fault at the first rebuild; the
;; pack starts empty or is quarantined.
(module
  ;; @with manifest marker memory buffer reader
  (func (export "tripline_open") (param $frame i32) (param $length i32) (result i64)
    (if (result i64) (call $section (local.get $frame) (i32.const 18))
      (then (i64.const 0x0000000000000008))
      (else (i64.const 0))))
  (data (i32.const 0) "not mine")
  (func (export "tripline_save") (result i64) (i64.const 0x0000000000000008))
  (func (export "tripline_check") (param i32 i32) (result i64) (i64.const 0))
)
