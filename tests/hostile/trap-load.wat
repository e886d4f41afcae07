;; Reads behind its memory. Expected: Trap::Wasm.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.load (i32.const 0x2ffffc)))
)
