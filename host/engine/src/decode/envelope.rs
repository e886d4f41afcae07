//! Documents whose records are the events: `{"Records":[{…},{…}]}`, or the list by itself.

use tripline_abi::FieldType;

use super::json_scan::{Scan, Value};
use super::members::has_role;
use super::role::Role;

/// Members of a document that may be the list of its records: of CloudTrail, GuardDuty and CloudWatch, of Azure, of
/// Microsoft Graph, of Google's logging, of AWS's command line, and of many others.
const LISTS: [&[u8]; 8] =
    [b"Records", b"records", b"Findings", b"logEvents", b"value", b"entries", b"Events", b"events"];

/// Bytes of the longest of them.
pub(crate) const LONGEST_LIST: usize = 9;

/// Whether a member of this name is the list of a document's records.
pub(crate) fn is_list(name: &[u8]) -> bool {
    LISTS.contains(&name)
}

/// Whether it begins as such a document does: with a list of objects as its first member, or with nothing around that list. A list
/// further behind may as well be a part of one event: it is taken for the document's where its first object has a time, and
/// nothing is seen of one, or of a message, beside it. Else the operator has to say what it is.
pub(super) fn opens(bytes: &[u8]) -> bool {
    let mut scan = Scan { text: bytes, at: 0 };
    if scan.take(b'[').is_some() {
        // A text may begin with both brackets, and hardly with a member behind them.
        return scan.take(b'{').is_some() && scan.name().is_some();
    }
    let mut beside = Beside::default();
    let whole = scan.object(|name, value| beside.see(bytes, name, value));
    if whole.is_none() {
        // What follows the last whole member may be a list that goes on beyond these bytes.
        let mut rest = Scan { text: bytes, at: beside.end };
        let parted = rest.take(if beside.end == 0 { b'{' } else { b',' });
        if let Some(name) = parted.and_then(|()| rest.name()) {
            beside.see_name(bytes, name, rest.at);
        }
    }
    match beside.list {
        Some((at, is_first)) => is_first || !beside.is_event && has_time(bytes, at),
        None => false,
    }
}

/// What stands beside a document's list.
#[derive(Default)]
struct Beside {
    /// Where the first object of the first such list begins, and whether that list is the first member.
    list: Option<(usize, bool)>,
    /// Whether there is what only an event has.
    is_event: bool,
    /// Where the last whole member ends; none is 0.
    end: usize,
}

impl Beside {
    fn see(&mut self, bytes: &[u8], name: Value, value: Value) {
        self.see_name(bytes, name, value.start);
        // A text ends behind its quote.
        self.end = value.end + usize::from(value.kind == FieldType::Text);
    }

    /// A member whose value begins at `value`, or behind blanks there.
    fn see_name(&mut self, bytes: &[u8], name: Value, value: usize) {
        self.is_event |= has_role(bytes, name, Role::Time) || has_role(bytes, name, Role::Message);
        if self.list.is_none() && is_list(&bytes[name.start..name.end]) {
            let mut scan = Scan { text: bytes, at: value };
            let object = scan.take(b'[').and_then(|()| scan.take(b'{'));
            self.list = object.map(|()| (scan.at - 1, self.end == 0));
        }
    }
}

/// Whether the object at this place has a time, as far as it is there.
fn has_time(bytes: &[u8], at: usize) -> bool {
    let mut found = false;
    let mut scan = Scan { text: bytes, at };
    scan.object(|name, _| found |= has_role(bytes, name, Role::Time));
    found
}
