//! What is refused before any of it runs.

use tripline_abi::manifest::{ManifestError, Problem};
use tripline_engine::{NotAModule, Pack, PackError};

use super::wasm;

#[track_caller]
fn refuses(name: &str, expected: PackError) {
    assert_eq!(Pack::read(wasm(name)).unwrap_err(), expected);
}

#[track_caller]
fn refuses_import(name: &str, import: &str) {
    refuses(name, PackError::Import { import: import.to_owned() });
}

#[track_caller]
fn refuses_type(name: &str, export: &'static str, expected: &'static str, found: &str) {
    refuses(name, PackError::Type { name: export, expected, found: found.to_owned() });
}

#[track_caller]
fn refuses_manifest(name: &str, path: &str) -> Problem {
    match Pack::read(wasm(name)).unwrap_err() {
        PackError::Manifest(ManifestError { path: found, problem }) if found == path => problem,
        other => panic!("expected a manifest refused at {path:?}, found {other:?}"),
    }
}

#[track_caller]
fn refuses_proposal(name: &str, expected: &str) {
    match Pack::read(wasm(name)).unwrap_err() {
        PackError::Proposal { proposal, offset: 1.. } => assert_eq!(proposal, expected),
        other => panic!("expected the proposal {expected} refused, found {other:?}"),
    }
}

#[track_caller]
fn refuses_size(name: &str, what: &'static str, limit: u64, found: u64) {
    refuses(name, PackError::Limit { what, limit, found });
}

#[test]
fn import_wasi() {
    refuses_import("import-wasi", "wasi_snapshot_preview1.fd_write");
}

#[test]
fn import_clock() {
    refuses_import("import-clock", "env.now");
}

#[test]
fn import_memory() {
    refuses_import("import-memory", "env.memory");
}

const LOG: &str = "a function (i32, i32, i32)";

#[test]
fn import_log_type() {
    refuses_type("import-log-type", "tripline.log", LOG, "a function (i32, i32)");
}

#[test]
fn import_log_global() {
    refuses_type("import-log-global", "tripline.log", LOG, "an immutable i32 global");
}

#[test]
fn abi_0() {
    refuses("abi-0", PackError::Abi { found: 0 });
    let text = PackError::Abi { found: 0 }.to_string();
    assert_eq!(text, "the module has ABI version 0, which is too old; served: [1]");
}

#[test]
fn abi_2() {
    refuses("abi-2", PackError::Abi { found: 2 });
    let text = PackError::Abi { found: 2 }.to_string();
    assert_eq!(text, "the module has ABI version 2, which is too new; served: [1]");
}

#[test]
fn no_marker() {
    refuses("no-marker", PackError::NoAbi);
}

#[test]
fn no_manifest() {
    refuses("no-manifest", PackError::NoManifest);
}

#[test]
fn two_manifests() {
    refuses("two-manifests", PackError::Manifests(2));
}

#[test]
fn manifest_unknown_key() {
    let Problem::Json(text) = refuses_manifest("manifest-unknown-key", "recipients") else { panic!() };
    assert!(text.contains("recipients"), "{text}");
}

#[test]
fn manifest_name() {
    let found = refuses_manifest("manifest-name", "pack.name");
    assert!(matches!(found, Problem::Expected { .. }), "{found:?}");
}

#[test]
fn manifest_not_json() {
    let found = refuses_manifest("manifest-not-json", "");
    assert!(matches!(found, Problem::Json(_)), "{found:?}");
}

#[test]
fn manifest_deep() {
    let found = refuses_manifest("manifest-deep", "");
    assert!(matches!(found, Problem::Json(_)), "{found:?}");
}

#[test]
fn manifest_bomb() {
    let found = refuses_manifest("manifest-bomb", "");
    assert!(matches!(found, Problem::Limit { limit: 262_144, found: 300_000, .. }), "{found:?}");
}

#[test]
fn regex_huge() {
    let found = refuses_manifest("regex-huge", "patterns[0].regex");
    assert!(matches!(found, Problem::Regex(_)), "{found:?}");
}

#[test]
fn regex_slow() {
    let found = refuses_manifest("regex-slow", "patterns[0].regex");
    assert!(matches!(found, Problem::Regex(_)), "{found:?}");
}

#[test]
fn no_memory() {
    refuses("no-memory", PackError::NoExport { name: "memory", expected: "a memory" });
}

#[test]
fn no_check() {
    let expected = "a function (i32, i32) -> i64";
    refuses("no-check", PackError::NoExport { name: "tripline_check", expected });
}

#[test]
fn check_type() {
    let expected = "a function (i32, i32) -> i64";
    refuses_type("check-type", "tripline_check", expected, "a function (i32) -> i64");
}

#[test]
fn save_type() {
    refuses_type("save-type", "tripline_save", "a function () -> i64", "a function () -> i32");
}

#[test]
fn rule_type() {
    refuses_type("rule-type", "tripline_rule", "an immutable i32 global", "a mutable i32 global");
}

#[test]
fn memory_is_a_function() {
    refuses_type("memory-is-a-function", "memory", "a memory", "a function ()");
}

#[test]
fn proposals() {
    refuses_proposal("proposal-threads", "threads");
    refuses_proposal("proposal-atomics", "threads");
    refuses_proposal("proposal-memory64", "memory64");
    refuses_proposal("proposal-multi-memory", "multi-memory");
    refuses_proposal("proposal-gc", "gc");
    refuses_proposal("proposal-exceptions", "exception-handling");
    refuses_proposal("proposal-relaxed-simd", "relaxed-simd");
    refuses_proposal("proposal-tail-call", "tail-call");
    refuses_proposal("proposal-extended-const", "extended-const");
    refuses_proposal("proposal-function-references", "function-references");
    refuses_proposal("proposal-externref", "externref");
    refuses_proposal("proposal-wide-arithmetic", "wide-arithmetic");
    refuses_proposal("proposal-custom-page-sizes", "custom-page-sizes");
    refuses_proposal("proposal-stack-switching", "stack-switching");
}

#[test]
fn bomb_functions() {
    refuses_size("bomb-functions", "functions", 20_000, 100_003);
}

#[test]
fn bomb_locals() {
    refuses_size("bomb-locals", "locals of a function", 2_500, 50_000);
}

#[test]
fn bomb_all_locals() {
    let Err(PackError::Limit { what, limit, .. }) = Pack::read(wasm("bomb-all-locals")) else { panic!() };
    assert_eq!((what, limit), ("locals of all functions", 500_000));
}

#[test]
fn bombs_of_work() {
    for name in ["bomb-loops", "bomb-joins", "bomb-calls", "bomb-live-locals"] {
        let Err(PackError::Limit { what, limit, .. }) = Pack::read(wasm(name)) else { panic!("{name}") };
        assert_eq!((what, limit), ("units of work for the compiler", 100_000_000), "{name}");
    }
}

#[test]
fn bomb_live() {
    refuses_size("bomb-live", "values on a function's stack", 250, 6_003);
}

#[test]
fn bomb_body() {
    let Err(PackError::Limit { what, .. }) = Pack::read(wasm("bomb-body")) else { panic!() };
    assert_eq!(what, "bytes of a function's body");
}

#[test]
fn bomb_memory() {
    refuses_size("bomb-memory", "pages of memory", 1_024, 65_536);
}

#[test]
fn bomb_table() {
    refuses_size("bomb-table", "table elements", 20_000, 10_000_000);
}

#[test]
fn bomb_exports() {
    refuses_size("bomb-exports", "exports", 1_000, 10_005);
}

#[test]
fn bomb_name() {
    refuses_size("bomb-name", "bytes of an export's name", 256, 300);
}

#[test]
fn bomb_custom() {
    let Err(PackError::Limit { what, .. }) = Pack::read(wasm("bomb-custom")) else { panic!() };
    assert_eq!(what, "bytes of custom sections");
}

#[test]
fn bomb_data() {
    refuses_size("bomb-data", "data segments", 10_000, 20_000);
}

#[test]
fn component() {
    refuses("component", PackError::NotAModule(NotAModule::Component));
}

#[test]
fn not_a_module() {
    let cases: [(&[u8], NotAModule); 4] = [
        (b"", NotAModule::Empty),
        (b"\n(module)", NotAModule::Text),
        (b"MZ and so on", NotAModule::Other),
        (b"\0asm", NotAModule::Other),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Pack::read(bytes).unwrap_err(), PackError::NotAModule(expected));
    }
}

#[test]
fn precompiled() {
    let artifact = wasmtime::Engine::default().precompile_module(&wasm("good")).unwrap();
    assert_eq!(Pack::read(artifact).unwrap_err(), PackError::NotAModule(NotAModule::Artifact));
}

#[test]
fn a_module_of_five_megabytes() {
    let expected = PackError::Limit { what: "bytes of module", limit: 4 << 20, found: 5 << 20 };
    assert_eq!(Pack::read(vec![0; 5 << 20]).unwrap_err(), expected);
}

#[test]
fn a_module_cut_anywhere() {
    let whole = wasm("trips-on-line");
    let packs = (0..whole.len()).filter(|&end| Pack::read(&whole[..end]).is_ok());
    // A cut at the border between the code and the names of functions.
    assert_eq!(packs.count(), 1);
}
