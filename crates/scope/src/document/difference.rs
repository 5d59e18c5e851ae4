//! What changes in authority from one scope document to another: exactly, and with a call that shows it.

use std::fmt;

use serde::Serialize;

use super::{Agent, AwsScope, AzureScope, GcpScope, Scope, ScopeDocument};
use crate::aws::authority::{Authority, Statement};
use crate::grant::{Grant, Witness};
use crate::identifier::{AgentId, Cloud};
use crate::seconds::Seconds;
use crate::sorted::{SortedMap, SortedSet};

/// One thing that an agent may do, and could not before; or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whose authority it is.
    pub agent: AgentId,
    /// Whether it is gained or lost.
    pub direction: Direction,
    /// The cloud, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<Cloud>,
    /// The role, service account or client that the authority is of; none where the settings say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// What it is, in words.
    pub what: String,
    /// A call that one document allows and the other does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// Which way authority changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The agent may do more.
    Gained,
    /// The agent may do less.
    Lost,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Gained { '+' } else { '-' };
        write!(f, "{sign} {}: {}", self.agent, self.what)?;
        match (&self.cloud, &self.identity) {
            (Some(cloud), Some(identity)) => write!(f, " ({cloud}, {identity})")?,
            (Some(cloud), None) => write!(f, " ({cloud})")?,
            (None, _) => {}
        }
        self.witness.as_ref().map_or(Ok(()), |witness| write!(f, "\n    such as {witness}"))
    }
}

impl ScopeDocument {
    /// What agents gain and lose where `new` takes this document's place.
    pub fn changes_to(&self, new: &Self) -> Vec<Change> {
        let none = Agent::default();
        let names: SortedSet<&AgentId> = self.agents.keys().chain(new.agents.keys()).collect();
        let mut changes = Vec::new();
        for name in names {
            let before = self.agents.get(name).unwrap_or(&none);
            let after = new.agents.get(name).unwrap_or(&none);
            for (direction, one, other) in
                [(Direction::Gained, after, before), (Direction::Lost, before, after)]
            {
                let mut side = Side { agent: name, direction, changes: &mut changes };
                side.aws(one, other);
                side.others(one, other);
                side.callers(one, other);
                // Of an agent that comes or goes the budget is no news.
                if self.agents.contains_key(name) && new.agents.contains_key(name) {
                    side.budget(one, other);
                }
                side.stored(if direction == Direction::Gained { (new, self) } else { (self, new) });
            }
        }
        changes
    }
}

/// What one agent has in one document and not in the other.
struct Side<'a> {
    agent: &'a AgentId,
    direction: Direction,
    changes: &'a mut Vec<Change>,
}

impl Side<'_> {
    fn tell(&mut self, of: Option<(Cloud, Option<String>)>, what: String, witness: Option<Witness>) {
        let (cloud, identity) = of.map_or((None, None), |(cloud, identity)| (Some(cloud), identity));
        let (agent, direction) = (self.agent.clone(), self.direction);
        self.changes.push(Change { agent, direction, cloud, identity, what, witness });
    }

    fn aws(&mut self, one: &Agent, other: &Agent) {
        let (held, others) = (roles(one), roles(other));
        for (role, scopes) in held {
            let none = Vec::new();
            let against = others.get(&role).unwrap_or(&none);
            let of = || Some((Cloud::Aws, role.clone()));
            let granted = authority(against);
            for statement in authority(&scopes).statements() {
                for action in &statement.actions {
                    for resource in &statement.resources {
                        let part = Statement {
                            actions: vec![action.clone()],
                            resources: vec![resource.clone()],
                            regions: statement.regions.clone(),
                        };
                        if let Err(witness) = granted.contains(&Authority::new(vec![part])) {
                            let what = format!("{action} on {resource} in {}", statement.regions);
                            self.tell(of(), what, Some(Witness::Aws(witness)));
                        }
                    }
                }
            }
            let longest = |scopes: &[&AwsScope]| scopes.iter().map(|scope| scope.max_duration).max();
            self.duration(of(), longest(&scopes), longest(against));
        }
    }

    fn duration(
        &mut self,
        of: Option<(Cloud, Option<String>)>,
        one: Option<Seconds>,
        other: Option<Seconds>,
    ) {
        if let (Some(one), Some(other)) = (one, other)
            && one > other
        {
            self.tell(of, format!("credentials that live {one} rather than {other}"), None);
        }
    }

    fn others(&mut self, one: &Agent, other: &Agent) {
        for scope in one.scopes.iter().filter(|scope| scope.cloud() != Cloud::Aws) {
            let same: Vec<Scope> =
                other.scopes.iter().filter(|other| is_of_one(scope, other)).cloned().collect();
            let granted = Grant::of(&same);
            let of = || Some((scope.cloud(), identity(scope)));
            for (part, permission, resource) in parts(scope) {
                let Err(witness) = granted.contains(&Grant::of(&[part])) else { continue };
                let place = if resource == "*" { "all that the identity reaches" } else { &resource };
                // What is named outright needs no example.
                let witness = permission.contains('*').then_some(witness);
                self.tell(of(), format!("{permission} on {place}"), witness);
            }
            let longest = same.iter().map(Scope::max_duration).max();
            self.duration(of(), Some(scope.max_duration()), longest);
        }
    }

    fn callers(&mut self, one: &Agent, other: &Agent) {
        for identity in one.identities.iter().filter(|identity| !other.identities.contains(identity)) {
            let caller = match identity {
                super::Identity::Aws(arn) => arn.to_string(),
                super::Identity::Oidc { issuer, subject } => format!("{subject} of {issuer}"),
            };
            self.tell(None, format!("{caller} may call as this agent"), None);
        }
    }

    fn budget(&mut self, one: &Agent, other: &Agent) {
        let (one, other) = (&one.budget, &other.budget);
        for (held, before, what) in [
            (one.live_leases, other.live_leases, "live leases"),
            (one.per_minute, other.per_minute, "leases in a minute"),
        ] {
            if held > before {
                self.tell(None, format!("{held} {what} rather than {before}"), None);
            }
        }
    }

    fn stored(&mut self, (one, other): (&ScopeDocument, &ScopeDocument)) {
        let of = |document: &ScopeDocument| -> SortedSet<_> {
            let own = document.credentials.iter().filter(|stored| stored.is_used_by(self.agent));
            own.map(|stored| (stored.id.clone(), stored.kind)).collect()
        };
        let known = of(other);
        for (id, kind) in of(one).into_iter().filter(|credential| !known.contains(credential)) {
            self.tell(None, format!("the stored credential {id} ({kind})"), None);
        }
    }
}

fn roles(agent: &Agent) -> SortedMap<Option<String>, Vec<&AwsScope>> {
    let mut roles: SortedMap<_, Vec<&AwsScope>> = SortedMap::new();
    for scope in &agent.scopes {
        if let Scope::Aws(scope) = scope {
            roles.update(scope.role.as_ref().map(ToString::to_string), |all| all.push(scope));
        }
    }
    roles
}

fn authority(scopes: &[&AwsScope]) -> Authority {
    let statements = scopes.iter().flat_map(|scope| scope.authority().statements().to_vec());
    Authority::new(statements.collect()).normalized()
}

/// The service account or client of a scope.
fn identity(scope: &Scope) -> Option<String> {
    match scope {
        Scope::Aws(scope) => scope.role.as_ref().map(ToString::to_string),
        Scope::Gcp(scope) => scope.service_account.as_ref().map(ToString::to_string),
        Scope::Azure(scope) => scope.client_id.as_ref().map(ToString::to_string),
    }
}

fn is_of_one(one: &Scope, other: &Scope) -> bool {
    one.cloud() == other.cloud() && identity(one) == identity(other)
}

/// A scope at Google or Azure in parts: each of its permissions on each of its resources, in words.
fn parts(scope: &Scope) -> Vec<(Scope, String, String)> {
    let mut parts = Vec::new();
    match scope {
        Scope::Aws(_) => {}
        Scope::Gcp(scope) => {
            let part = GcpScope {
                service_account: scope.service_account.clone(),
                permissions: Vec::new(),
                resources: Vec::new(),
                max_duration: scope.max_duration,
            };
            for statement in scope.authority().statements() {
                for permission in &statement.permissions {
                    for resource in &statement.resources {
                        let (permissions, resources) = (vec![permission.clone()], vec![resource.clone()]);
                        let part = GcpScope { permissions, resources, ..part.clone() };
                        parts.push((Scope::Gcp(part), permission.to_string(), resource.to_string()));
                    }
                }
            }
        }
        Scope::Azure(scope) => {
            let part = AzureScope {
                client_id: scope.client_id.clone(),
                permissions: Vec::new(),
                resources: Vec::new(),
                max_duration: scope.max_duration,
            };
            for statement in scope.authority().statements() {
                for operation in &statement.operations {
                    for resource in &statement.resources {
                        let (permissions, resources) = (vec![operation.clone()], vec![resource.clone()]);
                        let part = AzureScope { permissions, resources, ..part.clone() };
                        parts.push((Scope::Azure(part), operation.to_string(), resource.to_string()));
                    }
                }
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        let document = |scopes: &str| {
            let text = format!("version: 1\ntenant: acme\nagents: {{ ops: {{ scopes: [{scopes}] }} }}\n");
            ScopeDocument::parse(&text).document.unwrap()
        };
        document(before).changes_to(&document(after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_said_in_other_words_is_no_change() {
        let one = "{ cloud: aws, permissions: [s3:GetObject, s3:PutObject], regions: [us-east-1] }";
        let two = "{ cloud: aws, permissions: [s3:PutObject], regions: [us-east-1] }, { cloud: aws, permissions: [s3:GetObject], regions: [us-east-1] }";
        assert_eq!(told(one, two), Vec::<String>::new());
    }

    #[test]
    fn what_is_gained_and_lost_is_told_with_a_call() {
        let one = "{ cloud: aws, permissions: [s3:GetObject], regions: [us-east-1] }";
        let two = "{ cloud: aws, permissions: [\"s3:Get*\"], regions: [us-east-1], max_duration: 2h }";
        let gained = told(one, two);
        assert_eq!(gained.len(), 2, "{gained:?}");
        assert!(
            gained[0].starts_with("+ ops: s3:Get* on * in us-east-1 (aws)\n    such as s3:Get"),
            "{gained:?}"
        );
        assert_eq!(gained[1], "+ ops: credentials that live 2h rather than 1h (aws)");
        assert!(told(two, one).iter().all(|change| change.starts_with("- ops: ")));
    }

    #[test]
    fn permissions_of_other_clouds_are_compared_by_name() {
        let one = "{ cloud: gcp, permissions: [storage.objects.get] }, { cloud: azure, permissions: [\"Microsoft.Compute/*/read\"] }";
        let two = "{ cloud: gcp, permissions: [storage.objects.list] }, { cloud: azure, permissions: [Microsoft.Compute/virtualMachines/READ] }";
        let changes = told(one, two);
        assert_eq!(
            changes,
            [
                "+ ops: storage.objects.list on all that the identity reaches (gcp)",
                "- ops: storage.objects.get on all that the identity reaches (gcp)",
                "- ops: Microsoft.Compute/*/read on all that the identity reaches (azure)\n    such as Microsoft.Compute/example/read on /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example",
            ]
        );
    }

    #[test]
    fn callers_budgets_and_stored_credentials_count() {
        let document = |agent: &str, rest: &str| {
            let text = format!("version: 1\ntenant: acme\nagents: {{ ops: {{ {agent} }} }}\n{rest}");
            ScopeDocument::parse(&text).document.unwrap()
        };
        let before = document("", "");
        let after = document(
            "identities: [{ aws: arn:aws:iam::111122223333:role/ops }], budget: { live_leases: 21 }",
            "credentials: [{ id: deploy, type: aws_access_key, agent: ops }]",
        );
        let changes: Vec<String> =
            before.changes_to(&after).iter().map(|change| change.what.clone()).collect();
        assert_eq!(
            changes,
            [
                "arn:aws:iam::111122223333:role/ops may call as this agent",
                "21 live leases rather than 20",
                "the stored credential deploy (aws_access_key)",
            ]
        );
    }
}
