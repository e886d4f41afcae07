//! Some of the lines, as a list shows them.

use std::sync::Arc;

use serde_json::{Value, json};
use tripline_engine::Pack;
use tripline_engine::matcher::MatchScratch;

use crate::seen::{Over, Row, bit};
use crate::segments::segments;
use crate::why::marks;

/// Bytes of a line in a list.
const TEXT: usize = 400;
/// Lines that are given at once.
const MOST: usize = 200;

/// Which lines a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    /// Those that woke a pack.
    Woke,
    /// Those that set off a decision or are evidence.
    Decided,
    /// Those on which a pack failed.
    Faulted,
}

impl Which {
    pub(crate) fn of(word: &str) -> Which {
        match word {
            "woke" => Which::Woke,
            "decided" => Which::Decided,
            "faulted" => Which::Faulted,
            _ => Which::All,
        }
    }

    fn takes(self, row: &Row) -> bool {
        match self {
            Which::All => true,
            Which::Woke => row.woke != 0,
            Which::Decided => row.decided || row.evidence,
            Which::Faulted => row.faulted,
        }
    }
}

/// Numbers of the lines that a list shows.
pub(crate) fn listed(over: &Over, which: Which) -> Vec<u32> {
    let rows = over.seen.rows().iter().enumerate();
    rows.filter(|(_, row)| which.takes(row)).map(|(number, _)| number as u32).collect()
}

/// These lines.
pub(crate) fn rows(over: &Over, packs: &[Arc<Pack>], numbers: &[u32], scratch: &mut MatchScratch) -> Value {
    let numbers = numbers.iter().take(MOST);
    let rows = numbers.filter_map(|&number| Some((number, over.seen.rows().get(number as usize)?)));
    let shown = |(number, row): (u32, &Row)| {
        let (source, block, line) = over.seen.line(row);
        let text = block.text(line);
        // What woke nobody may match a pattern, and that is not shown here: it costs a search of each.
        let marks = match row.woke {
            0 => Vec::new(),
            _ => marks(&over.matcher.explain(block, line, scratch), packs),
        };
        let (pieces, cut) = segments(text, &marks, TEXT);
        let woke = packs.iter().enumerate().filter(|(pack, _)| row.woke & bit(*pack) != 0);
        json!({
            "row": number,
            "source": source,
            "line": line.number,
            "pieces": pieces,
            "cut": cut || line.cut,
            "woke": woke.map(|(_, pack)| pack.name()).collect::<Vec<_>>(),
            "decided": row.decided,
            "evidence": row.evidence,
            "faulted": row.faulted,
        })
    };
    rows.map(shown).collect::<Vec<_>>().into()
}
