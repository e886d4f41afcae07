#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::commit::Tenant;

/// The first key of RFC 8032, …
const SEED: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44,
    0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
/// … and what it says of a module, made once by another program (Python's cryptography). It never changes.
const GOLDEN: &str = "tripline-pack-signature 1 door 1.2.0 \
f6c0d945dc8a9e01854484f4e9b123945919e553778d4386d1d939451c038a0c 7b0d4e2902d30a6c6ca6a989f79b78cb \
CzeGTvo1PVyWSimX9NWjKGMLWKwlCc9BDnr6-IasXKWv8wUbFndbmIyFJaRYHAn4eM6HCrgRlnWL2jDJDzE6Bw";

fn statement(name: &str, version: &str, module: &str) -> Statement {
    Statement::kept(name, version, Sha256::digest(module).into())
}

fn door() -> Statement {
    statement("door", "1.2.0", "a module")
}

fn key() -> SecretKey {
    SecretKey::from_seed(SEED)
}

#[test]
fn what_is_signed_today_is_what_was_signed_at_first() {
    let made = Signature::make(door(), &key()).unwrap();
    assert_eq!(made.to_string(), GOLDEN);
    let read = Signature::read(format!("{GOLDEN}\n").as_bytes()).unwrap();
    assert_eq!(read, made);
    assert_eq!(read.key().to_string(), "7b0d4e2902d30a6c6ca6a989f79b78cb");
    read.holds(&[key().public()]).unwrap();
    read.is_of(&door()).unwrap();
}

#[test]
fn each_bit_of_it_counts() {
    let (keys, there) = ([key().public()], door());
    for at in 0..GOLDEN.len() {
        for bit in 0..8 {
            let mut bytes = GOLDEN.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let read = Signature::read(&bytes);
            let stands = read.map(|one| Signed::of(&keys, Some(&one), &there));
            assert!(!matches!(stands, Ok(Signed::By(_))), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn it_holds_for_one_module_of_one_name_and_version_by_one_key() {
    let (one, other) = (key(), SecretKey::from_seed([7; 32]));
    let signature = Signature::make(door(), &one).unwrap();
    let stands = |keys: &[PublicKey], there: &Statement| Signed::of(keys, Some(&signature), there);
    let of = |keys: &[PublicKey], there: &Statement| match stands(keys, there) {
        Signed::Refused(why) => why.to_string(),
        other => other.as_str().into(),
    };
    let both = [other.public(), one.public()];
    assert_eq!(stands(&both, &door()), Signed::By(one.public().id()));
    assert_eq!(stands(&[], &door()), Signed::Unchecked(one.public().id()));
    assert_eq!(
        of(&[other.public()], &door()),
        format!(
            "expected a signature by the key {}, found one by the key {}",
            other.public().id(),
            one.public().id()
        )
    );
    for (there, words) in [
        (statement("window", "1.2.0", "a module"), "window 1.2.0 (SHA-256 f6c0d945dc8a9e01…)"),
        (statement("door", "1.2.1", "a module"), "door 1.2.1 (SHA-256 f6c0d945dc8a9e01…)"),
        (statement("door", "1.2.0", "another"), "door 1.2.0 (SHA-256 "),
    ] {
        for keys in [&both[..], &[]] {
            let said = of(keys, &there);
            assert!(said.starts_with(&format!("expected a signature of {words}")), "{said}");
            assert!(said.ends_with("found one of door 1.2.0 (SHA-256 f6c0d945dc8a9e01…)"), "{said}");
        }
    }
    assert!(signature.is_of_bytes(&Sha256::digest("another").into()).is_err());
    let missing = Signed::of(&both, None, &door());
    assert!(matches!(&missing, Signed::Refused(Unsigned::Missing(keys)) if keys.len() == 2), "{missing:?}");
    assert_eq!(Signed::of(&[], None, &door()), Signed::No);
}

/// Who has a key of their own cannot say that they are another, nor claim what another has signed.
#[test]
fn a_key_signs_for_itself_alone() {
    let (one, thief) = (key(), SecretKey::from_seed([7; 32]));
    let theirs = Signature::make(door(), &thief).unwrap().to_string();
    let (ids, keys) = ([one.public().id(), thief.public().id()], [one.public(), thief.public()]);
    for text in [
        theirs.replace(&ids[1].to_string(), &ids[0].to_string()),
        GOLDEN.replace(&ids[0].to_string(), &ids[1].to_string()),
    ] {
        let read = Signature::read(text.as_bytes()).unwrap();
        assert_eq!(read.holds(&keys), Err(Unsigned::Broken(read.key())), "{text}");
    }
}

/// The signature's second half is below the group's order: adding that to it makes no second signature.
#[test]
fn there_is_one_signature_and_no_other_way_of_writing_it() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    /// As RFC 8032 has it, the least first.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (head, last) = GOLDEN.rsplit_once(' ').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(last).unwrap();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let again = Signature::read(format!("{head} {}", URL_SAFE_NO_PAD.encode(bytes)).as_bytes()).unwrap();
    assert!(matches!(again.holds(&[key().public()]), Err(Unsigned::Broken(_))));
    let digest = &GOLDEN[37..101];
    for other in [
        format!("{GOLDEN}\n\n"),
        format!("{GOLDEN}\r\n"),
        format!("{GOLDEN} "),
        format!(" {GOLDEN}"),
        format!("{GOLDEN}=="),
        format!("{GOLDEN} more"),
        GOLDEN.replace(' ', "  "),
        GOLDEN.replace(' ', "\t"),
        GOLDEN.replace(digest, &digest.to_uppercase()),
        GOLDEN.replace("1.2.0", "1.2"),
        GOLDEN.replace("1.2.0", "01.2.0"),
        GOLDEN.replace("1.2.0", "v1.2.0"),
        GOLDEN.replace("door", "Door"),
        GOLDEN.replace("door", "../door"),
        GOLDEN.replace("door", ""),
        GOLDEN.replace("door", &"d".repeat(65)),
        GOLDEN.replace("1.2.0", &format!("1.2.0-{}", "x".repeat(123))),
    ] {
        assert!(Signature::read(other.as_bytes()).is_err(), "{other:?}");
    }
}

#[test]
fn what_is_none_is_told_from_one_that_is_misspelt() {
    assert_eq!(Signature::read(b""), Err(SignatureError::Other));
    assert_eq!(Signature::read(&[0xff; 100]), Err(SignatureError::Other));
    assert_eq!(
        Signature::read(GOLDEN.replace("signature 1", "signature 2").as_bytes()),
        Err(SignatureError::Other)
    );
    assert_eq!(Signature::read(b"-----BEGIN PGP SIGNATURE-----"), Err(SignatureError::Other));
    assert_eq!(Signature::read(b"tripline-pack-signature 1 door"), Err(SignatureError::Words));
    assert_eq!(Signature::read(&vec![b'x'; 1 << 20]), Err(SignatureError::Long));
    // The longest that can be made can be read.
    let longest = statement(&"d".repeat(64), &format!("1.2.0-{}", "x".repeat(122)), "a module");
    let longest = Signature::make(longest, &key()).unwrap();
    assert!(longest.to_string().len() < Signature::MOST);
    assert_eq!(Signature::read(longest.to_string().as_bytes()), Ok(longest));
    let longer = statement("door", &format!("1.2.0-{}", "x".repeat(123)), "a module");
    assert_eq!(Signature::make(longer, &key()), Err(SignatureError::Version));
}

#[test]
fn who_may_sign_says_the_configuration_first() {
    let [a, b, c] = [1, 2, 3].map(|seed| SecretKey::from_seed([seed; 32]).public());
    let [plant, shop] = ["plant", "shop"].map(|name| Tenant::new(name).unwrap());
    let demands = Demands { everybody: vec![a], tenants: [(plant.clone(), vec![b])].into() };
    assert_eq!((demands.of(&plant, &[]), demands.of(&plant, &[c])), (&[b][..], &[b][..]));
    assert_eq!((demands.of(&shop, &[]), demands.of(&shop, &[c])), (&[a][..], &[c][..]));
    assert!(Demands::default().of(&shop, &[]).is_empty());
}

proptest! {
    /// Whatever comes, what is taken is written in the one way that there is.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(read) = Signature::read(&bytes) {
            let line = read.to_string();
            prop_assert_eq!(line.as_bytes(), bytes.strip_suffix(b"\n").unwrap_or(&bytes));
        }
    }

    #[test]
    fn what_is_nearly_one_is_read_or_refused(at in 0..GOLDEN.len(), put in "[ -~\\n]{0,4}", drop in 0..4_usize) {
        let mut text = GOLDEN.to_string();
        text.replace_range(at..(at + drop).min(GOLDEN.len()), &put);
        if let Ok(read) = Signature::read(text.as_bytes()) {
            prop_assert_eq!(read.to_string(), text.strip_suffix('\n').unwrap_or(&text));
            let stands = Signed::of(&[key().public()], Some(&read), &door());
            prop_assert_eq!(matches!(stands, Signed::By(_)), text.trim_end_matches('\n') == GOLDEN);
        }
    }

    #[test]
    fn what_is_made_holds(name in "[a-z0-9-]{1,64}", version in "[0-9]{1,4}\\.[0-9]\\.[0-9](-[a-z]{1,20})?(\\+[a-z]{1,9})?", seed: [u8; 32], module: Vec<u8>) {
        let version = version.parse::<semver::Version>();
        prop_assume!(version.is_ok());
        let there = Statement::kept(&name, &version.unwrap().to_string(), Sha256::digest(&module).into());
        let key = SecretKey::from_seed(seed);
        let made = Signature::make(there.clone(), &key).unwrap();
        let read = Signature::read(made.to_string().as_bytes()).unwrap();
        prop_assert_eq!(Signed::of(&[key.public()], Some(&read), &there), Signed::By(key.public().id()));
    }
}
