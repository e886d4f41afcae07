use tripline_abi::Severity;
use tripline_abi::manifest::Rule;

/// A decision as a test reads it: texts are shown lossily, events are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The rule's id.
    pub rule: String,
    /// The decision's severity, else the rule's.
    pub severity: Severity,
    /// What equal decisions share; empty for the source.
    pub fingerprint: String,
    /// The decision's title, else the rule's.
    pub title: String,
    /// A sentence or two, or nothing.
    pub summary: String,
    /// Named values, in the rule's order.
    pub values: Vec<(String, String)>,
    /// Numbers of the events that are its evidence.
    pub evidence: Vec<u64>,
}

impl Decided {
    pub(super) fn new(decision: &tripline_abi::Decision<'_>, rules: &[Rule]) -> Option<Self> {
        let rule = rules.get(decision.rule() as usize)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let number = |id: [u8; 16]| u128::from_be_bytes(id) as u64;
        Some(Decided {
            rule: rule.id.clone(),
            severity: decision.severity().unwrap_or(rule.severity),
            fingerprint: text(decision.fingerprint().unwrap_or_default()),
            title: decision.title().map_or_else(|| rule.title.clone(), text),
            summary: text(decision.summary().unwrap_or_default()),
            values: decision.values().map(|(name, value)| (text(name), text(value))).collect(),
            evidence: decision.evidence().map(number).collect(),
        })
    }

    /// The value of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| &value[..])
    }
}
