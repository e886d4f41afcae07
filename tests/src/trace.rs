//! What a program asked of its files, from `strace -f -y -xx`: every text is hexadecimal, paths stand behind each
//! descriptor.

use std::collections::HashMap;

/// What happened to the file with this path, in the order in which it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// It is opened, and made if it was not there.
    Open(String),
    /// Bytes are written at this place, or at its end.
    Write(String, Option<u64>, Vec<u8>),
    /// It has this length.
    Truncate(String, u64),
    /// Its bytes are on disk; of a folder: its names.
    Sync(String),
    /// Its name is gone.
    Unlink(String),
}

/// The calls in a trace; those that failed, and those of other kinds, are left out.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            unfinished.insert(process, begun.into());
        } else if let Some((_, rest)) =
            call.strip_prefix("<... ").and_then(|call| call.split_once(" resumed>"))
        {
            let begun = unfinished.remove(process).unwrap_or_default();
            calls.extend(read(&format!("{begun}{rest}")));
        } else {
            calls.extend(read(call));
        }
    }
    calls
}

fn read(call: &str) -> Option<Call> {
    let (call, result) = call.rsplit_once(" = ")?;
    let result: u64 = result.split(['<', ' ']).next()?.parse().ok()?;
    let (name, rest) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    // Neither a path nor a text has a comma in hexadecimal.
    let arguments: Vec<&str> = rest.split(", ").collect();
    let first = arguments.first()?;
    let on = || first.split_once('<').and_then(|(_, path)| text(path.strip_suffix('>')?));
    let call = match name {
        "openat" if arguments.get(2)?.contains("O_CREAT") => {
            let folder = on()?;
            let path = text(arguments.get(1)?)?;
            Call::Open(if path.starts_with('/') { path } else { format!("{folder}/{path}") })
        }
        "write" => Call::Write(on()?, None, written(arguments.get(1)?, result)?),
        "pwrite64" => {
            Call::Write(on()?, Some(arguments.get(3)?.parse().ok()?), written(arguments.get(1)?, result)?)
        }
        "ftruncate" => Call::Truncate(on()?, arguments.get(1)?.parse().ok()?),
        "fsync" | "fdatasync" => Call::Sync(on()?),
        "unlink" => Call::Unlink(text(first)?),
        _ => return None,
    };
    Some(call)
}

fn written(argument: &str, result: u64) -> Option<Vec<u8>> {
    let mut bytes = bytes(argument)?;
    bytes.truncate(usize::try_from(result).ok()?);
    Some(bytes)
}

fn text(argument: &str) -> Option<String> {
    String::from_utf8(bytes(argument)?).ok()
}

/// `\x61\x62`, with or without quotes.
fn bytes(argument: &str) -> Option<Vec<u8>> {
    let digits = argument.trim_matches('"');
    digits.split("\\x").skip(1).map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}
