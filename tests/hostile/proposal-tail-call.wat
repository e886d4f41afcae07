;; A call in the place of a return. Expected: PackError::Proposal.
(module
  (func $again (return_call $again))
  ;; @with manifest marker memory buffer open check
)
