//! Entries of an audit log.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::{JsCast as _, JsValue, wasm_bindgen};

use super::{fields, string, thrown, value};
use crate::proof::InclusionProof;
use crate::refusal::InvalidArgument;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Why an entry is not proved. The names are stable. */
export type ProofCode =
    /** The key is not a log's public key, written as a verifier key. */
    | "malformed_key"
    /** A hash of the proof is no hash. */
    | "malformed_proof"
    /** The entry's bytes are none that a log would hold. */
    | "malformed_entry"
    /** The checkpoint is no signed note, or the note holds no checkpoint. */
    | "malformed_checkpoint"
    /** The checkpoint is of another log than the key. */
    | "other_log"
    /** The key has not signed the checkpoint. */
    | "not_signed"
    /** A signature says to be of the key, and is not. */
    | "wrong_signature"
    /** The proof is of another entry. */
    | "other_entry"
    /** The proof is for a log of another size than the checkpoint's. */
    | "other_size"
    /** A log of that size has no such entry. */
    | "no_such_entry"
    /** The entry's hash and the proof's do not lead to the root that was signed. */
    | "other_root";

/** Whether an entry is in a log: in the one that the key signs, of so many entries; or why that is not shown. */
export type Verdict =
  | { verified: true; size: number; origin: string }
  | { verified: false; code: ProofCode; message: string };

/** What the functions throw where an argument is not of its type. What is wrong with a proof is no such error. */
export type ProofArgumentError = Error & {
  name: "ValidatorError";
  code: "invalid_argument";
  argument: string;
  problem: string;
};
"#;

/// Whether an entry is in the log that a checkpoint is of, and a key has signed that checkpoint. `entry` is the
/// entry's text exactly as the log holds it, `key` the log's public key as somebody knows it who need not believe the
/// log.
#[wasm_bindgen(js_name = verifyProof)]
pub fn verify_proof(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] entry: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "InclusionProof")] proof: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] checkpoint: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] key: &JsValue,
) -> Result<bool, JsValue> {
    Ok(verdict(entry, proof, checkpoint, key).map_err(thrown)?.verified())
}

/// The same with the reason.
#[wasm_bindgen(js_name = explainProof, unchecked_return_type = "Verdict")]
pub fn explain_proof(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] entry: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "InclusionProof")] proof: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] checkpoint: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] key: &JsValue,
) -> Result<JsValue, JsValue> {
    value(&verdict(entry, proof, checkpoint, key).map_err(thrown)?)
}

fn verdict(
    entry: &JsValue,
    proof: &JsValue,
    checkpoint: &JsValue,
    key: &JsValue,
) -> Result<crate::Verdict, InvalidArgument> {
    let entry = match entry.dyn_ref::<Uint8Array>() {
        Some(bytes) => bounded(bytes)?,
        None => string("entry", entry)?.into_bytes(),
    };
    let proof = self::proof(proof).map_err(|problem| InvalidArgument { argument: "proof", problem })?;
    Ok(crate::explain_proof(&entry, &proof, &string("checkpoint", checkpoint)?, &string("key", key)?))
}

fn bounded(bytes: &Uint8Array) -> Result<Vec<u8>, InvalidArgument> {
    if bytes.length() > super::LONGEST {
        let problem = "it is longer than any entry".to_owned();
        return Err(InvalidArgument { argument: "entry", problem });
    }
    Ok(bytes.to_vec())
}

fn proof(value: &JsValue) -> Result<InclusionProof, String> {
    let object = value
        .dyn_ref::<Object>()
        .ok_or_else(|| "an object { sequence, size, hashes } is expected".to_owned())?;
    let field = fields(object, &["sequence", "size", "hashes"])?;
    let hashes = field("hashes");
    let hashes = hashes.dyn_ref::<Array>().filter(|hashes| hashes.length() <= 64);
    let hashes = hashes.ok_or_else(|| "hashes is an array of at most 64".to_owned())?;
    Ok(InclusionProof {
        sequence: whole("sequence", &field("sequence"))?,
        size: whole("size", &field("size"))?,
        hashes: (hashes.iter())
            .map(|hash| hash.as_string())
            .collect::<Option<_>>()
            .ok_or_else(|| "hashes are strings".to_owned())?,
    })
}

/// A number that JavaScript can count to.
fn whole(name: &str, value: &JsValue) -> Result<u64, String> {
    let number = value.as_f64().filter(|number| js_sys::Number::is_safe_integer(&JsValue::from_f64(*number)));
    number
        .filter(|number| *number >= 0.0)
        .map(|number| number as u64)
        .ok_or_else(|| format!("{name} is a whole number"))
}
