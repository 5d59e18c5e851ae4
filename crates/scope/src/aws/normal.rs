//! One form for authorities that mean the same: nothing redundant, statements merged, a fixed order.

use super::authority::Statement;
use super::containment::{Union, is_action_within, is_resource_within, pivots};
use super::global::Parts;
use super::pattern::{ActionPattern, ResourcePattern};
use super::region::Regions;
use crate::glob::automaton::Effort;
use crate::sorted::{SortedSet, sort, sort_by};

/// The same union of boxes with less in it. What cannot be shown to be redundant within reasonable effort stays:
/// the meaning is the same in any case.
pub(super) fn normal_form(statements: Vec<Statement>) -> Vec<Statement> {
    let effort = Effort::generous();
    let mut statements: Vec<Statement> = statements
        .into_iter()
        .map(|statement| tidy(statement, &effort))
        .filter(|one| !is_void(one))
        .collect();
    // Each round takes something away, or is the last.
    loop {
        let mut next: Vec<Statement> =
            merged(statements.clone()).into_iter().map(|statement| tidy(statement, &effort)).collect();
        next = without_overlap(next, &effort);
        sort(&mut next);
        if next == statements {
            return statements;
        }
        statements = next;
    }
}

fn is_void(statement: &Statement) -> bool {
    statement.actions.is_empty() || statement.resources.is_empty()
}

/// A statement by itself: no pattern that the others of its list make redundant, in canonical spelling.
fn tidy(statement: Statement, effort: &Effort) -> Statement {
    let mut actions: Vec<ActionPattern> = statement.actions.iter().map(ActionPattern::canonical).collect();
    let mut regions = statement.regions;
    if regions.is_empty() {
        actions = actions.iter().flat_map(|action| Parts::of(action).global).collect();
        regions = Regions::All;
    }
    let pivots = pivots();
    let actions = irredundant(actions, ActionPattern::as_str, |one, others| {
        is_action_within(one, others.iter().copied().chain(pivots), effort)
    });
    let resources = statement.resources.iter().map(ResourcePattern::canonical).collect();
    let resources = irredundant(resources, ResourcePattern::as_str, |one, others| {
        is_resource_within(one, others.iter().copied(), effort)
    });
    Statement { actions, resources, regions }
}

/// The patterns in order, without those that the rest covers; the longer ones go first.
fn irredundant<P: Ord>(
    patterns: Vec<P>,
    text: impl Fn(&P) -> &str,
    is_covered: impl Fn(&P, &[&P]) -> bool,
) -> Vec<P> {
    let mut patterns: Vec<P> = SortedSet::from_iter(patterns).into_iter().collect();
    sort_by(&mut patterns, |one, other| text(other).len().cmp(&text(one).len()).then_with(|| one.cmp(other)));
    let mut index = 0;
    while let Some(one) = patterns.get(index) {
        let others: Vec<&P> = patterns.iter().filter(|other| *other != one).collect();
        if is_covered(one, &others) {
            patterns.remove(index);
        } else {
            index += 1;
        }
    }
    sort(&mut patterns);
    patterns
}

/// Statements that agree in two of actions, resources and regions become one.
fn merged(mut statements: Vec<Statement>) -> Vec<Statement> {
    sort(&mut statements);
    let mut merged: Vec<Statement> = Vec::new();
    for statement in statements {
        let home = merged.iter_mut().find_map(|one| Some((union(one, &statement)?, one)));
        match home {
            Some((union, one)) => *one = union,
            None => merged.push(statement),
        }
    }
    merged
}

fn union(one: &Statement, other: &Statement) -> Option<Statement> {
    let same = (one.actions == other.actions, one.resources == other.resources, one.regions == other.regions);
    let mut union = one.clone();
    match same {
        (_, true, true) => union.actions.extend(other.actions.iter().cloned()),
        (true, _, true) => union.resources.extend(other.resources.iter().cloned()),
        (true, true, _) => union.regions = one.regions.union(&other.regions),
        _ => return None,
    }
    Some(union)
}

/// Takes from each statement the actions, then the resources, that the other statements allow anyway.
fn without_overlap(mut statements: Vec<Statement>, effort: &Effort) -> Vec<Statement> {
    // The smaller ones first, so that it is the special case that gives way to the general.
    sort_by(&mut statements, |one, other| {
        let size = |one: &Statement| one.actions.len() * one.resources.len();
        size(one).cmp(&size(other)).then_with(|| one.cmp(other))
    });
    let mut index = 0;
    while index < statements.len() && statements.len() > 1 {
        let mut statement = statements.remove(index);
        let others = Union::new(&statements);
        let is_covered = |actions: &[ActionPattern], resources: &[ResourcePattern]| {
            let part = Statement {
                actions: actions.to_vec(),
                resources: resources.to_vec(),
                regions: statement.regions.clone(),
            };
            others.gap(&part, effort).is_ok_and(|gap| gap.is_none())
        };
        let resources = statement.resources.clone();
        statement.actions.retain(|action| !is_covered(std::slice::from_ref(action), &resources));
        let actions = statement.actions.clone();
        statement.resources.retain(|resource| !is_covered(&actions, std::slice::from_ref(resource)));
        if !is_void(&statement) {
            statements.insert(index, statement);
            index += 1;
        }
    }
    statements
}
