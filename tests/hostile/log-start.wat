;; Logs from its start function, before the host has seen any export. Expected: no trap; one line.
(module
  (import "tripline" "log" (func $log (param i32 i32 i32)))
  ;; @with manifest marker memory buffer open check
  (data (i32.const 0) "early")
  (start $start)
  (func $start (call $log (i32.const 3) (i32.const 0) (i32.const 5)))
)
