;; A global that is computed. Expected: PackError::Proposal.
(module
  (global i32 (i32.add (i32.const 1) (i32.const 2)))
  ;; @with manifest marker memory buffer open check
)
