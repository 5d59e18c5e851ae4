//! The validator for JavaScript: `target/validator`, an npm package that is ready to publish.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::failure::Failure;
use crate::test_env::{WASM, install_rust_target};
use crate::workspace::Workspace;
use crate::{node_env, progress, tool};

/// A WebAssembly module of the package.
struct Module {
    name: &'static str,
    /// The feature of `deputize-validator` that it is built of.
    feature: &'static str,
    hosts: &'static [&'static str],
}

/// The kinds of hosts. What joins the modules of one to a package is written by hand (`validator-wasm/npm`).
const HOSTS: [&str; 4] = ["web", "edge", "bundler", "nodejs"];

const MODULES: [Module; 3] = [
    Module { name: "validator", feature: "document", hosts: &HOSTS },
    Module { name: "contains", feature: "contains", hosts: &["edge"] },
    Module { name: "proof", feature: "proof", hosts: &HOSTS },
];

/// What is known of the clouds' permissions, loaded apart from the modules; and who has rights in it.
const CATALOGUES: [&str; 4] = ["aws.txt", "gcp.txt", "azure.txt", "NOTICE"];

/// What wasm-opt does. The compiler has done most, and what makes a module shorter than this makes it longer once
/// it is compressed. The features are those of Rust's target, of which the module need not tell.
const OPTIMISATIONS: [&str; 15] = [
    "-O1",
    "--rse",
    "--vacuum",
    "-O1",
    "--dae-optimizing",
    "--duplicate-function-elimination",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-producers",
    "--strip-target-features",
];

/// Prints the sizes of files, raw and as a static host or an edge network sends and counts them.
const SIZES: &str = r#"
const { readFileSync } = require("node:fs"), { basename } = require("node:path"), { brotliCompressSync } = require("node:zlib");
for (const file of process.argv.slice(1)) {
  const bytes = readFileSync(file), kilobytes = (length) => `${(length / 1000).toFixed(1)} kB`.padStart(10);
  console.log(`${kilobytes(bytes.length)} ${kilobytes(brotliCompressSync(bytes).length)} brotli  ${basename(file)}`);
}
"#;

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let package = build(workspace)?;
    let mut sizes = Command::new(tool::NODE.program);
    sizes.args(["--eval", SIZES]);
    sizes.args(MODULES.iter().map(|module| optimised_in(&package, module)));
    sizes.args(
        CATALOGUES
            .iter()
            .filter(|file| file.ends_with(".txt"))
            .map(|file| package.join("catalogue").join(file)),
    );
    workspace.show("measuring the modules", sizes)?;
    println!("{}", package.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the package where anything changed, and says where it is.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    install_rust_target(workspace, WASM)?;
    let environment = workspace.target().join("build-env/node");
    node_env::prepare("binaryen", &environment, &workspace.root().join("xtask/node"), &[])?;

    let work = workspace.target().join("validator-build");
    let package = work.join("package");
    remove(&package)?;
    for module in &MODULES {
        let compiled = compile(workspace, module)?;
        bind(workspace, module, &compiled, &package)?;
        optimise(module, &environment, &work, &package)?;
    }
    for file in ["package.json", "README.md"] {
        copy(&workspace.root().join("validator-wasm/npm").join(file), &package.join(file))?;
    }
    for host in HOSTS {
        for file in ["index.js", "index.d.ts"] {
            let written = workspace.root().join("validator-wasm/npm").join(host).join(file);
            copy(&written, &package.join(host).join(file))?;
        }
    }
    copy(&workspace.root().join("LICENSE"), &package.join("LICENSE"))?;
    let catalogues = package.join("catalogue");
    fs::create_dir_all(&catalogues).map_err(Failure::io(format!("making {}", catalogues.display())))?;
    for file in CATALOGUES {
        copy(&workspace.root().join("catalogue").join(file), &catalogues.join(file))?;
    }
    // What wasm-bindgen writes for Node is a CommonJS module, which the package's type would have it not be.
    let marker = package.join("nodejs/package.json");
    fs::write(&marker, "{ \"type\": \"commonjs\" }\n").map_err(Failure::io(marker.display().to_string()))?;

    let finished = workspace.target().join("validator");
    remove(&finished)?;
    fs::rename(&package, &finished).map_err(Failure::io(format!("finishing {}", finished.display())))?;
    Ok(finished)
}

fn compile(workspace: &Workspace, module: &Module) -> Result<PathBuf, Failure> {
    let package =
        ["build", "--package", "deputize-validator", "--lib", "--profile", "wasm", "--target", WASM];
    let mut build = workspace.cargo(&package);
    build.args(["--no-default-features", "--features", module.feature]);
    if let Some(home) = cargo_home() {
        // Panics name files: where this machine keeps them is nobody's business, and would change the module.
        let remapped = format!("--remap-path-prefix={}=", home.join("registry/src").display());
        build.arg("--config").arg(format!("target.{WASM}.rustflags = [{remapped:?}]"));
    }
    progress::required(&format!("{}: compile", module.name), build)?;
    Ok(workspace.target().join(WASM).join("wasm/deputize_validator.wasm"))
}

fn cargo_home() -> Option<PathBuf> {
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    own.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
}

fn bind(workspace: &Workspace, module: &Module, compiled: &Path, package: &Path) -> Result<(), Failure> {
    let mut bind = workspace.cargo(&["run", "--package", "xtask-wasm-bindgen", "--"]);
    bind.arg(compiled).arg(module.name).arg(package).args(module.hosts);
    progress::required(&format!("{}: bindings", module.name), bind)
}

/// Optimises a module once for all of its hosts, and not again until it changes.
fn optimise(module: &Module, environment: &Path, work: &Path, package: &Path) -> Result<(), Failure> {
    for host in module.hosts {
        let path = package.join(host).join(format!("{}_bg.wasm", module.name));
        let bytes = fs::read(&path).map_err(Failure::io(format!("reading {}", path.display())))?;
        let mut hasher = DefaultHasher::new();
        (bytes, OPTIMISATIONS).hash(&mut hasher);
        let known = work.join(format!("{:016x}.wasm", hasher.finish()));
        if !known.exists() {
            let unfinished = known.with_extension("unfinished");
            let mut optimise = Command::new(tool::NODE.program);
            optimise.arg(environment.join("node_modules/binaryen/bin/wasm-opt")).args(OPTIMISATIONS);
            optimise.arg(&path).arg("--output").arg(&unfinished);
            progress::required(&format!("{}: wasm-opt", module.name), optimise)?;
            fs::rename(&unfinished, &known).map_err(Failure::io(format!("keeping {}", known.display())))?;
        }
        copy(&known, &path)?;
    }
    Ok(())
}

/// One of the module's copies, which are all the same.
fn optimised_in(package: &Path, module: &Module) -> PathBuf {
    package.join("edge").join(format!("{}_bg.wasm", module.name))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map(|_| ()).map_err(Failure::io(format!("copying {}", from.display())))
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::Io { what: format!("removing {}", directory.display()), source: error })
        }
        _ => Ok(()),
    }
}
