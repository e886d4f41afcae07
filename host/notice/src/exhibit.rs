//! Evidence as a mail shows it: few lines, the first and the last.

use serde::Serialize;

use crate::limits;
use crate::notice::EvidenceView;
use crate::safe::{line, line_of_bytes};

/// One event of evidence.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Exhibit {
    /// Events before it that are not shown.
    pub(crate) skipped: usize,
    /// Where it stands.
    pub(crate) place: String,
    /// Whether its text is still kept.
    pub(crate) kept: bool,
    /// Its first lines.
    pub(crate) first: Vec<String>,
    /// Lines between them that are not shown.
    pub(crate) gap: usize,
    /// Its last lines.
    pub(crate) last: Vec<String>,
    /// Whether it was longer than what is kept.
    pub(crate) cut: bool,
}

/// The first and the last events; all of them have together about [`limits::EVIDENCE`] lines.
pub(crate) fn exhibits(evidence: &[EvidenceView]) -> Vec<Exhibit> {
    let shown = at_most(limits::EVIDENCE, evidence.len());
    let each = (limits::EVIDENCE / shown.max(1)).max(1);
    let (head, tail) = ends(evidence, shown);
    let skipped = evidence.len() - shown;
    let mut out: Vec<Exhibit> = head.iter().chain(tail).map(|event| exhibit(event, each)).collect();
    if let Some(first_of_tail) = out.get_mut(head.len()) {
        first_of_tail.skipped = skipped;
    }
    out
}

fn exhibit(event: &EvidenceView, most: usize) -> Exhibit {
    let text = event.text.as_deref().unwrap_or_default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let all: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let (first, last) = ends(&all, at_most(most, all.len()));
    let shown = |lines: &[&[u8]]| lines.iter().map(|one| line_of_bytes(one, limits::LINE)).collect();
    Exhibit {
        skipped: 0,
        place: line(&event.place, limits::VALUE),
        kept: event.text.is_some(),
        first: shown(first),
        gap: all.len() - first.len() - last.len(),
        last: shown(last),
        cut: event.cut,
    }
}

/// How many of all are shown; one more than most is shown too, rather than said to be missing.
fn at_most(most: usize, all: usize) -> usize {
    if all <= most + 1 { all } else { most }
}

/// So many from both ends, one more from the first if it is odd.
fn ends<T>(all: &[T], count: usize) -> (&[T], &[T]) {
    let tail = count / 2;
    (&all[..count - tail], &all[all.len() - tail..])
}

#[cfg(test)]
mod tests {
    use super::exhibits;
    use crate::notice::EvidenceView;

    fn event(place: &str, text: &str) -> EvidenceView {
        EvidenceView { place: place.into(), text: Some(text.into()), cut: false }
    }

    #[test]
    fn many_events_are_cut_in_the_middle() {
        let events: Vec<_> = (0..30).map(|i| event(&format!("a.log:{i}"), "x\ny\nz")).collect();
        let shown = exhibits(&events);
        assert_eq!(shown.len(), 10);
        assert_eq!((shown[4].place.as_str(), shown[5].place.as_str()), ("a.log:4", "a.log:25"));
        assert_eq!((shown[4].skipped, shown[5].skipped, shown[6].skipped), (0, 20, 0));
        assert_eq!((shown[0].first.len(), shown[0].gap, shown[0].last.len()), (1, 2, 0));
    }

    #[test]
    fn a_long_event_is_cut_in_the_middle() {
        let text: Vec<_> = (0..40).map(|i| format!("\tat frame {i}")).collect();
        let shown = exhibits(&[event("app.log:3", &text.join("\r\n"))]);
        assert_eq!(shown[0].first.len() + shown[0].last.len(), 10);
        assert_eq!(shown[0].gap, 30);
        assert_eq!(shown[0].first[0], "\\tat frame 0");
        assert_eq!(shown[0].last[4], "\\tat frame 39");
    }

    #[test]
    fn nothing_and_little() {
        assert!(exhibits(&[]).is_empty());
        let gone = exhibits(&[EvidenceView { place: "a.log:1".into(), text: None, cut: false }]);
        assert!(!gone[0].kept);
        let two = exhibits(&[event("a:1", "one"), event("a:2", "two\n")]);
        assert_eq!((two[1].first[0].as_str(), two[1].skipped, two[1].gap), ("two", 0, 0));
    }
}
