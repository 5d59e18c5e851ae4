//! The validator's npm package answers in Node, in Chromium and in workerd, byte for byte, as the library does
//! natively: `validator-wasm/tests/vectors.rs` holds the same recorded answers against the library.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../crates/scope/tests/hostile/mod.rs"]
#[allow(dead_code, reason = "what they are natively is told by the tests of the crate")]
mod hostile;

use std::fs;
use std::path::Path;

use deputize_e2e::{Environment, HarnessError, JavaScriptHost};
use serde_json::{Value, json};

/// Of an edge worker, which is ended beyond it, in megabytes.
const MEMORY_LIMIT: f64 = 128.0;

/// What is asked of an edge worker that only decides, in bytes; its plans count the compressed size.
const CONTAINS_LIMIT: u64 = 120_000;

/// What a page that checks documents at AWS loads, in bytes, compressed.
const CHECK_LIMIT: u64 = 300_000;

/// What a page loads that checks proofs of audit entries, in bytes, compressed.
const PROOF_LIMIT: u64 = 80_000;

#[tokio::test]
async fn node_answers_every_vector_as_recorded() -> Result<(), HarnessError> {
    answers_as_recorded(JavaScriptHost::Node).await
}

#[tokio::test]
async fn chromium_answers_every_vector_as_recorded() -> Result<(), HarnessError> {
    answers_as_recorded(JavaScriptHost::Chromium).await
}

#[tokio::test]
async fn workerd_answers_every_vector_as_recorded() -> Result<(), HarnessError> {
    answers_as_recorded(JavaScriptHost::Workerd).await
}

#[tokio::test]
async fn every_host_proves_what_the_ledger_proves_and_refuses_the_rest_for_the_same_reason()
-> Result<(), HarnessError> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/ledger/proofs.json");
    let vectors: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let questions: Vec<Value> = vectors
        .iter()
        .map(|vector| ["entry", "proof", "checkpoint", "key"].map(|name| vector[name].clone()))
        .map(|arguments| json!({ "function": "explainProof", "arguments": arguments }))
        .collect();
    for host in [JavaScriptHost::Node, JavaScriptHost::Chromium, JavaScriptHost::Workerd] {
        let answers = Environment::locate()?.validator_answers(host, &questions).await?;
        assert_eq!(answers.len(), vectors.len());
        for (vector, answer) in vectors.iter().zip(&answers) {
            let verdict = &serde_json::from_str::<Value>(answer).unwrap()["ok"];
            let reason = if verdict["verified"] == true { "ok" } else { verdict["code"].as_str().unwrap() };
            assert_eq!(reason, vector["expected"], "{host:?}: {}: {answer}", vector["name"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_types_are_exact() -> Result<(), HarnessError> {
    assert_eq!(Environment::locate()?.validator_type_errors().await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn a_worker_that_only_decides_stays_small() -> Result<(), HarnessError> {
    let sizes = Environment::locate()?.validator_sizes().await?;
    let size = |name: &str| sizes[name].as_u64().unwrap();
    assert!(size("contains_bg.wasm") <= CONTAINS_LIMIT, "{sizes}");
    assert!(size("contains_bg.wasm") < size("validator_bg.wasm"), "{sizes}");
    assert!(size("validator_bg.wasm") + size("aws.txt") <= CHECK_LIMIT, "{sizes}");
    Ok(())
}

#[tokio::test]
async fn who_checks_proofs_loads_little_and_who_does_not_loads_nothing() -> Result<(), HarnessError> {
    let environment = Environment::locate()?;
    let sizes = environment.validator_sizes().await?;
    assert!(sizes["proof_bg.wasm"].as_u64().unwrap() <= PROOF_LIMIT, "{sizes}");
    let modules = environment.validator_modules_read().await?;
    assert_eq!(modules, json!({ "checking": ["validator_bg.wasm"], "verifying": ["proof_bg.wasm"] }));
    Ok(())
}

#[tokio::test]
async fn hostile_documents_get_an_answer_within_bounded_memory() -> Result<(), HarnessError> {
    let texts = hostile::texts();
    let documents: Vec<_> = texts.iter().filter(|text| text.kind.is_none()).collect();
    let written: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
    let strain = Environment::locate()?.validator_strain(&written).await?;
    assert!(strain.megabytes < MEMORY_LIMIT, "{} MB", strain.megabytes);
    assert_eq!(strain.checked.len(), documents.len());
    for (document, checked) in documents.iter().zip(&strain.checked) {
        assert!(checked.findings <= 201, "{}: {} findings", document.name, checked.findings);
    }
    Ok(())
}

async fn answers_as_recorded(host: JavaScriptHost) -> Result<(), HarnessError> {
    let vectors = [vectors("scope"), vectors("proof"), vectors("javascript")].concat();
    assert!(vectors.len() > 300, "only {} vectors", vectors.len());
    let questions: Vec<Value> = vectors
        .iter()
        .map(|vector| json!({ "function": vector["function"], "arguments": vector["arguments"] }))
        .collect();
    let answers = Environment::locate()?.validator_answers(host, &questions).await?;
    assert_eq!(answers.len(), vectors.len());
    for (vector, answer) in vectors.iter().zip(&answers) {
        // Keys of a `Value` are in order, and it is written without white space.
        assert_eq!(*answer, vector["answer"].to_string(), "{host:?}: {}", vector["name"]);
    }
    Ok(())
}

/// The vectors of a folder, file after file.
fn vectors(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| -> Vec<Value> {
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
    };
    files.iter().flat_map(read).collect()
}
