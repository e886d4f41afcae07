;; Never comes back from check. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (loop $again (br $again)) (unreachable))
)
