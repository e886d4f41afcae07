//! Whose incident it is, where a reader has to say it: numbers are given for each tenant, and commands mean one tenant if
//! none is named.

/// What commands mean if no tenant is named.
const DEFAULT: &str = "default";
/// Bytes of a tenant's name.
const LONGEST: usize = 64;

/// What follows a command about a tenant's incidents: ` --tenant plant`; nothing for the one that commands mean anyway.
pub(crate) fn flag(tenant: &str) -> String {
    match mark(tenant) {
        "" => String::new(),
        tenant => format!(" --tenant {tenant}"),
    }
}

/// What a sentence says of a tenant: ` of tenant plant`; nothing for the one that is meant anyway, or what is no name.
pub(crate) fn shown(tenant: &str) -> String {
    match mark(tenant) {
        "" => String::new(),
        tenant => format!(" of tenant {tenant}"),
    }
}

/// What a subject says in front of a number: `plant`; nothing for the tenant that is meant anyway. Nor for what is no
/// tenant's name: what people copy into a shell must not be anybody's text.
pub(crate) fn mark(tenant: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = (1..=LONGEST).contains(&tenant.len()) && tenant.bytes().all(plain);
    if is_name && tenant != DEFAULT { tenant } else { "" }
}
