;; An atomic addition. Expected: PackError::Proposal.
(module
  (func (param i32) (result i32) (i32.atomic.rmw.add (local.get 0) (i32.const 1)))
  ;; @with manifest marker memory buffer open check
)
