;; Bytes in the place of JSON. Expected: PackError::Manifest.
(module
  (@custom "tripline.manifest" "\00\ff\7b")
  ;; @with marker memory buffer open check
)
