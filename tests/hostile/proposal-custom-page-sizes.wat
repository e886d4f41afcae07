;; A memory counted in bytes. Expected: PackError::Proposal.
(module
  (memory (export "memory") 1 (pagesize 1))
  ;; @with manifest marker buffer open check
)
