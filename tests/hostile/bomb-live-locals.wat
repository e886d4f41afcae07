;; Locals that all live at once, again and again, without a branch: each that finds no register costs the compiler more.
;; Expected: PackError::Limit.
(module
  ;; @with manifest marker memory buffer open check
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
  (func (param i32) (local
    ;; @repeat 2400 i32
    )
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
    ;; @repeat 2400 local.get 0 i32.load local.set #
    ;; @repeat 2400 local.get 0 local.get # i32.store
  )
)
