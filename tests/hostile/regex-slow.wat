;; A regex that is linear, and needs a long time for each byte of a line.
;; Expected: PackError::Manifest at patterns[0].regex, for its size.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "hostile", "version": "1.0.0"}, "patterns": [{"name": "slow", "regex": "(?P<a>(?:.{0,200}(?:a|b|c|d)){12})Q"}], "wakes_on": ["slow"], "rules": [{"id": "loud", "title": "It makes decisions", "severity": "low"}]}
  ;; @with marker memory buffer open check
)
