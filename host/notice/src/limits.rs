//! How much of everything a notice shows. A mail is for a glance; the incident itself has everything.
//!
//! Lengths are in characters, counted before links are broken.

/// Of a subject, `[tripline #17]` included: what phones show is shorter still.
pub(crate) const SUBJECT: usize = 120;
/// Of a title.
pub(crate) const TITLE: usize = 200;
/// Of names: tenant, route, rule, person, tag.
pub(crate) const NAME: usize = 100;
/// Of a value's name.
pub(crate) const KEY: usize = 40;
/// Of a value.
pub(crate) const VALUE: usize = 300;
/// Values.
pub(crate) const VALUES: usize = 40;
/// Tags and references.
pub(crate) const TAGS: usize = 12;
/// Of a line of summary, description or evidence.
pub(crate) const LINE: usize = 300;
/// Lines of a summary or description.
pub(crate) const LINES: usize = 12;
/// Lines of evidence, over all events.
pub(crate) const EVIDENCE: usize = 10;
/// Rules and incidents in a digest.
pub(crate) const DIGEST: usize = 20;

/// Bytes of one rendered part. All of the above at its worst, escaped for HTML, is below it.
pub(crate) const PART: usize = 512 * 1024;
/// What a template may do for one part: an instruction costs 1, and so do 64 bytes. The built-in ones need under
/// 10,000 for the largest notice.
pub(crate) const FUEL: u64 = 100_000;
