//! A folder of npm packages, as a lock file pins them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{progress, tool};

/// Makes `directory` hold what `package-lock.json` in `pins` says. Where that has been done already, only two
/// small files are read.
pub(crate) fn prepare(name: &str, directory: &Path, pins: &Path) -> Result<(), Failure> {
    let (manifest, lock) = (pins.join("package.json"), pins.join("package-lock.json"));
    let stamp = directory.join("installed");
    let pinned = fs::read_to_string(&lock).map_err(Failure::io(format!("reading {}", lock.display())))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(());
    }
    tool::NODE.ensure()?;
    tool::NPM.ensure()?;
    fs::create_dir_all(directory).map_err(Failure::io(format!("creating {}", directory.display())))?;
    for file in [&manifest, &lock] {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, directory.join(name)).map_err(Failure::io(format!("copying {}", file.display())))?;
    }
    let mut install = Command::new(tool::NPM.program);
    install.current_dir(directory).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    progress::required(name, install)?;
    fs::write(&stamp, pinned).map_err(Failure::io(format!("writing {}", stamp.display())))
}
