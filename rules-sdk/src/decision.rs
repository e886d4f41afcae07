use std::borrow::Cow;

use tripline_abi::{EventId, Severity};

use crate::Shown;

/// What a rule decided: the making of an incident.
///
/// Equal fingerprints of one rule fold into one incident. Nothing here has to be short: what is over the ABI's
/// limits is shortened when it is sent, so a crafted line cannot make a reply that the host refuses.
///
/// It is one pointer: rules hand it from call to call, and most often hand on none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision(pub(crate) Box<Parts>);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parts {
    pub(crate) severity: Option<Severity>,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) title: Option<Vec<u8>>,
    pub(crate) summary: Option<Vec<u8>>,
    pub(crate) values: Vec<(Cow<'static, str>, Vec<u8>)>,
    pub(crate) evidence: Vec<EventId>,
}

impl Decision {
    /// A decision with the fingerprint that equal decisions share: most often who did it.
    pub fn new(fingerprint: impl Shown) -> Self {
        let mut decision = Decision::default();
        decision.0.fingerprint = bytes(&fingerprint);
        decision
    }

    /// A decision that folds with all others of its rule from the same source.
    pub fn for_source() -> Self {
        Decision::default()
    }

    /// A severity other than the rule's.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = Some(severity);
        self
    }

    /// A title other than the rule's: one line.
    #[must_use]
    pub fn title(mut self, title: impl Shown) -> Self {
        self.0.title = bytes(&title);
        self
    }

    /// A sentence or two on what was seen.
    #[must_use]
    pub fn summary(mut self, summary: impl Shown) -> Self {
        self.0.summary = bytes(&summary);
        self
    }

    /// Adds a named value; `None` adds nothing.
    #[must_use]
    pub fn value(mut self, name: impl Into<Cow<'static, str>>, value: impl Shown) -> Self {
        self.0.add(name.into(), bytes(&value));
        self
    }

    /// Adds events that show it; without any, the event that set it off is its evidence.
    #[must_use]
    pub fn evidence(mut self, ids: &[EventId]) -> Self {
        self.0.evidence.extend_from_slice(ids);
        self
    }
}

impl Parts {
    #[inline(never)]
    fn add(&mut self, name: Cow<'static, str>, value: Option<Vec<u8>>) {
        self.values.extend(value.map(|value| (name, value)));
    }
}

// Not generic and not inlined: rules call it often, and it runs seldom.
#[inline(never)]
fn bytes(value: &dyn Shown) -> Option<Vec<u8>> {
    value.shown().map(Cow::into_owned)
}

/// What a rule's method can return: nothing, a decision, perhaps one, or several.
#[diagnostic::on_unimplemented(
    message = "a rule cannot return a `{Self}`",
    label = "expected (), Decision, Option<Decision> or Vec<Decision>"
)]
pub trait Decisions {
    /// Hands over the decisions in order.
    fn each(self, to: &mut dyn FnMut(Decision));
}

impl Decisions for () {
    fn each(self, _: &mut dyn FnMut(Decision)) {}
}

impl Decisions for Decision {
    fn each(self, to: &mut dyn FnMut(Decision)) {
        to(self);
    }
}

impl Decisions for Option<Decision> {
    fn each(self, to: &mut dyn FnMut(Decision)) {
        self.into_iter().for_each(to);
    }
}

impl Decisions for Vec<Decision> {
    fn each(self, to: &mut dyn FnMut(Decision)) {
        self.into_iter().for_each(to);
    }
}
