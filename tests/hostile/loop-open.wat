;; Never comes back from open. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory buffer check
  (func (export "tripline_open") (param i32 i32) (result i64) (loop $again (br $again)) (unreachable))
)
