;; No reply, but a length. Expected: no trap; the engine takes the bytes at 0 as a malformed reply.
(module
  ;; @with manifest marker memory buffer open
  (func (export "tripline_check") (param i32 i32) (result i64)
    (i64.const 0x0000000000000040))
)
