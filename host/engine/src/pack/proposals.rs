//! Which WebAssembly proposals are served: those that are named here, and no other.

use wasmparser::types::Types;
use wasmparser::{
    BinaryReaderError, FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures,
};

use super::PackError;

/// What a module may use. Floats are no proposal, but a flag of the validator. `externref` needs a collector of
/// garbage, so reference types are served without it.
const SERVED: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD);

/// What a module may not use, by name; in the order in which an error is explained.
const REFUSED: &[(WasmFeatures, &str)] = &[
    (WasmFeatures::THREADS, "threads"),
    (WasmFeatures::MEMORY64, "memory64"),
    (WasmFeatures::MULTI_MEMORY, "multi-memory"),
    (WasmFeatures::EXCEPTIONS, "exception-handling"),
    (WasmFeatures::LEGACY_EXCEPTIONS, "legacy exception-handling"),
    (WasmFeatures::RELAXED_SIMD, "relaxed-simd"),
    (WasmFeatures::TAIL_CALL, "tail-call"),
    (WasmFeatures::EXTENDED_CONST, "extended-const"),
    (WasmFeatures::FUNCTION_REFERENCES, "function-references"),
    (WasmFeatures::GC, "gc"),
    (WasmFeatures::GC_TYPES, "externref"),
    (WasmFeatures::CUSTOM_PAGE_SIZES, "custom-page-sizes"),
    (WasmFeatures::MEMORY_CONTROL, "memory-control"),
    (WasmFeatures::SHARED_EVERYTHING_THREADS, "shared-everything-threads"),
    (WasmFeatures::STACK_SWITCHING, "stack-switching"),
    (WasmFeatures::WIDE_ARITHMETIC, "wide-arithmetic"),
    (WasmFeatures::CUSTOM_DESCRIPTORS, "custom-descriptors"),
    (WasmFeatures::COMPACT_IMPORTS, "compact-imports"),
];

/// Validates the module; what it fails for is named, if it is a proposal.
pub(super) fn validate(wasm: &[u8]) -> Result<Validated, PackError> {
    let error = match validate_with(SERVED, wasm) {
        Ok(Some(valid)) => return Ok(valid),
        Ok(None) => {
            return Err(PackError::Invalid { offset: wasm.len(), message: "it has no end".into() });
        }
        Err(error) => error,
    };
    let offset = error.offset();
    let named = |missing: WasmFeatures| REFUSED.iter().find(|(feature, _)| missing.intersects(*feature));
    // The validator knows the proposal most times. If not: which one would bring it further?
    let proposal = error.missing_wasm_feature().and_then(named).or_else(|| {
        REFUSED.iter().find(|(feature, _)| {
            let more = validate_with(SERVED | *feature, wasm);
            more.map_or_else(|error| error.offset() > offset, |_| true)
        })
    });
    Err(match proposal {
        Some((_, proposal)) => PackError::Proposal { proposal, offset },
        None => PackError::Invalid { offset, message: error.message().to_owned() },
    })
}

/// What is known of a module that is valid.
pub(super) struct Validated {
    pub(super) types: Types,
    /// Values that a function has on its stack at once, at most.
    pub(super) stack: u32,
}

fn validate_with(features: WasmFeatures, wasm: &[u8]) -> Result<Option<Validated>, BinaryReaderError> {
    let mut validator = Validator::new_with_features(features);
    let (mut types, mut functions) = (None, Vec::new());
    let mut parser = Parser::new(0);
    parser.set_features(features);
    for payload in parser.parse_all(wasm) {
        match validator.payload(&payload?)? {
            ValidPayload::Func(function, body) => functions.push((function, body)),
            ValidPayload::End(found) => types = Some(found),
            _ => {}
        }
    }
    let (mut allocations, mut stack) = (FuncValidatorAllocations::default(), 0);
    for (function, body) in functions {
        let mut validator = function.into_validator(allocations);
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        reader.set_features(features);
        while !reader.eof() {
            reader.visit_operator(&mut validator.visitor(reader.original_position()))??;
            stack = stack.max(validator.operand_stack_height());
        }
        reader.finish_expression(&validator.visitor(reader.original_position()))?;
        allocations = validator.into_allocations();
    }
    Ok(types.map(|types| Validated { types, stack }))
}
