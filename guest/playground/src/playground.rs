//! What a worker holds: packs, a run that is going on, and the one before, to be looked at.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use serde_json::{Map, Value, json};
use tripline_engine::cases::Case;
use tripline_engine::decision::Decision;
use tripline_engine::judge::JudgeLimits;
use tripline_engine::line::LineSettings;
use tripline_engine::matcher::MatchScratch;
use tripline_engine::sandbox::Sandbox;
use tripline_engine::{Check, Configured, Pack, Position, Report};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::announce::Announce;
use crate::clock::PageClock;
use crate::exports::to_js;
use crate::failure::failure;
use crate::packs::{PackProblem, Packs, limits, read, shown};
use crate::rows::{Which, listed, rows};
use crate::sandbox::Browser;
use crate::seen::{Notes, Over};
use crate::setup::{Setup, SetupError, json as from_js, lines, list, settings, today};
use crate::{case, mail, report, why};

/// Tries packs on lines, step by step, so that a page can show how far it is.
#[wasm_bindgen]
pub struct Playground(Rc<Inside>);

struct Inside {
    browser: Arc<Browser>,
    packs: Packs,
    running: RefCell<Option<Running>>,
    over: RefCell<Option<Looked>>,
}

struct Running {
    check: Check,
    packs: Vec<Arc<Pack>>,
    sources: usize,
    notes: Notes,
}

/// A run that is over.
struct Looked {
    packs: Vec<Arc<Pack>>,
    over: Over,
    report: Report,
    /// Which lines a list shows, by their numbers.
    listed: Option<(Which, Vec<u32>)>,
    scratch: MatchScratch,
}

#[wasm_bindgen]
impl Playground {
    /// A playground. `announce` is told of each call into a pack before it is made, as (pack, what, batch, entries), and
    /// with null for the pack when it has returned.
    #[wasm_bindgen(constructor)]
    pub fn new(
        #[wasm_bindgen(unchecked_optional_param_type = "Announce")] announce: Option<Function>,
    ) -> Playground {
        let announce = announce.map_or(Announce::Nobody, Announce::To);
        Playground(Rc::new(Inside {
            browser: Arc::new(Browser::new(announce)),
            packs: Packs::default(),
            running: RefCell::default(),
            over: RefCell::default(),
        }))
    }

    /// Reads, checks and compiles a module; resolves to its manifest. A stranger's regexes are tried for their cost.
    ///
    /// # Errors
    /// It is no pack, or one that a host would refuse.
    #[wasm_bindgen(unchecked_return_type = "Manifest")]
    pub async fn load(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] wasm: Vec<u8>,
        stranger: bool,
    ) -> Result<JsValue, JsValue> {
        let inside = Rc::clone(&self.0);
        let told = |problem: PackProblem| {
            let error = failure(&problem);
            if let Some(hint) = problem.hint() {
                let _ = Reflect::set(&error, &"hint".into(), &hint.into());
            }
            error
        };
        let pack = Arc::new(read(wasm, stranger).map_err(told)?);
        inside.browser.compile(&pack).await.map_err(|error| told(error.into()))?;
        inside.packs.add(Arc::clone(&pack));
        to_js(&shown(&pack))
    }

    /// Forgets a pack.
    pub fn forget(&self, sha256: &str) {
        if let Some(pack) = self.0.packs.remove(sha256) {
            self.0.browser.forget(&pack);
        }
    }

    /// Begins a run with these packs on so many sources; a run that is going on ends. Answers what is wrong with which
    /// pack: those are left out.
    ///
    /// # Errors
    /// The setup is none.
    #[wasm_bindgen(unchecked_return_type = "PackProblem[]")]
    pub fn begin(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Setup")] setup: JsValue,
    ) -> Result<JsValue, JsValue> {
        let setup = from_js("setup", &setup).and_then(|setup| Setup::of(setup, today()));
        let Setup { packs: wanted, sources } = setup.map_err(failure)?;
        let (mut packs, mut problems) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let Some(pack) = self.0.packs.find(&wanted.sha256) else {
                // Never left out without a word: it would seem to judge and find nothing.
                problems
                    .push(json!({ "pack": null, "sha256": wanted.sha256, "message": "it is not loaded" }));
                continue;
            };
            match Configured::new(Arc::clone(&pack), &wanted.settings) {
                Ok(configured) => packs.push(configured),
                Err(error) => problems.push(json!({ "pack": pack.name(), "message": error.to_string() })),
            }
        }
        let notes = Notes::default();
        let check = loop {
            let sandbox = Arc::clone(&self.0.browser) as Arc<dyn Sandbox>;
            let (lines, judging) = (LineSettings::default(), JudgeLimits::default());
            match Check::with(sandbox, &packs, sources.len(), lines, limits(), judging) {
                Ok(check) => break check,
                Err(error) if packs.iter().any(|one| one.pack.name() == error.pack) => {
                    packs.retain(|one| one.pack.name() != error.pack);
                    problems.push(json!({ "pack": error.pack, "message": error.problem.to_string() }));
                }
                Err(error) => return Err(failure(error)),
            }
        };
        let mut check = notes.of(check).clock(Box::new(PageClock)).keep_decisions().save_states();
        for (number, source) in (0..).zip(&sources) {
            check = check.lines_of(number, source.clone());
        }
        self.0.browser.batches().clear();
        let packs = packs.into_iter().map(|configured| configured.pack).collect();
        *self.0.running.borrow_mut() = Some(Running { check, packs, sources: sources.len(), notes });
        to_js(&json!(problems))
    }

    /// Takes bytes of a source, cut anywhere.
    pub fn feed(&self, source: u32, bytes: &[u8]) {
        if let Some(running) = &mut *self.0.running.borrow_mut()
            && (source as usize) < running.sources
        {
            running.check.feed_source(source, bytes);
        }
    }

    /// There is no more: what came of it.
    ///
    /// # Errors
    /// There is no run.
    #[wasm_bindgen(unchecked_return_type = "PageReport")]
    pub fn finish(&self) -> Result<JsValue, JsValue> {
        let running = self.0.running.borrow_mut().take();
        let Running { check, packs, sources, notes } = running.ok_or_else(|| failure("there is no run"))?;
        let matcher = Arc::clone(check.matcher());
        let report = check.finish();
        let mut seen = notes.take();
        let triggers = report.decisions.iter().filter_map(|decision| decision.trigger.as_ref());
        let evidence = report.decisions.iter().flat_map(|decision| &decision.evidence);
        let faults = report.faults.iter().filter_map(|fault| fault.event.as_ref());
        seen.settle(triggers, evidence.map(|evidence| &evidence.position), faults);
        let browser = &self.0.browser;
        let mut shown = report::page(&report, sources, browser.enforces(), |pack| browser.batches().of(pack));
        shown["rows"] = json!(seen.rows().len());
        let (over, listed, scratch) = (Over { seen, matcher }, None, MatchScratch::default());
        *self.0.over.borrow_mut() = Some(Looked { packs, over, report, listed, scratch });
        to_js(&shown)
    }

    /// Some of the last run's lines, and how many there are: `all`, those that `woke` a pack, `decided` ones, or those on
    /// which a pack `faulted`.
    ///
    /// # Errors
    /// There was no run.
    #[wasm_bindgen(unchecked_return_type = "Rows")]
    pub fn rows(
        &self,
        #[wasm_bindgen(unchecked_param_type = "\"all\" | \"woke\" | \"decided\" | \"faulted\"")] which: &str,
        from: u32,
        count: u32,
    ) -> Result<JsValue, JsValue> {
        self.looked(|looked| {
            let which = Which::of(which);
            if looked.listed.as_ref().is_none_or(|(known, _)| *known != which) {
                looked.listed = Some((which, listed(&looked.over, which)));
            }
            let numbers = looked.listed.as_ref().map(|(_, numbers)| numbers.as_slice()).unwrap_or_default();
            let some = numbers.get(from as usize..).unwrap_or_default();
            let some = &some[..some.len().min(count as usize)];
            let shown = rows(&looked.over, &looked.packs, some, &mut looked.scratch);
            json!({ "count": numbers.len(), "from": from, "rows": shown })
        })
    }

    /// Which line of a list of this kind stands for an event, or null.
    ///
    /// # Errors
    /// There was no run.
    #[wasm_bindgen(unchecked_return_type = "number | null")]
    pub fn find(&self, source: u32, line: f64) -> Result<JsValue, JsValue> {
        self.looked(|looked| {
            let position = Position { source, file: 0, offset: 0, line: line as u64 };
            json!(looked.over.seen.find(&position))
        })
    }

    /// All that is known of a line: fields, patterns, and why packs were woken or not.
    ///
    /// # Errors
    /// There was no run, or it had no such line.
    #[wasm_bindgen(unchecked_return_type = "Why")]
    pub fn why(&self, row: u32) -> Result<JsValue, JsValue> {
        self.looked(|looked| {
            let Some(row) = looked.over.seen.rows().get(row as usize) else { return Value::Null };
            let (source, block, line) = looked.over.seen.line(row);
            let matcher = &looked.over.matcher;
            let mut shown = why::why(matcher, &looked.packs, block, line, &mut looked.scratch);
            let position = Position { source, file: line.file, offset: line.offset, line: line.number };
            let here = |decision: &&Decision| decision.trigger == Some(position);
            let decided = looked.report.decisions.iter().filter(here).take(20);
            let decided = decided.map(|decision| {
                json!({
                    "severity": decision.severity.as_str(),
                    "title": decision.title,
                    "rule": format!("{}/{}", decision.origin.pack, decision.origin.rule.id),
                })
            });
            shown["source_number"] = source.into();
            shown["line"] = line.number.into();
            shown["decided"] = decided.collect();
            let faults = looked.report.faults.iter().filter(|fault| fault.event == Some(position)).take(20);
            shown["faults"] = faults.map(report::fault).collect();
            shown
        })
    }

    /// An incident of the last run with its evidence, and the mail that a server would send of it. `names` are the
    /// sources' names.
    ///
    /// # Errors
    /// There was no run, or it had no such incident.
    #[wasm_bindgen(unchecked_return_type = "{ incident: Incident, mail: Mail } | null")]
    pub fn incident(&self, number: u32, names: Vec<String>) -> Result<JsValue, JsValue> {
        self.looked(|looked| {
            let Some(incident) = looked.report.incidents.get(number as usize) else { return Value::Null };
            let first = looked.report.decisions.iter().find(|decision| {
                decision.origin == incident.origin && decision.fingerprint == incident.fingerprint
            });
            json!({
                "incident": report::incident(incident, true),
                "mail": mail::mail(number as usize, incident, first, &names),
            })
        })
    }

    /// The file of a case: this pack, these settings and lines, and what the pack decides on them.
    ///
    /// # Errors
    /// The pack does not take the settings, or decides otherwise in other batches.
    #[wasm_bindgen(js_name = writeCase)]
    pub fn write_case(
        &self,
        why: &str,
        sha256: &str,
        #[wasm_bindgen(unchecked_param_type = "Record<string, unknown>")] given: JsValue,
        #[wasm_bindgen(unchecked_param_type = "LinesSetup[]")] sources: JsValue,
        bytes: Vec<Uint8Array>,
    ) -> Result<Vec<u8>, JsValue> {
        let (pack, (given, sources)) = (self.pack(sha256)?, tried(&given, &sources, &bytes)?);
        case::written(why, &pack, &given, &sources, &self.sandbox()).map_err(failure)
    }

    /// Whether this pack with these settings decides on these lines what a case expects, in batches of every size.
    ///
    /// # Errors
    /// The pack does not take the settings.
    #[wasm_bindgen(js_name = judgeCase, unchecked_return_type = "CaseOutcome")]
    pub fn judge_case(
        &self,
        expected: &str,
        sha256: &str,
        #[wasm_bindgen(unchecked_param_type = "Record<string, unknown>")] given: JsValue,
        #[wasm_bindgen(unchecked_param_type = "LinesSetup[]")] sources: JsValue,
        bytes: Vec<Uint8Array>,
    ) -> Result<JsValue, JsValue> {
        let (pack, (given, sources)) = (self.pack(sha256)?, tried(&given, &sources, &bytes)?);
        let judged = case::judged(expected, &pack, &given, &sources, &self.sandbox()).map_err(failure)?;
        to_js(&case::outcome(&judged))
    }

    /// What a case says; its lines as bytes.
    ///
    /// # Errors
    /// The file is no case.
    #[wasm_bindgen(js_name = readCase, unchecked_return_type = "CaseFile")]
    pub fn read_case(&self, file: &[u8]) -> Result<JsValue, JsValue> {
        let case = Case::parse(file).map_err(failure)?;
        let shown = Object::from(to_js(&case::shown(&case))?);
        let lines: Array = case.sources().iter().map(|(_, lines)| Uint8Array::from(&lines[..])).collect();
        Reflect::set(&shown, &"lines".into(), &lines)?;
        Ok(shown.into())
    }

    /// Whether a case holds with this pack, in batches of every size.
    ///
    /// # Errors
    /// The file is no case, or the pack does not take its settings.
    #[wasm_bindgen(js_name = runCase, unchecked_return_type = "CaseOutcome")]
    pub fn run_case(&self, sha256: &str, file: &[u8]) -> Result<JsValue, JsValue> {
        let (pack, case) = (self.pack(sha256)?, Case::parse(file).map_err(failure)?);
        to_js(&case::outcome(&case.run(&self.sandbox(), &pack).map_err(failure)?))
    }

    /// What a pack decides on a case's lines in batches of so many entries, as the text that cases have.
    ///
    /// # Errors
    /// The file is no case, or the pack does not take its settings.
    #[wasm_bindgen(js_name = decideCase)]
    pub fn decide_case(&self, sha256: &str, file: &[u8], batch: u32) -> Result<String, JsValue> {
        let (pack, case) = (self.pack(sha256)?, Case::parse(file).map_err(failure)?);
        case.decide(&self.sandbox(), &pack, batch).map_err(failure)
    }
}

impl Playground {
    fn sandbox(&self) -> Arc<dyn Sandbox> {
        Arc::clone(&self.0.browser) as Arc<dyn Sandbox>
    }

    fn pack(&self, sha256: &str) -> Result<Arc<Pack>, JsValue> {
        self.0.packs.find(sha256).ok_or_else(|| failure("this pack is not loaded"))
    }

    fn looked(&self, look: impl FnOnce(&mut Looked) -> Value) -> Result<JsValue, JsValue> {
        let looked = &mut *self.0.over.borrow_mut();
        to_js(&look(looked.as_mut().ok_or_else(|| failure("there was no run"))?))
    }
}

/// Settings and sources that are tried.
type Tried = (Map<String, Value>, Vec<(LineSettings, Vec<u8>)>);

fn tried(given: &JsValue, sources: &JsValue, bytes: &[Uint8Array]) -> Result<Tried, JsValue> {
    let read = |sources: Value| -> Result<Vec<LineSettings>, SetupError> {
        let now = today();
        list(Some(sources), "sources")?.into_iter().map(|one| lines(one, now)).collect()
    };
    let given = from_js("settings", given).and_then(settings).map_err(failure)?;
    let read = from_js("sources", sources).and_then(read).map_err(failure)?;
    let bytes = bytes.iter().map(Uint8Array::to_vec);
    Ok((given, read.into_iter().zip(bytes).collect()))
}
