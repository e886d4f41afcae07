;; A coroutine. Expected: PackError::Proposal.
(module
  (type $f (func))
  (type $c (cont $f))
  ;; @with manifest marker memory buffer open check
)
