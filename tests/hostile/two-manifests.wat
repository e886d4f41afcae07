;; One manifest for the reviewer, one for the host. Expected: PackError::Manifests(2).
(module
  ;; @with manifest manifest marker memory buffer open check
)
