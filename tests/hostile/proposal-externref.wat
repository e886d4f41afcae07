;; A reference to an object of the host. Expected: PackError::Proposal.
(module
  (func (param externref))
  ;; @with manifest marker memory buffer open check
)
