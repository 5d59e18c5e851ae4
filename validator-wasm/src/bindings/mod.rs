//! What JavaScript sees. Arguments are looked at before they are read: a caller without types gets an error with a
//! code, not a trap.

#[cfg(feature = "proof")]
mod proof;
#[cfg(feature = "contains")]
mod scope;

use std::fmt::Display;

#[cfg(any(feature = "document", feature = "proof"))]
use js_sys::Reflect;
use js_sys::{Error, JSON, JsString, Object};
use serde::Serialize;
use wasm_bindgen::prelude::{JsCast as _, JsValue};

#[cfg(feature = "proof")]
pub use proof::*;
#[cfg(feature = "contains")]
pub use scope::*;

use crate::refusal::InvalidArgument;

/// The most code units of an argument: a text beyond it is refused before it is copied. What a scope document may
/// have is far less, and a finding tells it.
const LONGEST: u32 = 16 * 1024 * 1024;

fn string(argument: &'static str, value: &JsValue) -> Result<String, InvalidArgument> {
    let Some(text) = value.dyn_ref::<JsString>() else {
        return Err(InvalidArgument { argument, problem: "a string is expected".to_owned() });
    };
    if text.length() > LONGEST {
        let problem = format!("it is longer than {LONGEST} UTF-16 code units");
        return Err(InvalidArgument { argument, problem });
    }
    Ok(String::from(text))
}

/// The fields of an object that has no others, looked up by name; or the name of one that it should not have. Field by
/// field: a parser of JSON would make the module larger by a twentieth.
#[cfg(any(feature = "document", feature = "proof"))]
fn fields<'a>(object: &'a Object, known: &[&str]) -> Result<impl Fn(&str) -> JsValue + use<'a>, String> {
    let mut names = Object::keys(object).into_iter().filter_map(|name| name.as_string());
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => Err(format!("there is no field {unknown}")),
        None => Ok(|name: &str| Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()),
    }
}

/// A plain value of JavaScript, by way of its JSON: one call into the host, whatever the answer holds.
fn value<T: Serialize>(answer: &T) -> Result<JsValue, JsValue> {
    // Why it could not be, is never: the words for that would be a tenth of a percent of the module.
    let text = serde_json::to_string(answer).map_err(|_| Error::new("the answer cannot be written"))?;
    JSON::parse(&text)
}

fn thrown<T: Serialize + Display>(refusal: T) -> JsValue {
    let error = Error::new(&refusal.to_string());
    error.set_name("ValidatorError");
    if let Ok(properties) = value(&refusal) {
        Object::assign(&error, properties.unchecked_ref());
    }
    error.into()
}
