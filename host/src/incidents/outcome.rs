/// What became of a rule's incidents, of those that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The rule's id.
    pub rule: String,
    /// How many there are.
    pub incidents: u64,
    /// How many of them are resolved, by whomever.
    pub resolved: u64,
    /// How many of those as something else than what the rule says.
    pub false_positives: u64,
}
