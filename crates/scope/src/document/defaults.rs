//! What a document says once for all its scopes.

use std::str::FromStr;

use super::agent::Budget;
use super::aws::{EXTERNAL_ID, ExternalId, ROLE, regions};
use super::azure::CLIENT_ID;
use super::gcp::SERVICE_ACCOUNT;
use crate::aws::arn::RoleArn;
use crate::aws::region::Regions;
use crate::azure::ClientId;
use crate::fields::Fields;
use crate::finding::{Code, Finding, Span};
use crate::gcp::ServiceAccount;
use crate::identifier::AgentId;
use crate::seconds::Seconds;
use crate::syntax::Node;
use crate::value::{Bounds, Expected, duration, parsed, text};

/// How long a credential lives where neither scope nor document says: the one hour of every cloud's default.
const MAX_DURATION: Seconds = Seconds::new(3_600);

/// What stands for the agent's name in a default role or service account.
const AGENT: &str = "{agent}";

/// The defaults of a document.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    max_duration: Option<(Seconds, Span)>,
    pub(super) budget: Budget,
    pub(super) regions: Regions,
    pub(super) role: Option<Template>,
    pub(super) external_id: Option<ExternalId>,
    pub(super) service_account: Option<Template>,
    pub(super) client_id: Option<ClientId>,
}

impl Defaults {
    pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "defaults", None, findings)?;
        let mut defaults = Self::default();
        if let Some(node) = fields.take("max_duration") {
            defaults.max_duration =
                duration(node, "max_duration", &ANY, findings).map(|duration| (duration, node.span));
        }
        if let Some(node) = fields.take("budget") {
            defaults.budget = Budget::read(node, &Budget::default(), findings).unwrap_or_default();
        }
        if let Some(node) = fields.take("regions") {
            defaults.regions = regions(node, findings).unwrap_or_default();
        }
        if let Some(node) = fields.take("aws") {
            defaults.read_aws(node, findings);
        }
        if let Some(node) = fields.take("gcp") {
            defaults.read_gcp(node, findings);
        }
        if let Some(node) = fields.take("azure") {
            defaults.read_azure(node, findings);
        }
        fields.finish(findings);
        Some(defaults)
    }

    fn read_aws(&mut self, node: &Node, findings: &mut Vec<Finding>) {
        let Some(mut fields) = Fields::of(node, "defaults of aws", None, findings) else { return };
        self.role = fields.take("role").and_then(|node| Template::read::<RoleArn>(node, ROLE, findings));
        if let Some(regions) = fields.take("regions").and_then(|node| regions(node, findings)) {
            self.regions = regions;
        }
        self.external_id = fields.take("external_id").and_then(|node| parsed(node, EXTERNAL_ID, findings));
        fields.finish(findings);
    }

    fn read_gcp(&mut self, node: &Node, findings: &mut Vec<Finding>) {
        let Some(mut fields) = Fields::of(node, "defaults of gcp", None, findings) else { return };
        self.service_account = fields
            .take("service_account")
            .and_then(|node| Template::read::<ServiceAccount>(node, SERVICE_ACCOUNT, findings));
        fields.finish(findings);
    }

    fn read_azure(&mut self, node: &Node, findings: &mut Vec<Finding>) {
        let Some(mut fields) = Fields::of(node, "defaults of azure", None, findings) else { return };
        self.client_id = fields.take("client_id").and_then(|node| parsed(node, CLIENT_ID, findings));
        fields.finish(findings);
    }

    /// The duration of a scope that names none. A default that the scope's cloud does not give is told where it
    /// stands, with the scope that takes it.
    pub(super) fn max_duration(&self, bounds: &Bounds, scope: Span, findings: &mut Vec<Finding>) -> Seconds {
        let Some((duration, span)) = self.max_duration else { return MAX_DURATION };
        if let Err((nearest, reason)) = bounds.check(duration) {
            let message = format!(
                "max_duration `{duration}` is {reason}, and the scope on line {} takes it",
                scope.line
            );
            let help = format!("give that scope a max_duration of its own, such as `{nearest}`");
            findings.push(Finding::error(Code::DurationOutOfBounds, message).at(span).help(help));
        }
        duration
    }
}

/// Every duration but none at all: a default is checked against each cloud that takes it.
const ANY: Bounds = Bounds { least: Seconds::new(1), most: Seconds::new(u32::MAX), of: "any cloud" };

/// A role or a service account in which `{agent}` stands for the agent's name.
#[derive(Debug)]
pub(super) struct Template(String);

impl Template {
    /// Reads a template of a `T`. It is tried with a short name, so that what is wrong with it whatever the agent
    /// is told where it stands.
    fn read<T>(node: &Node, expected: Expected, findings: &mut Vec<Finding>) -> Option<Self>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let template = text(node, expected.what, findings)?;
        let tried = template.replace(AGENT, "agent");
        if let Some(at) = tried.find(['{', '}']) {
            let rest = tried.get(at..).unwrap_or_default();
            let reason = format!("`{}` stands for nothing; only {AGENT} does", crate::finding::shown(rest));
            findings.push(expected.refuse(node, template, &reason));
            return None;
        }
        match tried.parse::<T>() {
            Ok(_) => Some(Self(template.to_owned())),
            Err(reason) => {
                findings.push(expected.refuse(node, template, &reason));
                None
            }
        }
    }

    /// What the template says for one agent. Where that is not sound, it is told at the scope that takes it.
    pub(super) fn fill<T>(
        &self,
        agent: &AgentId,
        expected: Expected,
        scope: Span,
        findings: &mut Vec<Finding>,
    ) -> Option<T>
    where
        T: FromStr<Err: std::fmt::Display>,
    {
        let text = self.0.replace(AGENT, agent.as_str());
        let refused = |reason: T::Err| {
            let message = format!("the default {} becomes `{text}`: {reason}", expected.what);
            let help = format!("give this scope a {} of its own", expected.what);
            findings.push(Finding::error(expected.code, message).at(scope).help(help));
        };
        text.parse().map_err(refused).ok()
    }
}
