//! Write detection rules for Tripline: a struct that remembers, methods that judge, and one macro.
//!
//! A rule pack declares what it looks for; the host matches that natively and hands over only the events that matched,
//! with their captures. The pack, compiled to WebAssembly, judges them. It has no clock, no files and no network: the
//! same events give the same decisions, whenever and wherever they are judged.
//!
//! ```
//! use tripline_sdk::prelude::*;
//!
//! /// What the pack remembers; saved and restored by itself.
//! #[derive(Default, State)]
//! pub struct SshGuard {
//!     failures: SlidingCount,
//! }
//!
//! #[tripline_sdk::pack {
//!     name: "ssh-guard",
//!     sources: [{ service: "sshd" }],
//!     patterns: {
//!         failed: { regex: r"^Failed \S+ for (?:invalid user )?(?P<user>.*) from (?P<ip>\S+) port \d+ ssh2$" },
//!     },
//!     settings: {
//!         /// Failed logins from one address that make an incident.
//!         threshold: { integer: 5, min: 1, max: 1000 },
//!         /// Seconds in which they must happen.
//!         window: { integer: 600, min: 1, max: 86400 },
//!     },
//! }]
//! impl SshGuard {
//!     /// Failed logins from one address pass the threshold.
//!     #[rule { id: "guessing", title: "Password guessing over SSH", severity: high, tags: ["attack.t1110.001"], on: [failed] }]
//!     fn guessing(&mut self, event: &Event, settings: &Settings, ip: Text) -> Option<Decision> {
//!         let burst = self.failures.hit(event, ip, settings.threshold, settings.window)?;
//!         let decision = Decision::new(ip).title(format!("Password guessing over SSH from {ip}"));
//!         Some(decision.value("ip", ip).value("failures", burst.total).evidence(&burst.ids))
//!     }
//! }
//!
//! # fn main() -> Result<(), String> {
//! # use tripline_sdk::testing::Run;
//! let mut run = Run::<SshGuard>::new()?.set("threshold", 2)?;
//! let line = "Failed password for root from 192.0.2.7 port 4711 ssh2";
//! assert!(run.judge(line).is_empty());
//! assert_eq!(run.judge(line)[0].fingerprint, "192.0.2.7");
//! # Ok(())
//! # }
//! ```
//!
//! # The attribute on the impl
//!
//! | key | what |
//! |---|---|
//! | `name`, `version`, `description`, `authors`, `licence`, `homepage` | who made it; what Cargo.toml says if absent |
//! | `sources` | logs it is for: `[{ service: "sshd" }]`, also `product`, `category`, `kind: scan`; absent is all |
//! | `patterns` | `name: { … }` with one of `regex`, `contains`, `equals`, `starts_with`, `ends_with`, `cidr`, `compare` (`{ ge: 400, lt: 500 }`), `exists` (`true` or `false`); beside it `field` (absent is the message), `case_insensitive`, for a regex `unicode` |
//! | `settings` | `name: { … }` with one of `boolean`, `integer`, `number`, `string`, `integers`, `numbers`, `strings` and its default, or `required`; beside it `min`, `max`, `one_of`, `min_length`, `max_length`, `min_items`, `max_items`, `title`; its doc comment is its description; `parse: Type` beside a `string` or `strings` makes it that type by its `FromStr`, and what that refuses is told when the pack is opened |
//! | `fields` | decoded fields that come with each event, besides those that patterns look at |
//! | `raw` | `true`: the whole line comes with each event |
//! | `tick` | seconds of event time between ticks |
//!
//! A list may be an operator's: `contains: setting(words)`. Regexes are searched on bytes, Unicode off; `^` and `$` are
//! the value's ends.
//!
//! # The attribute on a method
//!
//! | key | what |
//! |---|---|
//! | `id`, `title`, `severity` | must be there; severities are `informational`, `low`, `medium`, `high`, `critical` |
//! | `tags`, `references`, `false_positives`, `status` | for whoever reads the incident; its doc comment is its description |
//! | `dedupe_window`, `resolve_after` | seconds: without an equal decision, of quiet |
//! | `on` | `[failed, { all: [words], none: [known] }]`, `every_event`, or `tick` |
//!
//! For each event the rule runs at most once: for the first entry of `on` that holds and gives every parameter.
//! Parameters named `event` and `settings` are just that; every other one is the capture of its name, of any type that
//! is [`FromCapture`], an `Option` if the group may take no part or only some of the patterns have it; or, where no
//! pattern of the rule has such a capture, the event's field of its name. A rule returns
//! nothing, a [`Decision`], an `Option` or a `Vec` of them. Methods without `#[rule]` stay as they are.
//!
//! The macro also writes the struct `Settings`, and the modules `pattern` and `field` with a constant for each:
//! `event.matched(pattern::WORDS)`, `event.capture(pattern::failed::IP)`, `event.field(field::USER)`.
//!
//! Mistakes are compile errors at their place: a bad regex, an id that stands twice, an unknown pattern, setting,
//! capture or key.
//!
//! # What scans find
//!
//! What the host's scans find are events, too, for packs whose `sources` say `kind: scan` or nothing at all. They have
//! no message: a pattern names its field, most often `finding`, the kind.
//!
//! ```
//! # use tripline_sdk::prelude::*;
//! use std::net::IpAddr;
//! # #[derive(Default, State)]
//! # pub struct Telnet {}
//! #[tripline_sdk::pack {
//!     name: "telnet",
//!     sources: [{ kind: scan }],
//!     patterns: { opened: { field: "finding", equals: ["port_opened"] } },
//!     fields: ["target", "port"],
//! }]
//! impl Telnet {
//!     #[rule { id: "opened", title: "Telnet was opened", severity: high, on: [opened] }]
//!     fn opened(target: IpAddr, port: u16) -> Option<Decision> {
//!         (port == 23).then(|| Decision::new(target).title(format!("Telnet was opened on {target}")))
//!     }
//! }
//! # fn main() -> Result<(), String> {
//! # use tripline_sdk::testing::{Line, Run};
//! let finding = Line::finding("port_opened").field("target", "192.0.2.7").number("port", 23);
//! assert_eq!(Run::<Telnet>::new()?.judge(finding)[0].title, "Telnet was opened on 192.0.2.7");
//! # Ok(())
//! # }
//! ```
//!
//! | field | on | what |
//! |---|---|---|
//! | `finding` | all | `host_new`, `host_gone`, `port_open`, `port_opened`, `port_closed`, `service_changed`, `script_result`, `coverage_changed`, `scan_partial`, `scan_failed`, `scan_overdue` |
//! | `time`, `scan`, `run`, `scanner` | all | when; the scan's name and the number of its run; `nmap`, `connect` or `masscan` |
//! | `first` | hosts, ports, services, scripts | `true`: nothing was known before, it is the baseline |
//! | `target`, `name` | hosts, ports, services, scripts | the address; the name, which a stranger chooses |
//! | `port`, `protocol`, `state` | ports; services and scripts | `23`, `tcp`, `open` |
//! | `service`, `product`, `version`, `extra`, `cpe`, `tunnel` | ports, services | what listens, in a stranger's words |
//! | `method` | with `service` | `table`: guessed by the port's number; `probed`: it answered so |
//! | `remembered_service`, `remembered_product`, `remembered_version`, `remembered_time` | `port_*` | what an earlier scan was told when it asked, and when that was; this one has not asked, and another may listen now |
//! | `before_service`, `before_product`, `before_version`, `before_time` | `service_changed` | what the last scan that asked was told, and when |
//! | `script`, `output`, `output_cut`, `vulnerable`, `changed` | `script_result` | the script's id, what it said (4 KiB at most), whether it says so; whether that is otherwise than before |
//! | `added`, `removed` | `coverage_changed` | ports and networks that are asked now, and that no longer are |
//! | `reason`, `detail`, `hosts`, `unknown_hosts`, `late_by` | `scan_…` | a code, a sentence, numbers |
//!
//! `port_open` and `script_result` come at every scan, also where nothing has changed: what is open still holds. What is
//! unknown is absent. Only the host writes findings: nobody who sends lines can.
//!
//! # What it remembers
//!
//! `#[derive(State)]` saves every field by its name. Numbers, texts and collections will do; what is counted by a key
//! that a stranger chooses belongs into a helper with bounded memory: [`state::SlidingCount`],
//! [`state::DistinctCount`], [`state::Cooldown`], [`state::Sequence`]. They live on event time.
//!
//! # Around it
//!
//! - Unit tests: the module `testing`, behind the feature of that name. Whole lines: `.case` files, see `tripline pack test`.
//! - Words for the operator's log: [`error!`], [`warn!`], [`info!`], [`debug!`]. A panic reaches it with its place.
//! - The crate type is `["cdylib", "rlib"]`; `cargo build --target wasm32-unknown-unknown` makes the module.
//! - `unsafe` stands in one file of this crate; a pack may `#![forbid(unsafe_code)]`.

extern crate self as tripline_sdk;

mod capture;
mod decision;
mod digest;
mod event;
#[doc(hidden)]
pub mod export;
mod id;
mod instance;
mod log;
pub mod prelude;
mod replies;
mod settings;
mod shown;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
mod text;

pub use tripline_abi as abi;
pub use tripline_abi::{EventId, STATE_BYTES, Severity};
pub use tripline_sdk_macros::{State, pack, rule};

pub use self::capture::FromCapture;
pub use self::decision::{Decision, Decisions};
pub use self::event::{Event, Match};
#[doc(hidden)]
pub use self::id::Wake;
pub use self::id::{CaptureId, FieldId, PatternId};
pub use self::instance::{Instance, Pack};
pub use self::log::log;
pub use self::replies::Replies;
pub use self::settings::{FromSetting, Settings};
#[doc(hidden)]
pub use self::settings::{parsed, parsed_list, setting};
pub use self::shown::Shown;
pub use self::state::{Corrupt, State, StateReader, StateWriter};
pub use self::text::Text;

/// The rule in the project's README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
