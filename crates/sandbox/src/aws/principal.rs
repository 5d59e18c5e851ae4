//! Who calls, and what they may do.

use std::str::FromStr as _;

use deputize_scope::SortedMap;
use deputize_scope::aws::evaluate::{Call, Position, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use jiff::Timestamp;

use super::config::{Config, RoleConfig, Roles, Users};
use super::session::Session;

/// Whose credentials signed a call.
#[derive(Clone, Debug)]
pub(super) enum Principal {
    /// The account's own principal, an IAM user: at AWS the root user itself can assume no role. It may do anything.
    Operator,
    /// An IAM user.
    User(String),
    /// A session of a role.
    Session(Box<Session>),
}

/// What becomes of a call, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed(String),
    ExplicitDeny(String),
    ImplicitDeny(String),
}

impl Principal {
    pub(super) fn arn(&self, config: &Config) -> String {
        match self {
            Self::Operator => format!("arn:aws:iam::{}:user/sandbox", config.account),
            Self::User(name) => format!("arn:aws:iam::{}:user/{name}", config.account),
            Self::Session(session) => session.arn(),
        }
    }

    pub(super) fn account<'a>(&'a self, config: &'a Config) -> &'a str {
        match self {
            Self::Operator | Self::User(_) => config.account.as_str(),
            Self::Session(session) => session.role.account(),
        }
    }

    pub(super) fn user_id(&self, config: &Config) -> String {
        match self {
            Self::Operator => config.key.operator_id(),
            Self::User(name) => config.key.user_id(name),
            Self::Session(session) => session.user_id(&config.key),
        }
    }

    pub(super) fn source_identity(&self) -> Option<&str> {
        match self {
            Self::Operator | Self::User(_) => None,
            Self::Session(session) => session.source_identity.as_deref(),
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Operator | Self::User(_) => None,
            Self::Session(session) => Some(session),
        }
    }

    /// What IAM would decide: an explicit denial anywhere is final; otherwise the role's own policy must allow the
    /// call and so must one of the policies that the session was given, where it was given any.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
    pub(super) fn decide(&self, config: &Config, call: &Call) -> Decision {
        if matches!(self, Self::Operator) {
            return Decision::Allowed("the account's own principal may do anything".to_owned());
        }
        if call.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
            return Decision::Allowed("no permission is required for this call".to_owned());
        }
        let layers = match self {
            Self::Operator => Ok(Vec::new()),
            Self::User(name) => Layer::of_user(name, config),
            Self::Session(session) => Layer::of(session, config),
        };
        let layers = match layers {
            Ok(layers) => layers,
            Err(reason) => return Decision::ImplicitDeny(reason),
        };
        let verdicts: Vec<LayerVerdict> = layers.iter().map(|layer| layer.judge(call)).collect();
        if let Some(denial) = verdicts.iter().find(|verdict| matches!(verdict, LayerVerdict::Denies(_))) {
            return denial.clone().into_decision();
        }
        let fallback = LayerVerdict::Allows("nothing limits it, and no session policy was passed".to_owned());
        let silent = verdicts.iter().find(|verdict| matches!(verdict, LayerVerdict::Silent(_)));
        silent.or(verdicts.last()).cloned().unwrap_or(fallback).into_decision()
    }

    /// The call, with the keys that IAM has for every request of this principal.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub(super) fn call(
        &self,
        config: &Config,
        action: &str,
        resource: &str,
        region: &str,
        now: Timestamp,
    ) -> Call {
        let mut context = SortedMap::new();
        let mut set = |key: &str, value: String| {
            context.insert(key.to_owned(), vec![value]);
        };
        set("aws:RequestedRegion", region.to_owned());
        set("aws:PrincipalAccount", self.account(config).to_owned());
        set("aws:userid", self.user_id(config));
        set("aws:CurrentTime", now.to_string());
        set("aws:EpochTime", now.as_second().to_string());
        set("aws:SecureTransport", "true".to_owned());
        match self {
            Self::Operator => {
                set("aws:PrincipalArn", self.arn(config));
                set("aws:PrincipalType", "User".to_owned());
                set("aws:username", "sandbox".to_owned());
            }
            Self::User(name) => {
                set("aws:PrincipalArn", self.arn(config));
                set("aws:PrincipalType", "User".to_owned());
                set("aws:username", name.clone());
            }
            Self::Session(session) => {
                // For a session this key holds the role's ARN, not the session's.
                set("aws:PrincipalArn", session.role.to_string());
                set("aws:PrincipalType", "AssumedRole".to_owned());
                set("aws:TokenIssueTime", session.issued_at.to_string());
                set("aws:MultiFactorAuthPresent", "false".to_owned());
                if let Some(identity) = &session.source_identity {
                    set("aws:SourceIdentity", identity.clone());
                }
                for tag in &session.tags {
                    set(&format!("aws:PrincipalTag/{}", tag.key), tag.value.clone());
                }
            }
        }
        Call { action: action.to_owned(), resource: resource.to_owned(), context }
    }
}

/// Policies of one kind: one of them must allow, and any may deny.
struct Layer {
    kind: &'static str,
    /// In words, and the document.
    policies: Vec<(String, PolicyDocument)>,
}

#[derive(Clone)]
enum LayerVerdict {
    Allows(String),
    Denies(String),
    Silent(String),
}

impl Layer {
    /// The layers that limit a session, or why it can do nothing at all.
    fn of(session: &Session, config: &Config) -> Result<Vec<Self>, String> {
        let mut layers = Vec::new();
        if let Roles::Listed(roles) = &config.roles {
            let Some(role) = roles.get(session.role.name()) else {
                return Err("the role no longer exists".to_owned());
            };
            if let RoleConfig { identity_policy: Some(policy), .. } = role {
                let policies = vec![("the role's policy".to_owned(), policy.clone())];
                layers.push(Self { kind: "identity-based policy", policies });
            }
        }
        let mut policies = Vec::new();
        if let Some(text) = &session.policy {
            let policy = PolicyDocument::from_str(text).map_err(|error| error.to_string())?;
            policies.push(("the session policy".to_owned(), policy));
        }
        for arn in &session.managed_policies {
            let Some(policy) = config.managed_policies.get(arn) else {
                return Err(format!("the managed policy {arn} no longer exists"));
            };
            policies.push((format!("the session policy {arn}"), policy.clone()));
        }
        if !policies.is_empty() {
            layers.push(Self { kind: "session policy", policies });
        }
        for text in &session.scope_down {
            let policy = PolicyDocument::from_str(text).map_err(|error| error.to_string())?;
            let policies = vec![("the scope-down policy".to_owned(), policy)];
            layers.push(Self { kind: "scope-down policy", policies });
        }
        Ok(layers)
    }

    /// The layers that limit a user, or why they can do nothing at all.
    fn of_user(name: &str, config: &Config) -> Result<Vec<Self>, String> {
        let Users::Listed(users) = &config.users else { return Ok(Vec::new()) };
        let policy = users.get(name).ok_or_else(|| "the user no longer exists".to_owned())?;
        let named = |policy: &PolicyDocument| vec![("the user's policy".to_owned(), policy.clone())];
        Ok(policy
            .iter()
            .map(|policy| Self { kind: "identity-based policy", policies: named(policy) })
            .collect())
    }

    fn judge(&self, call: &Call) -> LayerVerdict {
        let mut allowed = None;
        for (name, policy) in &self.policies {
            match evaluate(&[policy], call) {
                Verdict::ExplicitDeny { statement } => {
                    return LayerVerdict::Denies(format!("{} denies it", position(name, statement)));
                }
                Verdict::Allowed { statement } if allowed.is_none() => {
                    allowed = Some(format!("{} allows it", position(name, statement)));
                }
                Verdict::Allowed { .. } | Verdict::ImplicitDeny => {}
            }
        }
        allowed
            .map_or_else(|| LayerVerdict::Silent(format!("no {} allows it", self.kind)), LayerVerdict::Allows)
    }
}

impl LayerVerdict {
    fn into_decision(self) -> Decision {
        match self {
            Self::Allows(reason) => Decision::Allowed(reason),
            Self::Denies(reason) => Decision::ExplicitDeny(reason),
            Self::Silent(reason) => Decision::ImplicitDeny(reason),
        }
    }
}

fn position(policy: &str, position: Position) -> String {
    format!("statement {} of {policy}", position.statement + 1)
}
