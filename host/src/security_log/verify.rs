use std::fmt;
use std::io::{self, BufRead};

use super::chain::{self, NOTHING, hex};
use super::due::{Due, LINE};
use super::{Head, Known};

/// Lines behind the last that the database knows to be in the file, of which it is looked whether it knows them at all.
/// So many more than a crash leaves there, or a server writes meanwhile, are none of ours.
const BEHIND: usize = 10_000;
/// Findings that are told; a file that is something else has one a line.
const TOLD: usize = 100;

/// What was found in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Lines read.
    pub lines: u64,
    /// The first line, and what it hangs on.
    pub first: Option<(Head, [u8; 32])>,
    /// The last line.
    pub last: Option<Head>,
    /// What is wrong, in order; nothing is well. At most 100 are kept …
    pub findings: Vec<Finding>,
    /// … of so many.
    pub found: u64,
    /// Whether the last line says that the log was stopped.
    stopped: bool,
    /// Lines behind the one that the database knows to be in the file, and where they are.
    behind: Vec<((usize, u64), Head)>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file, by its number among those given.
    pub file: usize,
    /// The line in it, from 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no line of such a log.
    Foreign,
    /// Its bytes are not those that were written.
    Changed,
    /// It hangs on another line than the one before it.
    Broken {
        /// Number that should stand here.
        expected: i64,
        /// Number that stands here.
        found: i64,
    },
    /// It has no end.
    Torn,
    /// The log ends before its end.
    CutOff {
        /// The last line, as the database knows it.
        expected: i64,
        /// The last line that is there.
        found: i64,
    },
    /// The log begins behind the last line that the database knows.
    Later {
        /// That line's number.
        expected: i64,
        /// The first line that is there.
        found: i64,
    },
    /// The file begins behind the record that the database knows it to begin with.
    Headless {
        /// That record's number.
        expected: i64,
        /// The first line that is there.
        found: i64,
    },
    /// The line is of no record of the database, and hangs on one that is.
    Unknown {
        /// Its number.
        seq: i64,
    },
    /// The last line is another than the database knows.
    Replaced {
        /// Its number.
        seq: i64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Foreign => f.write_str("expected a line of this log, found something else"),
            Problem::Changed => {
                f.write_str("expected the bytes that its hash is of, found others: it was changed")
            }
            Problem::Broken { expected, found } if expected == found => {
                write!(
                    f,
                    "expected it to hang on the line before, found another: record {found} was replaced"
                )
            }
            Problem::Broken { expected, found } if found > expected => {
                write!(f, "expected record {expected}, found {found}: lines were removed or moved")
            }
            Problem::Broken { expected, found } => {
                write!(f, "expected record {expected}, found {found}: a line was repeated or moved")
            }
            Problem::Torn => f.write_str("expected a whole line, found the beginning of one"),
            Problem::CutOff { expected, found } => {
                write!(f, "expected records up to {expected}, found them up to {found}: the end was cut off")
            }
            Problem::Later { expected, found } => write!(
                f,
                "expected the record {expected} that the database knows, or one that hangs on it, found the first \
                 to be {found}: older files were left out, or the log was replaced"
            ),
            Problem::Headless { expected, found } => write!(
                f,
                "expected the log to begin with record {expected} or an older one, found {found}: its first lines \
                 were removed"
            ),
            Problem::Unknown { seq } => {
                write!(f, "expected a record of the database, found record {seq}, which it does not have")
            }
            Problem::Replaced { seq } => {
                write!(f, "expected the record {seq} that the database knows, found another")
            }
        }
    }
}

/// Reads a log, oldest file first, and checks its chain; with what the database knew of it before, also that its ends are
/// there. Lines behind the last that it knew are looked at by [`Verified::compare`].
///
/// The first line may hang on anything: older files may have been deleted.
pub fn verify(files: Vec<Box<dyn BufRead>>, before: Option<&Known>) -> io::Result<Verified> {
    let mut verified = Verified::default();
    let mut place = (0, 0);
    let head = before.and_then(|known| known.head.as_ref());
    // Of one that knows of no line, none is.
    let from = before.map(|known| known.head.map_or(0, |head| head.seq));
    // The database's line may not be the last: it is told after the file is synced.
    let mut known = None;
    for (file, mut reader) in files.into_iter().enumerate() {
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = io::Read::take(&mut reader, LINE).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            place = (file, number);
            verified.lines += 1;
            let whole = line.pop_if(|byte| *byte == b'\n').is_some();
            if !whole {
                let problem = if read as u64 == LINE { Problem::Foreign } else { Problem::Torn };
                verified.find(place, problem);
                if read as u64 == LINE {
                    skip_line(&mut reader)?;
                }
                continue;
            }
            let Some(last) = verified.line(place, &line) else { continue };
            if from.is_some_and(|from| last.seq > from) {
                verified.behind(place, last);
            }
            known = known.or(Some(last).filter(|last| head.is_some_and(|head| head.seq == last.seq)));
        }
    }
    if let Some(before) = before {
        verified.ends(place, before, known);
    }
    Ok(verified)
}

impl Verified {
    /// Takes the next line; answers it, if it is one.
    fn line(&mut self, place: (usize, u64), line: &[u8]) -> Option<Head> {
        let Some(link) = chain::link(line) else {
            self.find(place, Problem::Foreign);
            return None;
        };
        if !link.holds {
            self.find(place, Problem::Changed);
        }
        match self.last {
            None => {
                self.first = Some((link.head, link.prev));
                if link.head.seq == 1 && link.prev != NOTHING {
                    self.find(place, Problem::Broken { expected: 1, found: 1 });
                }
            }
            Some(last) if last.hash != link.prev || !self.follows(last, link.head.seq) => {
                let problem = Problem::Broken { expected: last.seq.saturating_add(1), found: link.head.seq };
                self.find(place, problem);
            }
            Some(_) => {}
        }
        (self.last, self.stopped) = (Some(link.head), link.stops);
        self.last
    }

    /// Whether a line may have this number. Between a log that was stopped and the next one, old records are dropped.
    fn follows(&self, last: Head, seq: i64) -> bool {
        last.seq.checked_add(1) == Some(seq) || self.stopped && seq > last.seq
    }

    /// A line is behind what the database knew before. More than could be are not even looked for.
    fn behind(&mut self, place: (usize, u64), line: Head) {
        match self.behind.len() < BEHIND {
            true => self.behind.push((place, line)),
            false => self.find(place, Problem::Unknown { seq: line.seq }),
        }
    }

    /// Whether both ends are there; `known`: the line with the number of the database's last.
    fn ends(&mut self, place: (usize, u64), before: &Known, known: Option<Head>) {
        let Some(head) = before.head else { return };
        let last = self.last.map_or(0, |last| last.seq);
        let first = self.first.map(|(first, prev)| (first.seq, prev));
        match known {
            None if last < head.seq => {
                self.find(place, Problem::CutOff { expected: head.seq, found: last });
            }
            // Right behind a rotation, or where a log was stopped, the first line may hang on it.
            None if first.is_some_and(|(seq, prev)| seq > head.seq && prev != head.hash) => {
                let found = first.map_or(0, |(seq, _)| seq);
                self.find((0, 1), Problem::Later { expected: head.seq, found });
            }
            Some(known) if known.hash != head.hash => {
                self.find(place, Problem::Replaced { seq: head.seq });
            }
            _ => {}
        }
        if let Some((expected, (found, _))) = before.begins.zip(first)
            && found > expected
            && found <= head.seq
        {
            self.find((0, 1), Problem::Headless { expected, found });
        }
    }

    /// Whether anything is behind what the database knew before.
    pub fn has_more(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Compares what was behind the line that the database knew before with what it has by now, `later` being asked
    /// behind that line: a crash leaves some there, and whoever writes at the same time adds some.
    pub fn compare(&mut self, before: &Known, later: &Known) {
        let due = Due::new(&later.due, before.head);
        // If much was written meanwhile, the records themselves are no longer there: the last of them must be the one.
        let next = before.head.map_or(0, |head| head.seq) + 1;
        let is_whole = before.head.is_none()
            || later.head == before.head
            || later.due.first().is_none_or(|record| record.seq == next);
        let knows = |line: &Head| match later.head {
            Some(head) if !is_whole => line.seq < head.seq || *line == head,
            _ => due.head(line.seq) == Some(*line),
        };
        for (place, line) in std::mem::take(&mut self.behind) {
            if !knows(&line) {
                self.find(place, Problem::Unknown { seq: line.seq });
            }
        }
        self.findings.sort_by_key(|finding| (finding.file, finding.line));
    }

    fn find(&mut self, (file, line): (usize, u64), problem: Problem) {
        self.found += 1;
        if self.findings.len() < TOLD {
            self.findings.push(Finding { file, line, problem });
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} {}", self.seq, hex(&self.hash))
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, ended) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if ended {
            return Ok(());
        }
    }
}
