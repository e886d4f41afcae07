use tripline_engine::sandbox::Trap;
use wasmtime::{Error, Trap as Code};

use crate::guest::Guest;

/// Why a call ended early. The host's own reason first; then what a guest was refused, since it is why it gave up;
/// then its own words.
pub(crate) fn trap(guest: &mut Guest, error: &Error) -> Trap {
    let panic = guest.log.take_panic();
    if let Some(stopped) = guest.stopped.take() {
        return stopped;
    }
    let code = error.downcast_ref::<Code>();
    if code == Some(&Code::StackOverflow) {
        return Trap::Stack { limit: guest.limits.stack as u64 };
    }
    if let Some(refused) = guest.refused.take() {
        return refused;
    }
    match (code, panic) {
        (Some(_), Some(text)) => Trap::Panic(text),
        (Some(code), None) => Trap::Wasm(name(*code).into()),
        (None, _) => Trap::Host(format!("{error:#}")),
    }
}

/// The name that WebAssembly's own tests give a trap. A pack cannot meet those that belong to other proposals.
fn name(code: Code) -> &'static str {
    match code {
        Code::UnreachableCodeReached => "unreachable",
        Code::MemoryOutOfBounds => "out of bounds memory access",
        Code::TableOutOfBounds => "out of bounds table access",
        Code::IndirectCallToNull => "uninitialized element",
        Code::BadSignature => "indirect call type mismatch",
        Code::IntegerOverflow => "integer overflow",
        Code::IntegerDivisionByZero => "integer divide by zero",
        Code::BadConversionToInteger => "invalid conversion to integer",
        _ => "another trap",
    }
}
