//! Documents whose records are the events: `{"Records":[{…},{…}]}`, or the list by itself.

use super::json_scan::Scan;

/// Members of a document that may be the list of its records: of CloudTrail, GuardDuty and CloudWatch, of Azure, of
/// Microsoft Graph, of Google's logging, and of many others.
const LISTS: [&[u8]; 7] =
    [b"Records", b"records", b"Findings", b"logEvents", b"value", b"entries", b"events"];

/// Bytes of the longest of them.
pub(crate) const LONGEST_LIST: usize = 9;

/// Whether a member of this name is the list of a document's records.
pub(crate) fn is_list(name: &[u8]) -> bool {
    LISTS.contains(&name)
}

/// Whether it begins as such a document does: with a list of objects as its first member, or with nothing around that list. A list
/// further behind may as well be a part of one event: then the operator has to say what it is.
pub(super) fn opens(bytes: &[u8]) -> bool {
    let mut scan = Scan { text: bytes, at: 0 };
    if scan.take(b'[').is_some() {
        // A text may begin with both brackets, and hardly with a member behind them.
        return scan.take(b'{').is_some() && scan.name().is_some();
    }
    let name = scan.take(b'{').and_then(|()| scan.name());
    let is_list = name.is_some_and(|name| is_list(&bytes[name.start..name.end]));
    is_list && scan.take(b'[').is_some() && scan.take(b'{').is_some()
}
