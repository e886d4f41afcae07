;; A component, which may bring any world with it. Expected: PackError::NotAModule.
(component)
