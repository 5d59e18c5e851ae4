//! Conditions together: those that no request satisfies, and those that every request does.

use super::document::{Condition, Policy, Statement};
use super::operator::{Comparison, Qualifier, ValueType};
use super::value;
use crate::finding::shown;
use crate::finding::{Code, Finding};
use crate::sorted::SortedMap;
use crate::text::matches_wildcards;

/// Tells the conditions of a policy that cannot hold, or cannot fail.
pub(super) fn tell(policy: &Policy, findings: &mut Vec<Finding>) {
    for statement in &policy.statements {
        for condition in &statement.conditions {
            if let Some(reason) = vacuous(condition) {
                let message = format!("every request satisfies this condition: {reason}");
                let finding = Finding::warning(Code::VacuousCondition, message).at(condition.key.span);
                findings.push(finding.help("remove it, or write what must hold"));
            }
        }
        for (key, conditions) in by_key(statement) {
            if let Some(reason) = contradiction(&conditions) {
                let at = conditions.last().map_or(statement.at, |last| last.key.span);
                let message = format!("no request satisfies all conditions on `{}`: {reason}", shown(&key));
                let finding = Finding::warning(Code::UnsatisfiableCondition, message).at(at);
                findings
                    .push(finding.help("the statement never applies; remove it or one of the conditions"));
            }
        }
    }
}

fn by_key(statement: &Statement) -> SortedMap<String, Vec<&Condition>> {
    let mut keys: SortedMap<String, Vec<&Condition>> = SortedMap::new();
    for condition in &statement.conditions {
        keys.update(condition.key.value.to_ascii_lowercase(), |all| all.push(condition));
    }
    keys
}

fn vacuous(condition: &Condition) -> Option<&'static str> {
    let operator = condition.operator.value;
    let truths = || condition.values.iter().filter_map(|one| value::truth(&one.value));
    let both = truths().any(|truth| truth) && truths().any(|truth| !truth);
    match operator.comparison {
        Comparison::Null if both => Some("the key is there or it is not"),
        Comparison::Bool if both && operator.if_exists => Some("the key is true or false"),
        Comparison::StringLike | Comparison::ArnLike | Comparison::ArnEquals => {
            let absent_too = operator.if_exists || operator.qualifier == Some(Qualifier::ForAllValues);
            let any = condition.values.iter().any(|one| one.value == "*");
            (any && absent_too).then_some("`*` matches every value, and the key may be absent")
        }
        _ => None,
    }
}

/// Why no request satisfies all of these conditions on one key, as far as that is plain to see.
fn contradiction(conditions: &[&Condition]) -> Option<&'static str> {
    let null = |wanted: bool| {
        conditions.iter().any(|one| {
            let truths = || one.values.iter().filter_map(|one| value::truth(&one.value));
            one.operator.value.comparison == Comparison::Null
                && truths().any(|truth| truth == wanted)
                && truths().all(|truth| truth == wanted)
        })
    };
    let present = null(false) || conditions.iter().any(|one| needs_presence(one));
    if null(true) && present {
        return Some("it must be absent and present at once");
    }
    // A key that may be absent satisfies what holds where it is; and of several values each may satisfy another.
    let single = conditions.iter().filter(|one| one.operator.value.qualifier.is_none());
    let single: Vec<&Condition> = single.copied().filter(|one| !one.values.is_empty()).collect();
    if !present || single.iter().any(|one| one.values.iter().any(|one| one.value.contains("${"))) {
        return None;
    }
    if texts_contradict(&single) {
        return Some("none of the values is allowed by all of them");
    }
    if truths_contradict(&single) {
        return Some("it must be true and false at once");
    }
    let apart = ranges_contradict(&single, ValueType::Numeric, value::number)
        || ranges_contradict(&single, ValueType::Date, value::date);
    apart.then_some("the bounds leave nothing between them")
}

/// Whether the condition fails where its key is absent.
fn needs_presence(condition: &Condition) -> bool {
    let operator = condition.operator.value;
    operator.comparison != Comparison::Null
        && !operator.if_exists
        && !operator.comparison.is_negated()
        && operator.qualifier != Some(Qualifier::ForAllValues)
}

fn texts_contradict(conditions: &[&Condition]) -> bool {
    let texts: Vec<&&Condition> = conditions
        .iter()
        .filter(|one| {
            matches!(one.operator.value.comparison.value_type(), ValueType::String | ValueType::Arn)
        })
        .collect();
    // One that names its values leaves only these to try.
    let naming = texts.iter().find(|one| {
        let comparison = one.operator.value.comparison;
        let literal = || one.values.iter().all(|one| !one.value.contains(['*', '?']));
        comparison == Comparison::StringEquals
            || (!comparison.is_negated() && comparison.has_wildcards() && literal())
    });
    naming.is_some_and(|naming| {
        let allowed = |text: &str| texts.iter().all(|one| holds(one, text));
        !naming.values.iter().any(|one| allowed(&one.value))
    })
}

/// Whether a condition on texts holds for one.
fn holds(condition: &Condition, text: &str) -> bool {
    let comparison = condition.operator.value.comparison;
    let matches = |value: &str| match comparison.negates().unwrap_or(comparison) {
        Comparison::StringEquals => value == text,
        Comparison::StringEqualsIgnoreCase => value.eq_ignore_ascii_case(text),
        _ => matches_wildcards(value, text),
    };
    condition.values.iter().any(|one| matches(&one.value)) != comparison.is_negated()
}

fn truths_contradict(conditions: &[&Condition]) -> bool {
    let bools = conditions.iter().filter(|one| one.operator.value.comparison == Comparison::Bool);
    let bools: Vec<&&Condition> = bools.collect();
    if bools.iter().any(|one| one.values.iter().any(|one| value::truth(&one.value).is_none())) {
        return false;
    }
    let allowed = |truth: bool| {
        bools.iter().all(|one| one.values.iter().any(|one| value::truth(&one.value) == Some(truth)))
    };
    !bools.is_empty() && !allowed(true) && !allowed(false)
}

/// Whether bounds on numbers or dates leave nothing between them.
fn ranges_contradict(
    conditions: &[&Condition],
    value_type: ValueType,
    read: impl Fn(&str) -> Option<f64>,
) -> bool {
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    let (mut least_open, mut most_open) = (false, false);
    for condition in conditions {
        let comparison = condition.operator.value.comparison;
        if comparison.value_type() != value_type {
            continue;
        }
        let values: Vec<f64> = condition.values.iter().filter_map(|one| read(&one.value)).collect();
        if values.len() < condition.values.len() {
            return false;
        }
        // One of the values suffices, so that the widest bound counts.
        let (low, high) = values
            .into_iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| (low.min(one), high.max(one)));
        let (below, above, open) = match comparison {
            Comparison::NumericLessThan | Comparison::DateLessThan => (None, Some(high), true),
            Comparison::NumericLessThanEquals | Comparison::DateLessThanEquals => (None, Some(high), false),
            Comparison::NumericGreaterThan | Comparison::DateGreaterThan => (Some(low), None, true),
            Comparison::NumericGreaterThanEquals | Comparison::DateGreaterThanEquals => {
                (Some(low), None, false)
            }
            Comparison::NumericEquals | Comparison::DateEquals => (Some(low), Some(high), false),
            _ => continue,
        };
        if let Some(below) = below.filter(|below| *below >= least) {
            least_open = open || (least_open && below == least);
            least = below;
        }
        if let Some(above) = above.filter(|above| *above <= most) {
            most_open = open || (most_open && above == most);
            most = above;
        }
    }
    least > most || (least == most && (least_open || most_open))
}
