//! Actions of AWS and the resources beside them: whether the ones work on the others.

use super::lookup::{Lookup, Meaning, some};
use super::written::Written;
use crate::aws::pattern::ResourcePattern;
use crate::catalogue::{Permission, ResourceType};
use crate::finding::shown;
use crate::finding::{Code, Finding};
use crate::sorted::{SortedMap, SortedSet, sort_by_key};

/// A statement of a policy, or a scope at AWS.
#[derive(Debug)]
pub(super) struct Calls<'a> {
    pub(super) actions: Vec<(Written<'a>, Meaning<'a>)>,
    /// Whether all actions but these are meant.
    pub(super) is_all_but_actions: bool,
    /// Each as far as it can be read. What was found wrong already is none.
    pub(super) resources: Vec<(Written<'a>, Option<ResourcePattern>)>,
    /// Whether all resources but these are meant.
    pub(super) is_all_but_resources: bool,
    /// What to do with an action that takes no resource.
    pub(super) apart: &'static str,
}

/// Tells actions that work on none of the resources, and resources that none of the actions works on.
pub(super) fn tell<'a>(calls: &Calls<'a>, lookup: &Lookup<'a>, findings: &mut Vec<Finding>) {
    let mut fits = Fits { calls, lookup, known: SortedMap::new() };
    let reached: Vec<Vec<bool>> =
        calls.actions.iter().map(|(_, meaning)| fits.reached(meaning, findings)).collect();
    let is_used = |index: usize| reached.iter().any(|one| one.get(index).is_some_and(|fits| *fits));
    let any = |pattern: &Option<ResourcePattern>| pattern.as_ref().is_some_and(ResourcePattern::is_any);

    let mut is_sound = true;
    for (index, (written, pattern)) in calls.resources.iter().enumerate() {
        let Some(pattern) = pattern else {
            is_sound = false;
            continue;
        };
        if !pattern.is_any()
            && !is_used(index)
            && let Some(finding) = ill_formed(written, pattern, lookup)
        {
            findings.push(finding.at(written.span));
            is_sound = false;
        }
    }
    let everywhere = calls.resources.is_empty() || calls.resources.iter().any(|(_, pattern)| any(pattern));
    if calls.is_all_but_actions || calls.is_all_but_resources || everywhere || !is_sound {
        return;
    }

    let mut working = Vec::new();
    for ((written, meaning), reached) in calls.actions.iter().zip(&reached) {
        match meaning {
            Meaning::These(permissions) if !reached.contains(&true) => {
                findings.push(unfit(written, permissions, calls.apart).at(written.span));
            }
            Meaning::These(permissions) => working.extend(permissions),
            // What is not known may work on anything.
            Meaning::Everything | Meaning::Unknown => return,
        }
    }
    if working.is_empty() {
        return;
    }
    for (_, (written, _)) in calls.resources.iter().enumerate().filter(|(index, _)| !is_used(*index)) {
        let message = format!("none of these actions works on `{}`", shown(written.text));
        let help = format!("they work on {}; or remove it", some(&arns(working.iter().copied())));
        findings.push(Finding::warning(Code::UnusedResource, message).at(written.span).help(help));
    }
}

/// Which types of resources fit which resources of a statement.
struct Fits<'c, 'a> {
    calls: &'c Calls<'a>,
    lookup: &'c Lookup<'a>,
    /// By service and type.
    known: SortedMap<(&'a str, &'a str), Vec<bool>>,
}

impl<'a> Fits<'_, 'a> {
    /// For each resource, whether one of the permissions works on it.
    fn reached(&mut self, meaning: &Meaning<'a>, findings: &mut Vec<Finding>) -> Vec<bool> {
        let mut reached = vec![false; self.calls.resources.len()];
        let Meaning::These(permissions) = meaning else { return reached };
        let mut seen = SortedSet::new();
        for permission in permissions {
            let service = permission.service().name();
            for kind in permission.resource_types().filter(|kind| seen.insert((service, kind.name()))) {
                let fits = self.of(service, kind, findings);
                reached.iter_mut().zip(fits).for_each(|(reached, fits)| *reached |= *fits);
            }
        }
        reached
    }

    /// For each resource, whether it may be of a type.
    fn of(&mut self, service: &'a str, kind: ResourceType<'a>, findings: &mut Vec<Finding>) -> &[bool] {
        let (calls, lookup) = (self.calls, self.lookup);
        let key = (service, kind.name());
        if !self.known.contains_key(&key) {
            let formats: Vec<_> = kind.arn_formats().map(|format| lookup.format(format)).collect();
            let fits = |(written, pattern): &(Written<'a>, Option<ResourcePattern>)| {
                let Some(pattern) = pattern else { return true };
                if formats.is_empty() {
                    return true;
                }
                formats.iter().any(|format| {
                    let Some(format) = format else { return true };
                    format.meets(pattern, &lookup.effort).unwrap_or_else(|_| {
                        lookup.too_complex(written, findings);
                        true
                    })
                })
            };
            self.known.insert(key, calls.resources.iter().map(fits).collect());
        }
        self.known.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The finding for an ARN that is of no format of its service.
fn ill_formed<'a>(written: &Written<'_>, pattern: &ResourcePattern, lookup: &Lookup<'a>) -> Option<Finding> {
    let service = pattern.as_str().split(':').nth(2)?;
    if service.contains(['*', '?']) {
        return None;
    }
    let formats = lookup.formats(service);
    if formats.is_empty() {
        if lookup.catalogue.has_service(service) {
            return None;
        }
        let message = format!("no service of AWS known here has ARNs with `{}`", shown(service));
        let finding = Finding::warning(Code::UnknownService, message);
        let meant = if lookup.may_suggest() { lookup.catalogue.nearest_service(service) } else { None };
        let meant = meant.filter(|meant| !lookup.formats(meant).is_empty());
        return Some(match meant {
            Some(meant) => {
                let mended = written.text.replacen(&format!(":{service}:"), &format!(":{meant}:"), 1);
                finding.help(format!("did you mean `{meant}`?")).fix(written.rewritten(&mended))
            }
            None => finding.help("write the ARN as the service's reference has it"),
        });
    }
    let fits = |format: &&'a str| {
        let format = lookup.format(format);
        format.is_none_or(|format| format.meets(pattern, &lookup.effort).unwrap_or(true))
    };
    if formats.iter().any(fits) {
        return None;
    }
    let message =
        format!("`{}` is made unlike the ARNs of {service} that are known here", shown(written.text));
    let mut alike: Vec<&str> = formats.to_vec();
    sort_by_key(&mut alike, |format| std::cmp::Reverse(likeness(format, pattern.as_str())));
    alike.dedup();
    let alike: Vec<String> = alike.into_iter().map(str::to_owned).collect();
    Some(Finding::warning(Code::ArnFormat, message).help(format!("write it as {}", some(&alike))))
}

/// How many characters of the last part two ARNs begin with in common.
fn likeness(one: &str, other: &str) -> usize {
    let last = |arn: &'_ str| arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
    last(one).chars().zip(last(other).chars()).take_while(|(one, other)| one == other).count()
}

/// The finding for an action that works on none of the resources.
fn unfit(written: &Written<'_>, permissions: &[Permission<'_>], apart: &str) -> Finding {
    let text = shown(written.text);
    let arns = arns(permissions.iter());
    if arns.is_empty() {
        let message = format!("`{text}` takes no resource, so that these leave it out");
        return Finding::warning(Code::TakesNoResource, message).help(apart);
    }
    let message = format!("`{text}` works on none of these resources");
    Finding::warning(Code::ResourceMismatch, message).help(format!("it works on {}", some(&arns)))
}

/// The formats of the resources that permissions work on, each once.
fn arns<'p>(permissions: impl Iterator<Item = &'p Permission<'p>>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for format in permissions.flat_map(|one| one.resource_types()).flat_map(ResourceType::arn_formats) {
        // A few are shown.
        if found.len() > 3 {
            break;
        }
        if !found.iter().any(|known| known == format) {
            found.push(format.to_owned());
        }
    }
    found
}
