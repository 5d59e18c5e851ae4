//! `target/test-env`: what the tests need beside this repository. The harness in `tests/` looks for
//! it there, and for the files `installed`, which repeat the pins that a part was installed from.

use std::fs::{self, File};
use std::path::Path;

use crate::failure::Failure;
use crate::workspace::Workspace;
use crate::{node_env, progress, tool, venv};

/// The target that the pure crates are checked for.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Installs whatever is missing. Takes milliseconds when nothing is.
pub(crate) fn prepare(workspace: &Workspace) -> Result<(), Failure> {
    let root = workspace.target().join("test-env");
    fs::create_dir_all(&root).map_err(Failure::io(format!("creating {}", root.display())))?;
    // One at a time, should two of these run on one target directory. The lock ends with the process.
    let lock = root.join("lock");
    let _lock = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(Failure::io(format!("locking {}", lock.display())))?;

    install_rust_target(workspace, WASM)?;
    tool::NATS_SERVER.ensure()?;
    let requirements = workspace.root().join("tests/python/requirements.txt");
    venv::prepare("moto and the clouds' libraries", &root.join("python"), &requirements)?;
    let pins = workspace.root().join("tests/node");
    let tools = [&tool::JAVA, &tool::CHROMIUM];
    node_env::prepare("DynamoDB Local, workerd, playwright", &root.join("node"), &pins, &tools)
}

/// Adds a compilation target by rustup, unless the toolchain has it.
pub(crate) fn install_rust_target(workspace: &Workspace, target: &str) -> Result<(), Failure> {
    let libraries = workspace
        .command("rustc", &["--print", "target-libdir", "--target", target])
        .output()
        .map_err(Failure::io("asking rustc for its libraries"))?;
    if Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).is_dir() {
        return Ok(());
    }
    let add = workspace.command("rustup", &["target", "add", target]);
    progress::required(&format!("target {target}"), add).map_err(|failure| match failure {
        Failure::Io { .. } => Failure::Missing(format!("rustup is needed, to add the target {target}")),
        other => other,
    })
}
