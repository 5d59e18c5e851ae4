//! What can be told only of an agent's scopes together: which change nothing, and whether they fit a session.

use super::{Agent, AwsScope, AzureScope, GcpScope, Scope, ScopeDocument};
use super::{overlap, tokens};
use crate::aws::authority::{Authority, Certainty, TooComplex};
use crate::aws::compile::{CompileError, SESSION_POLICY_LIMIT, compile};
use crate::aws::coverage::{Effort, are_within};
use crate::aws::length::{FRAME, longest};
use crate::azure::AzureOperation;
use crate::azure::authority as azure;
use crate::finding::shown;
use crate::finding::{Code, Finding, Span};
use crate::gcp::authority as gcp;
use crate::identifier::AgentId;
use crate::sorted::SortedMap;

/// An agent with the places of what it was read from.
pub(super) struct Reviewed<'a> {
    pub(super) id: &'a AgentId,
    pub(super) agent: &'a Agent,
    /// The agent's name.
    pub(super) at: Option<Span>,
    /// Its scopes, in their order; none where there is no text.
    pub(super) scopes: &'a [Span],
}

impl Reviewed<'_> {
    /// Where a scope is, by its index.
    pub(super) fn place(&self, index: usize) -> Option<Span> {
        self.scopes.get(index).copied()
    }
}

impl ScopeDocument {
    /// Tells of the agents' scopes what does not come from how they are written, without places.
    pub(crate) fn review(&self, findings: &mut Vec<Finding>) {
        for scope in self.agents.values().flat_map(|agent| &agent.scopes) {
            if let Scope::Aws(scope) = scope {
                overlap::among(&scope.permissions, "permission", None, &|_| None, findings);
                overlap::among(&scope.resources, "resource", None, &|_| None, findings);
            }
        }
        tell(self.agents.iter().map(|(id, agent)| Reviewed { id, agent, at: None, scopes: &[] }), findings);
    }
}

/// Compiling is much work where it matters: no document needs more of it than this.
const COMPILATIONS: usize = 48;

/// More patterns than this are not compiled to be counted: the shortest names fill a session policy thrice.
const COUNTED: usize = 400;

/// Tells what the agents' scopes are together.
pub(super) fn tell<'a>(agents: impl Iterator<Item = Reviewed<'a>>, findings: &mut Vec<Finding>) {
    let effort = Effort::generous();
    let mut compilations = COMPILATIONS;
    for reviewed in agents {
        tokens::tell(&reviewed, findings);
        if redundant(&reviewed, &effort, findings).is_err() {
            let message = "the scopes have too many patterns to compare each with all others";
            findings.push(Finding::info(Code::TooComplex, message).at(reviewed.at).help("split the agent"));
            return;
        }
        sizes(&reviewed, &mut compilations, findings);
    }
}

/// Scopes that allow nothing that others do not allow too. Of two that say the same, the later one is told.
fn redundant(
    reviewed: &Reviewed<'_>,
    effort: &Effort,
    findings: &mut Vec<Finding>,
) -> Result<(), TooComplex> {
    let scopes = &reviewed.agent.scopes;
    let mut gone = vec![false; scopes.len()];
    for (index, scope) in scopes.iter().enumerate().rev() {
        let others = || {
            let rest = scopes.iter().zip(&gone).enumerate();
            let rest =
                rest.filter(|(other, (_, gone))| *other != index && !**gone).map(|(_, (other, _))| other);
            rest.filter(|other| other.max_duration() >= scope.max_duration())
        };
        // Those that share permissions with it are copied to be compared.
        effort.spend(scopes.len() * 8)?;
        let is_covered = match scope {
            Scope::Aws(scope) => is_aws_covered(scope, others(), effort)?,
            Scope::Gcp(scope) => is_gcp_covered(scope, others(), effort)?,
            Scope::Azure(scope) => is_azure_covered(scope, others(), effort)?,
        };
        if is_covered {
            if let Some(gone) = gone.get_mut(index) {
                *gone = true;
            }
            let message =
                format!("the agent's other scopes of {} already allow all of this one", scope.cloud());
            let finding = Finding::warning(Code::RedundantScope, message).at(reviewed.place(index));
            findings.push(finding.help("remove it, or narrow the others"));
        }
    }
    Ok(())
}

fn is_aws_covered<'a>(
    scope: &AwsScope,
    others: impl Iterator<Item = &'a Scope>,
    effort: &Effort,
) -> Result<bool, TooComplex> {
    let others: Vec<&AwsScope> = others
        .filter_map(|other| match other {
            Scope::Aws(other) => Some(other),
            _ => None,
        })
        .filter(|other| other.role == scope.role && other.external_id == scope.external_id)
        .collect();
    // Most scopes are about actions that no other has, which costs little to see.
    let shared = scope.permissions.first().is_some_and(|first| {
        others.iter().flat_map(|other| &other.permissions).any(|one| !one.glob().is_apart_from(first.glob()))
    });
    if !shared {
        return Ok(false);
    }
    let others: Vec<_> = others.into_iter().map(AwsScope::statement).collect();
    are_within(&scope.statement(), &others, effort)
}

fn is_gcp_covered<'a>(
    scope: &GcpScope,
    others: impl Iterator<Item = &'a Scope>,
    effort: &Effort,
) -> Result<bool, TooComplex> {
    let mut statements = Vec::new();
    for other in others {
        let Scope::Gcp(other) = other else { continue };
        effort.spend(other.permissions.len())?;
        let is_near = scope.permissions.iter().any(|one| other.permissions.contains(one));
        if is_near && other.service_account == scope.service_account {
            statements.extend_from_slice(other.authority().statements());
        }
    }
    if statements.is_empty() {
        return Ok(false);
    }
    is_shown(
        gcp::Authority::new(statements)
            .contains_within(&scope.authority(), effort)
            .map_err(|one| one.certainty),
    )
}

fn is_azure_covered<'a>(
    scope: &AzureScope,
    others: impl Iterator<Item = &'a Scope>,
    effort: &Effort,
) -> Result<bool, TooComplex> {
    let mut statements = Vec::new();
    for other in others {
        let Scope::Azure(other) = other else { continue };
        effort.spend(other.permissions.len())?;
        let is_near = |held: &AzureOperation| held.has_wildcard() || scope.permissions.contains(held);
        if other.client_id == scope.client_id && other.permissions.iter().any(is_near) {
            statements.extend_from_slice(other.authority().statements());
        }
    }
    if statements.is_empty() {
        return Ok(false);
    }
    is_shown(
        azure::Authority::new(statements)
            .contains_within(&scope.authority(), effort)
            .map_err(|one| one.certainty),
    )
}

/// What an answer says, unless it was given up.
fn is_shown(answer: Result<(), Certainty>) -> Result<bool, TooComplex> {
    match answer {
        Err(Certainty::Undecided) => Err(TooComplex),
        answer => Ok(answer.is_ok()),
    }
}

/// Whether all that an agent may be given of one role fits one session.
fn sizes(reviewed: &Reviewed<'_>, compilations: &mut usize, findings: &mut Vec<Finding>) {
    let mut roles: SortedMap<_, Vec<(&AwsScope, Option<Span>)>> = SortedMap::new();
    for (index, scope) in reviewed.agent.scopes.iter().enumerate() {
        if let Scope::Aws(scope) = scope {
            let placed = (scope, reviewed.place(index));
            roles.update((&scope.role, &scope.external_id), |all| all.push(placed));
        }
    }
    for scopes in roles.into_values() {
        let longest: usize = scopes
            .iter()
            .map(|(scope, _)| longest(&scope.permissions, &scope.resources, &scope.regions))
            .sum();
        if longest + FRAME <= SESSION_POLICY_LIMIT || *compilations == 0 {
            continue;
        }
        let agent = shown(reviewed.id.as_str());
        let patterns: usize = scopes.iter().map(|(one, _)| one.permissions.len() + one.resources.len()).sum();
        if patterns > COUNTED {
            let message = format!(
                "`{agent}` has {patterns} permissions and resources of one role, and a session policy has room \
                 for {SESSION_POLICY_LIMIT} characters"
            );
            let finding = Finding::warning(Code::PolicySize, message).at(reviewed.at);
            findings.push(finding.help("use wildcards, or split them between roles"));
            continue;
        }
        let all: Vec<&AwsScope> = scopes.iter().map(|(scope, _)| *scope).collect();
        *compilations -= 1;
        let Some(characters) = too_large(&all) else { continue };
        let message = format!(
            "the session policy for all that `{agent}` has of one role needs {characters} characters, \
             and STS takes {SESSION_POLICY_LIMIT}"
        );
        let finding = Finding::warning(Code::PolicySize, message).at(reviewed.at);
        findings.push(finding.help(what_fits(&scopes, characters, compilations)));
    }
}

/// How many characters the shortest policy has, where these are too many.
fn too_large(scopes: &[&AwsScope]) -> Option<usize> {
    let statements = scopes.iter().map(|scope| scope.statement());
    match compile(&Authority::new(statements.collect())) {
        Err(CompileError::TooLarge { characters, .. }) => Some(characters),
        _ => None,
    }
}

/// Which scope to move to another role, if one is enough.
fn what_fits(scopes: &[(&AwsScope, Option<Span>)], characters: usize, compilations: &mut usize) -> String {
    let over = characters - SESSION_POLICY_LIMIT;
    for (index, (_, at)) in scopes.iter().enumerate() {
        if scopes.len() == 1 || *compilations == 0 {
            break;
        }
        *compilations -= 1;
        let rest = scopes.iter().enumerate().filter(|(other, _)| *other != index);
        let rest: Vec<&AwsScope> = rest.map(|(_, (scope, _))| *scope).collect();
        if too_large(&rest).is_none() {
            let which = match at {
                Some(at) => format!("the scope on line {}", at.line),
                None => format!("the scope {index}, counted from 0 among those of the role,"),
            };
            return format!("without {which} it fits: give that one a role of its own");
        }
    }
    format!(
        "shorten it by {over} characters, split it between roles, or let the agent ask for a part at a time"
    )
}
