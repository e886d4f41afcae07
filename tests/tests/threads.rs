//! Any number of threads gives the same incidents, over several sources, with the real packs in the real sandbox.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use tripline_tests::{builtin, check};

/// Logs of several hosts, interleaved in time, larger than a block.
fn logs(folder: &std::path::Path) -> Vec<PathBuf> {
    let hosts = ["web", "db", "mail"].into_iter().enumerate();
    let write = |(h, host): (usize, &str)| {
        let mut text = String::new();
        for i in 0..16_000u32 {
            let (n, second) = (i + h as u32, (i * 2 + h as u32) % 60);
            let (hour, minute) = (i / 1800 % 24, i * 2 / 60 % 60);
            let _ = write!(text, "Mar 14 {hour:02}:{minute:02}:{second:02} {host} ");
            let _ = match n % 7 {
                0 => writeln!(
                    text,
                    "sshd[{n}]: Failed password for root from 192.0.2.{} port 22 ssh2",
                    n % 200
                ),
                1 => writeln!(text, "sshd[{n}]: Invalid user u{} from 198.51.100.{} port 22", n % 13, n % 9),
                2 => writeln!(text, "shop[1]: ERROR order {n} failed after {} ms", n % 99),
                3 => writeln!(
                    text,
                    "sshd[{n}]: Accepted password for root from 192.0.2.{} port 22 ssh2",
                    n % 200
                ),
                _ => writeln!(text, "CRON[{n}]: (root) CMD (true)"),
            };
        }
        let path = folder.join(format!("{host}.log"));
        fs::write(&path, text).unwrap();
        path
    };
    hosts.map(write).collect()
}

#[test]
fn threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let logs = logs(folder.path());
    let one = check(builtin(), &logs, 1);
    assert!(one.report.incidents.len() > 20, "{}", one.report.incidents.len());
    assert!(one.report.faults.is_empty(), "{:?}", one.report.faults);
    for threads in [2, 3, 8] {
        let many = check(builtin(), &logs, threads);
        assert_eq!(many.report.incidents, one.report.incidents, "{threads} threads");
        assert_eq!((many.report.lines, many.report.matches), (one.report.lines, one.report.matches));
        let judged = |outcome: &tripline::check::Outcome| -> Vec<(u64, u64)> {
            outcome.report.packs.iter().map(|pack| (pack.judging.events, pack.judging.batches)).collect()
        };
        assert_eq!(judged(&many), judged(&one));
    }
}

#[test]
fn a_rotation_family_is_one_source_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read_to_string(&logs(folder.path())[0]).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let (old, middle, new) = (&lines[..5_000], &lines[5_000..11_000], &lines[11_000..]);
    let rotated = folder.path().join("rotated");
    fs::create_dir(&rotated).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, old.concat().as_bytes()).unwrap();
    fs::write(rotated.join("auth.log.2.gz"), packed.finish().unwrap()).unwrap();
    fs::write(rotated.join("auth.log.1"), middle.concat()).unwrap();
    fs::write(rotated.join("auth.log"), new.concat()).unwrap();
    let one = check(builtin(), &[folder.path().join("web.log")], 2);
    let family = check(builtin(), &[rotated], 2);
    let shown = |outcome: &tripline::check::Outcome| -> Vec<_> {
        let incidents = outcome.report.incidents.iter();
        incidents.map(|i| (i.title.clone(), i.count, i.first, i.last, i.evidence.len())).collect()
    };
    assert_eq!(shown(&family), shown(&one));
    let evidence = &family.report.incidents[0].evidence[0].position;
    assert!(family.files.name(evidence.source, evidence.file).ends_with("auth.log.2.gz"));
}
