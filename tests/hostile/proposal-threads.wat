;; A memory that is shared between threads. Expected: PackError::Proposal.
(module
  (memory (export "memory") 1 2 shared)
  ;; @with manifest marker buffer open check
)
