//! What answers mean, by what the connector says of them.

use deputize_broker::Secret;
use deputize_broker::ports::rotation::{KEY_LIMIT, ProviderError};
use deputize_broker::stored::secret::StoredApiKey;
use deputize_http::Answer;
use deputize_scope::connector::{Condition, Connector, Create, Pointer};
use serde_json::Value;

use super::exchange::{Exchange, Failure, Kind};
use super::request::Call;

/// The longest key that is kept, in bytes, as that of an import.
const LONGEST_KEY: usize = 16 * 1_024;
/// The longest id of one.
const LONGEST_ID: usize = 256;
/// The longest code that is told.
const LONGEST_CODE: usize = 64;

/// What an answer means.
pub(super) enum Meaning {
    /// It was done; and what was said, where that was JSON.
    Done(Option<Value>),
    /// It was not done.
    NotDone(Option<Value>),
    /// The status says that it was done, and the answer does not say what it must.
    Unclear,
}

/// What an answer means by a condition of success.
pub(super) fn meaning(answer: &Answer, success: &Condition) -> Meaning {
    let said: Option<Value> = answer.json().ok();
    match (success.has_status(answer.status), &success.equals) {
        (true, None) => Meaning::Done(said),
        (true, Some(_)) => match said.as_ref().and_then(|said| success.is_said(said)) {
            Some(true) => Meaning::Done(said),
            Some(false) => Meaning::NotDone(said),
            None => Meaning::Unclear,
        },
        // Another status of success than the connector knows.
        (false, _) if answer.is_success() => Meaning::Unclear,
        (false, _) => Meaning::NotDone(said),
    }
}

/// The key that was made.
pub(super) fn made(create: &Create, mut said: Value) -> Result<StoredApiKey, ProviderError> {
    let unreadable = || Failure::Unreadable.into_error(Kind::Change);
    let id = create.id.text(&said).filter(|id| is_id(id)).ok_or_else(unreadable)?;
    // Taken out, so that there is one of it.
    match said.pointer_mut(create.key.as_str()).map(Value::take) {
        Some(Value::String(key)) => {
            let key = Secret::new(key);
            let is_key = (1..=LONGEST_KEY).contains(&key.reveal().len());
            if is_key { Ok(StoredApiKey { key_id: Some(id), key }) } else { Err(unreadable()) }
        }
        _ => Err(unreadable()),
    }
}

/// What a provider may call a key.
pub(super) fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && !id.contains(char::is_control)
}

/// The error of an answer that is a refusal, with the provider's own code where it has one that looks like one.
pub(super) fn refused(
    exchange: &Exchange<'_>,
    answer: &Answer,
    said: Option<&Value>,
    kind: Kind,
    call: &Call<'_>,
) -> ProviderError {
    if answer.status < 200 {
        return Failure::Unreadable.into_error(kind);
    }
    let connector: &Connector = &exchange.connector;
    let pointer: Option<&Pointer> = connector.error_code.as_ref();
    let own = pointer.zip(said).and_then(|(at, said)| at.text(said)).filter(|code| is_code(code));
    // A provider that echoes the key does not get it into a log.
    let own = own.filter(|code| code != call.key.reveal());
    let code = own.unwrap_or_else(|| format!("http_{}", answer.status));
    let source = format!("the provider answered {} {code}", answer.status).into();
    let is_limit = call.label.is_some() && connector.key_limit.as_ref() == Some(&code);
    let code = if is_limit { KEY_LIMIT.to_owned() } else { code };
    ProviderError::Refused { code, source }
}

/// Anything else than a word could be anything.
fn is_code(code: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=LONGEST_CODE).contains(&code.len()) && code.bytes().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word() {
        for code in ["invalid_key", "1001", "KEY.GONE", "a-b"] {
            assert!(is_code(code), "{code}");
        }
        for code in ["", "no such key", "<html>", "a\nb", &"a".repeat(65)] {
            assert!(!is_code(code), "{code}");
        }
    }
}
