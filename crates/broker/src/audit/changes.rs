//! What agents gain and lose by another scope document, in words and within bounds.

use deputize_scope::{Agent, Cloud, Scope, ScopeDocument, SortedMap};
use serde::{Deserialize, Serialize};

/// The most changes that are told one by one.
const MOST: usize = 100;

/// How long all of them may be together, in bytes.
const LONGEST: usize = 16 * 1024;

/// How much work a comparison may be, in the units of [`effort`]: that much takes some tenths of a second at worst. A
/// document of the largest size can be made to take hours.
const EFFORT: usize = 200_000_000;

/// What agents gain and lose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The changes, such as `+ ops: s3:GetObject on * in us-east-1 (aws)`; those that are too many left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<String>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_none")]
    more: usize,
    /// Why the documents were not compared, where they were not. The hashes say which ones they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_compared: Option<NotCompared>,
}

/// Why two documents were not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCompared {
    /// It would take too long.
    TooMuch,
    /// The document before cannot be read by this version of Deputize.
    Unreadable,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_none(more: &usize) -> bool {
    *more == 0
}

impl Changes {
    /// What agents gain and lose where `after` takes the place of `before`, or of no document at all.
    pub fn between(before: Option<&ScopeDocument>, after: &ScopeDocument) -> Self {
        let none = ScopeDocument {
            tenant: after.tenant.clone(),
            agents: SortedMap::default(),
            credentials: Vec::new(),
        };
        let (before, after) = different(before.unwrap_or(&none), after);
        if effort(&before, &after) > EFFORT {
            return Self::not_compared(NotCompared::TooMuch);
        }
        let changes = before.changes_to(&after);
        let mut this = Self::default();
        let mut room = LONGEST;
        for change in &changes {
            let line = change.to_string();
            if this.told.len() == MOST || line.len() > room {
                break;
            }
            room -= line.len();
            this.told.push(line);
        }
        this.more = changes.len() - this.told.len();
        this
    }

    /// That the documents were not compared.
    pub fn not_compared(why: NotCompared) -> Self {
        Self { not_compared: Some(why), ..Self::default() }
    }

    /// The changes that are told, a text each.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    /// How many there are beside those.
    pub fn more(&self) -> usize {
        self.more
    }
}

/// The documents without what agents are granted in both alike: there is nothing to compare in it.
fn different(before: &ScopeDocument, after: &ScopeDocument) -> (ScopeDocument, ScopeDocument) {
    let (mut one, mut other) = (before.clone(), after.clone());
    for (name, agent) in before.agents.iter().filter(|(name, agent)| after.agents.get(*name) == Some(*agent))
    {
        // Stored credentials may have come or gone.
        let bare = Agent { scopes: Vec::new(), ..agent.clone() };
        one.agents.insert(name.clone(), bare.clone());
        other.agents.insert(name.clone(), bare);
    }
    (one, other)
}

/// How much there is to compare, roughly: every part of a grant by the letter with every pattern that the other document
/// has for the agent, both ways; the patterns of each document among themselves; and each agent with each stored
/// credential and its users.
fn effort(before: &ScopeDocument, after: &ScopeDocument) -> usize {
    let credentials = users(before).saturating_add(users(after));
    let mut effort = 0_usize;
    for name in before.agents.keys().chain(after.agents.keys()) {
        let [before, after] = [before, after].map(|document| Size::of(document.agents.get(name)));
        for part in [
            before.patterns.saturating_mul(before.patterns) / 16,
            after.patterns.saturating_mul(after.patterns) / 16,
            before.parts.saturating_mul(after.patterns.saturating_add(SHORT)),
            after.parts.saturating_mul(before.patterns.saturating_add(SHORT)),
            before.identities.saturating_mul(after.identities),
            credentials,
        ] {
            effort = effort.saturating_add(part);
        }
    }
    effort
}

/// What a comparison costs beside the letters.
const SHORT: usize = 64;

/// How long an agent's grants are, in bytes.
#[derive(Default)]
struct Size {
    /// Their patterns.
    patterns: usize,
    /// Their parts: each permission on each resource.
    parts: usize,
    /// The identities; in numbers.
    identities: usize,
}

impl Size {
    fn of(agent: Option<&Agent>) -> Self {
        let Some(agent) = agent else { return Self::default() };
        let mut size = Self { identities: agent.identities.len(), ..Self::default() };
        for scope in &agent.scopes {
            let (permissions, resources) = match scope {
                Scope::Aws(scope) => (total(&scope.permissions), total(&scope.resources)),
                Scope::Gcp(scope) => (total(&scope.permissions), total(&scope.resources)),
                Scope::Azure(scope) => (total(&scope.permissions), total(&scope.resources)),
            };
            // Operations of Azure are matched by segments, which takes longer by the letter.
            let weight = if scope.cloud() == Cloud::Azure { 2 } else { 1 };
            let ((count, length), (resources, longer)) = (permissions, resources);
            let (length, longer) = (length.saturating_mul(weight), longer.saturating_mul(weight));
            size.patterns = size.patterns.saturating_add(length).saturating_add(longer);
            let parts = length.saturating_mul(resources.max(1)).saturating_add(longer.saturating_mul(count));
            size.parts = size.parts.saturating_add(parts);
        }
        size
    }
}

/// How many there are, and how long they are together.
fn total(patterns: &[impl ToString]) -> (usize, usize) {
    (patterns.len(), patterns.iter().map(|pattern| pattern.to_string().len()).sum())
}

fn users(document: &ScopeDocument) -> usize {
    document.credentials.iter().map(|credential| credential.consumers.as_ref().map_or(1, Vec::len)).sum()
}
