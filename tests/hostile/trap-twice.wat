;; Traps at its first call, and would answer the next as if nothing had been. Expected: Trap::Wasm,
;; then Trap::Dead.
(module
  (global $called (mut i32) (i32.const 0))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (if (i32.eqz (global.get $called)) (then
      (global.set $called (i32.const 1))
      (unreachable)))
    (i64.const 0))
)
