//! Incidents by a part of their text.
//!
//! ```text
//!   "sshd"  ─►  "ssh" AND "shd"  ─► few have them ──► those, and those that the index has an older text of, looked at
//!                                │                    again, in order of their last change
//!                                └► many have them ─► incidents in that order, until the page is full
//! ```
//!
//! Both find the same; which is faster depends on how rare the text is.

use rusqlite::Connection;

use crate::commit::StoreError;

/// Incidents that are fetched and put into order; where more may match, a page is full soon.
const FEW: u32 = 2_000;
/// Runs of three characters that are looked up; what they leave over is looked at again anyway.
const GRAMS: usize = 32;

/// Texts that the index is brought up to at once.
const STEP: u32 = 500;

/// How a page is searched for a text.
pub(super) struct Search {
    /// For `LIKE … ESCAPE '\'`.
    pub(super) like: String,
    /// For `grams MATCH`, if that leaves few.
    pub(super) grams: Option<String>,
}

impl Search {
    pub(super) fn new(db: &Connection, text: &str) -> Result<Search, StoreError> {
        let like = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let Some(grams) = grams(text) else { return Ok(Search { like, grams: None }) };
        let mut statement = db
            .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM grams WHERE grams MATCH ?1 LIMIT ?2 + 1)")?;
        let found: u32 = statement.query_row((&grams, FEW), |row| row.get(0))?;
        Ok(Search { like, grams: (found <= FEW).then_some(grams) })
    }
}

/// Brings the index up to some of the texts that have changed since, if they have become many.
pub(super) fn settle(db: &Connection) -> Result<(), StoreError> {
    let mut statement = db.prepare_cached(
        "UPDATE texts SET indexed = NULL WHERE row IN (
            SELECT row FROM texts WHERE indexed IS NOT NULL LIMIT ?1)
         AND (SELECT count(*) FROM (SELECT 1 FROM texts WHERE indexed IS NOT NULL LIMIT ?2 + 1)) > ?2",
    )?;
    statement.execute((STEP, FEW))?;
    Ok(())
}

/// All runs of three characters, in the index's words; `None`: there are none, or it cannot say them.
fn grams(text: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    if characters.contains(&'\0') {
        return None;
    }
    let quoted = |gram: &[char]| format!("\"{}\"", gram.iter().collect::<String>().replace('"', "\"\""));
    let grams: Vec<String> = characters.windows(3).take(GRAMS).map(quoted).collect();
    (!grams.is_empty()).then(|| grams.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::grams;

    #[test]
    fn runs_of_three() {
        assert_eq!(grams("ab"), None);
        assert_eq!(grams("a\0bc"), None);
        assert_eq!(grams("sshd").as_deref(), Some(r#""ssh" AND "shd""#));
        assert_eq!(grams(r#"a"bü"#).as_deref(), Some(r#""a""b" AND """bü""#));
    }
}
