;; A regex of a few bytes that becomes megabytes. Expected: PackError::Manifest at patterns[0].regex.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "hostile", "version": "1.0.0"}, "patterns": [{"name": "slow", "regex": "(?:[a-z0-9]{1,500}x){1,500}"}], "wakes_on": ["slow"], "rules": [{"id": "loud", "title": "It makes decisions", "severity": "low"}]}
  ;; @with marker memory buffer open check
)
