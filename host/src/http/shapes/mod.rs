//! The objects of `FORMAT.md` as types: what the API's document says of them, and how a client reads them back.
//!
//! They are written by [`crate::report`], as the command line writes them; a test holds that what is read here is all that is
//! written there.

mod answer;
mod entry;
mod evidence;
mod exception;
mod incident;
mod notice;
mod pack;
mod quota;
mod scan;
mod silence;
mod source;
mod tenant;
mod time;
mod token;
mod usage;
mod word;

pub(crate) use self::answer::AnswerShape;
pub(crate) use self::entry::EntryShape;
pub(crate) use self::evidence::EvidenceShape;
pub(crate) use self::exception::ExceptionShape;
pub(crate) use self::incident::IncidentShape;
pub(crate) use self::notice::NoticeShape;
pub(crate) use self::pack::{OwnPackShape, PackFaultShape, PackShape, RuleOutcomeShape};
pub(crate) use self::quota::QuotaShape;
pub(crate) use self::scan::{FindingShape, ScanShape, ScheduleShape};
pub(crate) use self::silence::SilenceShape;
pub(crate) use self::source::SourceShape;
pub(crate) use self::tenant::TenantShape;
pub(crate) use self::time::{Odd, nanoseconds};
pub(crate) use self::token::TokenShape;
pub(crate) use self::usage::{PackUsageShape, RatesShape, TenantUsageShape, UsageShape};
pub(crate) use self::word::{ByWord, ResolutionWord, ScopeWord, SeverityWord, StateWord};

#[cfg(test)]
mod tests;
