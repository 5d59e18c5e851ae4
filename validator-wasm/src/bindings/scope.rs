//! Scopes, and documents of them.

#[cfg(feature = "document")]
use js_sys::{Object, Uint8Array};
#[cfg(feature = "document")]
use wasm_bindgen::prelude::JsCast as _;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[cfg(feature = "document")]
use super::{LONGEST, fields};
use super::{string, thrown, value};
#[cfg(feature = "document")]
use crate::compile::Target;
#[cfg(feature = "document")]
use crate::refusal::InvalidArgument;

#[wasm_bindgen(typescript_custom_section)]
const FINDING_CODE: &str = include_str!(concat!(env!("OUT_DIR"), "/finding_code.d.ts"));

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Cloud = "aws" | "gcp" | "azure";

/** Whether a request lies within a grant, and if not, a call that does not. */
export type Containment = { contained: true } | { contained: false; witness: Witness };

/** What is known of a permission. */
export interface Description {
  /** Whether a loaded catalogue has it. */
  known: boolean;
  /** The cloud that has it, or whose permissions are written so. */
  cloud?: Cloud;
  /** The permission as its cloud writes it. */
  name?: string;
  access?: "list" | "read" | "write" | "permissions" | "tagging";
  /** At Azure, where it works. */
  planes?: ("control" | "data")[];
  /** The types of resources that it can be limited to. */
  resources?: { name: string; required: boolean; arns: string[] }[];
  /** The condition keys that it has beside those of every request. */
  conditionKeys?: { name: string; kind: string }[];
  /** The rules of privilege escalation that it takes part in. */
  escalation?: { rule: string; title: string; gives: string }[];
  /** Where it is not known, what was probably meant. */
  nearest?: string;
}

/** What the functions throw. */
export type ValidatorError = Error & { name: "ValidatorError" } & Refusal;
"#;

/// All that is wrong with a scope document, in the order of the text. Without an error among it, the document can
/// be used.
#[cfg(feature = "document")]
#[wasm_bindgen(unchecked_return_type = "Finding[]")]
pub fn check(#[wasm_bindgen(unchecked_param_type = "string")] text: &JsValue) -> Result<JsValue, JsValue> {
    let text = string("text", text).map_err(thrown)?;
    value(&crate::check(&text))
}

/// Loads a catalogue of permissions, one of the package's `catalogue/` or one that `deputize catalogue pull` made:
/// `check` and `describe` then know them. Each cloud has one; a second takes the place of the first.
#[cfg(feature = "document")]
#[wasm_bindgen(js_name = loadCatalogue, unchecked_return_type = "Loaded")]
pub fn load_catalogue(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array")] catalogue: &JsValue,
) -> Result<JsValue, JsValue> {
    let text = match catalogue.dyn_ref::<Uint8Array>() {
        Some(bytes) => utf8(bytes),
        None => string("catalogue", catalogue),
    };
    value(&crate::load_catalogue(text.map_err(thrown)?).map_err(thrown)?)
}

/// What the loaded catalogues, and the rules of privilege escalation, know of a permission.
#[cfg(feature = "document")]
#[wasm_bindgen(unchecked_return_type = "Description")]
pub fn describe(
    #[wasm_bindgen(unchecked_param_type = "string")] permission: &JsValue,
) -> Result<JsValue, JsValue> {
    value(&crate::describe(&string("permission", permission).map_err(thrown)?))
}

/// What a cloud will be sent for an agent of a scope document.
#[cfg(feature = "document")]
#[wasm_bindgen(unchecked_return_type = "Compiled")]
pub fn compile(
    #[wasm_bindgen(unchecked_param_type = "string")] text: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "Target")] target: &JsValue,
) -> Result<JsValue, JsValue> {
    let text = string("text", text).map_err(thrown)?;
    let target = self::target(target).map_err(thrown)?;
    value(&crate::compile(&text, &target).map_err(thrown)?)
}

/// Proves that the scopes of `request` lie within those of `grant`, or names a call that does not. Each text holds
/// one scope or a list of them.
#[wasm_bindgen(unchecked_return_type = "Containment")]
pub fn contains(
    #[wasm_bindgen(unchecked_param_type = "string")] grant: &JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] request: &JsValue,
) -> Result<JsValue, JsValue> {
    let grant = string("grant", grant).map_err(thrown)?;
    let request = string("request", request).map_err(thrown)?;
    value(&crate::contains(&grant, &request).map_err(thrown)?)
}

#[cfg(feature = "document")]
fn utf8(bytes: &Uint8Array) -> Result<String, InvalidArgument> {
    let refusal = |problem: &str| InvalidArgument { argument: "catalogue", problem: problem.to_owned() };
    if bytes.length() > LONGEST {
        return Err(refusal("it is longer than any catalogue"));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| refusal("it is not UTF-8"))
}

#[cfg(feature = "document")]
fn target(value: &JsValue) -> Result<Target, InvalidArgument> {
    let refusal = |problem: String| InvalidArgument { argument: "target", problem };
    let Some(object) = value.dyn_ref::<Object>() else {
        return Err(refusal("an object { agent, cloud, index? } is expected".to_owned()));
    };
    let field = fields(object, &["agent", "cloud", "index"]).map_err(refusal)?;
    let index = field("index");
    Ok(Target {
        agent: field("agent").as_string().ok_or_else(|| refusal("agent is a string".to_owned()))?,
        cloud: (field("cloud").as_string())
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| refusal("cloud is \"aws\", \"gcp\" or \"azure\"".to_owned()))?,
        index: match index.as_f64() {
            None if index.is_undefined() => None,
            // Exactly the numbers that the cast gives back.
            Some(number) if f64::from(number as u32) == number => usize::try_from(number as u32).ok(),
            _ => return Err(refusal("index is a whole number, counted from 0".to_owned())),
        },
    })
}
