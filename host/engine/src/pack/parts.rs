//! Counts the parts of a module against the limits, and finds its manifests.

use tripline_abi::MANIFEST_SECTION;
use wasmparser::{CompositeInnerType, Error, FunctionBody, Imports, Parser, Payload, TypeRef};

use super::work::work;
use super::{PackError, PackLimits};

impl From<Error> for PackError {
    fn from(error: Error) -> Self {
        PackError::Invalid { offset: error.offset(), message: error.message().to_owned() }
    }
}

/// Looks at every section's counts; answers the contents of the manifest sections.
pub(super) fn count<'a>(wasm: &'a [u8], limits: &PackLimits) -> Result<Vec<&'a [u8]>, PackError> {
    let mut manifests = Vec::new();
    let mut custom_bytes = 0;
    let mut locals = Locals::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(types) => {
                limits.check("types", limits.types, types.count())?;
                for group in types {
                    for ty in group?.into_types() {
                        locals.ty(&ty.composite_type.inner);
                    }
                }
                limits.check("types", limits.types as usize, locals.params.len())?;
            }
            Payload::ImportSection(imports) => {
                limits.check("imports", limits.imports, imports.count())?;
                for import in imports {
                    // Groups of imports are a proposal; the validator names it.
                    let Imports::Single(_, import) = import? else { continue };
                    limits.check("bytes of an import's name", limits.name_bytes, import.module.len())?;
                    limits.check("bytes of an import's name", limits.name_bytes, import.name.len())?;
                    if let TypeRef::Memory(memory) = import.ty {
                        limits.check("pages of memory", limits.memory_pages, memory.initial)?;
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                limits.check("functions", limits.functions, functions.count())?;
                for ty in functions {
                    locals.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                limits.check("tables", limits.tables, tables.count())?;
                let mut elements = 0u64;
                for table in tables {
                    elements = elements.saturating_add(table?.ty.initial);
                }
                limits.check("table elements", limits.table_elements, elements)?;
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    limits.check("pages of memory", limits.memory_pages, memory?.initial)?;
                }
            }
            Payload::GlobalSection(globals) => limits.check("globals", limits.globals, globals.count())?,
            Payload::ExportSection(exports) => {
                limits.check("exports", limits.exports, exports.count())?;
                for export in exports {
                    limits.check("bytes of an export's name", limits.name_bytes, export?.name.len())?;
                }
            }
            Payload::ElementSection(elements) => {
                limits.check("element segments", limits.element_segments, elements.count())?;
            }
            Payload::DataCountSection { count, .. } => {
                limits.check("data segments", limits.data_segments, count)?;
            }
            Payload::DataSection(data) => {
                limits.check("data segments", limits.data_segments, data.count())?
            }
            Payload::CodeSectionEntry(body) => locals.body(&body, limits)?,
            Payload::CustomSection(section) => {
                limits.check("bytes of a section's name", limits.name_bytes, section.name().len())?;
                custom_bytes += section.data().len();
                limits.check("bytes of custom sections", limits.custom_bytes, custom_bytes)?;
                if section.name() == MANIFEST_SECTION {
                    manifests.push(section.data());
                }
            }
            _ => {}
        }
    }
    Ok(manifests)
}

/// Locals of the functions; a function's parameters count as its locals.
#[derive(Default)]
struct Locals {
    /// Parameters and results of each type.
    params: Vec<u64>,
    /// Type of each function.
    functions: Vec<u32>,
    /// Bodies that were seen.
    bodies: usize,
    all: u64,
    work: u64,
}

impl Locals {
    fn ty(&mut self, ty: &CompositeInnerType) {
        self.params.push(match ty {
            CompositeInnerType::Func(func) => (func.params().len() + func.results().len()) as u64,
            _ => 0,
        });
    }

    fn body(&mut self, body: &FunctionBody<'_>, limits: &PackLimits) -> Result<(), PackError> {
        limits.check("bytes of a function's body", limits.body_bytes, body.range().len())?;
        let ty = self.functions.get(self.bodies).and_then(|&ty| self.params.get(ty as usize));
        self.bodies += 1;
        let mut locals = ty.copied().unwrap_or(0);
        for declared in body.get_locals_reader()? {
            locals = locals.saturating_add(u64::from(declared?.0));
        }
        limits.check("locals of a function", limits.locals, locals)?;
        self.all = self.all.saturating_add(locals);
        limits.check("locals of all functions", limits.all_locals, self.all)?;
        self.work = self.work.saturating_add(work(body, locals));
        limits.check("units of work for the compiler", limits.compiler_work, self.work)
    }
}
