use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Odd;
use super::incident::bytes;
use crate::incidents::Evidence;

/// An event that shows what was decided.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Evidence)]
pub(crate) struct EvidenceShape {
    /// The file it was read from.
    file: String,
    /// From 1.
    line: u64,
    /// The line's first bytes; null: it is no longer kept.
    text: Option<String>,
    /// Whether the line is longer than that.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schema(required = false)]
    cut: bool,
    /// Whether U+FFFD stands for bytes that are no UTF-8.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schema(required = false)]
    lossy: bool,
    /// What was captured, from which to which byte of the text; missing: nothing, or it is lossy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    captures: Vec<[u32; 2]>,
    /// The first byte of the line in its file, unpacked.
    offset: u64,
    /// SHA-256 of the whole line as it was read, before anything was cut or blotted out; missing: it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
}

impl EvidenceShape {
    pub(super) fn read(self) -> Result<Evidence, Odd> {
        let digest = |hex: String| match bytes(&hex).and_then(|digest| digest.try_into().ok()) {
            Some(digest) => Ok(digest),
            None => Err(Odd::new("SHA-256 as hexadecimal bytes", hex)),
        };
        let text = |text: String| match self.lossy {
            false => text.into_bytes(),
            // A byte that is no UTF-8 stands for those that are gone: shown again, it is the same text.
            true => text.split('\u{fffd}').map(str::as_bytes).collect::<Vec<_>>().join(&0xff),
        };
        Ok(Evidence {
            file: None,
            name: self.file,
            offset: self.offset,
            line: self.line,
            text: self.text.map(text),
            cut: self.cut,
            captures: self.captures.into_iter().map(|[start, end]| (start, end)).collect(),
            digest: self.sha256.map(digest).transpose()?,
        })
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
