use lettre::Address;

/// Why a text is no address to write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// RFC 5321 has no room for it.
    #[error("expected an address of at most 254 bytes, found {0}")]
    Long(usize),
    /// A character that would need quotes, or that ends a header or a command.
    #[error("expected an address of plain ASCII characters, found {0:?} in it")]
    Character(char),
    /// Not exactly one `@` with something on both sides.
    #[error("expected an address like someone@example.org, found another text")]
    Shape,
    /// A program that is given it as an argument would take it for an option.
    #[error("expected an address, found one that starts with `-`")]
    Hyphen,
    /// Two dots in a row, one at an end, or a domain that is none: no mail could be made with it.
    #[error("expected an address like someone@example.org, found one with a part that is none")]
    Parts,
}

/// Checks that a text is one plain address: `someone@example.org`, without name, comment, quotes or brackets.
pub fn check_address(text: &str) -> Result<(), AddressError> {
    const LONGEST: usize = 254;
    const SPECIAL: &str = "()<>[]:;\\,\"";
    if text.len() > LONGEST {
        return Err(AddressError::Long(text.len()));
    }
    let plain = |character: char| character.is_ascii_graphic() && !SPECIAL.contains(character);
    if let Some(character) = text.chars().find(|character| !plain(*character)) {
        return Err(AddressError::Character(character));
    }
    let Some((local, domain)) = text.split_once('@') else { return Err(AddressError::Shape) };
    if local.is_empty() || domain.is_empty() || domain.contains('@') {
        return Err(AddressError::Shape);
    }
    if text.starts_with('-') {
        return Err(AddressError::Hyphen);
    }
    // By the parser that makes the mail: what passes here must not fail there.
    text.parse::<Address>().map(drop).map_err(|_| AddressError::Parts)
}

#[cfg(test)]
mod tests {
    use super::{AddressError, check_address};

    #[test]
    fn plain_addresses_only() {
        for good in ["oncall@example.org", "a+b.c@x", "o'neil@example.org"] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "@x", "a@", "a@b@c"] {
            assert_eq!(check_address(bad), Err(AddressError::Shape), "{bad}");
        }
        for bad in ["a b@x", "a\r\n@x", "ä@x", "A<a@x>", "a,b@x", "\"a\"@x", "a@x\0"] {
            assert!(matches!(check_address(bad), Err(AddressError::Character(_))), "{bad}");
        }
        for bad in ["a..b@x.org", ".a@x.org", "a.@x.org", "tripline@host.", "a@x..org", "a@.x", "a@-x.org"] {
            assert_eq!(check_address(bad), Err(AddressError::Parts), "{bad}");
        }
        assert_eq!(check_address("-oX@x"), Err(AddressError::Hyphen));
        assert_eq!(check_address(&format!("{}@x", "a".repeat(253))), Err(AddressError::Long(255)));
    }
}
