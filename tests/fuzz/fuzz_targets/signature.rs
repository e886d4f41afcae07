//! A signature from anybody: nothing panics, what is read is written the same way, and none holds that no key has made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline::signing::{PublicKey, Signature};

/// The first key of RFC 8032; no input has its signature by chance.
const KEY: &str = "tripline-pack-key-1:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fuzz_target!(|bytes: &[u8]| {
    let key: PublicKey = KEY.parse().expect("a key");
    if let Ok(signature) = Signature::read(bytes) {
        assert_eq!(signature.to_string().as_bytes(), bytes.strip_suffix(b"\n").unwrap_or(bytes));
        assert!(signature.holds(&[key]).is_err());
    }
    if let Ok(key) = str::from_utf8(bytes).unwrap_or_default().parse::<PublicKey>() {
        assert_eq!(key.to_string().as_bytes(), bytes);
    }
});
