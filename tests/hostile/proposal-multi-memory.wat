;; A second memory. Expected: PackError::Proposal.
(module
  (memory 1)
  ;; @with manifest marker memory buffer open check
)
