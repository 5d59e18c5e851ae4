//! The request contexts under which statements with conditions apply.

use super::authority::TooComplex;
use super::evaluate::{Call, holds};
use super::place::Place;
use super::policy::{Condition, Operator};
use super::reach::{Clause, Demand};
use super::region::is_global;
use crate::glob::automaton::Effort;
use crate::glob::{Class, Glob};
use crate::sorted::{SortedMap, SortedSet, sort_by_key};

/// Keys of the request context, in lower case, with their values. A key that is not here is absent.
pub(crate) type Context = SortedMap<String, Vec<String>>;

/// How many contexts are tried for one call.
const CONTEXTS_LIMIT: usize = 4096;

/// Contexts in which all the conditions hold, each with those of the denials that apply in it. A context is left
/// out where another one has no more denials.
pub(super) fn contexts<'c>(
    conditions: &[&Condition],
    denials: &[&'c Clause],
    demand: &Demand<'_>,
    place: &Place,
    effort: &Effort,
) -> Result<Vec<(Context, Vec<&'c Clause>)>, TooComplex> {
    // Finding the values of a key costs as much as some hundred steps of matching.
    let asked = conditions.len() + denials.iter().map(|denial| denial.conditions.len()).sum::<usize>();
    effort.spend(asked * 300)?;
    let mut keys: SortedMap<String, Key<'_>> = SortedMap::new();
    for condition in conditions {
        keys.update(condition.key.to_ascii_lowercase(), |key| key.allowing.push(condition));
    }
    for (index, denial) in denials.iter().enumerate() {
        for condition in &denial.conditions {
            keys.update(condition.key.to_ascii_lowercase(), |key| key.denying.push((index, condition)));
        }
    }
    let mut choices = Vec::new();
    for (name, key) in keys.iter() {
        choices.push(key.choice(name, demand, place));
    }
    let combinations =
        choices.iter().try_fold(1, |product: usize, choice| product.checked_mul(choice.values.len()));
    let mut found: Vec<(Context, Vec<usize>)> = Vec::new();
    for number in 0..combinations.unwrap_or(usize::MAX).min(CONTEXTS_LIMIT) {
        let (context, escaped) = combination(&choices, number);
        effort.spend(choices.len() + denials.len() + escaped.len() + 1)?;
        let holding: Vec<usize> = (0..denials.len()).filter(|denial| !escaped.contains(denial)).collect();
        let is_within = |one: &[usize], other: &[usize]| {
            one.len() <= other.len() && one.iter().all(|index| other.binary_search(index).is_ok())
        };
        if !found.iter().any(|(_, known)| is_within(known, &holding)) {
            found.retain(|(_, known)| !is_within(&holding, known));
            let nothing_is_less =
                holding.len() == denials.iter().filter(|one| one.conditions.is_empty()).count();
            found.push((context, holding));
            if nothing_is_less {
                break;
            }
        }
    }
    let told = found.into_iter().map(|(context, holding)| {
        let context = context.into_iter().filter(|(_, values)| !values.is_empty()).collect();
        (context, holding.iter().filter_map(|index| denials.get(*index).copied()).collect())
    });
    Ok(told.collect())
}

/// What is asked of a key: by the statement that allows, and by denials, by index.
#[derive(Default)]
struct Key<'c> {
    allowing: Vec<&'c Condition>,
    denying: Vec<(usize, &'c Condition)>,
}

/// The values that a key may have, each with the denials that it escapes.
struct Choice {
    key: String,
    values: Vec<(Vec<String>, Vec<usize>)>,
}

impl Key<'_> {
    /// The values under which the statement allows: what it asks of a key is asked of that key alone. Those that
    /// escape more denials come first.
    fn choice(&self, name: &str, demand: &Demand<'_>, place: &Place) -> Choice {
        let asking: Vec<&Condition> = self
            .allowing
            .iter()
            .copied()
            .chain(self.denying.iter().map(|(_, condition)| *condition))
            .collect();
        let mut choices = Vec::new();
        for value in values(name, &asking, demand, place) {
            let call = Call { context: Context::from([(name.to_owned(), value.clone())]), ..Call::default() };
            if self.allowing.iter().all(|condition| holds(condition, &call)) {
                let escaped = self.denying.iter().filter(|(_, condition)| !holds(condition, &call));
                let escaped: Vec<usize> = escaped.map(|(denial, _)| *denial).collect();
                choices.push((value, escaped));
            }
        }
        sort_by_key(&mut choices, |(_, escaped)| std::cmp::Reverse(escaped.len()));
        if self.denying.is_empty() {
            choices.truncate(1);
        }
        Choice { key: name.to_owned(), values: choices }
    }
}

/// One of the combinations of values, by its number, with the denials that it escapes.
fn combination(choices: &[Choice], mut number: usize) -> (Context, SortedSet<usize>) {
    let (mut context, mut escaped) = (Context::new(), SortedSet::new());
    for choice in choices {
        let count = choice.values.len().max(1);
        if let Some((value, denials)) = choice.values.get(number % count) {
            context.insert(choice.key.clone(), value.clone());
            escaped.extend(denials.iter().copied());
        }
        number /= count;
    }
    (context, escaped)
}

/// The values that a key may have in the call: fixed ones where the call decides them, otherwise those that tell
/// the conditions apart. Without a value, the key is absent.
fn values(key: &str, asking: &[&Condition], demand: &Demand<'_>, place: &Place) -> Vec<Vec<String>> {
    let one = |value: &str| vec![value.to_owned()];
    if let Some((_, patterns)) = demand.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
        return fitting(patterns, asking);
    }
    let service = demand.action.split_once(':').map_or(demand.action, |(service, _)| service);
    match key {
        // Passing a role is judged where the role is used.
        "aws:requestedregion" if demand.action == "iam:PassRole" => {
            vec![one(&place.region), one(place.global_region())]
        }
        "aws:requestedregion" if is_global(demand.action) => vec![one(place.global_region())],
        "aws:requestedregion" => vec![one(&place.region)],
        "aws:principalaccount" | "aws:resourceaccount" | "s3:resourceaccount" => vec![one(&place.account)],
        "aws:principalisawsservice" | "aws:viaawsservice" => vec![one("false")],
        "aws:securetransport" => vec![one("true"), one("false")],
        _ if !is_known_to(service, key) => vec![Vec::new()],
        _ => {
            let mut values: Vec<Vec<String>> = possible(asking).iter().map(|value| one(value)).collect();
            if !ALWAYS_PRESENT.contains(&key) {
                values.push(Vec::new());
            }
            values
        }
    }
}

/// Keys that are in the context of every call.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const ALWAYS_PRESENT: [&str; 5] =
    ["aws:currenttime", "aws:epochtime", "aws:principalarn", "aws:principaltype", "aws:userid"];

/// Whether calls of a service can have the key: a global one, one of its own, or one of those that it borrows.
fn is_known_to(service: &str, key: &str) -> bool {
    let owner = key.split_once(':').map_or(key, |(owner, _)| owner);
    // What a passed role is for stands in the context of passing it only.
    let passing = ["iam:passedtoservice", "iam:associatedresourcearn"].contains(&key);
    let borrowed = matches!((service, owner), ("ec2-instance-connect" | "ssm", "ec2") | ("sts", "iam"));
    (owner == "aws" || owner.eq_ignore_ascii_case(service) || borrowed) && !passing
}

/// The values that patterns allow: literal ones, and those of the conditions that fit.
fn fitting(patterns: &[String], asking: &[&Condition]) -> Vec<Vec<String>> {
    if patterns.is_empty() {
        return vec![Vec::new()];
    }
    let globs: Vec<Glob> = patterns.iter().map(|pattern| glob(pattern)).collect();
    let literal = patterns.iter().filter(|pattern| !pattern.contains(['*', '?'])).cloned();
    let asked = possible(asking).into_iter().filter(|value| globs.iter().any(|glob| glob.matches(value)));
    let filled = patterns.iter().map(|pattern| filling(pattern, "example"));
    let mut seen = SortedSet::new();
    let values = literal.chain(asked).chain(filled).filter(|value| seen.insert(value.clone()));
    values.map(|value| vec![value]).collect()
}

/// Values on each side of the conditions: those that they name, and one that none does.
fn possible(asking: &[&Condition]) -> Vec<String> {
    let mut values = Vec::new();
    for condition in asking {
        match condition.operator {
            Operator::Bool => values.extend(["true", "false"].map(str::to_owned)),
            Operator::Null => {}
            _ => {
                for value in &condition.values {
                    values.extend(["example", "", "a"].map(|with| filling(value, with)));
                }
            }
        }
    }
    values.push("arn:aws:iam::123456789012:role/other".to_owned());
    values.push("other".to_owned());
    let mut seen = SortedSet::new();
    values.retain(|value| seen.insert(value.clone()));
    values
}

fn filling(pattern: &str, with: &str) -> String {
    pattern.replace('?', "a").replace('*', with)
}

fn glob(pattern: &str) -> Glob {
    let mut glob = Glob::default();
    glob.push_text(pattern, Class::Rest, false);
    glob
}
