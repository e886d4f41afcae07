;; Nested until a recursive reader runs out of stack: 200,000 brackets. Expected: PackError::Manifest.
(module
  (@custom "tripline.manifest"
  ;; @repeat 20000 "[[[[[[[[[["
  )
  ;; @with marker memory buffer open check
)
