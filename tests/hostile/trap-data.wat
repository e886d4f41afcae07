;; A data segment behind its memory: traps when it is made. Expected: Trap::Wasm from instantiate.
(module
  ;; @with manifest marker memory buffer open check
  (data (i32.const 0x2fffff) "ab")
)
