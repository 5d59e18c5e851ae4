//! Sets of calls at Google Cloud: what a grant allows and what a request asks for.

use serde::{Deserialize, Serialize};

use super::{GcpPermission, GcpResource, ServiceAccount};
use crate::glob::automaton::Effort;
use crate::proof::{Certainty, TooComplex};
use crate::sorted::{SortedMap, sort};

/// Any of the permissions, on any of the resources and what is below them, as a service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// The service account. A request that names none is content with whichever the grant has; a grant that names
    /// none is of one that only the deployment's settings know.
    pub service_account: Option<ServiceAccount>,
    /// The permissions.
    pub permissions: Vec<GcpPermission>,
    /// The resources.
    pub resources: Vec<GcpResource>,
}

/// A set of calls (permission, resource, service account): the union of statements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authority {
    statements: Vec<Statement>,
}

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The permission that the call needs.
    pub permission: String,
    /// The resource's full name.
    pub resource: String,
    /// The service account, where the request names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccount>,
    /// Whether the call is known to be outside the grant.
    pub certainty: Certainty,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.permission, self.resource)?;
        self.service_account.as_ref().map_or(Ok(()), |account| write!(f, " as {account}"))
    }
}

impl Statement {
    /// Whether what it allows is allowed to a request's service account.
    fn is_for(&self, asked: Option<&ServiceAccount>) -> bool {
        asked.is_none() || self.service_account.as_ref() == asked
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

    /// Whether one call is in the set; without a service account, for some service account.
    pub fn allows(&self, permission: &str, resource: &str, account: Option<&ServiceAccount>) -> bool {
        self.statements.iter().any(|statement| {
            statement.is_for(account)
                && statement.permissions.iter().any(|held| held.as_str() == permission)
                && statement.resources.iter().any(|held| held.matches(resource))
        })
    }

    /// Proves that the set has every call of `request`, or names one that it has not.
    ///
    /// The proof is exact. Only where a request has extravagantly many resources is it given up: the witness then
    /// says so, and is not a proof.
    pub fn contains(&self, request: &Authority) -> Result<(), Witness> {
        self.contains_within(request, &Effort::generous())
    }

    /// The same, with no more effort than is left.
    pub(crate) fn contains_within(&self, request: &Authority, effort: &Effort) -> Result<(), Witness> {
        for asked in &request.statements {
            let account = asked.service_account.as_ref();
            for permission in &asked.permissions {
                let held = self.statements.iter().filter(|one| one.is_for(account));
                let held: Vec<&GcpResource> = held
                    .filter(|one| one.permissions.contains(permission))
                    .flat_map(|one| &one.resources)
                    .collect();
                for resource in &asked.resources {
                    let (name, certainty) = match resource.outside(&held, permission, effort) {
                        Ok(None) => continue,
                        Ok(Some(name)) => (name, Certainty::Shown),
                        Err(TooComplex) => (resource.to_string(), Certainty::Undecided),
                    };
                    return Err(Witness {
                        permission: permission.to_string(),
                        resource: name,
                        service_account: account.cloned(),
                        certainty,
                    });
                }
            }
        }
        Ok(())
    }

    /// Proves that each of the permissions may be used on each of the resources; with `None`, on at least one
    /// resource.
    pub fn covers(
        &self,
        permissions: &[GcpPermission],
        resources: Option<&[GcpResource]>,
    ) -> Result<(), Witness> {
        let any = vec![GcpResource::any()];
        let mut held = self.statements.clone();
        if resources.is_none() {
            // Where any resource will do, a statement that has one may as well have all.
            held.iter_mut()
                .filter(|one| !one.resources.is_empty())
                .for_each(|one| one.resources = any.clone());
        }
        let resources = resources.map_or(any, <[_]>::to_vec);
        let asked = Statement { service_account: None, permissions: permissions.to_vec(), resources };
        Self::new(held).contains(&Self::new(vec![asked]))
    }

    /// The calls of the set that are of these permissions and on these resources; `None` is all that the set has.
    pub fn restrict(
        &self,
        permissions: Option<&[GcpPermission]>,
        resources: Option<&[GcpResource]>,
    ) -> Result<Authority, TooComplex> {
        let effort = Effort::generous();
        let mut statements = self.statements.clone();
        for statement in &mut statements {
            if let Some(asked) = permissions {
                effort.spend(statement.permissions.len().saturating_mul(asked.len()))?;
                statement.permissions.retain(|held| asked.contains(held));
            }
            if let Some(asked) = resources {
                effort.spend(statement.resources.len().saturating_mul(asked.len()))?;
                let pairs =
                    statement.resources.iter().flat_map(|held| asked.iter().map(move |one| (held, one)));
                statement.resources = pairs.filter_map(|(held, asked)| held.common(asked)).collect();
            }
        }
        Ok(Self::new(statements).normalized())
    }

    /// The same set without what is redundant, in a fixed order: sets that are equal have equal normal forms.
    #[must_use]
    pub fn normalized(self) -> Self {
        let mut by_permission: SortedMap<(Option<ServiceAccount>, GcpPermission), Vec<GcpResource>> =
            SortedMap::new();
        for statement in self.statements {
            for permission in statement.permissions {
                let holder = (statement.service_account.clone(), permission);
                by_permission.update(holder, |held| held.extend_from_slice(&statement.resources));
            }
        }
        let mut by_resources: SortedMap<(Option<ServiceAccount>, Vec<GcpResource>), Vec<GcpPermission>> =
            SortedMap::new();
        for ((account, permission), resources) in by_permission {
            let resources = outermost(resources);
            if !resources.is_empty() {
                by_resources.update((account, resources), |all| all.push(permission));
            }
        }
        let statement = |((service_account, resources), permissions)| Statement {
            service_account,
            permissions,
            resources,
        };
        Self::new(by_resources.into_iter().map(statement).collect())
    }
}

/// The resources in order, without those that another one has.
fn outermost(mut resources: Vec<GcpResource>) -> Vec<GcpResource> {
    sort(&mut resources);
    resources.dedup();
    let is_inner = |one: &GcpResource| {
        resources.iter().any(|other| other != one && other.covers(one) && (!one.covers(other) || other < one))
    };
    resources.iter().filter(|one| !is_inner(one)).cloned().collect()
}
