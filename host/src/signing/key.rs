//! Public keys: one line of text, and a short name for it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::secret;
use crate::security_log::hex;

/// What each begins with. The number is the format's.
const MARK: &str = "tripline-pack-key-1:";
/// Bytes of a key.
pub(super) const BYTES: usize = 32;
/// What a key's short name is the hash of, besides the key.
const ID: &[u8] = b"tripline pack key 1\n";

/// Who may sign: a public key of Ed25519, as text `tripline-pack-key-1:` and 43 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; BYTES]);

/// Which key it is: the first 128 bits of a hash of it, as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// Why a text is no public key. It never says what the text is: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is something else.
    #[error("expected a public key, `{MARK}` and 43 characters, found something else")]
    Other,
    /// It is the half that nobody may see.
    #[error("expected a public key, found a secret one: whoever has seen it can sign with it")]
    Secret,
    /// Anybody could sign for it.
    #[error("expected a public key, found one that many signatures hold for, whoever made them")]
    Weak,
}

impl PublicKey {
    pub(super) fn of(bytes: [u8; BYTES]) -> PublicKey {
        PublicKey(bytes)
    }

    /// Its bytes, as RFC 8032 has them.
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Its short name.
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new().chain_update(ID).chain_update(self.0).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        KeyId(id)
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        let Some(rest) = text.strip_prefix(MARK) else {
            return Err(if text.contains(secret::MARK) { KeyError::Secret } else { KeyError::Other });
        };
        let bytes = URL_SAFE_NO_PAD.decode(rest).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; BYTES] = bytes.ok_or(KeyError::Other)?;
        if is_weak(&bytes) { Err(KeyError::Weak) } else { Ok(PublicKey(bytes)) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<KeyId, ()> {
        let mut id = [0; 16];
        super::statement::unhex(text, &mut id).map(|()| KeyId(id)).ok_or(())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether it is a point of small order, for which signatures can be made without any secret: all zeros, that somebody has
/// left in an example, is one. These are all ways of writing them, without the bit that says the sign.
fn is_weak(key: &[u8; BYTES]) -> bool {
    let mut point = *key;
    point[BYTES - 1] &= 0x7f;
    let below = |last: u8, first: u8| {
        let mut bytes = [last; BYTES];
        (bytes[0], bytes[BYTES - 1]) = (first, last & 0x7f);
        bytes
    };
    // 0 and 1; the prime less one, the prime, the prime and one; and two of order eight.
    let plain = [below(0, 0), below(0, 1), below(0xff, 0xec), below(0xff, 0xed), below(0xff, 0xee)];
    plain.contains(&point) || EIGHTH.contains(&point)
}

const EIGHTH: [[u8; BYTES]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// The first key of RFC 8032.
    const RFC: &str = "tripline-pack-key-1:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn a_key_is_one_line_that_is_written_one_way() {
        let key: PublicKey = RFC.parse().unwrap();
        assert_eq!(hex(key.as_bytes()), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        assert_eq!(key.to_string(), RFC);
        assert_eq!(key.id().to_string().parse(), Ok(key.id()));
        for wrong in [
            "",
            &RFC[..RFC.len() - 1],
            &format!("{RFC}="),
            &format!("{RFC} "),
            &format!(" {RFC}"),
            &RFC.replace("key-1", "key-2"),
            // The same bytes, with a bit set that counts for nothing.
            &RFC.replace("HURo", "HURp"),
        ] {
            assert_eq!(wrong.parse::<PublicKey>(), Err(KeyError::Other), "{wrong}");
        }
        assert_eq!(format!("{}x", secret::MARK).parse::<PublicKey>(), Err(KeyError::Secret));
    }

    #[test]
    fn what_anybody_can_sign_for_is_no_key() {
        let mut weak = vec![[0; BYTES], EIGHTH[0], EIGHTH[1]];
        weak.extend([0xec, 0xed, 0xee].map(|first| {
            let mut bytes = [0xff; BYTES];
            bytes[0] = first;
            bytes
        }));
        let one = {
            let mut bytes = [0; BYTES];
            bytes[0] = 1;
            bytes
        };
        weak.push(one);
        for bytes in weak {
            for sign in [0, 0x80] {
                let mut bytes = bytes;
                bytes[BYTES - 1] = bytes[BYTES - 1] & 0x7f | sign;
                let text = PublicKey::of(bytes).to_string();
                assert_eq!(text.parse::<PublicKey>(), Err(KeyError::Weak), "{}", hex(&bytes));
            }
        }
    }
}
