use tripline_sdk::{Decision, Event, Severity, Text};

use crate::field;

/// Bytes of a scan's name; operators name them, and nothing bounds how.
const NAME: usize = 64;
/// Bytes of the sentence that the host says about it.
const DETAIL: usize = 300;

/// What a scan is called.
pub(crate) fn name<'a>(event: &Event<'a>) -> Text<'a> {
    event.field(field::SCAN).unwrap_or(Text::from("without a name")).head(NAME)
}

/// A decision about a whole scan: one incident for each scan and rule.
pub(crate) fn about(event: &Event<'_>) -> Decision {
    let decision = match event.field(field::SCAN) {
        Some(scan) => Decision::new(scan),
        None => Decision::for_source(),
    };
    of(event, decision)
}

fn of(event: &Event<'_>, decision: Decision) -> Decision {
    let detail = event.field(field::DETAIL).map(|detail| detail.head(DETAIL));
    let number = |field| event.get::<u64>(field);
    let scan = event.field(field::SCAN).map(|scan| scan.head(NAME));
    let decision = decision.summary(detail).value("scan", scan).value("reason", event.field(field::REASON));
    let decision =
        decision.value("hosts", number(field::HOSTS)).value("unknown_hosts", number(field::UNKNOWN_HOSTS));
    decision.value("late_by", number(field::LATE_BY))
}

/// A decision about a scan that did not see all. One that somebody cancelled is an incident of its own: it says nothing of
/// one that failed by itself, nor makes that happen once more.
pub(crate) fn broken(event: &Event<'_>) -> Decision {
    if event.field(field::REASON).is_none_or(|reason| reason != "cancelled") {
        return about(event);
    }
    of(event, Decision::new(format!("{} cancelled", name(event)))).severity(Severity::Informational)
}

/// Why, for a title: `: it took too long and was stopped`. Nothing for a code that is not known.
pub(crate) fn reason(event: &Event<'_>) -> &'static str {
    let Some(code) = event.field(field::REASON) else { return "" };
    match code.as_bytes() {
        b"no_output" => ": it wrote nothing",
        b"truncated" => ": its output broke off",
        b"unreadable" => ": some of its output cannot be read",
        b"exit" => ": the scanner ended with an error",
        b"no_scanner" => ": there is no scanner for it",
        b"died" => ": the program that scanned was ended",
        b"timed_out" => ": it took too long and was stopped",
        b"cancelled" => ": it was cancelled",
        b"skipped_target" => ": a target was skipped",
        b"not_allowed" => ": a target may not be scanned",
        b"hosts_timed_out" => ": hosts took too long and are unknown",
        b"late" => ": it did not start in time",
        _ => "",
    }
}
