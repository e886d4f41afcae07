//! From a notice to words, by templates.

use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, HtmlEscape, Output, State, UndefinedBehavior, Value};
use serde::Serialize;

use crate::digest::Digest;
use crate::error::{Part, RenderError};
use crate::limits;
use crate::notice::Notice;
use crate::safe;
use crate::shown::Shown;
use crate::shown_digest::ShownDigest;
use crate::{sample, subject};

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line, at most 120 characters.
    pub subject: String,
    /// The text part; lines end with `\n`.
    pub text: String,
    /// The HTML part: one document with no link, image, script or anything from outside.
    pub html: String,
}

/// The templates for notices and digests.
///
/// A template names, besides what the built-in ones show: `severity`, `badge`, `color`, `state`, `title`, `reason`,
/// `reason_code`, `times`, `span`, `assignee`, `resolution`, `values` (`name`, `padded`, `value`), `summary`,
/// `description`, `evidence` (`skipped`, `place`, `kept`, `first`, `gap`, `last`, `cut`), `evidence_dropped`, `pack`,
/// `rule`, `rule_title`, `tags`, `references`, `route`, `tenant`, `of_tenant` (what a command about the incident needs
/// behind its number: ` --tenant plant`, or nothing), `id` and `generation`. All of it is safe to show, and nothing in it is ever read as a template. Whatever an HTML template writes out is escaped, once, and cannot be
/// declared safe.
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The built-in templates.
    pub fn new() -> Templates {
        Templates::with(None, None).expect("the built-in templates are good")
    }

    /// An operator's templates for notices, in the place of the built-in ones. They are tried on an example.
    ///
    /// # Errors
    /// Says which part is wrong, on which line.
    pub fn with(text: Option<&str>, html: Option<&str>) -> Result<Templates, RenderError> {
        let mut environment = Environment::new();
        environment.set_syntax(syntax().map_err(|error| wrong(Part::Text, &error))?);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(limits::FUEL));
        environment.set_formatter(write_out);
        let parts = [
            (NOTICE_TEXT, text.unwrap_or(include_str!("../templates/notice.txt"))),
            (NOTICE_HTML, html.unwrap_or(include_str!("../templates/notice.html"))),
            (DIGEST_TEXT, include_str!("../templates/digest.txt")),
            (DIGEST_HTML, include_str!("../templates/digest.html")),
        ];
        for (name, source) in parts {
            let added = environment.add_template_owned(name, source.replace("\r\n", "\n"));
            added.map_err(|error| wrong(part_of(name), &error))?;
        }
        let templates = Templates { environment };
        templates.render(&sample::notice())?;
        Ok(templates)
    }

    /// The words for one incident.
    ///
    /// # Errors
    /// An operator's template may fail, or find no end; [`plain`](crate::plain) never does.
    pub fn render(&self, notice: &Notice) -> Result<Rendered, RenderError> {
        let shown = Shown::new(notice);
        Ok(Rendered {
            subject: subject::of_incident(notice),
            text: self.part(NOTICE_TEXT, &shown)?,
            html: self.part(NOTICE_HTML, &shown)?,
        })
    }

    /// The words for many incidents.
    ///
    /// # Errors
    /// As [`render`](Templates::render); then there is [`plain_digest`](crate::plain_digest).
    pub fn render_digest(&self, digest: &Digest) -> Result<Rendered, RenderError> {
        let shown = ShownDigest::new(digest);
        Ok(Rendered {
            subject: subject::of_digest(digest),
            text: self.part(DIGEST_TEXT, &shown)?,
            html: self.part(DIGEST_HTML, &shown)?,
        })
    }

    fn part(&self, name: &str, shown: &impl Serialize) -> Result<String, RenderError> {
        let part = part_of(name);
        let template = self.environment.get_template(name).map_err(|error| wrong(part, &error))?;
        let mut out = Capped::default();
        let rendered = template.render_captured_to(Serde(shown), &mut out).map(drop);
        match rendered {
            Err(_) if out.full => Err(RenderError::TooLong { part, limit: limits::PART }),
            Err(error) => Err(wrong(part, &error)),
            Ok(()) => Ok(safe::rendered(&String::from_utf8_lossy(&out.bytes))),
        }
    }
}

impl Default for Templates {
    fn default() -> Templates {
        Templates::new()
    }
}

const NOTICE_TEXT: &str = "notice.txt";
const NOTICE_HTML: &str = "notice.html";
const DIGEST_TEXT: &str = "digest.txt";
const DIGEST_HTML: &str = "digest.html";

/// A tag alone on a line leaves no empty line.
fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()
}

fn part_of(name: &str) -> Part {
    if name.ends_with(".html") { Part::Html } else { Part::Text }
}

/// Writes a value out. In HTML everything is escaped, whatever the template says of it: neither `safe` nor
/// `autoescape` makes markup of a log line.
fn write_out(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let html = part_of(state.name()) == Part::Html;
    let owned;
    let text = match value.as_str() {
        Some(text) => text,
        None => {
            owned = value.to_string();
            &owned
        }
    };
    if html {
        write!(out, "{}", HtmlEscape(text))?
    } else {
        out.write_str(text)?
    }
    Ok(())
}

fn wrong(part: Part, error: &Error) -> RenderError {
    match error.kind() {
        ErrorKind::OutOfFuel => RenderError::OutOfFuel { part, line: error.line() },
        kind => RenderError::Wrong {
            part,
            line: error.line(),
            what: error.detail().map_or_else(|| kind.to_string(), Into::into),
        },
    }
}

/// Takes bytes until there are too many.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > limits::PART - self.bytes.len() {
            self.full = true;
            return Err(io::Error::other("full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
