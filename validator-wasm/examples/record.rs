//! Records what the validator answers to the vectors now. What changes in them is then to be read by a person.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "it shares what the tests share"
)]

#[path = "../tests/vector/mod.rs"]
mod vector;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in vector::files() {
        let mut vectors = vector::read(&file);
        for vector in &mut vectors {
            vector.answer = vector.native();
        }
        std::fs::write(&file, serde_json::to_string_pretty(&vectors)? + "\n")?;
        println!("{}: {} vectors", file.display(), vectors.len());
    }
    Ok(())
}
