use super::PackError;

/// How large a module may be, part by part, so that checking and compiling it stays cheap. A compiler bomb is not
/// a bug to wasmtime, so the counts are held here, before anything is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackLimits {
    /// The whole module. The built-in packs have 120 and 170 KB; one that carries a regex engine and a JSON reader has
    /// 1.4 MB.
    pub module_bytes: usize,
    /// Types. Each may have a thousand parameters.
    pub types: u32,
    /// Functions. A pack that carries a regex engine has 1,600.
    pub functions: u32,
    /// Bytes of one function's body: compiling takes more than linear time in it. Unoptimised code of a regex engine
    /// has functions of 40 KB.
    pub body_bytes: usize,
    /// Locals and parameters of one function, each of which the compiler tracks; five bytes may declare them all.
    /// Unoptimised code of a regex engine has functions with 900.
    pub locals: u64,
    /// Values that wait on the stack of one function: thousands that live at once take the compiler minutes. Compilers
    /// keep them in locals; the built-in packs have 10 at most.
    pub stack_values: u32,
    /// Locals and parameters of all functions together.
    pub all_locals: u64,
    /// Work of the compiler, estimated from operators, branches, loops and locals, all functions together. A pack that
    /// carries a regex engine is some fifty millions without optimisation; the worst that we could think of takes some
    /// ten seconds at the limit.
    pub compiler_work: u64,
    /// Globals. Compilers of most languages need three.
    pub globals: u32,
    /// Tables. A second one is rare.
    pub tables: u32,
    /// Elements that the tables start with together; a function pointer needs one.
    pub table_elements: u64,
    /// Pages of 64 KiB that the memory starts with.
    pub memory_pages: u64,
    /// Data segments.
    pub data_segments: u32,
    /// Element segments.
    pub element_segments: u32,
    /// Imports. One is allowed; more are let through so that they are refused by name.
    pub imports: u32,
    /// Exports. Ten are the contract's.
    pub exports: u32,
    /// Bytes of all custom sections: the manifest, and names of functions for backtraces.
    pub custom_bytes: usize,
    /// Bytes of the name of an import, an export or a custom section: they are shown whole.
    pub name_bytes: usize,
}

impl Default for PackLimits {
    fn default() -> Self {
        PackLimits {
            module_bytes: 4 * 1024 * 1024,
            types: 5_000,
            functions: 20_000,
            body_bytes: 128 * 1024,
            locals: 2_500,
            stack_values: 250,
            all_locals: 500_000,
            compiler_work: 100_000_000,
            globals: 1_000,
            tables: 4,
            table_elements: 20_000,
            memory_pages: 1_024,
            data_segments: 10_000,
            element_segments: 1_000,
            imports: 1_000,
            exports: 1_000,
            custom_bytes: 1024 * 1024,
            name_bytes: 256,
        }
    }
}

impl PackLimits {
    /// Refuses what is over a limit.
    pub(super) fn check<N>(&self, what: &'static str, limit: N, found: N) -> Result<(), PackError>
    where
        N: Ord + TryInto<u64>,
    {
        if found <= limit {
            return Ok(());
        }
        let number = |n: N| n.try_into().unwrap_or(u64::MAX);
        Err(PackError::Limit { what, limit: number(limit), found: number(found) })
    }
}
