;; Never says where its input goes. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory open check
  (func (export "tripline_buffer") (param i32) (result i32) (loop $again (br $again)) (unreachable))
)
