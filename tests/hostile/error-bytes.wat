;; Refuses to open, with control characters and broken UTF-8. Expected: no trap; an error text that
;; whoever shows it escapes.
(module
  ;; @with manifest marker memory buffer check
  (data (i32.const 0) "no\1b[2J\ff\n")
  (func (export "tripline_open") (param i32 i32) (result i64) (i64.const 8))
)
