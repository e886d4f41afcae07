//! The host reads a stranger's reply.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_abi::{Reply, ReplyLimit};

fuzz_target!(|bytes: &[u8]| {
    let Ok(reply) = Reply::parse(bytes, 3) else { return };
    for decision in reply.decisions() {
        assert!(decision.rule() < 3);
        assert!(decision.fingerprint().unwrap_or_default().len() <= ReplyLimit::FINGERPRINT);
        assert!(decision.values().count() <= ReplyLimit::VALUES);
        assert!(decision.evidence().count() <= ReplyLimit::EVIDENCE);
        let _ = (decision.severity(), decision.title(), decision.summary(), decision.trigger());
    }
});
