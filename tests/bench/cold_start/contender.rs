//! What is started: a function, the same in Python, and the least that any function in Rust takes.

use std::path::{Path, PathBuf};
use std::process::Command;

use deputize_e2e::{Answer, ApiGatewayEvent, Environment, HarnessError, IssuanceCloud};
use serde_json::{Value, json};

use super::clouds::Clouds;

/// Where Debian keeps all its roots in one file, as Amazon Linux does. Beside it lie 300 more files with the same
/// roots, which a function in Lambda does not meet.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What a function is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An agent asks for all that its scope allows at AWS.
    Issuance,
    /// A tick that finds nothing due.
    Rotation,
    /// One event waits, and becomes an entry.
    Audit,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Issuance, Self::Rotation, Self::Audit];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Issuance => "cold start: issuance",
            Self::Rotation => "cold start: rotation",
            Self::Audit => "cold start: audit",
        }
    }

    /// The function's binary, and the handler's module.
    fn name(self) -> &'static str {
        match self {
            Self::Issuance => "issuance",
            Self::Rotation => "rotation",
            Self::Audit => "audit",
        }
    }

    fn event(self) -> Value {
        match self {
            Self::Issuance => ApiGatewayEvent::post("/v1/agents/devops-agent/credentials")
                .iam(IssuanceCloud::DEVOPS)
                .json(&json!({ "cloud": "aws", "duration_seconds": 3600, "purpose": "benchmark" }))
                .into(),
            Self::Rotation => json!({ "tick": "2026-05-01T12:00:00Z" }),
            Self::Audit => json!({ "seal": true }),
        }
    }

    /// Whether an answer shows that the work was done.
    fn is_done(self, answer: &Answer) -> bool {
        match self {
            Self::Issuance => answer.status() == Some(201),
            Self::Rotation => answer.body.get("taken").or(answer.body.get("due")).is_some(),
            Self::Audit => answer.body.get("appended").and_then(Value::as_u64).is_some_and(|some| some > 0),
        }
    }
}

/// A function that takes part.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) event: Value,
    /// Whether it is the one in Python.
    pub(crate) is_yardstick: bool,
    /// Whether it does the work of the role.
    works: bool,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    variables: Vec<(String, String)>,
}

impl Contender {
    pub(crate) fn command(&self, environment: &Environment) -> Command {
        let mut command = environment.command(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Passes where the answer is that of who did the work.
    pub(crate) fn verify(&self, answer: &Answer) -> Result<(), HarnessError> {
        if !self.works || self.role.is_done(answer) {
            return Ok(());
        }
        let message = format!("it answered {}", answer.body);
        Err(HarnessError::Function { kind: self.name.to_owned(), message })
    }
}

/// Who takes part for a role. The first is what the others are compared with.
pub(crate) fn of(
    environment: &Environment,
    clouds: &Clouds,
    role: Role,
) -> Result<[Contender; 3], HarnessError> {
    let mut variables = clouds.variables();
    if Path::new(ROOTS).exists() {
        variables.push(("SSL_CERT_FILE".to_owned(), ROOTS.to_owned()));
    }
    let ours = Contender {
        name: role.name(),
        role,
        event: role.event(),
        is_yardstick: false,
        works: true,
        program: environment.binary(role.name())?,
        arguments: Vec::new(),
        variables: variables.clone(),
    };
    let python = Contender {
        name: "the same in Python",
        role,
        event: role.event(),
        is_yardstick: true,
        works: true,
        program: environment.python(),
        arguments: vec![
            Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/python/runtime.py"),
            PathBuf::from(role.name()),
        ],
        variables,
    };
    let greeting = Contender {
        name: "Rust, nothing but an answer",
        role,
        event: ApiGatewayEvent::get("/ada").into(),
        is_yardstick: false,
        works: false,
        program: environment.binary("greeting")?,
        arguments: Vec::new(),
        variables: Vec::new(),
    };
    Ok([ours, python, greeting])
}
