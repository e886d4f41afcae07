/// A pattern of the pack; the macro writes one for each as `pattern::NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternId(pub(crate) u32);

/// A named group of a pattern's regex; the macro writes one for each as `pattern::name::GROUP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureId {
    pub(crate) pattern: u32,
    pub(crate) group: u32,
}

/// A field that comes with events; the macro writes one for each as `field::NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldId(pub(crate) u32);

/// An entry of a rule's `on`; the macro writes it.
#[doc(hidden)]
pub struct Wake {
    /// These must match,
    pub all: &'static [PatternId],
    /// and none of these.
    pub none: &'static [PatternId],
    /// Where the rule's parameters come from; `None` where this entry has no such capture.
    pub captures: &'static [Option<CaptureId>],
}

impl PatternId {
    #[doc(hidden)]
    pub const fn new(number: u32) -> Self {
        PatternId(number)
    }
}

impl CaptureId {
    #[doc(hidden)]
    pub const fn new(pattern: u32, group: u32) -> Self {
        CaptureId { pattern, group }
    }
}

impl FieldId {
    #[doc(hidden)]
    pub const fn new(number: u32) -> Self {
        FieldId(number)
    }
}
