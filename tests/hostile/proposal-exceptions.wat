;; An exception. Expected: PackError::Proposal.
(module
  (tag $oops)
  (func (throw $oops))
  ;; @with manifest marker memory buffer open check
)
