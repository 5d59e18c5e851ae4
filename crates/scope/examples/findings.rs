//! Prints the reference of all findings, which `cargo xtask findings` keeps in `docs/findings.md`.

fn main() {
    print!("{}", deputize_scope::finding::reference());
}
