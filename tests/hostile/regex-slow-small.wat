;; The same within the size: nested counts over any byte. Expected: the cost test at load, or
;; suspension, as an incident.
(module
  ;; @manifest {"abi": 1, "pack": {"name": "hostile", "version": "1.0.0"}, "patterns": [{"name": "slow", "regex": "(?P<a>(?:.{0,40}(?:a|b|c|d)){4})Q"}], "wakes_on": ["slow"], "rules": [{"id": "loud", "title": "It makes decisions", "severity": "low"}]}
  ;; @with marker memory buffer open check
)
