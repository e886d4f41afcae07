//! What tenants and packs of a server use: a table that is drawn again and again, or once.

mod terminal;
mod view;

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use self::terminal::Terminal;
use self::view::{Place, View};
use super::arguments::{Format, TopArguments};
use super::desk::usage::UsageDesk;
use super::exit::Exit;
use super::{Failure, Screen, interrupt, objects};
use crate::http::shapes::{ByWord, UsageShape};

/// Tenants that are asked for where there is no end of a screen: as many as a server gives.
const MOST: usize = 1_000;
/// How soon somebody who wants it to end is heard.
const SOON: Duration = Duration::from_millis(100);

/// Shows what is used.
pub(super) fn run(arguments: TopArguments, screen: &Screen) -> Result<Exit, Failure> {
    let TopArguments { sort, interval, once, format, tenant, server } = arguments;
    let desk = UsageDesk::open(&server, tenant)?;
    let by = sort.into();
    if format == Format::Human && !once && Terminal::is_there() {
        return live(&desk, by, Duration::from_secs(interval), screen);
    }
    let usage = desk.usage(by, MOST)?;
    screen.put(|out| match format {
        Format::Human => {
            let place = Place { width: screen.width(), height: None };
            out.write_all(View::new(desk.url(), &usage, by).page(&place, None).as_bytes())
        }
        _ => {
            let all = usage.tenants.iter().map(|one| serde_json::to_value(one).unwrap_or_default());
            objects::put(out, format, "tenants", all)
        }
    })?;
    Ok(Exit::Clean)
}

/// Draws it until somebody has seen enough. A server that does not answer for a while is asked again.
fn live(desk: &UsageDesk, mut by: ByWord, interval: Duration, screen: &Screen) -> Result<Exit, Failure> {
    let ends = interrupt::quietly()?;
    // Whoever cannot be asked at all has no page.
    let mut usage = desk.usage(by, screen.height())?;
    let mut terminal = Terminal::open().map_err(failed)?;
    let mut trouble: Option<String> = None;
    loop {
        let place = Place { width: screen.width(), height: Some(screen.height()) };
        let page = View::new(desk.url(), &usage, by).page(&place, trouble.as_deref());
        terminal.draw(&screen.styled(&page)).map_err(failed)?;
        let (before, drawn) = (by, Instant::now());
        while by == before && drawn.elapsed() < interval {
            let keys = terminal.keys(SOON.min(interval.saturating_sub(drawn.elapsed())));
            if ends.load(Relaxed) || keys.contains(&b'q') {
                return Ok(Exit::Clean);
            }
            by = keys.iter().rev().find_map(view::sorted_by).unwrap_or(by);
        }
        trouble = again(desk, by, screen, &mut usage);
    }
}

/// Asks again; what is wrong, if it is not answered.
fn again(desk: &UsageDesk, by: ByWord, screen: &Screen, usage: &mut UsageShape) -> Option<String> {
    match desk.usage(by, screen.height()) {
        Ok(now) => {
            *usage = now;
            None
        }
        Err(failure) => Some(failure.message().into()),
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::new(format!("cannot draw on the terminal: {error}"))
}
