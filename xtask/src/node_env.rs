//! A folder of pinned npm packages.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::progress;
use crate::tool::{self, Tool};

/// Installs in `directory` what `pins` (a folder with `package.json` and `package-lock.json`) says, and sees that
/// the programs are there which the packages need beside Node. Where that has been done already, only two small
/// files are read.
pub(crate) fn prepare(name: &str, directory: &Path, pins: &Path, tools: &[&Tool]) -> Result<(), Failure> {
    let lock = pins.join("package-lock.json");
    let stamp = directory.join("installed");
    let pinned = fs::read_to_string(&lock).map_err(Failure::io(format!("reading {}", lock.display())))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    for tool in [&tool::NODE, &tool::NPM].iter().chain(tools) {
        tool.ensure()?;
    }
    fs::create_dir_all(directory).map_err(Failure::io(format!("creating {}", directory.display())))?;
    for file in [&pins.join("package.json"), &lock] {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, directory.join(name)).map_err(Failure::io(format!("copying {}", file.display())))?;
    }
    let mut install = Command::new(tool::NPM.program);
    install.current_dir(directory).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    progress::required(name, install)?;
    fs::write(&stamp, pinned).map_err(Failure::io(format!("writing {}", stamp.display())))
}
