//! Authorities as sets of calls, by enumeration: slow, obvious, and independent of the library's matching.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's model, outside of test functions")]

use deputize_scope::aws::authority::{Authority, Statement};
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::{Regions, is_global};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

/// Regions that statements name, and one that they do not.
pub(crate) const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-north-1"];

/// Whether the glob matches all of the text.
pub(crate) fn matches(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), found) => {
            matches(rest, text) || found.is_some_and(|(_, text)| matches(glob, text))
        }
        (Some((wanted, glob)), Some((found, text))) => {
            (*wanted == b'?' || wanted == found) && matches(glob, text)
        }
        _ => false,
    }
}

pub(crate) fn action_matches(pattern: &str, action: &str) -> bool {
    matches(pattern.to_lowercase().as_bytes(), action.to_lowercase().as_bytes())
}

pub(crate) fn resource_matches(pattern: &str, resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let patterns: Vec<&str> = pattern.splitn(6, ':').collect();
    pattern == "*"
        || parts.len() == patterns.len()
            && patterns.iter().zip(&parts).all(|(one, part)| matches(one.as_bytes(), part.as_bytes()))
}

pub(crate) fn is_pivot(action: &str) -> bool {
    let action = action.to_lowercase();
    action.starts_with("sts:assume")
        || ["delegatedaccess", "federation", "session", "webidentity"]
            .iter()
            .any(|kind| action == format!("sts:get{kind}token"))
}

/// Which services are global is the library's table: that is data, not reasoning.
pub(crate) fn allows(authority: &Authority, action: &str, resource: &str, region: &str) -> bool {
    !is_pivot(action)
        && authority.statements().iter().any(|one| {
            let in_region = match &one.regions {
                _ if is_global(action) => true,
                Regions::All => true,
                Regions::Only(regions) => regions.iter().any(|name| name.as_str() == region),
            };
            in_region
                && one.actions.iter().any(|pattern| action_matches(pattern.as_str(), action))
                && one.resources.iter().any(|pattern| resource_matches(pattern.as_str(), resource))
        })
}

/// All words of up to `longest` characters of the alphabet, the empty one first.
pub(crate) fn words(alphabet: &[char], longest: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let until = words.len();
        for index in from..until {
            for symbol in alphabet {
                words.push(format!("{}{symbol}", words[index]));
            }
        }
        from = until;
    }
    words
}

/// Every call of a small world, in which `c` stands for the characters that no pattern names.
pub(crate) struct World {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
    /// For each pattern that was met, the resources, as bits, that it matches; or the actions.
    known: Mutex<HashMap<String, Arc<[u64]>>>,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(World::new);

impl World {
    fn new() -> Self {
        let mut actions: Vec<String> = words(&['a', 'b', 'c'], 3)
            .iter()
            .filter(|name| !name.is_empty())
            .flat_map(|name| [format!("x:{name}"), format!("iam:{name}")])
            .collect();
        let sts = ["AssumeRole", "Assum", "GetSessionToken", "GetCallerIdentity"];
        actions.extend(sts.map(|name| format!("sts:{name}")));
        let mut resources = vec!["*".to_owned()];
        for place in ["", "a", "b", "aa", "ab", "c"] {
            for last in words(&['a', 'b', 'c', ':'], 3) {
                resources.push(format!("arn:aws:x:{place}::{last}"));
            }
        }
        Self { actions, resources, known: Mutex::default() }
    }

    /// For each action and region, the resources that the authority allows, as bits.
    pub(crate) fn calls(&self, authority: &Authority) -> Vec<Vec<u64>> {
        let actions = |one: &Statement| {
            one.actions.iter().map(|one| self.matched(one.as_str(), &self.actions, action_matches)).collect()
        };
        let resources = |one: &Statement| {
            one.resources
                .iter()
                .map(|one| self.matched(one.as_str(), &self.resources, resource_matches))
                .collect()
        };
        let of_statements: Vec<(Vec<u64>, Vec<u64>)> =
            authority.statements().iter().map(|one| (all(actions(one)), all(resources(one)))).collect();
        let mut calls = Vec::new();
        for (index, action) in self.actions.iter().enumerate() {
            for region in REGIONS {
                let mut union = vec![0; self.resources.len().div_ceil(64)];
                for (one, (actions, bits)) in authority.statements().iter().zip(&of_statements) {
                    let in_region = is_global(action) || one.regions.contains(region);
                    if has(actions, index) && in_region && !is_pivot(action) {
                        union.iter_mut().zip(bits).for_each(|(all, some)| *all |= some);
                    }
                }
                calls.push(union);
            }
        }
        calls
    }

    /// The texts, as bits, that a pattern matches.
    fn matched(&self, pattern: &str, texts: &[String], matches: fn(&str, &str) -> bool) -> Arc<[u64]> {
        let key = format!("{} {pattern}", texts.len());
        let mut known = self.known.lock().unwrap();
        let found = known.entry(key).or_insert_with(|| {
            let mut bits = vec![0; texts.len().div_ceil(64)];
            for (index, _) in texts.iter().enumerate().filter(|(_, text)| matches(pattern, text)) {
                bits[index / 64] |= 1 << (index % 64);
            }
            bits.into()
        });
        Arc::clone(found)
    }
}

fn all(several: Vec<Arc<[u64]>>) -> Vec<u64> {
    let longest = several.iter().map(|bits| bits.len()).max().unwrap_or(0);
    let mut union = vec![0; longest];
    several.iter().for_each(|bits| union.iter_mut().zip(bits.iter()).for_each(|(all, some)| *all |= some));
    union
}

fn has(bits: &[u64], index: usize) -> bool {
    bits.get(index / 64).is_some_and(|bits| bits >> (index % 64) & 1 == 1)
}

pub(crate) fn action() -> impl Strategy<Value = ActionPattern> {
    let name = || proptest::collection::vec(prop_oneof!["a", "b", "\\*", "\\?"], 1..4);
    let named = (prop_oneof![3 => Just("x"), 1 => Just("iam")], name())
        .prop_map(|(service, name)| format!("{service}:{}", name.concat()));
    let sts = ["sts:*", "sts:Assume*", "sts:AssumeRole", "sts:Get*", "sts:?ssum*", "sts:GetCallerIdentity"];
    prop_oneof![12 => named, 1 => Just("*".to_owned()), 1 => prop::sample::select(sts.map(str::to_owned).to_vec())]
        .prop_map(|text| text.parse().unwrap())
}

pub(crate) fn resource() -> impl Strategy<Value = ResourcePattern> {
    let place = prop_oneof![2 => Just(""), 2 => Just("*"), 1 => Just("a"), 1 => Just("a*"), 1 => Just("?")];
    let last = proptest::collection::vec(prop_oneof!["a", "b", ":", "\\*", "\\?"], 1..4);
    let arn = (place, last).prop_map(|(place, last)| format!("arn:aws:x:{place}::{}", last.concat()));
    let wide = Just("arn:*:*:*:*:*".to_owned());
    prop_oneof![12 => arn, 1 => wide, 1 => Just("*".to_owned())].prop_map(|text| text.parse().unwrap())
}

pub(crate) fn regions() -> impl Strategy<Value = Regions> {
    let names = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Regions>();
    prop::sample::select(vec![
        Regions::All,
        Regions::All,
        names(&["us-east-1"]),
        names(&["us-west-2"]),
        names(&["us-east-1", "us-west-2"]),
        names(&[]),
    ])
}

pub(crate) fn statement() -> impl Strategy<Value = Statement> {
    let actions = proptest::collection::vec(action(), 1..4);
    let resources = proptest::collection::vec(resource(), 1..4);
    (actions, resources, regions()).prop_map(|(actions, resources, regions)| Statement {
        actions,
        resources,
        regions,
    })
}

pub(crate) fn authority(most: usize) -> impl Strategy<Value = Authority> {
    proptest::collection::vec(statement(), 1..=most).prop_map(Authority::new)
}
