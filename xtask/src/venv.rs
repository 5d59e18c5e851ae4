//! A Python environment of pinned packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::progress;
use crate::tool;

/// Makes `directory` a virtual environment with what `requirements` pins, and gives its Python.
/// Where that has been done already, only two small files are read.
pub(crate) fn prepare(name: &str, directory: &Path, requirements: &Path) -> Result<PathBuf, Failure> {
    let python = directory.join("bin/python");
    let stamp = directory.join("installed");
    let pinned = fs::read_to_string(requirements)
        .map_err(Failure::io(format!("reading {}", requirements.display())))?;
    // `exists` follows the link to the interpreter, which may have been removed since.
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(python);
    }
    tool::PYTHON.ensure()?;
    let mut create = Command::new(tool::PYTHON.program);
    create.args(["-m", "venv", "--clear"]).arg(directory);
    progress::required(&format!("{name}: environment"), create)?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    progress::required(&format!("{name}: packages"), install)?;
    fs::write(&stamp, pinned).map_err(Failure::io(format!("writing {}", stamp.display())))?;
    Ok(python)
}
