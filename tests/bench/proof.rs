//! A proof of an audit entry, as a browser checks it, beside the same check natively in the same run.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use deputize_e2e::{Environment, HarnessError};
use deputize_validator::{InclusionProof, explain_proof};
use serde_json::{Value, json};

use crate::samples::Samples;
use crate::table::Table;
use crate::validator::{COLUMNS, ROUNDS, bench, io, missing, row, seconds};

/// The vectors, of which the one with the longest way to the root is checked.
const VECTORS: &str = include_str!("../vectors/proof/proofs.json");
const LONGEST: &str = "entry 128 of 257";

/// What is allowed, in microseconds.
const ALLOWED: f64 = 1_000.0;

pub(crate) async fn run(environment: &Environment) -> Result<Table, HarnessError> {
    let (given, entry, proof, checkpoint, key) =
        question().ok_or_else(|| missing("the vector of a proof"))?;
    let natively = || explain_proof(black_box(entry.as_bytes()), &proof, &checkpoint, &key).verified();
    if !natively() {
        return Err(missing("a proof that is right"));
    }
    let file = tempfile::Builder::new().suffix(".json").tempfile().map_err(io("creating a file"))?;
    fs::write(file.path(), given.to_string()).map_err(io("writing the proof"))?;
    let package = environment.validator_package()?.to_string_lossy().into_owned();
    let modules = environment.node_modules().to_string_lossy().into_owned();
    let file = file.path().to_string_lossy().into_owned();
    let arguments = [package, "verifyProof".to_owned(), file, ROUNDS.to_string(), modules];
    let script = async |name| environment.run_script(Path::new("node"), &bench(name), &arguments).await;

    let mut table = Table::new("a proof of an audit entry", &COLUMNS);
    row(&mut table, "natively", &Samples::of(natively));
    row(&mut table, "in Node", &seconds(script("wasm/call.mjs").await?)?);
    row(&mut table, "in Chromium", &seconds(script("wasm/chromium.mjs").await?)?);
    table.row("what is allowed", &[ALLOWED, 1e6 / ALLOWED]);
    Ok(table)
}

/// The arguments, together and one by one.
fn question() -> Option<(Value, String, InclusionProof, String, String)> {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).ok()?;
    let vector = vectors.into_iter().find(|vector| vector.get("name") == Some(&json!(LONGEST)))?;
    let arguments = vector.get("arguments")?.clone();
    let (entry, proof, checkpoint, key) = serde_json::from_value(arguments.clone()).ok()?;
    Some((arguments, entry, proof, checkpoint, key))
}
