//! What JavaScript sees. Arguments are looked at before they are read: a caller without types gets an error with a
//! code, not a trap.

use js_sys::{Error, JSON, JsString, Object};
#[cfg(feature = "document")]
use js_sys::{Reflect, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::{JsCast as _, JsValue, wasm_bindgen};

#[cfg(feature = "document")]
use crate::compile::Target;
use crate::refusal::Refusal;

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

/// The most code units of an argument: a text beyond it is refused before it is copied. What a scope document may
/// have is far less, and a finding tells it.
const LONGEST: u32 = 16 * 1024 * 1024;

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

fn string(argument: &'static str, value: &JsValue) -> Result<String, Refusal> {
    let Some(text) = value.dyn_ref::<JsString>() else {
        return Err(Refusal::InvalidArgument { argument, problem: "a string is expected".to_owned() });
    };
    if text.length() > LONGEST {
        let problem = format!("it is longer than {LONGEST} UTF-16 code units");
        return Err(Refusal::InvalidArgument { argument, problem });
    }
    Ok(String::from(text))
}

#[cfg(feature = "document")]
fn utf8(bytes: &Uint8Array) -> Result<String, Refusal> {
    let refusal =
        |problem: &str| Refusal::InvalidArgument { argument: "catalogue", problem: problem.to_owned() };
    if bytes.length() > LONGEST {
        return Err(refusal("it is longer than any catalogue"));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| refusal("it is not UTF-8"))
}

/// Field by field: a parser of JSON would make the module larger by a twentieth.
#[cfg(feature = "document")]
fn target(value: &JsValue) -> Result<Target, Refusal> {
    let refusal = |problem: String| Refusal::InvalidArgument { argument: "target", problem };
    let Some(object) = value.dyn_ref::<Object>() else {
        return Err(refusal("an object { agent, cloud, index? } is expected".to_owned()));
    };
    let mut names = Object::keys(object).into_iter().filter_map(|name| name.as_string());
    if let Some(unknown) = names.find(|name| !["agent", "cloud", "index"].contains(&name.as_str())) {
        return Err(refusal(format!("there is no field {unknown}")));
    }
    let field = |name: &str| Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default();
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

/// A plain value of JavaScript, by way of its JSON: one call into the host, whatever the answer holds.
fn value<T: Serialize>(answer: &T) -> Result<JsValue, JsValue> {
    // Why it could not be, is never: the words for that would be a tenth of a percent of the module.
    let text = serde_json::to_string(answer).map_err(|_| Error::new("the answer cannot be written"))?;
    JSON::parse(&text)
}

fn thrown(refusal: Refusal) -> JsValue {
    let error = Error::new(&refusal.to_string());
    error.set_name("ValidatorError");
    if let Ok(properties) = value(&refusal) {
        Object::assign(&error, properties.unchecked_ref());
    }
    error.into()
}
