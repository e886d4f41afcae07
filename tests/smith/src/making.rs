//! A module for a seed. Few are as a stranger's fuzzer would make them: those are refused by the first checks. Most have
//! what the contract asks for, with random bodies, so that they come further.

use arbitrary::Unstructured;
use serde_json::{Value, json};
use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType,
    Instruction, MemorySection, MemoryType, RawSection, TypeSection, ValType,
};
use wasm_smith::{Config, Module};
use wasmparser::{Parser, Payload};

use crate::random::Random;

/// Bytes, and what they are meant as.
pub(crate) struct Made {
    pub(crate) wasm: Vec<u8>,
    pub(crate) kind: &'static str,
}

/// Functions of the contract, in the order in which they are exported, which is that of their bodies.
const FUNCTIONS: [(&str, usize, ValType); 4] = [
    ("tripline_buffer", 1, ValType::I32),
    ("tripline_open", 2, ValType::I64),
    ("tripline_check", 2, ValType::I64),
    ("tripline_save", 0, ValType::I64),
];

pub(crate) fn module(seed: u64) -> Made {
    let mut random = Random::new(seed);
    let random = &mut random;
    match random.below(100) {
        0..5 => Made { wasm: wild(random), kind: "wild" },
        5..8 => Made { wasm: torn(random), kind: "torn" },
        8..30 => Made { wasm: pack(random, false), kind: "contract, random bodies" },
        _ => Made { wasm: pack(random, true), kind: "contract, some bodies sound" },
    }
}

/// Whatever there is, with imports and all proposals; once in two with a manifest.
fn wild(random: &mut Random) -> Vec<u8> {
    let mut wasm = made(random, Config::default(), None);
    if random.once_in(2) {
        custom(&mut wasm, &manifest(random));
    }
    wasm
}

/// A pack some bytes of which are others, or gone.
fn torn(random: &mut Random) -> Vec<u8> {
    let mut wasm = pack(random, true);
    for _ in 0..=random.below(4) {
        let at = random.below(wasm.len() as u64) as usize;
        match random.below(3) {
            0 => wasm[at] ^= 1 << random.below(8),
            1 => wasm[at] = random.next() as u8,
            _ => wasm.truncate(at.max(8)),
        }
    }
    wasm
}

/// What the contract asks for.
fn pack(random: &mut Random, sound: bool) -> Vec<u8> {
    let is_large = random.once_in(50);
    let size = if is_large { 10 } else { 1 };
    let config = Config {
        exports: Some(exports(random)),
        max_imports: 0,
        max_memories: 1,
        max_memory32_bytes: 64 << 20,
        max_table_elements: 30_000,
        max_funcs: 20 * size,
        max_instructions: 100 * size,
        min_funcs: 4,
        max_tables: 2,
        allow_start_export: random.once_in(4),
        // With them come externref and its kin, which are refused.
        reference_types_enabled: random.once_in(8),
        simd_enabled: random.once_in(2),
        disallow_traps: random.once_in(2),
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        extended_const_enabled: false,
        ..Config::default()
    };
    // Else the fuel of loops is the CPU's time.
    let fuel = (!random.once_in(8)).then(|| 1 + random.below(10_000) as u32);
    let mut wasm = made(random, config, fuel);
    if sound {
        wasm = with_bodies(random, &wasm);
    }
    if !random.once_in(100) {
        let manifest = manifest(random);
        custom(&mut wasm, &manifest);
        if random.once_in(200) {
            custom(&mut wasm, &manifest);
        }
    }
    wasm
}

/// By wasm-smith; with so much fuel, if it has to end.
fn made(random: &mut Random, config: Config, fuel: Option<u32>) -> Vec<u8> {
    let count = if config.max_funcs > 100 { 64 << 10 } else { 512 << random.below(5) };
    let bytes = random.bytes(count);
    let Ok(mut module) = Module::new(config, &mut Unstructured::new(&bytes)) else {
        return b"\0asm\x01\0\0\0".into();
    };
    if let Some(fuel) = fuel {
        // Bodies are never of random bytes.
        let _ = module.ensure_termination(fuel);
    }
    module.to_bytes()
}

/// A module that exports what a pack has to.
fn exports(random: &mut Random) -> Vec<u8> {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    let mut exports = ExportSection::new();
    let saves = !random.once_in(4);
    for (number, (name, params, result)) in FUNCTIONS.into_iter().enumerate() {
        if name == "tripline_save" && !saves {
            continue;
        }
        types.ty().function(vec![ValType::I32; params], [result]);
        functions.function(number as u32);
        let mut body = Function::new([]);
        body.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        code.function(&body);
        exports.export(name, ExportKind::Func, number as u32);
    }
    let mut memories = MemorySection::new();
    let minimum = if random.once_in(20) { random.below(2_000) } else { 1 + random.below(40) };
    let maximum = random.once_in(2).then(|| minimum + random.below(64));
    memories.memory(MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut globals = GlobalSection::new();
    let constant = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
    globals.global(constant, &ConstExpr::i32_const(0));
    let version = if random.once_in(200) { random.below(4) } else { 1 };
    exports.export(&format!("tripline_abi_{version}"), ExportKind::Global, 0);
    if random.once_in(4) {
        exports.export("tripline_rule", ExportKind::Global, 0);
    }
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&memories).section(&globals);
    module.section(&exports).section(&code);
    module.finish()
}

/// The same with some of the contract's bodies in the place of random ones: a buffer in its memory, an opening that
/// answers nothing, a check that answers nothing or a place in its memory.
fn with_bodies(random: &mut Random, wasm: &[u8]) -> Vec<u8> {
    let place = |pointer: u64, length: u64| (pointer << 32 | length) as i64;
    let mut bodies: [Option<Instruction<'_>>; 4] = Default::default();
    bodies[0] = (!random.once_in(20)).then(|| Instruction::I32Const(random.below(32_768) as i32));
    bodies[1] = (!random.once_in(4)).then_some(Instruction::I64Const(0));
    bodies[2] = match random.below(6) {
        0 => Some(Instruction::I64Const(0)),
        1 => Some(Instruction::I64Const(place(random.below(70_000), random.below(4_096)))),
        _ => None,
    };
    bodies[3] = match random.below(3) {
        0 => Some(Instruction::I64Const(place(random.below(60_000), random.below(4_096)))),
        _ => None,
    };
    let mut module = wasm_encoder::Module::new();
    let mut code = CodeSection::new();
    let (mut number, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(payload) = payload else { return wasm.into() };
        match &payload {
            Payload::CodeSectionStart { count: bodies, .. } => count = *bodies as usize,
            Payload::CodeSectionEntry(body) => {
                match bodies.get(number).and_then(Option::as_ref) {
                    Some(answer) if !is_missing(wasm, number) => {
                        let mut function = Function::new([]);
                        function.instruction(answer).instruction(&Instruction::End);
                        code.function(&function);
                    }
                    _ => {
                        code.raw(&wasm[body.range()]);
                    }
                }
                number += 1;
                if number == count {
                    module.section(&code);
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection { id, data: &wasm[range] });
                }
            }
        }
    }
    module.finish()
}

/// Whether that body is another function's: the one that saves is not in every module.
fn is_missing(wasm: &[u8], number: usize) -> bool {
    let (name, ..) = FUNCTIONS[number];
    let has = |payload: Payload<'_>| match payload {
        Payload::ExportSection(exports) => exports.into_iter().flatten().any(|one| one.name == name),
        _ => false,
    };
    !Parser::new(0).parse_all(wasm).flatten().any(has)
}

const PATTERNS: [&str; 8] = [
    "Failed password for (?P<user>\\S+)",
    "n=(?P<n>[0-9]+)",
    ".*",
    "(?i)error|warn",
    "[a-z]+@[a-z]+",
    "^$",
    "(a|b|c)*d",
    "(?:.{0,20}x){4}",
];

/// A manifest that most times is a good one.
fn manifest(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(4);
    let pattern = |number: u64, random: &mut Random| match random.below(4) {
        0 => json!({ "name": format!("p{number}"), "contains": ["n=", "boom"] }),
        1 => json!({ "name": format!("p{number}"), "field": "level", "equals": ["ERROR", "x"] }),
        2 => json!({ "name": format!("p{number}"), "exists": true, "field": "level" }),
        _ => json!({ "name": format!("p{number}"), "regex": random.one_of(&PATTERNS) }),
    };
    let patterns: Vec<Value> = (0..count).map(|number| pattern(number, random)).collect();
    let mut manifest = json!({
        "abi": 1,
        "pack": { "name": "smith", "version": "1.0.0" },
        "rules": [{ "id": "each", "title": "each", "severity": "low" }],
    });
    if random.once_in(3) {
        manifest["patterns"] = patterns.into();
        manifest["wakes_on"] = json!(["p0"]);
    } else {
        manifest["every_event"] = true.into();
    }
    if random.once_in(3) {
        manifest["tick"] = (1 + random.below(600)).into();
    }
    if random.once_in(3) {
        manifest["raw"] = true.into();
    }
    let mut text = manifest.to_string().into_bytes();
    if random.once_in(50) {
        let at = random.below(text.len() as u64) as usize;
        text[at] = random.next() as u8;
    }
    text
}

/// Appends a section with the manifest.
fn custom(wasm: &mut Vec<u8>, manifest: &[u8]) {
    let section = wasm_encoder::CustomSection { name: "tripline.manifest".into(), data: manifest.into() };
    wasm_encoder::Section::append_to(&section, wasm);
}
