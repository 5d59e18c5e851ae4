//! Writes the TypeScript type of the codes of findings, of which `deputize-scope` has the list.

use std::path::Path;

use deputize_scope::finding::Code;

fn main() -> std::io::Result<()> {
    let codes: String = Code::ALL
        .iter()
        .map(|code| format!("\n    /** {} */\n    | \"{code}\"", code.explanation()))
        .collect();
    let declaration = format!(
        "/** What kind of thing a finding is. The names are stable. */\nexport type FindingCode ={codes};\n"
    );
    println!("cargo::rerun-if-changed=build.rs");
    let directory = std::env::var_os("OUT_DIR").unwrap_or_default();
    std::fs::write(Path::new(&directory).join("finding_code.d.ts"), declaration)
}
