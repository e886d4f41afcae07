;; A call through a typed reference. Expected: PackError::Proposal.
(module
  (type $f (func))
  (func (param (ref $f)) (call_ref $f (local.get 0)))
  ;; @with manifest marker memory buffer open check
)
