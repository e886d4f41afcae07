;; A memory with 64-bit addresses. Expected: PackError::Proposal.
(module
  (memory (export "memory") i64 1)
  ;; @with manifest marker buffer open check
)
