;; Nothing hostile: what stands beside the others, and must not notice them.
(module
  ;; @with manifest marker memory buffer open check
)
