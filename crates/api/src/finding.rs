//! Findings as they are told: of a scope document, or of a request that was refused.

use deputize_broker::decision::Witness;
use deputize_scope::finding::{Finding, Fix, Span};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct FindingBody {
    /// What kind of thing it is; stable.
    code: String,
    /// `error`, `warning` or `info`.
    #[schema(example = "error")]
    severity: &'static str,
    /// What is wrong.
    message: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    /// Where it is in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<SpanBody>,
    /// The edit that mends it, where there is exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixBody>,
    /// A call that is asked for and not granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessBody>,
}

/// A part of a text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Span)]
struct SpanBody {
    /// The first byte, counted from 0.
    start: usize,
    /// The byte after the last.
    end: usize,
    /// The line of the first byte, counted from 1.
    line: usize,
    /// The column of the first byte, in characters, counted from 1.
    column: usize,
}

/// An edit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fix)]
struct FixBody {
    /// What to replace; empty where something is to be inserted.
    span: SpanBody,
    /// What to write there.
    replacement: String,
    /// What the edit does.
    title: String,
}

/// One concrete call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Witness)]
struct WitnessBody {
    /// `service:Name`.
    #[schema(example = "s3:DeleteBucket")]
    action: String,
    /// The resource's ARN, or `*`.
    resource: String,
    /// The region; null where the call is not granted in any.
    region: Option<String>,
    /// `shown`, or `undecided` where the search was given up.
    #[schema(value_type = String, example = "shown")]
    certainty: deputize_scope::aws::authority::Certainty,
}

impl FindingBody {
    /// What speaks against a request.
    pub(crate) fn against_request(code: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            severity: "error",
            message: message.into(),
            help: Some(help.into()),
            span: None,
            fix: None,
            witness: None,
        }
    }

    /// With the call that shows it.
    #[must_use]
    pub(crate) fn witness(self, witness: Witness) -> Self {
        let witness = WitnessBody {
            action: witness.action,
            resource: witness.resource,
            region: witness.region,
            certainty: witness.certainty,
        };
        Self { witness: Some(witness), ..self }
    }

    /// The findings of a document.
    pub(crate) fn of_document(findings: Vec<Finding>) -> Vec<Self> {
        findings.into_iter().map(Self::from).collect()
    }
}

impl From<Finding> for FindingBody {
    fn from(finding: Finding) -> Self {
        Self {
            code: finding.code.as_str().to_owned(),
            severity: finding.severity.as_str(),
            message: finding.message,
            help: finding.help,
            span: finding.span.map(SpanBody::from),
            fix: finding.fix.map(FixBody::from),
            witness: None,
        }
    }
}

impl From<Span> for SpanBody {
    fn from(Span { start, end, line, column }: Span) -> Self {
        Self { start, end, line, column }
    }
}

impl From<Fix> for FixBody {
    fn from(Fix { span, replacement, title }: Fix) -> Self {
        Self { span: span.into(), replacement, title }
    }
}
