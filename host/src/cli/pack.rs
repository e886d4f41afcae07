mod served;
mod signed;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tripline_engine::Pack;
use tripline_engine::sandbox::Sandbox;
use tripline_sandbox::Limits;

use super::arguments::{InspectFormat, PackCommand, PackCompileArguments};
use super::exit::Exit;
use super::screen::written;
use super::{Failure, Screen, packs, sandbox, signatures};
use crate::author::{cases, inspect, module, new};
use crate::packs::{CompileLimits, become_compiler};

/// Compiles a module for a server, within limits of the kernel.
pub(super) fn compile(arguments: PackCompileArguments) -> ExitCode {
    let PackCompileArguments { parent, cpu, memory, cache } = arguments;
    let limits = CompileLimits { cpu, memory, ..CompileLimits::default() };
    u8::try_from(become_compiler(parent, &limits, cache)).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Makes, tests or shows a pack, or sees to those of a server.
pub(super) fn run(command: PackCommand, screen: &Screen) -> Result<Exit, Failure> {
    match command {
        PackCommand::New { name, sdk } => make(&name, sdk.as_deref(), screen),
        PackCommand::Test { pack, cases, update } => test(&pack, cases, update, screen),
        PackCommand::Inspect { pack, format } => show(&pack, format, screen),
        PackCommand::Keygen { key } => signed::keygen(&key, screen),
        PackCommand::Sign { pack, key, output } => signed::sign(&pack, &key, output, screen),
        PackCommand::Verify { pack, signed_by, signature } => {
            signed::verify(&pack, &signatures::keys(&signed_by)?, signature, screen)
        }
        PackCommand::Push { pack, signature, at } => served::push(&pack, signature, &at, screen),
        PackCommand::List { format, at } => served::list(format, &at, screen),
        PackCommand::Rollback { name, at } => served::act(&name, "rollback", &at, screen),
        PackCommand::Enable { name, at } => served::act(&name, "enable", &at, screen),
        PackCommand::Disable { name, at } => served::act(&name, "disable", &at, screen),
        PackCommand::Set { name, settings, at } => served::set(&name, &settings, &at, screen),
        PackCommand::Faults { name, format, at } => served::faults(&name, format, &at, screen),
    }
}

fn make(name: &str, sdk: Option<&Path>, screen: &Screen) -> Result<Exit, Failure> {
    let sdk = match sdk {
        Some(path) => new::Sdk::checkout(path),
        None => Ok(new::Sdk::default()),
    };
    let made = sdk.and_then(|sdk| new::make(Path::new(""), name, &sdk));
    made.map_err(|error| Failure::new(&error).hint(error.hint()))?;
    screen.put(|out| {
        writeln!(out, "{name}/src/lib.rs  a rule")?;
        writeln!(out, "{name}/cases/      lines in, decisions out")?;
        writeln!(out, "{name}/README.md   how to build, test and use it")?;
        writeln!(out, "next: tripline pack test {name}")
    })?;
    Ok(Exit::Clean)
}

fn test(path: &Path, cases: Option<PathBuf>, update: bool, screen: &Screen) -> Result<Exit, Failure> {
    let (wasm, beside) = if path.is_dir() {
        let built = module::build(path).map_err(|error| Failure::new(&error).hint(error.hint()))?;
        (built, path.join("cases"))
    } else {
        (path.to_path_buf(), path.with_file_name("cases"))
    };
    let pack = Arc::new(packs::read(&wasm)?);
    let folder = cases.unwrap_or(beside);
    let cases = cases::read(&folder).map_err(|error| Failure::new(&error).hint(error.hint()))?;
    let sandbox: Arc<dyn Sandbox> = sandbox::open(screen, false)?;
    let mut tally = cases::Tally::default();
    let (names, width) = (cases::names(&cases), screen.width());
    let mut out = screen.coloured();
    let mut printed = Ok(());
    for case in &cases {
        let verdict = case.run(&sandbox, &pack, update);
        tally.add(&verdict);
        if printed.is_ok() {
            printed = cases::show(&mut out, case, &verdict, names, width).and_then(|()| out.flush());
        }
    }
    written(printed.and_then(|()| cases::close(&mut out, &tally)).and_then(|()| out.flush()))?;
    Ok(if tally.failed == 0 { Exit::Clean } else { Exit::Found })
}

fn show(path: &Path, format: InspectFormat, screen: &Screen) -> Result<Exit, Failure> {
    let pack: Pack = packs::read(path)?;
    let limits = Limits::default();
    screen.put(|out| -> io::Result<()> {
        match format {
            InspectFormat::Human => inspect::human(out, &pack, &limits, screen.width()),
            InspectFormat::Json => inspect::json(out, &pack, &limits),
        }
    })?;
    Ok(Exit::Clean)
}
