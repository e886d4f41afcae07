;; Takes table elements until there are no more, then gives up. Expected: Trap::Table.
(module
  (table $t 1 funcref)
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (loop $more (br_if $more
      (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
    (unreachable))
)
