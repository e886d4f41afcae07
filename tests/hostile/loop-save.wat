;; Never comes back from save. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory buffer open check
  (func (export "tripline_save") (result i64) (loop $again (br $again)) (unreachable))
)
