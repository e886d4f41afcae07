use tripline_sdk::Text;

/// An address as it names an incident: an IPv4 address that came through an IPv6 socket is the IPv4 address.
pub(crate) fn plain(address: Text<'_>) -> Text<'_> {
    match address.as_bytes().strip_prefix(b"::ffff:") {
        Some(inner) if inner.contains(&b'.') => Text::new(inner),
        _ => address,
    }
}

/// Whether an operator trusts an address: it is in the list, or begins with an entry that ends in `.` or `:`.
#[inline(never)]
pub(crate) fn is_trusted(address: Text<'_>, trusted: &[String]) -> bool {
    trusted.iter().any(|entry| match entry.ends_with(['.', ':']) {
        true => address.as_bytes().starts_with(entry.as_bytes()),
        false => address == entry.as_str(),
    })
}
