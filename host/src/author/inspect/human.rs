use std::io::{self, Write};

use tripline_abi::ABI_VERSIONS_SERVED;
use tripline_abi::manifest::{Manifest, Rule, WakesOn};
use tripline_engine::{Pack, PackLimits};
use tripline_sandbox::Limits;

use super::{cost, words};
use crate::report::figures::{binary, counted, duration, grouped};
use crate::report::paint::{self, BOLD, DIM, GOOD, WARNING};
use crate::report::{broken, columns, fit, visible, wrap};

/// Columns of the names on the left.
const LEFT: usize = 11;
const INDENT: &str = "  ";

/// Writes a page.
pub(crate) fn human(out: &mut dyn Write, pack: &Pack, limits: &Limits, width: usize) -> io::Result<()> {
    let mut page = Page { out, width };
    page.head(pack)?;
    page.wakes(pack.manifest())?;
    page.rules(pack.manifest())?;
    page.patterns(pack.manifest())?;
    page.settings(pack.manifest())?;
    page.limits(limits)?;
    page.cost(pack)
}

struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
}

impl Page<'_> {
    fn head(&mut self, pack: &Pack) -> io::Result<()> {
        let about = &pack.manifest().pack;
        writeln!(self.out, "{BOLD}{} {}{BOLD:#}", visible(&about.name), visible(&about.version.to_string()))?;
        self.row("", &about.description)?;
        self.row("authors", &about.authors.join(", "))?;
        self.row("licence", &about.licence)?;
        self.row("homepage", &about.homepage)?;
        self.row("module", &counted(pack.size() as u64, "byte", "bytes"))?;
        self.exact("SHA-256", &pack.digest_hex())?;
        let served: Vec<String> = ABI_VERSIONS_SERVED.iter().map(u32::to_string).collect();
        self.row("ABI", &format!("{}; served: {}", pack.abi(), served.join(", ")))?;
        let imports = pack.imports().join(", ");
        self.row("imports", if imports.is_empty() { "nothing" } else { &imports })?;
        self.row(
            "state",
            if pack.saves() { "saved and restored" } else { "not saved: it starts empty after a restart" },
        )
    }

    fn wakes(&mut self, manifest: &Manifest) -> io::Result<()> {
        self.title("Events")?;
        let sources: Vec<String> = manifest.sources.iter().map(words::source).collect();
        self.row("sources", if sources.is_empty() { "all".into() } else { sources.join("; ") }.as_str())?;
        let wakes = match &manifest.wakes_on {
            WakesOn::EveryEvent => "every event".into(),
            WakesOn::Any(wakes) => {
                let wakes: Vec<String> =
                    wakes.iter().map(|wake| words::wake(wake, &manifest.patterns)).collect();
                wakes.join("; ")
            }
        };
        self.row("wakes on", &wakes)?;
        self.row("fields", &manifest.fields.join(", "))?;
        self.row("raw line", if manifest.raw { "yes" } else { "" })?;
        self.row(
            "ticks",
            &manifest.tick.map(|every| format!("every {}", words::seconds(every))).unwrap_or_default(),
        )
    }

    fn rules(&mut self, manifest: &Manifest) -> io::Result<()> {
        self.title("Rules")?;
        manifest.rules.iter().try_for_each(|rule| self.rule(rule))
    }

    fn rule(&mut self, rule: &Rule) -> io::Result<()> {
        let colour = paint::severity(rule.severity);
        let (word, id) = (rule.severity.as_str().to_uppercase(), visible(&rule.id));
        let room = self.width.saturating_sub(INDENT.len() + word.len() + columns(&id) + 4).max(20);
        let title = fit(&visible(&rule.title), room);
        writeln!(self.out, "{INDENT}{colour}{word}{colour:#}  {BOLD}{id}{BOLD:#}  {title}")?;
        self.row("", &rule.description)?;
        self.row("tags", &rule.tags.join(", "))?;
        self.row("status", &format!("{:?}", rule.status).to_lowercase())?;
        let quiet = rule
            .dedupe_window
            .map(|window| format!("a new incident after {} of quiet", words::seconds(window)));
        self.row("folds", &quiet.unwrap_or_default())?;
        let resolves = rule.resolve_after.map(|after| format!("after {} of quiet", words::seconds(after)));
        self.row("resolves", &resolves.unwrap_or_default())?;
        self.row("mistakes", &rule.false_positives.join("; "))?;
        rule.references.iter().try_for_each(|reference| self.row("see", reference))
    }

    fn patterns(&mut self, manifest: &Manifest) -> io::Result<()> {
        if manifest.patterns.is_empty() {
            return Ok(());
        }
        self.title("Patterns")?;
        for pattern in &manifest.patterns {
            let name = visible(&pattern.name);
            writeln!(
                self.out,
                "{INDENT}{BOLD}{name}{BOLD:#}  {DIM}{}{DIM:#}",
                visible(&words::looks(pattern))
            )?;
            self.exact("", &words::wanted(&pattern.kind))?;
            self.row("captures", &pattern.captures.join(", "))?;
        }
        Ok(())
    }

    fn settings(&mut self, manifest: &Manifest) -> io::Result<()> {
        if manifest.settings.properties.is_empty() {
            return Ok(());
        }
        self.title("Settings")?;
        for setting in &manifest.settings.properties {
            let takes = words::takes(&setting.kind);
            writeln!(
                self.out,
                "{INDENT}{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}",
                visible(&setting.name),
                visible(&takes)
            )?;
            self.row("", &setting.title)?;
            self.row("", &setting.description)?;
            let default = setting.default.as_ref().map_or("none: it has to be given".into(), words::value);
            self.row("default", &default)?;
        }
        Ok(())
    }

    fn limits(&mut self, limits: &Limits) -> io::Result<()> {
        self.title("Limits")?;
        let cpu = format!("{} a call and {} an event", duration(limits.cpu_base), duration(limits.cpu_entry));
        self.row("CPU time", &cpu)?;
        self.row("wall time", &format!("{} a call", duration(limits.wall)))?;
        self.row(
            "memory",
            &format!("{}, tables of {} elements", binary(limits.memory), grouped(limits.table)),
        )?;
        self.row("stack", &binary(limits.stack as u64))?;
        self.row("answers", &format!("reply {}, state {}", binary(limits.reply), binary(limits.state)))?;
        self.row("module", &binary(PackLimits::default().module_bytes as u64))
    }

    fn cost(&mut self, pack: &Pack) -> io::Result<()> {
        self.title("Cost")?;
        let hints = cost::hints(pack);
        if hints.is_empty() {
            return writeln!(
                self.out,
                "{INDENT}{GOOD}low{GOOD:#}: only lines that hold a literal of a pattern are looked at"
            );
        }
        for hint in hints {
            let lines =
                wrap(&visible(&hint), self.width.saturating_sub(INDENT.len() * 2).max(20), usize::MAX);
            for (i, line) in lines.iter().enumerate() {
                let mark = if i == 0 { "!" } else { " " };
                writeln!(self.out, "{INDENT}{WARNING}{mark}{WARNING:#} {line}")?;
            }
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{title}{BOLD:#}")
    }

    /// A name and its text, wrapped; nothing if there is no text.
    fn row(&mut self, name: &str, text: &str) -> io::Result<()> {
        let room = self.room(name);
        self.lines(name, &wrap(&visible(text), room, usize::MAX))
    }

    /// A text in which every space counts.
    fn exact(&mut self, name: &str, text: &str) -> io::Result<()> {
        let room = self.room(name);
        self.lines(name, &broken(&visible(text), room))
    }

    fn room(&self, name: &str) -> usize {
        let left = if name.is_empty() { 0 } else { LEFT };
        self.width.saturating_sub(INDENT.len() * 2 + left).max(20)
    }

    fn lines(&mut self, name: &str, lines: &[String]) -> io::Result<()> {
        let (indent, left) = (INDENT.len() * 2, if name.is_empty() { 0 } else { LEFT });
        for (i, line) in lines.iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            writeln!(self.out, "{:indent$}{DIM}{name:left$}{DIM:#}{line}", "")?;
        }
        Ok(())
    }
}
