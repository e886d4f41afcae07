;; A manifest of 300,000 bytes. Expected: PackError::Manifest, over its limit.
(module
  (@custom "tripline.manifest"
  ;; @repeat 30000 "          "
  )
  ;; @with marker memory buffer open check
)
