//! Statements that change nothing, because others say the same or deny it all.
//!
//! Proven by containment, with what is not exact counted to the safe side: the statement in question as all that
//! it may reach, those that it is held against as what they reach for certain.

use super::document::{Action, Clause, Effect, Policy, PrincipalKind, Resource, Statement};
use super::operator::Operator;
use crate::aws::authority::{Statement as Calls, TooComplex};
use crate::aws::coverage::{Covered, Effort, are_within};
use crate::aws::pattern::{ActionPattern, ResourcePattern};
use crate::aws::region::Regions;
use crate::finding::{Code, Finding, Fix};
use crate::sorted::SortedSet;

/// Tells the statements that others make needless.
pub(super) fn tell(policy: &Policy, findings: &mut Vec<Finding>) {
    let effort = Effort::generous();
    let views: Vec<View<'_>> = policy.statements.iter().map(View::of).collect();
    let mut gone = SortedSet::new();
    // Of two that say the same, the later one goes.
    for (index, view) in views.iter().enumerate().rev() {
        match judged(index, view, &views, &gone, &effort) {
            Ok(Some(finding)) => {
                if finding.code == Code::RedundantStatement {
                    gone.insert(index);
                }
                findings.push(finding);
            }
            Ok(None) => {}
            Err(TooComplex) => {
                let message = "the policy has too many patterns to compare each statement with all others";
                findings.push(
                    Finding::info(Code::TooComplex, message).at(view.statement.at).help("split the policy"),
                );
                return;
            }
        }
    }
}

fn judged(
    index: usize,
    view: &View<'_>,
    views: &[View<'_>],
    gone: &SortedSet<usize>,
    effort: &Effort,
) -> Result<Option<Finding>, TooComplex> {
    let statement = view.statement;
    if view.widest.actions.is_empty() || view.widest.resources.is_empty() {
        return Ok(None);
    }
    let others = || {
        let rest = views.iter().enumerate().filter(|(other, _)| *other != index && !gone.contains(other));
        rest.map(|(_, other)| other)
    };
    let same = others().filter(|other| other.statement.effect == statement.effect);
    if view.is_within(same, effort)? {
        let fix = statement.removal.map(|span| Fix {
            span,
            replacement: String::new(),
            title: "remove the statement".to_owned(),
        });
        let finding =
            Finding::warning(Code::RedundantStatement, "other statements already say all that this one says");
        return Ok(Some(finding.at(statement.at).help("remove it").fix(fix)));
    }
    if statement.effect == Effect::Allow {
        let denials = others().filter(|other| other.statement.effect == Effect::Deny);
        if view.is_within(denials, effort)? {
            let message = "whatever this statement allows, the policy also denies";
            let finding = Finding::warning(Code::SwallowedByDeny, message).at(statement.at);
            return Ok(Some(finding.help("remove it, or narrow the Deny")));
        }
    }
    Ok(None)
}

/// A statement with what is needed to compare it.
struct View<'a> {
    statement: &'a Statement,
    /// All calls that it may be about.
    widest: Calls,
    /// Calls that it is about for certain.
    surest: Calls,
    conditions: SortedSet<Row>,
    /// What all actions that it names begin with, and all resources.
    beginnings: (&'a str, &'a str),
}

/// A condition in a form in which equal ones are equal.
type Row = (Operator, String, SortedSet<String>);

impl<'a> View<'a> {
    fn of(statement: &'a Statement) -> Self {
        let rows = statement.conditions.iter().map(|one| {
            let values = one.values.iter().map(|one| one.value.clone()).collect();
            (one.operator.value, one.key.value.to_ascii_lowercase(), values)
        });
        let calls = |actions, resources| Calls { actions, resources, regions: Regions::All };
        let no_resources = || vec![ResourcePattern::any()];
        let resources = statement.resources.as_ref();
        Self {
            statement,
            widest: calls(
                widest(&statement.actions, |one: &Action| one.pattern.clone()),
                resources.map_or_else(no_resources, |all| widest(all, |one: &Resource| one.pattern.clone())),
            ),
            surest: calls(
                surest(&statement.actions, |one: &Action| one.is_exact.then(|| one.pattern.clone())),
                resources.map_or_else(no_resources, |all| {
                    surest(all, |one: &Resource| one.is_exact.then(|| one.pattern.clone()))
                }),
            ),
            conditions: rows.collect(),
            beginnings: (
                beginning(&statement.actions, |one: &Action| one.pattern.beginning()),
                resources.map_or("", |all| beginning(all, |one: &Resource| one.pattern.beginning())),
            ),
        }
    }

    /// Whether this statement applies to a caller and request whenever the other does, its calls aside.
    fn applies_whenever(&self, other: &Self) -> bool {
        self.conditions.is_subset(&other.conditions) && self.has_principals_of(other)
    }

    fn has_principals_of(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (&self.statement.principals, &other.statement.principals) else {
            return self.statement.principals.is_none() && other.statement.principals.is_none();
        };
        if own.is_negated() || others.is_negated() {
            return false;
        }
        let own: SortedSet<_> = own.listed().iter().map(|one| &one.value).collect();
        own.iter().any(|one| one.kind == PrincipalKind::Everybody)
            || others.listed().iter().all(|one| own.contains(&one.value))
    }

    /// Whether all that this statement may be about is what the others are about for certain, and whenever it
    /// applies.
    fn is_within<'o>(
        &self,
        others: impl Iterator<Item = &'o View<'o>>,
        effort: &Effort,
    ) -> Result<bool, TooComplex> {
        let mut near = Vec::new();
        for other in others {
            let pairs = self.widest.actions.len() * other.surest.actions.len()
                + self.widest.resources.len() * other.surest.resources.len();
            effort.spend(pairs / 8)?;
            if !other.is_apart_from(self) && other.applies_whenever(self) {
                near.extend(other.surely(self));
            }
        }
        if near.is_empty() {
            return Ok(false);
        }
        are_within(&self.widest, &near, effort)
    }

    /// Whether it can be seen at once that what this statement names is nothing that another is about.
    fn is_apart_from(&self, other: &Self) -> bool {
        fn apart<P: Covered>(named: &[P], others: &[P]) -> bool {
            named.iter().all(|one| others.iter().all(|other| one.is_apart_from(other)))
        }
        // Most statements are about one service, which no other pattern of another needs to be compared for.
        let ((actions, resources), (other_actions, other_resources)) = (self.beginnings, other.beginnings);
        if differ(actions, other_actions) || differ(resources, other_resources) {
            return true;
        }
        let (named, others) = (&self.surest, &other.widest);
        let actions = matches!(self.statement.actions, Clause::Only(_));
        let resources = matches!(self.statement.resources, Some(Clause::Only(_)));
        (actions && apart(&named.actions, &others.actions))
            || (resources && apart(&named.resources, &others.resources))
    }

    /// What this statement is about for certain, seen from another: all, where it leaves out only what the other
    /// is not about.
    fn surely(&self, other: &Self) -> Option<Calls> {
        let mut calls = self.surest.clone();
        if let Clause::AllBut(but) = &self.statement.actions {
            let apart = |one: &ActionPattern| but.iter().all(|but| but.value.pattern.is_apart_from(one));
            if other.widest.actions.iter().all(apart) {
                calls.actions = "*".parse().ok().into_iter().collect();
            }
        }
        if let Some(Clause::AllBut(but)) = &self.statement.resources {
            let apart = |one: &ResourcePattern| but.iter().all(|but| but.value.pattern.is_apart_from(one));
            if other.widest.resources.iter().all(apart) {
                calls.resources = vec![ResourcePattern::any()];
            }
        }
        (!calls.actions.is_empty() && !calls.resources.is_empty()).then_some(calls)
    }
}

fn widest<T, P: std::str::FromStr>(clause: &Clause<T>, pattern: impl Fn(&T) -> P) -> Vec<P> {
    match clause {
        Clause::Only(listed) => listed.iter().map(|one| pattern(&one.value)).collect(),
        Clause::AllBut(_) => "*".parse().ok().into_iter().collect(),
    }
}

fn surest<T, P>(clause: &Clause<T>, pattern: impl Fn(&T) -> Option<P>) -> Vec<P> {
    match clause {
        Clause::Only(listed) => listed.iter().filter_map(|one| pattern(&one.value)).collect(),
        Clause::AllBut(_) => Vec::new(),
    }
}

/// What all patterns that a clause names begin with.
fn beginning<'a, T>(clause: &'a Clause<T>, of: impl Fn(&'a T) -> &'a str) -> &'a str {
    let Clause::Only(listed) = clause else { return "" };
    let beginnings = listed.iter().map(|one| of(&one.value));
    beginnings.reduce(shared).unwrap_or_default()
}

/// What two texts both begin with.
fn shared<'a>(one: &'a str, other: &str) -> &'a str {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    one.get(..same).unwrap_or_default()
}

/// Whether neither text is the beginning of the other.
fn differ(one: &str, other: &str) -> bool {
    shared(one, other).len() < one.len().min(other.len())
}
