;; Says that its running rule is noted behind its memory, and traps. Expected: Trap::Wasm; the rule is
;; unknown.
(module
  (global (export "tripline_rule") i32 (i32.const -2))
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (unreachable))
)
