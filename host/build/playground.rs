//! The playground: its module, the JavaScript that wasm-bindgen makes for it, the page, the built-in packs. All packed,
//! as browsers take it.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::guest::Guests;

/// Each file's path below the page, and where it lies packed.
pub(crate) fn build(
    guests: &Guests,
    packs: &[(String, PathBuf)],
    out: &Path,
) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    for folder in ["guest/playground", "host/engine/src", "host/notice"] {
        println!("cargo::rerun-if-changed={}", guests.root.join(folder).display());
    }
    let module = guests.build("playground", &["tripline-playground".into()])?;
    let folder = out.join("playground");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let unpacked = folder.join("unpacked");
    fs::create_dir_all(&unpacked)?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module.first().ok_or("no module of the playground")?);
    // Whoever says nothing gets the module that lies beside it.
    bindgen.omit_default_module_path(false);
    bindgen.out_name("tripline").web(true)?.typescript(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(&unpacked)?;
    declare_plainly(&unpacked.join("tripline.d.ts"))?;

    let page = guests.root.join("guest/playground/page");
    let mut files = Vec::new();
    for from in [&unpacked, &page] {
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is no text")?;
            // Declarations of what the module itself exports are of use to nobody.
            if !name.ends_with(".wasm.d.ts") {
                files.push((name.to_string(), path.clone()));
            }
        }
    }
    files.extend(packs.iter().map(|(name, path)| (format!("packs/{name}.wasm"), path.clone())));
    files.sort();
    let packed = |(name, path): (String, PathBuf)| -> Result<(String, PathBuf), Box<dyn Error>> {
        let to = folder.join(format!("{}.gz", name.replace('/', "-")));
        let mut packed = GzEncoder::new(File::create(&to)?, Compression::best());
        io::copy(&mut File::open(path)?, &mut packed)?;
        packed.finish()?;
        Ok((name, to))
    };
    files.into_iter().map(packed).collect()
}

/// Takes away what only the newest compilers' libraries know: who never frees a playground by `using` need not have them.
fn declare_plainly(declared: &Path) -> io::Result<()> {
    let text = fs::read_to_string(declared)?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("[Symbol.dispose]"));
    fs::write(declared, lines.flat_map(|line| [line, "\n"]).collect::<String>())
}
