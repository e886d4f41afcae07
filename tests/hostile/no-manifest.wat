;; No manifest. Expected: PackError::NoManifest.
(module
  ;; @with marker memory buffer open check
)
