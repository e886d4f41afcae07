use std::io::{self, Write};

use tripline_engine::PackReport;

use super::Look;
use crate::report::figures::{duration, grouped};
use crate::report::table::Table;
use crate::report::visible::visible;

/// Writes what each pack has cost.
pub(super) fn write(out: &mut dyn Write, packs: &[PackReport], look: &Look) -> io::Result<()> {
    let mut table =
        Table::new(&["PACK", "EVENTS", "MATCHES", "DECISIONS", "MATCH TIME", "CPU TIME", "FAULTS"]);
    for pack in packs {
        let out = if pack.judging.quarantined { " (out)" } else { "" };
        table.row(vec![
            format!("{} {}{out}", visible(&pack.name), visible(&pack.version)),
            grouped(pack.judging.events),
            grouped(pack.judging.matches),
            grouped(pack.judging.decisions),
            duration(pack.matching.time),
            duration(pack.judging.cpu),
            grouped(pack.judging.faults),
        ]);
    }
    table.write(out, look.width)
}
