//! Logs that zstd and xz packed are read as plain ones are, and no further than is reasonable.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use tripline_tests::program;

/// Three lines as two streams of xz, with padding between them, packed by liblzma.
const XZ: &str = "\
    fd377a585a000004e6d6b4460200210116000000742fe5a3e00084005b5d0026984a420bb6294431431c5049aa4fb7b1 \
    d03835680972fd382b8d522e47ebe5c383189b5eec818e962f143be697f08d00fe330f101e31b0824e2bf479063c11c7 \
    9a3e74590e28d03e2c0c146e2c2fc0c726074737274fd85ff0000000ed66bfb02e7cc183000177850100000023b1c814 \
    b1c467fb020000000004595a00000000fd377a585a0000016922de360200210116000000742fe5a3e00085005c5d003b \
    9bcaaad10e89d6d494b0f073f3f43fe75b21f6d760cb9be8caac651fc84fecc9cdbddbc60f28f84739f5e2bdd35b3291 \
    821dde8b6279868567fb14d94b4597bdd95670d0f466507b0fc0f3ec90610446c5220bc120e38d35763c0000117e8ebc \
    00017486010000005db9fcd53e300d8b020000000001595a";

fn lines(from: u32, to: u32) -> Vec<u8> {
    let line = |i: u32| {
        format!(
            "Mar  4 06:00:{i:02} gate sshd[{}]: Failed password for root from 192.0.2.7 port 4{i:04} ssh2\n",
            1000 + i
        )
    };
    (from..to).map(line).collect::<String>().into_bytes()
}

/// As it comes, without its length, as rotation by a pipe has it.
fn zstd_stream(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// With its length, and a checksum.
fn zstd_whole(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz() -> Vec<u8> {
    let digits: Vec<u8> = XZ.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn check(arguments: &[&Path], more: &[&str]) -> Output {
    let mut program = program();
    program
        .args(["check", "--format", "ndjson", "--year", "2024", "--only", "sshd"])
        .args(more)
        .args(arguments);
    program.output().unwrap()
}

fn summary(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap_or_else(|| panic!("{output:?}"))).unwrap()
}

#[test]
fn a_family_of_all_packings_is_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("x.log.4.xz"), xz()).unwrap();
    // Two frames, as appending gives them.
    fs::write(at("x.log.3.zst"), [zstd_stream(&lines(3, 5)), zstd_whole(&lines(5, 6))].concat()).unwrap();
    fs::write(at("x.log.2.zst"), zstd_whole(&lines(6, 7))).unwrap();
    fs::write(at("x.log.1.gz"), gzip(&lines(7, 8))).unwrap();
    fs::write(at("x.log"), lines(8, 10)).unwrap();
    let one = tempfile::tempdir().unwrap();
    fs::write(one.path().join("x.log"), lines(0, 10)).unwrap();
    let (many, plain) = (check(&[folder.path()], &[]), check(&[one.path()], &[]));
    let (many, plain) = (summary(&many), summary(&plain));
    for key in ["lines", "bytes", "incidents", "severities", "errors"] {
        assert_eq!(many[key], plain[key], "{key}");
    }
    // Guessing, and guessing for root.
    assert_eq!((&many["lines"], &many["incidents"]), (&10.into(), &2.into()));
}

#[test]
fn what_is_kept_counts_once_whatever_packs_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let database = at("t.db");
    let more = ["--db", database.to_str().unwrap()];
    let run = |names: &[&str]| {
        let paths: Vec<_> = names.iter().map(|name| at(name)).collect();
        let output = check(&paths.iter().map(|path| path.as_path()).collect::<Vec<_>>(), &more);
        let summary = summary(&output);
        let number = |key: &str| summary[key].as_u64().unwrap();
        (number("lines"), number("incidents"))
    };
    fs::write(at("x.log"), lines(0, 20)).unwrap();
    assert_eq!(run(&["x.log"]).0, 20);
    for pack in [zstd_whole as fn(&[u8]) -> Vec<u8>, zstd_stream, zstd_whole] {
        // It is packed, and then in another way, and another begins.
        fs::write(at("x.log.1.zst"), pack(&lines(0, 20))).unwrap();
        fs::write(at("x.log"), lines(20, 23)).unwrap();
        // A file's last line is looked at again: it may have gone on. The twenty before are not.
        let new = run(&["x.log.1.zst", "x.log"]).0;
        assert!(new <= 3 + 2, "{new}");
        let (again, incidents) = run(&["x.log.1.zst", "x.log"]);
        assert!(again <= 2 && incidents == 0, "{again}, {incidents}");
    }
    // What was never seen plain.
    fs::write(at("y.log.1.xz"), xz()).unwrap();
    fs::write(at("z.log.1.zst"), zstd_stream(&lines(30, 40))).unwrap();
    assert_eq!(run(&["y.log.1.xz", "z.log.1.zst"]).0, 13);
    let (again, incidents) = run(&["y.log.1.xz", "z.log.1.zst"]);
    assert!(again <= 2 && incidents == 0, "{again}, {incidents}");
}

#[test]
fn bombs_and_what_is_cut_off_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("bomb.zst"), zstd_stream(&vec![b'\n'; 200 << 20])).unwrap();
    let mut cut = xz();
    cut.truncate(cut.len() - 40);
    fs::write(at("cut.xz"), cut).unwrap();
    let whole = zstd_stream(&lines(0, 9));
    fs::write(at("cut.zst"), &whole[..whole.len() - 3]).unwrap();
    fs::write(at("head.xz"), &xz()[..8]).unwrap();
    // It wants 128 MiB to look back.
    let mut far = zstd::Encoder::new(Vec::new(), 3).unwrap();
    far.window_log(27).unwrap();
    far.write_all(&lines(0, 1000).repeat(200)).unwrap();
    fs::write(at("far.zst"), far.finish().unwrap()).unwrap();
    for name in ["bomb.zst", "cut.xz", "cut.zst", "head.xz", "far.zst"] {
        let output = check(&[&at(name)], &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{name}: {told}");
        assert!(told.contains(name), "{name}: {told}");
        assert_eq!(summary(&output)["errors"], 1, "{name}");
    }
}
