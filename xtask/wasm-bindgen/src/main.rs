//! Makes JavaScript packages of a compiled WebAssembly module, one for each kind of host.
//!
//! `xtask-wasm-bindgen MODULE.wasm NAME DIRECTORY HOST...` writes `DIRECTORY/HOST/NAME.js` with its types and its
//! module. The library is wasm-bindgen's own, of the very version that the module was linked with.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [module, name, directory, hosts @ ..] = arguments.as_slice() else {
        bail!("usage: xtask-wasm-bindgen MODULE.wasm NAME DIRECTORY HOST...");
    };
    let name = name.to_str().context("the name is not UTF-8")?;
    for host in hosts {
        let mut bindgen = Bindgen::new();
        // Names and producers are for debuggers; they would double the size.
        bindgen.input_path(module).out_name(name).remove_name_section(true).remove_producers_section(true);
        match host.to_str() {
            Some("web") => bindgen.web(true)?.omit_default_module_path(false),
            // Given its module by the caller: where to fetch one it does not know.
            Some("edge") => bindgen.web(true)?.omit_default_module_path(true),
            Some("bundler") => bindgen.bundler(true)?,
            Some("nodejs") => bindgen.nodejs(true)?,
            _ => bail!("a host is web, edge, bundler or nodejs, not {}", host.display()),
        };
        bindgen.typescript(true).generate(Path::new(directory).join(host))?;
    }
    Ok(())
}
