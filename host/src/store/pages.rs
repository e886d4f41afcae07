//! Lists of incidents.

use rusqlite::{Connection, ToSql};

use super::incidents::{read, select_from};
use super::search::Search;
use crate::commit::{StoreError, Tenant};
use crate::incidents::{Cursor, Filter, Page};

/// A page: the latest change first.
pub(super) fn page(
    db: &Connection,
    tenant: &Tenant,
    filter: &Filter,
    after: Option<Cursor>,
    most: u32,
) -> Result<Page, StoreError> {
    let mut conditions = vec!["incidents.tenant = ?".to_string()];
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(tenant.as_str().to_string())];
    // What stands before the conditions.
    let (mut from, mut first) = ("incidents", None);
    let mut must = |condition: &str, value: Box<dyn ToSql>| {
        conditions.push(condition.into());
        values.push(value);
    };
    if let Some(severity) = filter.severity {
        must("severity >= ?", Box::new(severity as i64));
    }
    if let Some(rule) = &filter.rule {
        match rule.as_str().split_once('/') {
            // The index takes exact names.
            Some((pack, rule)) if !pack.contains('*') && !rule.contains('*') => {
                must("pack = ?", Box::new(pack.to_string()));
                must("rule = ?", Box::new(rule.to_string()));
            }
            _ => must("pack || '/' || rule GLOB ?", Box::new(glob(rule.as_str()))),
        }
    }
    if let Some(source) = &filter.source {
        must(
            "EXISTS (SELECT 1 FROM json_each(incidents.sources) WHERE value GLOB ?)",
            Box::new(glob(source.as_str())),
        );
    }
    if let Some(assignee) = &filter.assignee {
        must("assignee = ?", Box::new(assignee.clone()));
    }
    if let Some(since) = filter.since {
        must("changed >= ?", Box::new(since));
    }
    if let Some(before) = filter.before {
        must("changed < ?", Box::new(before));
    }
    if let Some(text) = &filter.text {
        let search = Search::new(db, text)?;
        if let Some(grams) = search.grams {
            // In this order; the planner would rather walk all incidents than sort a few.
            from = "(SELECT rowid AS row FROM grams WHERE grams MATCH ?
                    UNION SELECT row FROM texts WHERE indexed IS NOT NULL) found
                CROSS JOIN texts ON texts.row = found.row
                CROSS JOIN incidents ON incidents.tenant = texts.tenant AND incidents.id = texts.incident";
            first = Some(grams);
            must("texts.text LIKE ? ESCAPE '\\'", Box::new(search.like));
        } else {
            must(
                "(SELECT text FROM texts WHERE texts.tenant = incidents.tenant AND texts.incident = incidents.id)
                    LIKE ? ESCAPE '\\'",
                Box::new(search.like),
            );
        }
    }
    if let Some(Cursor { changed, id }) = after {
        conditions.push("(changed, id) < (?, ?)".into());
        values.extend([Box::new(changed) as Box<dyn ToSql>, Box::new(id)]);
    }
    if !filter.states.is_empty() {
        let states: Vec<String> = filter.states.iter().map(|state| (*state as i64).to_string()).collect();
        conditions.push(format!("state IN ({})", states.join(", ")));
    }
    if let Some(first) = first {
        values.insert(0, Box::new(first));
    }
    let rest = format!(
        "WHERE {} ORDER BY changed DESC, id DESC LIMIT {}",
        conditions.join(" AND "),
        u64::from(most) + 1
    );
    let mut statement = select_from(db, from, &rest)?;
    let rows = statement
        .query_map(rusqlite::params_from_iter(values.iter().map(|value| &**value)), |row| {
            read(row, tenant)
        })?;
    let mut incidents = rows.collect::<Result<Vec<_>, _>>()?;
    let more = incidents.len() > most as usize;
    incidents.truncate(most as usize);
    let next = incidents.last().filter(|_| more);
    let next = next.map(|last| Cursor { changed: last.changed, id: last.id });
    Ok(Page { incidents, next })
}

/// A pattern in SQLite's words: only `*` is special.
fn glob(pattern: &str) -> String {
    let mut out = String::new();
    for character in pattern.chars() {
        match character {
            '?' | '[' => out.extend(['[', character, ']']),
            other => out.push(other),
        }
    }
    out
}
