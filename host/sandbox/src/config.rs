use wasmtime::{Config, OptLevel, Strategy, WasmBacktraceDetails, WasmFeatures};

/// The same proposals as the check of a pack serves; a difference would be a bug, but a harmless one.
const SERVED: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD);

/// How packs are compiled and run. Everything that matters is said, so that a new wasmtime changes nothing.
///
/// Instances are made on demand, not from a pool. Measured with the sshd pack: one after the other is made and dropped
/// in 23 µs, from a pool in 6 µs; with 5,000 alive it is 23 µs and 25 µs, and 7 KB resident both ways. Opening takes
/// longer than either, and a pool's slots would go from tenant to tenant, their number fixed beforehand.
pub(crate) fn config(stack: usize) -> Config {
    let mut config = Config::new();
    config
        .wasm_features(WasmFeatures::all(), false)
        .wasm_features(SERVED, true)
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        // The same decisions on every machine: a NaN has one bit pattern.
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .max_wasm_stack(stack)
        // An instance's memory is a private mapping of the module's data: what it does not write costs nothing.
        .memory_init_cow(true)
        // A trap is known by its code, a panic by its own text.
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}
