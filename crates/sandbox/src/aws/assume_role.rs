//! AssumeRole. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::str::FromStr as _;
use std::time::Duration;

use deputize_scope::aws::arn::RoleArn;
use deputize_scope::aws::policy::PolicyDocument;

use super::SandboxAws;
use super::config::{Config, RoleConfig, Roles};
use super::key::session_key_id;
use super::packed::packed_percentage;
use super::parameters::{Constraints, Parameters, is_name_character};
use super::principal::Principal;
use super::refusal::{Code, Refusal};
use super::service::{Caller, denied};
use super::session::{MAX_TOKEN_SIZE, Session};
use super::tags::{Tag, Tags};
use super::xml::Xml;

/// What a session lasts where the call does not say, and what a session of a session lasts at most.
const HOUR: u32 = 3_600;
/// Inline policy and ARNs of managed policies together, in characters.
pub(super) const MAX_POLICY: usize = 2_048;
const POLICY_CHARACTERS: &str = "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+";
const NAME_CHARACTERS: &str = "[\\w+=,.@-]*";

/// The call, held to every constraint that needs no knowledge of the role.
#[derive(Debug)]
pub(super) struct AssumeRole<'a> {
    pub(super) role: RoleArn,
    pub(super) name: &'a str,
    duration: Option<u32>,
    pub(super) policy: Option<&'a str>,
    pub(super) managed_policies: Vec<&'a str>,
    tags: Tags,
    external_id: Option<&'a str>,
    source_identity: Option<&'a str>,
    pub(super) minimum_token_size: usize,
}

pub(super) fn serve(sandbox: &SandboxAws, caller: &Caller, form: &Parameters) -> Result<Xml, Refusal> {
    let request = AssumeRole::parse(form)?;
    request.check_policies(&sandbox.0.config)?;
    let role = request.trusted_role(sandbox, caller)?;
    request.check_caller(sandbox, caller)?;
    let source_identity = request.source_identity(sandbox, caller)?;
    let duration = request.duration(caller, role.max_session)?;
    let inherited = caller.principal.session().map(Session::inherited).unwrap_or_default();
    let tags = request.tags.clone().inheriting(inherited)?;

    let packed = packed_percentage(&request.policy_texts(), &tags.all);
    check_packed(packed, &tags.all)?;

    let session = Session {
        tags: tags.all,
        transitive: tags.transitive,
        source_identity,
        policy: request.policy.map(str::to_owned),
        managed_policies: request.managed_policies.iter().map(|arn| (*arn).to_owned()).collect(),
        ..Session::new(request.role.clone(), request.name, caller.moment.now, caller.moment.after(duration))
    };
    let key = &sandbox.0.config.key;
    let user = Xml::default().text("Arn", &session.arn()).text("AssumedRoleId", &session.user_id(key));
    let answer = issued(sandbox, &session, packed, request.minimum_token_size)?;
    Ok(answer.element("AssumedRoleUser", user).optional("SourceIdentity", session.source_identity.as_deref()))
}

impl<'a> AssumeRole<'a> {
    pub(super) fn parse(form: &'a Parameters) -> Result<Self, Refusal> {
        let mut constraints = Constraints::default();
        let arn = constraints.required("roleArn", form.text("RoleArn"));
        if !arn.is_empty() {
            constraints.length("roleArn", arn, 20..=2_048);
        }
        let name = constraints.required("roleSessionName", form.text("RoleSessionName"));
        if form.text("RoleSessionName").is_some() {
            constraints.characters("roleSessionName", name, NAME_CHARACTERS, is_name_character);
            constraints.length("roleSessionName", name, 2..=64);
        }
        let duration = constraints.number("durationSeconds", form.text("DurationSeconds"), 900..=43_200);
        let policy = form.text("Policy");
        if let Some(policy) = policy {
            constraints.length("policy", policy, 1..=MAX_POLICY);
            policy_characters(&mut constraints, policy);
        }
        let managed_policies: Vec<&str> = form
            .structures("PolicyArns")
            .into_iter()
            .map(|structure| structure.get("arn").copied().unwrap_or_default())
            .collect();
        constraints.count("policyArns", managed_policies.len(), 0..=10);
        for (index, arn) in managed_policies.iter().enumerate() {
            constraints.length(&format!("policyArns.{}.member.arn", index + 1), arn, 20..=2_048);
        }
        let external_id = form.text("ExternalId");
        if let Some(external_id) = external_id {
            constraints.length("externalId", external_id, 2..=1_224);
            let allowed = |character| is_name_character(character) || ":/".contains(character);
            constraints.characters("externalId", external_id, "[\\w+=,.@:\\/-]*", allowed);
        }
        let source_identity = form.text("SourceIdentity");
        if let Some(identity) = source_identity {
            constraints.length("sourceIdentity", identity, 2..=64);
            // The reserved prefix `aws:` fails here too: there is no colon in the pattern.
            constraints.characters("sourceIdentity", identity, NAME_CHARACTERS, is_name_character);
        }
        let contexts = form.structures("ProvidedContexts");
        constraints.count("providedContexts", contexts.len(), 0..=5);
        let size = form.text("MinimumSessionTokenSize");
        let minimum = constraints.number("minimumSessionTokenSize", size, 0..=4_096).unwrap_or(0);
        let tags = Tags::parse(form, &mut constraints);
        constraints.check()?;
        let role = RoleArn::from_str(arn)
            .map_err(|_| Refusal::new(Code::ValidationError, format!("{arn} is invalid")))?;
        let tags = tags.checked()?;
        let minimum_token_size = usize::try_from(minimum).unwrap_or(MAX_TOKEN_SIZE);
        Ok(Self {
            role,
            name,
            duration,
            policy,
            managed_policies,
            tags,
            external_id,
            source_identity,
            minimum_token_size,
        })
    }

    pub(super) fn check_policies(&self, config: &Config) -> Result<(), Refusal> {
        let arns: usize = self.managed_policies.iter().map(|arn| arn.chars().count()).sum();
        let characters = self.policy.map_or(0, |policy| policy.chars().count()) + arns;
        if characters > MAX_POLICY {
            let message =
                format!("Session policies have {characters} characters, but may have {MAX_POLICY} together");
            return Err(Refusal::new(Code::ValidationError, message));
        }
        if let Some(Err(error)) = self.policy.map(PolicyDocument::from_str) {
            let message = format!("This policy contains the following error: {error}");
            return Err(Refusal::new(Code::MalformedPolicyDocument, message));
        }
        match self.managed_policies.iter().find(|arn| !config.managed_policies.contains_key(**arn)) {
            Some(arn) => Err(Refusal::new(
                Code::ValidationError,
                format!("Policy {arn} does not exist or is not attachable."),
            )),
            None => Ok(()),
        }
    }

    /// The role, if it exists and trusts the caller.
    fn trusted_role(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<RoleConfig, Refusal> {
        let config = &sandbox.0.config;
        let role = match &config.roles {
            Roles::Any { max_session } => {
                Some(RoleConfig { max_session: *max_session, ..RoleConfig::default() })
            }
            Roles::Listed(roles) if self.role.account() == config.account.as_str() => {
                roles.get(self.role.name()).cloned()
            }
            Roles::Listed(_) => None,
        };
        // A role that is not there and one that does not trust the caller are told apart by nobody.
        role.filter(|role| role.external_id.is_none() || role.external_id.as_deref() == self.external_id)
            .ok_or_else(|| denied(&caller.principal.arn(config), "sts:AssumeRole", self.role.as_str(), ""))
    }

    /// That the caller may assume the role, and may pass what it passes.
    fn check_caller(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<(), Refusal> {
        let one = |value: &str| vec![value.to_owned()];
        let tags = &self.tags.all;
        let keys: Vec<(String, Vec<String>)> =
            tags.iter().map(|tag| (format!("aws:RequestTag/{}", tag.key), one(&tag.value))).collect();
        let mut context: Vec<(&str, Vec<String>)> = vec![("sts:RoleSessionName", one(self.name))];
        context.extend(keys.iter().map(|(key, value)| (key.as_str(), value.clone())));
        if !tags.is_empty() {
            context.push(("aws:TagKeys", tags.iter().map(|tag| tag.key.clone()).collect()));
        }
        if !self.tags.transitive.is_empty() {
            context.push(("sts:TransitiveTagKeys", self.tags.transitive.clone()));
        }
        context.extend(self.external_id.map(|id| ("sts:ExternalId", one(id))));
        context.extend(self.source_identity.map(|identity| ("sts:SourceIdentity", one(identity))));

        let needed = [
            ("sts:AssumeRole", true),
            ("sts:TagSession", !tags.is_empty()),
            ("sts:SetSourceIdentity", self.source_identity.is_some()),
        ];
        for (action, _) in needed.into_iter().filter(|(_, needed)| *needed) {
            sandbox.check_allowed(caller, action, self.role.as_str(), &context)?;
        }
        Ok(())
    }

    /// The source identity of the new session: once set, it stays through the whole chain.
    fn source_identity(&self, sandbox: &SandboxAws, caller: &Caller) -> Result<Option<String>, Refusal> {
        match (caller.principal.source_identity(), self.source_identity) {
            (Some(set), Some(asked)) if set != asked => {
                let arn = caller.principal.arn(&sandbox.0.config);
                let because = "because the source identity of a session cannot be changed";
                Err(denied(&arn, "sts:SetSourceIdentity", self.role.as_str(), because))
            }
            (set, asked) => Ok(set.or(asked).map(str::to_owned)),
        }
    }

    fn duration(&self, caller: &Caller, max_session: Duration) -> Result<u32, Refusal> {
        self.duration_within(max_session, matches!(caller.principal, Principal::Session(_)))
    }

    pub(super) fn duration_within(&self, max_session: Duration, chained: bool) -> Result<u32, Refusal> {
        let max_session = u32::try_from(max_session.as_secs()).unwrap_or(u32::MAX);
        let duration = self.duration.unwrap_or(HOUR.min(max_session));
        let excess = if chained && duration > HOUR {
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        } else if duration > max_session {
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        } else {
            return Ok(duration);
        };
        Err(Refusal::new(Code::ValidationError, excess))
    }

    /// What is packed besides tags.
    pub(super) fn policy_texts(&self) -> Vec<&'a str> {
        self.policy.into_iter().chain(self.managed_policies.iter().copied()).collect()
    }
}

pub(super) fn policy_characters(constraints: &mut Constraints, policy: &str) {
    let allowed = |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{ff}');
    constraints.characters("policy", policy, POLICY_CHARACTERS, allowed);
}

pub(super) fn check_packed(packed: Option<u32>, tags: &[Tag]) -> Result<(), Refusal> {
    let Some(percentage) = packed.filter(|percentage| *percentage > 100) else { return Ok(()) };
    let tags_alone = packed_percentage(&[], tags).is_some_and(|percentage| percentage > 100);
    let message = if tags_alone {
        format!("Packed size of session tags consumes {percentage}% of allotted space.")
    } else {
        format!("Packed policy consumes {percentage}% of allotted space, please use smaller policy.")
    };
    Err(Refusal::new(Code::PackedPolicyTooLarge, message))
}

/// The session's credentials, and how much of its token is used up.
pub(super) fn issued(
    sandbox: &SandboxAws,
    session: &Session,
    packed: Option<u32>,
    minimum: usize,
) -> Result<Xml, Refusal> {
    let (key, random) = (&sandbox.0.config.key, sandbox.0.random.as_ref());
    let id = session_key_id(random);
    let token = session
        .seal(key, random, &id, minimum)
        .ok_or_else(|| Refusal::new(Code::InternalFailure, "The session could not be sealed."))?;
    let credentials = Xml::default()
        .text("AccessKeyId", &id)
        .text("SecretAccessKey", &key.secret_of(&id))
        .text("SessionToken", &token)
        .text("Expiration", &session.expires_at.to_string());
    let utilization = (token.len() * 100).div_ceil(MAX_TOKEN_SIZE);
    Ok(Xml::default()
        .element("Credentials", credentials)
        .optional("PackedPolicySize", packed.map(|percentage| percentage.to_string()).as_deref())
        .text("SessionTokenUtilization", &utilization.to_string())
        .text("SessionTokenSize", &token.len().to_string()))
}
