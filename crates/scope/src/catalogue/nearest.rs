//! Did you mean …?

use super::index::{ServiceEntry, digest};
use super::name::{self, Rest};
use super::{Catalogue, Permission};

/// How many cells of distance tables may be filled for one answer: far more than a misspelling needs, and less than
/// a millisecond.
const WORK: usize = 400_000;

/// Nothing that a cloud has is longer.
const LONGEST: usize = 256;

/// What was most likely meant by a permission that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The permission that is known.
    pub name: String,
    /// How much speaks for it.
    pub likeness: Likeness,
}

/// How much speaks for what was most likely meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Nothing else is written as much alike.
    Only,
    /// Others are written as much alike.
    Shared,
    /// It has the same name in another service, whose name is not alike.
    Elsewhere,
}

pub(super) fn nearest(catalogue: &Catalogue, permission: &str) -> Option<Near> {
    if permission.len() > LONGEST {
        return None;
    }
    let (service, rest) = name::split(catalogue.cloud(), permission)?;
    let mut work = WORK;
    // The same name in another service may be something else.
    let elsewhere = || Some((elsewhere(catalogue, rest)?, Likeness::Elsewhere));
    let found = if let Some(service) = catalogue.service_entry(service) {
        alike(catalogue, service, rest, &mut work)
            .map(|(found, is_only)| (found, likeness(is_only)))
            .or_else(elsewhere)
    } else {
        let services = services_alike(catalogue, service, &mut work);
        let mut exact = services.iter().filter_map(|service| catalogue.find_in(service, rest));
        let exact = exact.next().map(|first| (first, likeness(exact.next().is_none())));
        let mut close = || services.iter().find_map(|service| alike(catalogue, service, rest, &mut work));
        exact.or_else(|| close().map(|(found, _)| (found, Likeness::Shared))).or_else(elsewhere)
    };
    found.map(|(permission, likeness)| Near { name: permission.name(), likeness })
}

fn likeness(is_only: bool) -> Likeness {
    if is_only { Likeness::Only } else { Likeness::Shared }
}

/// The service that a misspelt one was probably meant to be; none where several are written as much alike.
pub(super) fn nearest_service<'a>(catalogue: &'a Catalogue, name: &str) -> Option<&'a str> {
    let alike =
        if name.len() > LONGEST { Vec::new() } else { services_alike(catalogue, name, &mut { WORK }) };
    match alike.as_slice() {
        [only] => Some(catalogue.slice(only.name)),
        _ => None,
    }
}

/// The permission of a service that is written most alike, and whether it is the only one as much alike.
fn alike<'a>(
    catalogue: &'a Catalogue,
    service: &'a ServiceEntry,
    rest: &str,
    work: &mut usize,
) -> Option<(Permission<'a>, bool)> {
    let wanted = rest.to_ascii_lowercase();
    let (_, letters) = digest(catalogue.cloud(), Rest::of(&wanted));
    let most = tolerance(&wanted);
    let mut best: Option<(usize, String, Permission<'a>)> = None;
    let mut is_only = true;
    for permission in catalogue.permissions_of(service) {
        let bound = best.as_ref().map_or(most, |(distance, ..)| *distance);
        let missing = letters & !permission.entry.letters;
        let foreign = permission.entry.letters & !letters;
        if missing.count_ones().max(foreign.count_ones()) as usize > bound
            || permission.rest().len().abs_diff(wanted.len()) > bound
        {
            continue;
        }
        let name = permission.rest().parts().concat().to_ascii_lowercase();
        let Some(distance) = distance(&wanted, &name, work) else { break };
        if distance > most {
            continue;
        }
        match &best {
            Some((least, ..)) if *least == distance => is_only = false,
            Some((least, ..)) if *least < distance => continue,
            _ => is_only = true,
        }
        let better = |(least, first, _): &(usize, String, _)| (distance, &name) < (*least, first);
        if best.as_ref().is_none_or(better) {
            best = Some((distance, name, permission));
        }
    }
    best.map(|(.., permission)| (permission, is_only))
}

/// A permission of exactly this name in another service, where only one has it.
fn elsewhere<'a>(catalogue: &'a Catalogue, rest: &str) -> Option<Permission<'a>> {
    let mut found = catalogue.index.services.iter().filter_map(|service| catalogue.find_in(service, rest));
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// The services that are written most alike, all of them at one distance.
fn services_alike<'a>(catalogue: &'a Catalogue, name: &str, work: &mut usize) -> Vec<&'a ServiceEntry> {
    let wanted = name.to_ascii_lowercase();
    let (mut least, mut found) = (tolerance(&wanted), Vec::new());
    for service in &catalogue.index.services {
        let name = catalogue.slice(service.name);
        if name.len().abs_diff(wanted.len()) > least {
            continue;
        }
        let Some(distance) = distance(&wanted, &name.to_ascii_lowercase(), work) else { break };
        if distance < least {
            (least, found) = (distance, Vec::new());
        }
        if distance == least {
            found.push(service);
        }
    }
    found
}

/// How many letters may be wrong in a word for it to be a misspelling.
fn tolerance(word: &str) -> usize {
    (1 + word.len() / 6).min(5)
}

/// Insertions, removals, replacements and swaps of neighbours between two words; nothing when work has run out.
fn distance(a: &str, b: &str, work: &mut usize) -> Option<usize> {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(same..).unwrap_or(a), b.get(same..).unwrap_or(b));
    *work = work.checked_sub(a.len() * b.len())?;
    Some(strsim::osa_distance(a, b))
}
