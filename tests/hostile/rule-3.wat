;; Says that its rule 3 runs, of the one that it has, and traps. Expected: Trap::Wasm; the engine sees
;; that there is no rule 3.
(module
  (global (export "tripline_rule") i32 (i32.const 64))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i32.store (i32.const 64) (i32.const 3))
    (unreachable))
)
