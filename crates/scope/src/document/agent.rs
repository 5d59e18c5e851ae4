//! Agents: who they are, how much they may ask for, and what they may be given.

use serde::Serialize;

use super::defaults::Defaults;
use super::identity::{Callers, Identity};
use super::read;
use super::{Scope, azure};
use crate::fields::Fields;
use crate::finding::{Finding, Span};
use crate::identifier::AgentId;
use crate::syntax::{Entry, Kind, Node};
use crate::value::{list, number};

/// An agent of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// The callers that are this agent.
    pub identities: Vec<Identity>,
    /// How much it may ask for.
    pub budget: Budget,
    /// What it may be given. What it is granted at a cloud is the union of that cloud's scopes.
    pub scopes: Vec<Scope>,
}

impl Agent {
    /// Reads an agent, with the places of its scopes.
    pub(super) fn read(
        id: &AgentId,
        entry: &Entry,
        defaults: &Defaults,
        callers: &mut Callers,
        findings: &mut Vec<Finding>,
    ) -> Option<(Self, Vec<Span>)> {
        let mut fields = Fields::of(&entry.value, "an agent", Some(entry.key.span), findings)?;
        let mut places = Vec::new();
        let mut agent = Self { budget: defaults.budget.clone(), ..Self::default() };
        for node in
            fields.take("identities").and_then(|node| list(node, "identities", findings)).unwrap_or_default()
        {
            if let Some(identity) = Identity::read(node, findings) {
                callers.bind(&identity, id, node.span, findings);
                agent.identities.push(identity);
            }
        }
        if let Some(node) = fields.take("budget") {
            agent.budget = Budget::read(node, &defaults.budget, findings).unwrap_or_default();
        }
        for node in fields.take("scopes").and_then(|node| list(node, "scopes", findings)).unwrap_or_default()
        {
            if let Some(scope) = read::scope(node, Some(id), defaults, findings) {
                if matches!(scope, Scope::Azure(_)) {
                    findings.extend(azure::mixed_in(node));
                }
                agent.scopes.push(scope);
                places.push(place(node));
            }
        }
        fields.finish(findings);
        Some((agent, places))
    }
}

/// Where a scope is pointed at: its first field.
fn place(node: &Node) -> Span {
    match &node.kind {
        Kind::Mapping(entries) => entries.first().map_or(node.span, |entry| entry.key.span),
        _ => node.span,
    }
}

/// How much an agent may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// How many leases may be live at once.
    pub live_leases: u32,
    /// How many leases may be issued within a minute.
    pub per_minute: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { live_leases: 20, per_minute: 30 }
    }
}

impl Budget {
    /// What a budget may be. An agent that may have nothing is suspended or removed, not given a budget of 0.
    pub const BOUNDS: std::ops::RangeInclusive<u32> = 1..=1_000_000;

    /// Reads a budget; what it does not say, `otherwise` does.
    pub(super) fn read(node: &Node, otherwise: &Self, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "a budget", None, findings)?;
        let mut field = |name, otherwise| match fields.take(name) {
            Some(node) => number(node, name, Self::BOUNDS, findings),
            None => Some(otherwise),
        };
        let live_leases = field("live_leases", otherwise.live_leases);
        let per_minute = field("per_minute", otherwise.per_minute);
        fields.finish(findings);
        Some(Self { live_leases: live_leases?, per_minute: per_minute? })
    }
}
