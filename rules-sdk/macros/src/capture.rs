//! Which capture a rule's parameter takes, for each entry of the rule's `on`.

use proc_macro2::Ident;
use syn::{Error, Result};
use tripline_abi::manifest::{Manifest, Pattern};

use crate::rule::{On, Rule, Wake};

/// A capture's place: index of the pattern, index of its named group.
pub(crate) type Place = (u32, u32);

/// The capture with this name in an entry of `on`: in the first of its patterns that has one.
pub(crate) fn place(manifest: &Manifest, wake: &Wake, name: &Ident) -> Option<Place> {
    let name = crate::emit::plain(name);
    wake.all.iter().find_map(|pattern| {
        let number = manifest.pattern(&pattern.to_string())?;
        let captures = &manifest.patterns[number as usize].captures;
        Some((number, captures.iter().position(|capture| *capture == name)? as u32))
    })
}

/// The field that a parameter is, if no pattern of the rule has a capture of its name: the field's number.
pub(crate) fn field(manifest: &Manifest, rule: &Rule, name: &Ident) -> Option<u32> {
    let wakes = match &rule.on {
        On::Tick(_) => return None,
        On::EveryEvent => &[][..],
        On::Any(wakes) => wakes,
    };
    if wakes.iter().any(|wake| place(manifest, wake, name).is_some()) {
        return None;
    }
    let name = crate::emit::plain(name);
    manifest.field_names().iter().position(|field| *field == name).map(|number| number as u32)
}

/// Refuses a parameter that is no capture, or that only some entries have and that is no `Option`.
pub(crate) fn check(manifest: &Manifest, rule: &Rule, name: &Ident, optional: bool) -> Result<()> {
    let On::Any(wakes) = &rule.on else {
        let message = format!(
            "expected `event`, `settings` or a field of the pack: a rule without patterns has no capture `{name}`"
        );
        return Err(Error::new(name.span(), message));
    };
    let with = wakes.iter().filter(|wake| place(manifest, wake, name).is_some()).count();
    if with == wakes.len() || (with > 0 && optional) {
        return Ok(());
    }
    let without = wakes.iter().filter(|wake| place(manifest, wake, name).is_none());
    let mut without = without.flat_map(|wake| &wake.all).map(|pattern| format!("`{pattern}`"));
    let message = match with {
        0 => {
            let mut known: Vec<&str> = wakes
                .iter()
                .flat_map(|wake| &wake.all)
                .filter_map(|pattern| manifest.pattern(&pattern.to_string()))
                .flat_map(|number| manifest.patterns.get(number as usize).map(captures).unwrap_or_default())
                .collect();
            known.dedup();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            format!(
                "expected `event`, `settings`, a capture of the rule's patterns ({known}) or a field of the pack, \
                 found `{name}`"
            )
        }
        _ => {
            let pattern = without.next().unwrap_or_default();
            format!("expected Option<…>: not every pattern in `on` captures `{name}`, {pattern} does not")
        }
    };
    Err(Error::new(name.span(), message))
}

fn captures(pattern: &Pattern) -> Vec<&str> {
    pattern.captures.iter().map(String::as_str).collect()
}
