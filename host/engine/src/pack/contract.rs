//! Whether a valid module is a pack: its marker, its imports, its exports.

use tripline_abi::ABI_VERSIONS_SERVED;
use wasmparser::types::{CoreTypeId, EntityType, TypesRef};
use wasmparser::{GlobalType, ValType};

use super::PackError;

/// What a pack's imports and exports say.
pub(super) struct Contract {
    pub(super) abi: u32,
    pub(super) imports: Vec<String>,
    pub(super) saves: bool,
}

const MARKER: &str = "tripline_abi_";
const LOG: &str = "tripline.log";
/// Functions of version 1: name, parameters, result, in words, needed.
const FUNCTIONS: &[(&str, &[ValType], ValType, &str, bool)] = &[
    ("tripline_buffer", &[ValType::I32], ValType::I32, "a function (i32) -> i32", true),
    ("tripline_open", &[ValType::I32; 2], ValType::I64, "a function (i32, i32) -> i64", true),
    ("tripline_check", &[ValType::I32; 2], ValType::I64, "a function (i32, i32) -> i64", true),
    ("tripline_save", &[], ValType::I64, "a function () -> i64", false),
];

pub(super) fn check(types: TypesRef<'_>) -> Result<Contract, PackError> {
    // The marker first: a pack of another version may well import and export something else.
    let abi = abi(types)?;
    let imports = imports(types)?;
    match export(types, "memory") {
        Some(EntityType::Memory(_)) => {}
        Some(other) => return Err(unlike("memory", "a memory", types, other)),
        None => return Err(PackError::NoExport { name: "memory", expected: "a memory" }),
    }
    let mut saves = false;
    for &(name, params, result, expected, needed) in FUNCTIONS {
        match export(types, name) {
            Some(EntityType::Func(id)) if is_func(types, id, params, &[result]) => saves |= !needed,
            Some(other) => return Err(unlike(name, expected, types, other)),
            None if needed => return Err(PackError::NoExport { name, expected }),
            None => {}
        }
    }
    match export(types, "tripline_rule") {
        None | Some(EntityType::Global(GlobalType { content_type: ValType::I32, mutable: false, .. })) => {}
        Some(other) => return Err(unlike("tripline_rule", "an immutable i32 global", types, other)),
    }
    Ok(Contract { abi, imports, saves })
}

/// The newest version that the module has a marker for and that is served.
fn abi(types: TypesRef<'_>) -> Result<u32, PackError> {
    let mut found: Vec<u32> = types
        .core_exports()
        .into_iter()
        .flatten()
        .filter_map(|(name, _)| name.strip_prefix(MARKER)?.parse().ok())
        .collect();
    found.sort_unstable();
    match found.iter().rev().find(|version| ABI_VERSIONS_SERVED.contains(version)) {
        Some(&version) => Ok(version),
        None => Err(found.last().map_or(PackError::NoAbi, |&found| PackError::Abi { found })),
    }
}

fn imports(types: TypesRef<'_>) -> Result<Vec<String>, PackError> {
    let mut names = Vec::new();
    for (module, name, entity) in types.core_imports().into_iter().flatten() {
        let import = format!("{module}.{name}");
        if (module, name) != ("tripline", "log") {
            return Err(PackError::Import { import });
        }
        match entity {
            EntityType::Func(id) if is_func(types, id, &[ValType::I32; 3], &[]) => {}
            other => return Err(unlike(LOG, "a function (i32, i32, i32)", types, other)),
        }
        if !names.contains(&import) {
            names.push(import);
        }
    }
    Ok(names)
}

fn export(types: TypesRef<'_>, name: &str) -> Option<EntityType> {
    types.core_exports()?.find(|(other, _)| *other == name).map(|(_, entity)| entity)
}

fn is_func(types: TypesRef<'_>, id: CoreTypeId, params: &[ValType], results: &[ValType]) -> bool {
    let func = types[id].unwrap_func();
    func.params() == params && func.results() == results
}

fn unlike(name: &'static str, expected: &'static str, types: TypesRef<'_>, found: EntityType) -> PackError {
    let list = |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = match found {
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            let func = types[id].unwrap_func();
            match func.results() {
                [] => format!("a function ({})", list(func.params())),
                results => format!("a function ({}) -> {}", list(func.params()), list(results)),
            }
        }
        EntityType::Table(_) => "a table".to_owned(),
        EntityType::Memory(_) => "a memory".to_owned(),
        EntityType::Global(global) => {
            let mutable = if global.mutable { "a mutable" } else { "an immutable" };
            format!("{mutable} {} global", global.content_type)
        }
        EntityType::Tag(_) => "a tag".to_owned(),
    };
    PackError::Type { name, expected, found }
}
