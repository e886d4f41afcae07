//! Where a check begins in each source, and by which numbers its files are known.

use std::path::{Path, absolute};

use tripline_engine::Numbers;
use tripline_engine::line::Mark;

use super::keeping::{Change, InputNote, Keeping};
use super::{Files, InputError, InputProblem, Source};
use crate::commit::{Commit, FileIdentity, FilePosition, KnownFile, KnownSource, PackState, StoreError};
use crate::files::{Begin, File, Found, OpenFiles, Present, generation, name, recognise};

/// What is known before the first byte is read.
#[derive(Default)]
pub(super) struct Plan {
    /// The sources, each file with where it begins.
    pub(super) sources: Vec<Source>,
    pub(super) numbers: Numbers,
    pub(super) files: Files,
    /// For each source and file the number under which its position is kept, if it is.
    pub(super) kept: Vec<Vec<Option<u32>>>,
    /// For each source and file what it is known by, if its position is kept.
    pub(super) looked: Vec<Vec<Option<Present>>>,
    /// For each source the latest time up to where it begins.
    pub(super) latest: Vec<Option<i64>>,
    /// What packs remember.
    pub(super) states: Vec<PackState>,
    pub(super) notes: Vec<InputNote>,
    pub(super) errors: Vec<InputError>,
}

impl Plan {
    /// Everything from its start, counted from 0.
    pub(super) fn from_start(sources: &[Source]) -> Plan {
        let called = |file: &File| name(&file.path);
        let names = |source: &Source| match source.is_stdin() {
            true => vec!["-".to_string()],
            false => source.files.iter().map(called).collect(),
        };
        Plan {
            files: Files::from(sources.iter().map(names).collect::<Vec<_>>()),
            sources: sources.to_vec(),
            ..Plan::default()
        }
    }

    /// Everything from where the store says that it was read to.
    pub(super) fn from_store(sources: &[Source], keeping: &Keeping) -> Result<Plan, StoreError> {
        let mut plan = Plan { states: keeping.store.states(&keeping.tenant)?, ..Plan::default() };
        for source in sources {
            plan.source(source, keeping)?;
        }
        Ok(plan)
    }

    fn source(&mut self, source: &Source, keeping: &Keeping) -> Result<(), StoreError> {
        let is_held = source.files.iter().any(|file| file.held.is_some());
        let called = if is_held { name(&source.stem) } else { full(&source.stem) };
        let known = keeping.store.source(&keeping.tenant, &called)?;
        for file in &known.files {
            self.files.insert(known.number, file.number, file.path.clone());
        }
        if source.is_stdin() {
            let number = unread(keeping, &known, 0, "-")?;
            self.files.insert(known.number, number, "-".into());
            self.add(&known, source.clone(), vec![(number, None)], None);
            return Ok(());
        }
        let mut source = source.clone();
        let looked = self.look(&mut source.files);
        match looked.is_empty() {
            true => Ok(()),
            false => self.read_on(source, &looked, (&known, &called), keeping),
        }
    }

    /// Looks at the files; those that cannot be read are errors and left out. `None`: a file that is not regular.
    fn look(&mut self, files: &mut Vec<File>) -> Vec<Option<Present>> {
        let mut looked = Vec::new();
        files.retain(|file| match present(file) {
            Ok(present) => {
                looked.push(present);
                true
            }
            Err(problem) => {
                self.errors.push(InputError { path: file.path.clone(), problem });
                false
            }
        });
        looked
    }

    /// Adds a source whose files are read from where each was read to.
    fn read_on(
        &mut self,
        mut source: Source,
        looked: &[Option<Present>],
        (known, stem): (&KnownSource, &str),
        keeping: &Keeping,
    ) -> Result<(), StoreError> {
        let regular: Vec<&Present> = looked.iter().flatten().collect();
        let mut found = recognise(&regular, &known.files, stem, &OpenFiles::default()).into_iter();
        let mut numbers = Vec::new();
        let mut latest = None;
        // The position of the file before, if nothing of that is read.
        let mut done: Option<&FilePosition> = None;
        for (mut file, present) in std::mem::take(&mut source.files).into_iter().zip(looked) {
            let found = present.as_ref().and_then(|_| found.next()).unwrap_or(Found::New);
            if matches!(found, Found::Copy(_)) {
                continue;
            }
            if let (Found::Overtaken(_), Some(present)) = (&found, present) {
                keep_read(keeping, known, present, &full(&file.path))?;
                continue;
            }
            let at = source.files.len();
            let called = match file.held {
                Some(_) => name(&file.path),
                None => full(&file.path),
            };
            let number = match present {
                None => {
                    file.begin = Begin { mark: Some(Mark::start(at as u32)), ..Begin::default() };
                    unread(keeping, known, at, &called)?
                }
                Some(present) => {
                    self.notes.extend(note(&file, present, &found));
                    let number = identify(keeping, known, present, &found, &called)?;
                    let position = match found {
                        Found::Known(known) => known.position.as_ref(),
                        _ => None,
                    };
                    let is_done = position.is_some_and(|position| present.ends_at(position.offset));
                    let mark = mark(at, position, done, known);
                    file.begin = Begin {
                        mark: Some(mark),
                        done: is_done,
                        place: Some((present.device, present.inode)),
                    };
                    if !is_done && latest.is_none() {
                        latest = Some(position.or(done).and_then(|position| position.latest));
                    }
                    done = position.filter(|_| is_done);
                    number
                }
            };
            self.files.insert(known.number, number, name(&file.path));
            numbers.push((number, present.clone()));
            source.files.push(file);
        }
        self.add(known, source, numbers, latest.flatten());
        Ok(())
    }

    /// Adds a source with the numbers of its files, and what those are known by whose positions are kept.
    fn add(
        &mut self,
        known: &KnownSource,
        source: Source,
        files: Vec<(u32, Option<Present>)>,
        latest: Option<i64>,
    ) {
        self.numbers.source(known.number, files.iter().map(|(number, _)| *number).collect());
        self.kept.push(files.iter().map(|(number, kept)| kept.as_ref().map(|_| *number)).collect());
        self.looked.push(files.into_iter().map(|(_, looked)| looked).collect());
        self.latest.push(latest);
        self.sources.push(source);
    }
}

/// What a file is now; `None`: it is not regular.
fn present(file: &File) -> Result<Option<Present>, InputProblem> {
    match &file.held {
        Some(held) => Ok(Some(Present::held(&held.head, held.bytes, held.number))),
        None => Present::look(&file.path),
    }
}

/// The number of a file, which the store knows as it is now from here on.
pub(crate) fn identify(
    keeping: &Keeping,
    known: &KnownSource,
    present: &Present,
    found: &Found<'_>,
    name: &str,
) -> Result<u32, StoreError> {
    let next = generation(present, &known.files);
    let (before, identity) = match found {
        Found::Known(file) if present.is_at(&file.identity) => {
            (Some(file), present.identity(file.identity.generation))
        }
        Found::Known(file) => (Some(file), present.identity(next)),
        _ => (None, present.identity(next)),
    };
    match before {
        Some(file) if file.identity == identity && file.path == name => Ok(file.number),
        _ => {
            let number = before.map(|file| file.number);
            keeping.store.file(&keeping.tenant, known.number, number, &identity, name)
        }
    }
}

/// Keeps that all of a file was read, as another of which it is a copy. What it is known by is told last: known by that
/// and not by its position, it would be read after a crash.
pub(crate) fn keep_read(
    keeping: &Keeping,
    known: &KnownSource,
    present: &Present,
    name: &str,
) -> Result<(), StoreError> {
    let nowhere =
        FileIdentity { device: 0, inode: 0, head: [0xff; 32], head_length: 0, generation: 0, seal: None };
    let before = known.files.iter().find(|file| file.identity == nowhere).map(|file| file.number);
    let file = keeping.store.file(&keeping.tenant, known.number, before, &nowhere, name)?;
    let offset = present.end();
    let foot = present.feet(&[offset]).at(offset);
    let (line, judged, format) = (1, offset, None);
    let position = FilePosition { file, offset, line, judged, format, year: None, latest: None, foot };
    let commit = Commit { positions: vec![position], ..Commit::default() };
    keeping.store.commit(&keeping.tenant, commit)?;
    let identity = present.identity(generation(present, &known.files));
    keeping.store.file(&keeping.tenant, known.number, Some(file), &identity, name)?;
    Ok(())
}

/// The number of an input that cannot be read twice: a fresh one each time, so that no event's id comes twice.
fn unread(keeping: &Keeping, known: &KnownSource, at: usize, name: &str) -> Result<u32, StoreError> {
    let generation = (known.files.len() + at) as u32;
    let identity =
        FileIdentity { device: 0, inode: 0, head: [0; 32], head_length: 0, generation, seal: None };
    keeping.store.file(&keeping.tenant, known.number, None, &identity, name)
}

/// Where a file begins: at its position, and with what is known from the files before it.
pub(crate) fn mark(
    at: usize,
    position: Option<&FilePosition>,
    done: Option<&FilePosition>,
    known: &KnownSource,
) -> Mark {
    let file = at as u32;
    let read_on = |position: &FilePosition| Mark {
        file,
        offset: position.offset,
        line: position.line,
        judged: position.judged,
        format: position.format.clone(),
        year: position.year,
    };
    let start = position.map_or_else(|| Mark::start(file), read_on);
    let format = |file: &KnownFile| file.position.as_ref().and_then(|position| position.format.clone());
    Mark {
        format: start.format.or_else(|| known.files.iter().rev().find_map(format)),
        year: start.year.or_else(|| done.and_then(|done| done.year)),
        ..start
    }
}

fn note(file: &File, present: &Present, found: &Found<'_>) -> Option<InputNote> {
    let Found::Instead(known) = found else { return None };
    let change =
        if present.begins_as(&known.identity) || present.ends_at(0) { Change::Cut } else { Change::Replaced };
    Some(InputNote { path: file.path.clone(), change })
}

/// A path by which it is the same wherever the program was started.
fn full(path: &Path) -> String {
    if path.as_os_str() == "-" {
        return "-".into();
    }
    name(&absolute(path).unwrap_or_else(|_| path.into()))
}
