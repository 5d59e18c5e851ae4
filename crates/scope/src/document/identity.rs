//! Caller identities: who a caller must be to be an agent.

use serde::Serialize;

use crate::aws::arn::PrincipalArn;
use crate::fields::Fields;
use crate::finding::{Code, Finding, Span, shown};
use crate::identifier::AgentId;
use crate::sorted::SortedMap;
use crate::syntax::Node;
use crate::value::{Expected, parsed, text};

/// A caller that is an agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Identity {
    /// An IAM principal, as API Gateway verifies it. A role stands for all its sessions.
    Aws(PrincipalArn),
    /// A subject of an OpenID Connect issuer.
    Oidc {
        /// The issuer's URL, exactly as it stands in its tokens.
        issuer: String,
        /// The subject, exactly as it stands in the issuer's tokens.
        subject: String,
    },
}

impl Identity {
    pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "an identity", None, findings)?;
        let (aws, oidc) = (fields.take("aws"), fields.take("oidc"));
        let at = fields.at();
        let any_unknown = fields.rest().next().is_some();
        fields.finish(findings);
        match (aws, oidc) {
            (Some(node), None) => parsed(node, PRINCIPAL, findings).map(Self::Aws),
            (None, Some(node)) => Self::read_oidc(node, findings),
            (Some(_), Some(_)) => {
                let finding =
                    Finding::error(Code::UnknownField, "an identity is either `aws` or `oidc`, not both");
                findings.push(finding.at(at).help("make two identities of it"));
                None
            }
            (None, None) => {
                if !any_unknown {
                    let finding =
                        Finding::error(Code::MissingField, "an identity has neither `aws` nor `oidc`");
                    findings.push(
                        finding.at(at).help("add `aws:` with an ARN, or `oidc:` with issuer and subject"),
                    );
                }
                None
            }
        }
    }

    fn read_oidc(node: &Node, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "an oidc identity", None, findings)?;
        let issuer = fields.require("issuer", findings).and_then(|node| issuer(node, findings));
        let subject = fields.require("subject", findings).and_then(|node| subject(node, findings));
        fields.finish(findings);
        Some(Self::Oidc { issuer: issuer?, subject: subject? })
    }
}

const PRINCIPAL: Expected = Expected {
    what: "identity",
    code: Code::InvalidArn,
    help: "write it as arn:aws:iam::123456789012:role/NAME",
};

const ISSUER: Expected = Expected {
    what: "issuer",
    code: Code::InvalidIssuer,
    help: "write it exactly as it stands in the tokens, such as https://token.example.com",
};

const SUBJECT: Expected = Expected {
    what: "subject",
    code: Code::InvalidSubject,
    help: "write it exactly as it stands in the tokens",
};

/// An https URL without query and fragment.
/// <https://openid.net/specs/openid-connect-core-1_0.html#IssuerIdentifier>
fn issuer(node: &Node, findings: &mut Vec<Finding>) -> Option<String> {
    let url = text(node, ISSUER.what, findings)?;
    let sound = url.strip_prefix("https://").is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?' && byte != b'#')
    });
    if !sound {
        findings.push(ISSUER.refuse(node, url, &"an issuer is an https URL without query and fragment"));
    }
    sound.then(|| url.to_owned())
}

/// At most 255 ASCII characters.
/// <https://openid.net/specs/openid-connect-core-1_0.html#IDToken>
fn subject(node: &Node, findings: &mut Vec<Finding>) -> Option<String> {
    let subject = text(node, SUBJECT.what, findings)?;
    let sound = (1..=255).contains(&subject.len())
        && subject.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !sound {
        findings.push(SUBJECT.refuse(node, subject, &"a subject has 1 to 255 ASCII characters"));
    }
    sound.then(|| subject.to_owned())
}

/// Which caller is which agent, so that none can be two.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// Identities as they are written.
    exact: SortedMap<Identity, Binding>,
    /// Roles by account and name: a role is all its sessions.
    roles: SortedMap<String, Binding>,
    /// The first of the sessions that are bound, by account and name of their role.
    sessions: SortedMap<String, Binding>,
}

#[derive(Clone, Debug)]
struct Binding {
    agent: AgentId,
    line: usize,
}

impl Callers {
    /// Binds an identity to an agent, and tells where its caller would already be one.
    pub(super) fn bind(
        &mut self,
        identity: &Identity,
        agent: &AgentId,
        span: Span,
        findings: &mut Vec<Finding>,
    ) {
        let binding = Binding { agent: agent.clone(), line: span.line };
        let role = match identity {
            Identity::Aws(arn) => role_of(arn),
            Identity::Oidc { .. } => None,
        };
        let overlapping = match &role {
            Some(Role::Itself(role)) => self.roles.get(role).or_else(|| self.sessions.get(role)),
            Some(Role::Session(role)) => self.roles.get(role),
            None => None,
        };
        if let Some(other) = self.exact.get(identity).or(overlapping) {
            let message = format!("the same caller is already `{}`", shown(other.agent.as_str()));
            let help = format!("line {} binds it first; a caller is one agent", other.line);
            findings.push(Finding::error(Code::DuplicateIdentity, message).at(span).help(help));
            return;
        }
        self.exact.insert(identity.clone(), binding.clone());
        match role {
            Some(Role::Itself(role)) => self.roles.insert(role, binding),
            Some(Role::Session(role)) => self.sessions.insert(role, binding),
            None => None,
        };
    }
}

/// A role, or one session of it, by what tells roles apart: names are unique in an account whatever the path.
enum Role {
    Itself(String),
    Session(String),
}

fn role_of(arn: &PrincipalArn) -> Option<Role> {
    let key = |name: &str| format!("{}:{}:{name}", arn.partition(), arn.account());
    let resource = arn.as_str().rsplit(':').next()?;
    if let Some(path) = resource.strip_prefix("role/") {
        return path.rsplit('/').next().map(|name| Role::Itself(key(name)));
    }
    let (name, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(Role::Session(key(name)))
}
