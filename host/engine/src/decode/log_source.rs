//! What an operator says of the log that a source's lines are from.

use crate::event::{Event, Name};

/// What kind of log a source's lines are from, in Sigma's terms, as far as the operator says it: that goes before what
/// decoding finds. What is `None` stays as it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenLogSource {
    /// For example `linux`.
    pub product: Option<String>,
    /// For example `sshd`.
    pub service: Option<String>,
    /// For example `webserver`.
    pub category: Option<String>,
}

impl GivenLogSource {
    /// Bytes of each of its names.
    pub const LONGEST: usize = 64;

    /// Whether this can be one of its names: visible ASCII, not too long.
    pub fn is_name(name: &str) -> bool {
        (1..=Self::LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Says it of an event.
    pub(super) fn tell(&self, event: &mut Event) {
        let mut kept =
            |name: &Option<String>| name.as_ref().map(|name| Name::Place(event.keep(name.as_bytes())));
        let (product, service, category) = (kept(&self.product), kept(&self.service), kept(&self.category));
        let found = &mut event.log_source;
        found.product = product.or(found.product);
        found.service = service.or(found.service);
        found.category = category.or(found.category);
    }
}
