;; Wants a file. Expected: PackError::Import, naming wasi_snapshot_preview1.fd_write.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  ;; @with manifest marker memory buffer open check
)
