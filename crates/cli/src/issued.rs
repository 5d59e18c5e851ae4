//! What the broker issued, in the form that its user takes.

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The broker's whole answer.
    Json,
    /// Lines for a shell's `eval`: the AWS SDKs' own variables for keys of AWS, DEPUTIZE_ACCESS_TOKEN and
    /// DEPUTIZE_TOKEN_EXPIRATION for tokens, DEPUTIZE_API_KEY for an API key.
    Env,
    /// What `credential_process` of an AWS profile is to print.
    CredentialProcess,
}

impl Format {
    /// Prints an answer of the broker's that has a credential.
    pub(crate) fn write(self, answer: &Value) -> anyhow::Result<()> {
        let text = match self {
            Self::Json => serde_json::to_string_pretty(answer)?,
            Self::Env => environment(answer)?,
            Self::CredentialProcess => credential_process(answer)?,
        };
        Ok(output::line(text)?)
    }
}

/// A part of the answer's credential, where its type has it.
fn part<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get("credential")?.get(name)?.as_str()
}

/// The variables of a shell, and the fields of the credential that they are from. Those of another type are absent; of a
/// key that does not end by itself, what a session has is unset, lest the former one's be sent along.
const OF_AWS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_SESSION_TOKEN", "session_token"),
    ("AWS_CREDENTIAL_EXPIRATION", "expiration"),
];
const OF_TOKENS: [(&str, &str); 2] =
    [("DEPUTIZE_ACCESS_TOKEN", "access_token"), ("DEPUTIZE_TOKEN_EXPIRATION", "expiration")];
const OF_API_KEYS: [(&str, &str); 1] = [("DEPUTIZE_API_KEY", "api_key")];

fn environment(answer: &Value) -> anyhow::Result<String> {
    let variables = [&OF_AWS[..], &OF_TOKENS, &OF_API_KEYS];
    let has_first =
        |of: &&&[(&str, &str)]| of.first().is_some_and(|(_, field)| part(answer, field).is_some());
    let variables =
        variables.iter().find(has_first).context("the answer has no credential of a known form")?;
    let lines = variables.iter().map(|(name, field)| match part(answer, field) {
        Some(value) => format!("export {name}={}", quoted(value)),
        None => format!("unset {name}"),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// For a POSIX shell: nothing within single quotes means anything but the single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
fn credential_process(answer: &Value) -> anyhow::Result<String> {
    let required =
        |name| part(answer, name).context("the answer has no keys of AWS, which this format is for");
    let keys =
        [("AccessKeyId", required("access_key_id")?), ("SecretAccessKey", required("secret_access_key")?)];
    // An access key does not end by itself: it has neither.
    let of_session = [
        ("SessionToken", part(answer, "session_token")),
        ("Expiration", part(answer, "expiration")),
        ("AccountId", account(answer)),
    ];
    let of_session = of_session.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut output = Map::from_iter([("Version".to_owned(), json!(1))]);
    output.extend(keys.into_iter().chain(of_session).map(|(name, value)| (name.to_owned(), json!(value))));
    Ok(Value::Object(output).to_string())
}

/// The account of the role that the session is of.
fn account(answer: &Value) -> Option<&str> {
    let role = answer.get("scope")?.get("target")?.as_str()?;
    role.split(':').nth(4).filter(|account| !account.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Value {
        json!({
            "credential": {
                "access_key_id": "ASIAEXAMPLE", "secret_access_key": "a/b'c", "session_token": "t+/=",
                "expiration": "2026-11-23T06:37:07Z",
            },
            "scope": { "target": "arn:aws:iam::123456789012:role/agent" },
        })
    }

    #[test]
    fn the_environment_survives_a_shell() {
        let text = environment(&answer()).unwrap();
        assert!(text.contains(r"export AWS_SECRET_ACCESS_KEY='a/b'\''c'"), "{text}");
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn credential_process_has_the_version_as_a_number_and_the_account_of_the_role() {
        let output: Value = serde_json::from_str(&credential_process(&answer()).unwrap()).unwrap();
        assert_eq!(output["Version"], 1);
        assert_eq!(output["SessionToken"], "t+/=");
        assert_eq!(output["AccountId"], "123456789012");
    }

    #[test]
    fn a_key_that_does_not_end_takes_no_session_with_it() {
        let key = json!({
            "credential": { "access_key_id": "AKIAEXAMPLE", "secret_access_key": "s" },
            "scope": { "target": "build" },
        });
        let text = environment(&key).unwrap();
        assert!(text.contains("unset AWS_SESSION_TOKEN"), "{text}");
        let output: Value = serde_json::from_str(&credential_process(&key).unwrap()).unwrap();
        assert_eq!(output, json!({ "Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "s" }));
    }

    #[test]
    fn tokens_and_keys_of_other_providers_have_variables_of_their_own() {
        let token = json!({ "credential": { "access_token": "t", "expiration": "2026-11-23T06:37:07Z" } });
        let text = environment(&token).unwrap();
        assert_eq!(
            text,
            "export DEPUTIZE_ACCESS_TOKEN='t'\nexport DEPUTIZE_TOKEN_EXPIRATION='2026-11-23T06:37:07Z'"
        );
        assert_eq!(
            environment(&json!({ "credential": { "api_key": "k" } })).unwrap(),
            "export DEPUTIZE_API_KEY='k'"
        );
        assert!(environment(&json!({ "credential": {} })).is_err());
    }

    #[test]
    fn an_answer_of_another_cloud_is_refused_without_quoting_it() {
        let other = json!({ "credential": { "access_token": "canary" } });
        assert!(!format!("{:#}", credential_process(&other).unwrap_err()).contains("canary"));
    }
}
