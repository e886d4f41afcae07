;; Never comes back from its start function, before anything is called. Expected: Trap::Cpu.
(module
  ;; @with manifest marker memory buffer open check
  (start $start)
  (func $start (loop $again (br $again)))
)
