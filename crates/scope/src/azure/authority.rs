//! Sets of calls at Azure: what a grant allows and what a request asks for.
//!
//! An operation tells by itself which plane it is of, so a call is an operation, a resource and an identity.

use serde::{Deserialize, Serialize};

use super::segments::Segments;
use super::{AzureOperation, AzureResource, ClientId};
use crate::glob::Glob;
use crate::glob::automaton::Effort;
use crate::proof::{Certainty, TooComplex};
use crate::sorted::{sort, sort_by_key};

/// Any of the operations, on any of the resources and what is below them, as an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// The identity. A request that names none is content with whichever the grant has; a grant that names none is
    /// of one that only the deployment's settings know.
    pub client_id: Option<ClientId>,
    /// The operations.
    pub operations: Vec<AzureOperation>,
    /// The resources.
    pub resources: Vec<AzureResource>,
}

/// A set of calls (operation, resource, identity): the union of statements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authority {
    statements: Vec<Statement>,
}

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The operation.
    pub operation: String,
    /// The resource's id.
    pub resource: String,
    /// The identity, where the request names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// Whether the call is known to be outside the grant.
    pub certainty: Certainty,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.operation, self.resource)?;
        self.client_id.as_ref().map_or(Ok(()), |id| write!(f, " as {id}"))
    }
}

impl Statement {
    /// Whether what it allows is allowed to a request's identity.
    fn is_for(&self, asked: Option<&ClientId>) -> bool {
        asked.is_none() || self.client_id.as_ref() == asked
    }
}

impl Authority {
    /// The union of the statements.
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { statements }
    }

    /// The statements.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether one call is in the set; without an identity, for some identity.
    pub fn allows(&self, operation: &str, resource: &str, client_id: Option<&ClientId>) -> bool {
        self.statements.iter().any(|statement| {
            statement.is_for(client_id)
                && statement.operations.iter().any(|pattern| pattern.matches(operation))
                && statement.resources.iter().any(|held| held.matches(resource))
        })
    }

    /// Proves that the set has every call of `request`, or names one that it has not.
    ///
    /// The proof is exact. Only where patterns overlap in extravagantly many ways is it given up: the witness then
    /// says so, and is not a proof.
    pub fn contains(&self, request: &Authority) -> Result<(), Witness> {
        self.contains_within(request, &Effort::generous())
    }

    /// The same, with no more effort than is left.
    pub(crate) fn contains_within(&self, request: &Authority, effort: &Effort) -> Result<(), Witness> {
        for statement in &request.statements {
            for resource in &statement.resources {
                self.has(statement, resource, effort)?;
            }
        }
        Ok(())
    }

    /// The same for one resource. What covers it covers what is below it; and what does not, leaves it out itself.
    fn has(&self, asked: &Statement, resource: &AzureResource, effort: &Effort) -> Result<(), Witness> {
        let client_id = asked.client_id.as_ref();
        let covering = |held: &&Statement| {
            held.is_for(client_id) && held.resources.iter().any(|one| one.covers(resource))
        };
        let held: Vec<&AzureOperation> =
            self.statements.iter().filter(covering).flat_map(|statement| &statement.operations).collect();
        let witness = |operation: String, certainty: Certainty| Witness {
            resource: self.resource(resource, &operation, client_id),
            operation,
            client_id: client_id.cloned(),
            certainty,
        };
        for operation in &asked.operations {
            match gap(operation, &held, effort) {
                Ok(None) => {}
                Ok(Some(gap)) => return Err(witness(gap, Certainty::Shown)),
                Err(TooComplex) => return Err(witness(operation.to_string(), Certainty::Undecided)),
            }
        }
        Ok(())
    }

    /// A resource among those asked for on which the operation is not granted.
    fn resource(&self, asked: &AzureResource, operation: &str, client_id: Option<&ClientId>) -> String {
        if !asked.is_any() {
            return asked.to_string();
        }
        // Nobody is granted the operation everywhere here, and each resource lies below one of these at most.
        let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/example".to_owned();
        let others = (0..=self.statements.iter().map(|one| one.resources.len()).sum::<usize>())
            .map(|number| format!("/example{number}"));
        std::iter::once(group)
            .chain(others)
            .find(|id| !self.allows(operation, id, client_id))
            .unwrap_or_else(|| asked.to_string())
    }

    /// Proves that each of the operations may be used on each of the resources; with `None`, on at least one
    /// resource.
    pub fn covers(
        &self,
        operations: &[AzureOperation],
        resources: Option<&[AzureResource]>,
    ) -> Result<(), Witness> {
        let any = vec![AzureResource::any()];
        let mut held = self.statements.clone();
        if resources.is_none() {
            // Where any resource will do, a statement that has one may as well have all.
            held.iter_mut()
                .filter(|one| !one.resources.is_empty())
                .for_each(|one| one.resources = any.clone());
        }
        let resources = resources.map_or(any, <[_]>::to_vec);
        let asked = Statement { client_id: None, operations: operations.to_vec(), resources };
        Self::new(held).contains(&Self::new(vec![asked]))
    }

    /// The calls of the set that are of these operations and on these resources; `None` is all that the set has.
    pub fn restrict(
        &self,
        operations: Option<&[AzureOperation]>,
        resources: Option<&[AzureResource]>,
    ) -> Result<Authority, TooComplex> {
        let effort = Effort::generous();
        let mut statements = Vec::new();
        for statement in &self.statements {
            let mut kept = statement.clone();
            if let Some(asked) = operations {
                kept.operations = common(&statement.operations, asked, &effort)?;
            }
            if let Some(asked) = resources {
                effort.spend(statement.resources.len().saturating_mul(asked.len()))?;
                kept.resources = meet(&statement.resources, asked);
            }
            statements.push(kept);
        }
        Ok(Self::new(statements).normalized())
    }

    /// The same set without what is redundant, in a fixed order. What cannot be shown to be redundant within
    /// reasonable effort stays.
    #[must_use]
    pub fn normalized(self) -> Self {
        let effort = Effort::generous();
        // One statement for each resource, with what is granted on it but not on a resource above it.
        let mut parted: Vec<Statement> = Vec::new();
        for statement in self.statements {
            for resource in statement.resources {
                let same = |one: &&mut Statement| {
                    one.client_id == statement.client_id && one.resources.first() == Some(&resource)
                };
                match parted.iter_mut().find(same) {
                    Some(one) => one.operations.extend_from_slice(&statement.operations),
                    None => parted.push(Statement {
                        client_id: statement.client_id.clone(),
                        operations: statement.operations.clone(),
                        resources: vec![resource],
                    }),
                }
            }
        }
        let above = |one: &Statement| -> Vec<AzureOperation> {
            let wider = parted.iter().filter(|other| {
                other.client_id == one.client_id
                    && other.resources != one.resources
                    && other.resources.iter().zip(&one.resources).all(|(other, one)| other.covers(one))
            });
            wider.flat_map(|other| other.operations.clone()).collect()
        };
        let mut merged: Vec<Statement> = Vec::new();
        for one in &parted {
            let operations = irredundant(&one.operations, &above(one), &effort);
            let same =
                |other: &&mut Statement| other.client_id == one.client_id && other.operations == operations;
            match merged.iter_mut().find(same) {
                _ if operations.is_empty() => {}
                Some(other) => other.resources.extend_from_slice(&one.resources),
                None => merged.push(Statement { operations, ..one.clone() }),
            }
        }
        merged.iter_mut().for_each(|one| sort(&mut one.resources));
        sort(&mut merged);
        Self::new(merged)
    }
}

/// An operation of the pattern that none of those held matches; one that a reader knows, if possible.
fn gap(
    pattern: &AzureOperation,
    held: &[&AzureOperation],
    effort: &Effort,
) -> Result<Option<String>, TooComplex> {
    effort.spend(held.len())?;
    if held.contains(&pattern) {
        return Ok(None);
    }
    if !pattern.has_wildcard() {
        let is_held = held.iter().any(|held| held.matches(pattern.as_str()));
        return Ok((!is_held).then(|| pattern.to_string()));
    }
    let known = KNOWN
        .into_iter()
        .find(|known| pattern.matches(known) && !held.iter().any(|held| held.matches(known)));
    if let Some(known) = known {
        return Ok(Some(known.to_owned()));
    }
    // What is asked for comes first, so that its spelling is kept.
    let mut segments = Segments::default();
    segments.glob(pattern)?;
    let globs: Vec<Glob> = held.iter().map(|held| segments.glob(held)).collect::<Result<_, _>>()?;
    segments.outside(pattern, &globs.iter().collect::<Vec<_>>(), effort)
}

/// Operations that show at a glance what a wildcard lets in.
const KNOWN: [&str; 4] = [
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Compute/virtualMachines/delete",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
];

fn common(
    held: &[AzureOperation],
    asked: &[AzureOperation],
    effort: &Effort,
) -> Result<Vec<AzureOperation>, TooComplex> {
    let mut segments = Segments::default();
    let mut found = Vec::new();
    for one in held {
        for other in asked {
            effort.spend(1)?;
            match (one.has_wildcard(), other.has_wildcard()) {
                (_, false) if one.matches(other.as_str()) => found.push(other.clone()),
                (false, _) if other.matches(one.as_str()) => found.push(one.clone()),
                (true, true) => found.append(&mut segments.common(one, other, effort)?),
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Of each two the one that lies below the other.
fn meet(held: &[AzureResource], asked: &[AzureResource]) -> Vec<AzureResource> {
    let pairs = held.iter().flat_map(|held| asked.iter().map(move |asked| (held, asked)));
    let lower = |(held, asked): (&AzureResource, &AzureResource)| {
        if held.covers(asked) { Some(asked.clone()) } else { asked.covers(held).then(|| held.clone()) }
    };
    pairs.filter_map(lower).collect()
}

/// The patterns in order, without those that the rest or `above` cover.
fn irredundant(
    patterns: &[AzureOperation],
    above: &[AzureOperation],
    effort: &Effort,
) -> Vec<AzureOperation> {
    let mut patterns = patterns.to_vec();
    sort(&mut patterns);
    patterns.dedup();
    // The longer ones go first, so that the special case gives way to the general.
    sort_by_key(&mut patterns, |one| std::cmp::Reverse(one.as_str().len()));
    let mut index = 0;
    while let Some(one) = patterns.get(index) {
        let others: Vec<&AzureOperation> =
            patterns.iter().filter(|other| *other != one).chain(above).collect();
        if gap(one, &others, effort) == Ok(None) {
            patterns.remove(index);
        } else {
            index += 1;
        }
    }
    sort(&mut patterns);
    patterns
}
