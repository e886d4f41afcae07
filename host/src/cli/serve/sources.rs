//! What the command line and the configuration say of where lines come from.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tripline_engine::line::LineSettings;

use super::super::arguments::ServeArguments;
use crate::configuration::{Configuration, FollowedSource};
use crate::follow::{FollowSettings, From};
use crate::serve::Follow;

/// Bytes of a block: what comes live comes in small pieces, and all of them wait for a barrier.
const BLOCK: usize = 256 * 1024;
const SECOND: i64 = 1_000_000_000;

/// How bytes become lines, where a source does not say otherwise.
pub(super) fn lines(arguments: &ServeArguments) -> LineSettings {
    LineSettings {
        timezone: arguments.timezone.clone().unwrap_or_else(TimeZone::system),
        format: arguments.input_format,
        block_bytes: BLOCK,
        // What is kept goes on from there.
        bounded: true,
        ..LineSettings::default()
    }
}

/// What the server writes itself, beside its database. A line about a line about a line would have no end.
pub(super) fn own(security_log: Option<&Path>, token: PathBuf) -> Vec<PathBuf> {
    let said = ["/proc/self/fd/1", "/proc/self/fd/2"].map(PathBuf::from);
    let named = said.iter().filter_map(|fd| fs::read_link(fd).ok()).collect::<Vec<_>>();
    // By their names, and by whatever name they are given meanwhile.
    [token].into_iter().chain(named).chain(said).chain(security_log.map(Path::to_path_buf)).collect()
}

/// The files of the command line, and then those of the configuration.
pub(super) fn follow(arguments: &ServeArguments, configuration: &Configuration) -> Vec<Follow> {
    let lines = lines(arguments);
    let from = if arguments.from_start { From::Start } else { From::End };
    let settings = FollowSettings { lines, from, quiet: SECOND, linger: 60 * SECOND };
    let mut follow = Vec::new();
    if !arguments.files.is_empty() {
        let (paths, tenant) = (arguments.files.clone(), arguments.keep.tenant.clone());
        follow.push(Follow { paths, tenant, settings: settings.clone(), silent_after: None });
    }
    follow.extend(configuration.follow.iter().map(|source| configured(source, &settings)));
    follow
}

fn configured(source: &FollowedSource, usual: &FollowSettings) -> Follow {
    let lines = LineSettings {
        timezone: source.timezone.clone().unwrap_or_else(|| usual.lines.timezone.clone()),
        format: source.format.or(usual.lines.format),
        log_source: source.log_source.clone(),
        ..usual.lines.clone()
    };
    Follow {
        paths: source.paths.clone(),
        tenant: source.tenant.clone(),
        settings: FollowSettings { lines, from: source.from.unwrap_or(usual.from), ..usual.clone() },
        silent_after: source.silent_after,
    }
}
