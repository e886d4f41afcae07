;; A name that leaves its folder. Expected: PackError::Manifest at pack.name.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "../../etc/passwd", "version": "1.0.0"}, "every_event": true, "rules": [{"id": "r", "title": "t", "severity": "low"}]}
  ;; @with marker memory buffer open check
)
