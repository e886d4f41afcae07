//! Where a page of incidents ends, as a text that means nothing to whoever holds it.
//!
//! ```text
//!   base64url( changed, 8 bytes │ id, 8 bytes │ check, 16 bytes )
//!   check = first half of SHA-256( tenant, filter, changed, id )
//! ```
//!
//! Lists by number have cursors of their own, which are the last number and a check.
//!
//! It opens nothing: the tenant comes from the token. The check is so that a cursor is only taken where it was given: with
//! another tenant or another filter it is as if there were none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::commit::Tenant;
use crate::incidents::{Cursor, Filter};

const PLACE: usize = 16;
const WHOLE: usize = 32;

/// As it is handed out.
pub(super) fn write(tenant: &Tenant, filter: &Filter, cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode([place(cursor), check(tenant, filter, cursor)].concat())
}

/// One that came back; `None`: it was not given for this list.
pub(super) fn read(tenant: &Tenant, filter: &Filter, text: &str) -> Option<Cursor> {
    let bytes: [u8; WHOLE] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let number = |at: usize| Some(i64::from_be_bytes(bytes[at..at + 8].try_into().ok()?));
    let cursor = Cursor { changed: number(0)?, id: number(8)? };
    (bytes[PLACE..] == check(tenant, filter, cursor)).then_some(cursor)
}

/// Where a page of a list by number ends, as it is handed out.
pub(super) fn write_number(tenant: &Tenant, list: &str, number: i64) -> String {
    URL_SAFE_NO_PAD.encode([&number.to_be_bytes()[..], &check_number(tenant, list, number)].concat())
}

/// One that came back; `None`: it was not given for this list.
pub(super) fn read_number(tenant: &Tenant, list: &str, text: &str) -> Option<i64> {
    let bytes: [u8; 8 + PLACE] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let number = i64::from_be_bytes(bytes[..8].try_into().ok()?);
    (bytes[8..] == check_number(tenant, list, number)).then_some(number)
}

fn check_number(tenant: &Tenant, list: &str, number: i64) -> [u8; PLACE] {
    hashed(&[tenant.as_str(), list], &number.to_be_bytes())
}

fn place(cursor: Cursor) -> [u8; PLACE] {
    let mut bytes = [0; PLACE];
    bytes[..8].copy_from_slice(&cursor.changed.to_be_bytes());
    bytes[8..].copy_from_slice(&cursor.id.to_be_bytes());
    bytes
}

fn check(tenant: &Tenant, filter: &Filter, cursor: Cursor) -> [u8; PLACE] {
    let Filter { states, severity, rule, source, assignee, since, before, text } = filter;
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let maybe = |text: Option<&str>| text.map_or_else(String::new, |text| format!("+{text}"));
    let time = |time: &Option<i64>| time.map_or_else(String::new, |time| time.to_string());
    let parts = [
        tenant.as_str().to_string(),
        states.join(","),
        maybe(severity.map(|severity| severity.as_str())),
        maybe(rule.as_ref().map(|rule| rule.as_str())),
        maybe(source.as_ref().map(|source| source.as_str())),
        maybe(assignee.as_deref()),
        time(since),
        time(before),
        maybe(text.as_deref()),
    ];
    hashed(&parts.each_ref().map(String::as_str), &place(cursor))
}

fn hashed(parts: &[&str], place: &[u8]) -> [u8; PLACE] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(place);
    let mut check = [0; PLACE];
    check.copy_from_slice(&hash.finalize()[..PLACE]);
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::State;

    #[test]
    fn one_of_a_list_by_number_is_taken_only_there() {
        let (own, other) = (Tenant::new("own").unwrap(), Tenant::new("other").unwrap());
        let text = write_number(&own, "silences", 17);
        assert_eq!(read_number(&own, "silences", &text), Some(17));
        assert_eq!(read_number(&other, "silences", &text), None);
        assert_eq!(read_number(&own, "silences of all time", &text), None);
        for wrong in ["", "AAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(read_number(&own, "silences", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_is_taken_only_where_it_was_given() {
        let (own, other) = (Tenant::new("own").unwrap(), Tenant::new("other").unwrap());
        let open = Filter { states: vec![State::Open], ..Filter::default() };
        let cursor = Cursor { changed: i64::MAX, id: 17 };
        let text = write(&own, &open, cursor);
        assert_eq!(read(&own, &open, &text), Some(cursor));
        assert_eq!(read(&other, &open, &text), None);
        assert_eq!(read(&own, &Filter::default(), &text), None);
        let searched = |text: &str| Filter { text: Some(text.into()), ..Filter::default() };
        let from = Filter { source: Some(crate::notices::Pattern::new("x")), ..Filter::default() };
        assert_eq!(read(&own, &from, &write(&own, &searched("x"), cursor)), None);
        let assigned = Filter { assignee: Some("x".into()), ..Filter::default() };
        assert_eq!(read(&own, &assigned, &write(&own, &searched("x"), cursor)), None);
        for at in 0..text.len() {
            let mut bent = text.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(&own, &open, std::str::from_utf8(&bent).unwrap()), None, "{at}");
        }
        for wrong in ["", "=", "AAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(read(&own, &open, wrong), None, "{wrong}");
        }
    }
}
