;; Traps at every batch. Expected: a fault for each of the first events, then quarantine, as an
;; incident of its own.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param $batch i32) (param $length i32) (result i64)
    (unreachable))
)
