;; A key that nobody knows. Expected: PackError::Manifest, naming the key `recipients`.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "hostile", "version": "1.0.0"}, "every_event": true, "recipients": ["a@b"], "rules": [{"id": "r", "title": "t", "severity": "low"}]}
  ;; @with marker memory buffer open check
)
