//! The web console: `target/console`, built by Vite from `console/` with the validator in it.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::workspace::Workspace;
use crate::{progress, tool, wasm};

/// Everything that the console is made of, the validator's sources among it.
const SOURCES: [&str; 17] = [
    "Cargo.lock",
    "Cargo.toml",
    "catalogue",
    "console/index.html",
    "console/package-lock.json",
    "console/package.json",
    "console/src",
    "console/tsconfig.json",
    "console/vite.config.ts",
    "crates/ledger",
    "crates/scope",
    "examples/mission.yaml",
    "rust-toolchain.toml",
    "validator-wasm",
    "xtask/node",
    "xtask/src/wasm.rs",
    "xtask/wasm-bindgen",
];

/// What Vite runs on.
const NODE: tool::Tool = tool::Tool { least: (20, 19), ..tool::NODE };

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    println!("{}", build(workspace)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the console where anything changed, and says where it is. Installs no Node: whoever has none has the rest.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let console = Console::of(workspace)?;
    if !console.is_built() {
        NODE.check()?;
        tool::NPM.check()?;
        console.bundle(workspace, &wasm::build(workspace)?)?;
    }
    Ok(console.built)
}

/// The same with a validator that has just been built.
pub(crate) fn build_with(workspace: &Workspace, validator: &Path) -> Result<PathBuf, Failure> {
    let console = Console::of(workspace)?;
    if !console.is_built() {
        console.bundle(workspace, validator)?;
    }
    Ok(console.built)
}

/// What is to be built.
struct Console {
    built: PathBuf,
    /// Holds the fingerprint of what `built` was built from.
    stamp: PathBuf,
    fingerprint: String,
}

impl Console {
    fn of(workspace: &Workspace) -> Result<Self, Failure> {
        let target = workspace.target();
        let fingerprint = fingerprint(workspace)?;
        Ok(Self { built: target.join("console"), stamp: target.join("console.stamp"), fingerprint })
    }

    fn is_built(&self) -> bool {
        self.built.join("index.html").is_file()
            && fs::read_to_string(&self.stamp).is_ok_and(|then| then == self.fingerprint)
    }

    fn bundle(&self, workspace: &Workspace, validator: &Path) -> Result<(), Failure> {
        let sources = workspace.root().join("console");
        install(&sources)?;
        bring(validator, &sources.join("node_modules/@deputize/validator"))?;
        let mut build = npm(&sources);
        build.args(["run", "build", "--", "--emptyOutDir", "--outDir"]).arg(&self.built);
        progress::required("console", build)?;
        fs::write(&self.stamp, &self.fingerprint)
            .map_err(Failure::io(format!("writing {}", self.stamp.display())))
    }
}

/// The console's own tests, once it is built.
pub(crate) fn tests(workspace: &Workspace) -> Command {
    let mut tests = npm(&workspace.root().join("console"));
    tests.arg("test");
    tests
}

/// Installs what the lock file pins, unless it is there: npm notes in `node_modules` what it installed.
fn install(sources: &Path) -> Result<(), Failure> {
    let lock = sources.join("package-lock.json");
    let stamp = sources.join("node_modules/.deputize");
    let pinned = fs::read_to_string(&lock).map_err(Failure::io(format!("reading {}", lock.display())))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    let mut install = npm(sources);
    install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    progress::required("Vite, TypeScript, CodeMirror", install)?;
    fs::write(&stamp, pinned).map_err(Failure::io(format!("writing {}", stamp.display())))
}

/// Puts the validator where its name is looked for.
fn bring(package: &Path, place: &Path) -> Result<(), Failure> {
    let copying = || Failure::io(format!("copying {} to {}", package.display(), place.display()));
    fs::create_dir_all(place.join("web")).map_err(copying())?;
    fs::copy(package.join("package.json"), place.join("package.json")).map_err(copying())?;
    for file in files(&package.join("web"))? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, place.join("web").join(name)).map_err(copying())?;
    }
    fs::create_dir_all(place.join("catalogue")).map_err(copying())?;
    for file in files(&package.join("catalogue"))? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, place.join("catalogue").join(name)).map_err(copying())?;
    }
    Ok(())
}

fn npm(sources: &Path) -> Command {
    let mut npm = Command::new(tool::NPM.program);
    npm.current_dir(sources);
    npm
}

/// Changes with the content of any source.
fn fingerprint(workspace: &Workspace) -> Result<String, Failure> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        for file in files(&workspace.root().join(source))? {
            let bytes = fs::read(&file).map_err(Failure::io(format!("reading {}", file.display())))?;
            (file, bytes).hash(&mut hasher);
        }
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files below a path, which may itself be one, in the same order each time.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let listing = || Failure::io(format!("listing {}", path.display()));
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(listing())? {
        entries.push(entry.map_err(listing())?.path());
    }
    entries.sort();
    let below = entries.iter().map(|entry| files(entry)).collect::<Result<Vec<_>, _>>()?;
    Ok(below.concat())
}
