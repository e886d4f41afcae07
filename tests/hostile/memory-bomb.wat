;; Takes memory until there is no more, then gives up. Expected: Trap::Memory.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (unreachable))
)
