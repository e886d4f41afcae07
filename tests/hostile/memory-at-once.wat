;; Asks for 4 GiB at once, then gives up. Expected: Trap::Memory.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (if (i32.eq (memory.grow (i32.const 65488)) (i32.const -1)) (then (unreachable)))
    (i64.const 0))
)
