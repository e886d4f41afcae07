//! Whatever a rule says, the reply keeps to the ABI's limits.

use tripline_sdk::prelude::*;
use tripline_sdk::testing::Run;

/// A rule that a crafted line could make say too much.
#[derive(Default, State)]
pub struct Talkative;

#[tripline_sdk::pack { name: "talkative", patterns: { all: { regex: "(?P<text>(?s:.*))" } } }]
impl Talkative {
    #[rule { id: "everything", title: "Everything", severity: low, on: [all] }]
    fn everything(&self, text: Text) -> Decision {
        let decision = Decision::new(text).title(text).summary(text).evidence(&[[7; 16]; 100]);
        let name = text.head(100).to_string();
        (0..100).fold(decision, |decision, _| decision.value(name.clone(), text))
    }
}

#[test]
fn whatever_a_rule_says_is_within_the_limits() {
    let mut run = Run::<Talkative>::new().unwrap();
    let mut fingerprints = std::collections::BTreeSet::new();
    for length in [0, 1, 64, 255, 256, 257, 512, 513, 8_192] {
        for end in ["", "!", "?"] {
            let decided = run.judge("\u{20ac}".repeat(length) + end);
            let decided = &decided[0];
            assert!(decided.fingerprint.len() <= 256 && decided.title.len() <= 512);
            assert!(
                decided.summary.len() <= 4_096 && decided.values.len() == 32 && decided.evidence.len() == 32
            );
            assert!(
                !decided.title.contains('\u{fffd}') && !decided.values[0].0.contains('\u{fffd}'),
                "cut in a character"
            );
            fingerprints.insert(decided.fingerprint.clone());
        }
    }
    assert_eq!(fingerprints.len(), 27, "what is cut off still tells them apart");
    assert_eq!(run.judge(vec![0x80; 5_000]).len(), 1);
}
