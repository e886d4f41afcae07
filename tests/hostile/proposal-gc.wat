;; A structure on a heap of the host. Expected: PackError::Proposal.
(module
  (type (struct (field i32)))
  ;; @with manifest marker memory buffer open check
)
