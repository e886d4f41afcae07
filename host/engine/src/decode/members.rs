//! Members of a line: names with values, of which some mean something to us.

use tripline_abi::FieldType;

use crate::event::{Event, EventField, Name, Place};

use super::epoch::epoch;
use super::json_scan::{Value, unescape};
use super::program::service;
use super::role::{Choice, JOURNAL, Role, roles};
use super::stamp::Stamp;
use super::zone::Zone;

/// Longer texts are no names that mean something to us, and no times.
pub(super) const SHORT: usize = 64;

/// The event that is being filled.
pub(super) struct Members<'a> {
    line: &'a [u8],
    zone: &'a Zone,
    event: &'a mut Event,
    /// By role.
    choices: [Choice; 6],
    /// By role: a field that stands under another name.
    others: [Option<EventField>; 6],
}

impl<'a> Members<'a> {
    pub(super) fn new(line: &'a [u8], zone: &'a Zone, event: &'a mut Event) -> Members<'a> {
        Members { line, zone, event, choices: [Choice::default(); 6], others: [None; 6] }
    }

    /// Takes the next one.
    pub(super) fn add(&mut self, name: Value, value: Value) {
        let mut buffer = [0; SHORT];
        let roles = short(self.line, name, &mut buffer).map_or(&[][..], named);
        let name = Name::Place(place(self.line, name, self.event));
        let field = EventField { name, kind: value.kind, value: place(self.line, value, self.event) };
        self.event.fields.push(field);
        for (role, rank) in roles {
            let choice = &mut self.choices[*role as usize];
            if choice.is_open(*rank) && self.fits(*role, *rank, value, field) {
                self.choices[*role as usize].rank = Some(*rank);
            }
        }
    }

    /// Takes the value for the role, if it can be that.
    fn fits(&mut self, role: Role, rank: u32, value: Value, field: EventField) -> bool {
        let text = field.kind == FieldType::Text;
        match role {
            Role::Time => {
                let time = instant(self.line, value, self.zone);
                self.event.time = time.or(self.event.time);
                time.is_some()
            }
            Role::Message => {
                let message = if text { Some(field.value) } else { self.journal_bytes(rank, value) };
                self.event.message = message.or(self.event.message);
                message.is_some()
            }
            Role::Service if text => {
                let service = service(self.event.text(self.line, field.value), field.value);
                self.event.log_source.service = service.or(self.event.log_source.service);
                service.is_some()
            }
            Role::Host | Role::Program | Role::Pid if text || field.kind == FieldType::Number => {
                self.others[role as usize] = Some(field);
                true
            }
            _ => false,
        }
    }

    /// Adds what is known under its usual name, and what follows from the whole.
    pub(super) fn finish(self) {
        let usual = [(Role::Host, "host"), (Role::Program, "program"), (Role::Pid, "pid")];
        for (role, name) in usual {
            if let Some(field) = self.others[role as usize]
                && !self.choices[role as usize].has_seen(0)
            {
                self.event.fields.push(EventField { name: Name::Known(name), ..field });
            }
        }
        let journal = self.choices[Role::Service as usize].rank.is_some_and(|rank| JOURNAL.contains(&rank));
        if journal || matches!(self.event.log_source.service, Some(Name::Known(_))) {
            self.event.log_source.product = Some("linux".into());
        }
        self.event.message.get_or_insert(Place::line(0, self.line.len()));
    }

    /// systemd's journal writes a message that is not UTF-8 as a list of its bytes: `"MESSAGE":[104,105,255]`.
    /// Without this, one such byte in a user name would hide a login from every pattern.
    fn journal_bytes(&mut self, rank: u32, value: Value) -> Option<Place> {
        if !roles(b"MESSAGE").contains(&(Role::Message, rank)) || value.kind != FieldType::Json {
            return None;
        }
        let list = self.line[value.start..value.end].strip_prefix(b"[")?.strip_suffix(b"]")?;
        let start = self.event.arena.len();
        for number in list.split(|byte| *byte == b',') {
            let number = std::str::from_utf8(number.trim_ascii()).ok().and_then(|number| number.parse().ok());
            let Some(byte) = number else {
                self.event.arena.truncate(start);
                return None;
            };
            self.event.arena.push(byte);
        }
        Some(Place { start: start as u32, end: self.event.arena.len() as u32, in_arena: true })
    }
}

/// Where a value stands without its escapes.
pub(super) fn place(line: &[u8], value: Value, event: &mut Event) -> Place {
    if !value.escaped {
        return Place::line(value.start, value.end);
    }
    let arena = &mut event.arena;
    let start = arena.len() as u32;
    unescape(&line[value.start..value.end], |bytes| arena.extend_from_slice(bytes));
    Place { start, end: arena.len() as u32, in_arena: true }
}

/// When a value says it happened: an RFC 3339 text, or a number since 1970, as text or not.
pub(super) fn instant(line: &[u8], value: Value, zone: &Zone) -> Option<i64> {
    if !matches!(value.kind, FieldType::Text | FieldType::Number) {
        return None;
    }
    let mut buffer = [0; SHORT];
    let text = short(line, value, &mut buffer)?.trim_ascii();
    match Stamp::iso(text, 0) {
        Some(stamp) if stamp.end == text.len() => stamp.instant(0, zone),
        Some(_) => None,
        None => epoch(text),
    }
}

/// A short text without its escapes.
pub(super) fn short<'a>(line: &'a [u8], value: Value, buffer: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
    let text = line.get(value.start..value.end)?;
    if !value.escaped {
        return (text.len() <= SHORT).then_some(text);
    }
    let mut length = 0;
    unescape(text, |bytes| {
        if let Some(free) = buffer.get_mut(length..length + bytes.len()) {
            free.copy_from_slice(bytes);
        }
        length += bytes.len();
    });
    buffer.get(..length)
}

/// A name's roles. Some write a time's usual name in another way: AWS's command line, and Microsoft Graph's audits.
fn named(name: &[u8]) -> &'static [(Role, u32)] {
    match name {
        b"EventTime" => roles(b"eventTime"),
        b"activityDateTime" => roles(b"createdDateTime"),
        name => roles(name),
    }
}

/// Whether a member of this name may be the event's time, or what else is asked for.
pub(super) fn has_role(line: &[u8], name: Value, wanted: Role) -> bool {
    let roles = short(line, name, &mut [0; SHORT]).map_or(&[][..], named);
    roles.iter().any(|(role, _)| *role == wanted)
}

/// The time among members, for less than an event of them.
pub(super) struct Times<'a> {
    line: &'a [u8],
    zone: &'a Zone,
    choice: Choice,
    /// The best one so far.
    pub(super) time: Option<i64>,
}

impl<'a> Times<'a> {
    pub(super) fn new(line: &'a [u8], zone: &'a Zone) -> Times<'a> {
        Times { line, zone, choice: Choice::default(), time: None }
    }

    /// Looks at the next one.
    pub(super) fn see(&mut self, name: Value, value: Value) {
        for (role, rank) in short(self.line, name, &mut [0; SHORT]).map_or(&[][..], named) {
            if *role == Role::Time
                && self.choice.is_open(*rank)
                && let Some(found) = instant(self.line, value, self.zone)
            {
                (self.time, self.choice.rank) = (Some(found), Some(*rank));
            }
        }
    }
}
