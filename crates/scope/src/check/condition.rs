//! Condition keys: whether there is such a key, and whether the actions beside it ever have it.

use super::lookup::{Lookup, Meaning, some};
use super::resource::Calls;
use crate::catalogue::{ConditionKey, Permission, Service};
use crate::fields::nearest;
use crate::finding::{Code, Finding, shown};
use crate::iam::{Condition, Effect, Statement, list};

/// Keys that a caller's own credentials bring to every call, though they are named after a service.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const BROUGHT: [&str; 7] = [
    "ec2:RoleDelivery",
    "ec2:SourceInstanceARN",
    "glue:CredentialIssuingService",
    "glue:RoleAssumedBy",
    "identitystore:UserId",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceARN",
];

/// Tells the condition keys of a statement that its actions never have.
pub(super) fn tell<'a>(
    statement: &'a Statement,
    calls: &Calls<'a>,
    lookup: &Lookup<'a>,
    findings: &mut Vec<Finding>,
) {
    for condition in &statement.conditions {
        let key = condition.key.value.as_str();
        let Some((service, _)) = key.split_once(':') else { continue };
        let found = if service.eq_ignore_ascii_case("aws") {
            if is_of_tags(key) { tagged(condition, statement.effect, calls) } else { None }
        } else {
            of_service(condition, service, calls, lookup)
        };
        findings.extend(found.map(|finding| finding.at(condition.key.span)));
    }
}

/// Whether a global key is about tags of the request or the resource, which some services do not have.
fn is_of_tags(key: &str) -> bool {
    let name = key.split('/').next().unwrap_or(key);
    ["aws:RequestTag", "aws:ResourceTag", "aws:TagKeys"].iter().any(|tags| tags.eq_ignore_ascii_case(name))
}

/// The finding for tags on actions of services that know none.
fn tagged(condition: &Condition, effect: Effect, calls: &Calls<'_>) -> Option<Finding> {
    let key = condition.key.value.as_str();
    let mut without: Vec<String> = Vec::new();
    for (_, meaning) in calls.actions.iter().filter(|_| !calls.is_all_but_actions) {
        let Meaning::These(permissions) = meaning else { continue };
        // A wildcard in the service is told of elsewhere.
        let Some(service) = permissions.first().map(|one| one.service()) else { continue };
        let is_new = !without.iter().any(|name| name == service.name());
        if is_new && !service.condition_keys().any(|known| known.matches(key)) {
            without.push(service.name().to_owned());
        }
    }
    if without.is_empty() {
        return None;
    }
    let message = format!("requests to {} never have `{}`", some(&without), shown(key));
    let finding = match effect {
        Effect::Allow => Finding::info(Code::UnsupportedConditionKey, message),
        Effect::Deny => Finding::warning(Code::UnsupportedConditionKey, message),
    };
    Some(finding.help("give the actions of services that know tags a statement of their own"))
}

/// The finding for a key of a service.
fn of_service(
    condition: &Condition,
    prefix: &str,
    calls: &Calls<'_>,
    lookup: &Lookup<'_>,
) -> Option<Finding> {
    let key = condition.key.value.as_str();
    let has = |known: ConditionKey<'_>| known.matches(key);
    if BROUGHT.iter().any(|brought| brought.eq_ignore_ascii_case(key)) {
        return None;
    }
    let supported = |permission: &Permission<'_>| {
        permission.service().condition_keys().any(has) && permission.condition_keys().any(has)
    };
    let supports = |meaning: &Meaning<'_>| match meaning {
        Meaning::These(permissions) => permissions.iter().any(supported),
        Meaning::Everything | Meaning::Unknown => true,
    };
    let service = lookup.catalogue.service(&prefix.to_ascii_lowercase());
    let is_known = service.is_some_and(|service| service.condition_keys().any(has));
    if is_known && (calls.is_all_but_actions || calls.actions.iter().any(|(_, meaning)| supports(meaning))) {
        return None;
    }
    // Keys of identity providers begin with a host; others are named after a service that has none of its own.
    let is_of_provider = prefix.contains('.') || prefix.eq_ignore_ascii_case("saml");
    let is_known = is_known || lookup.catalogue.services().any(|service| service.condition_keys().any(has));
    if !is_known {
        return if is_of_provider { None } else { Some(unknown(condition, prefix, service, lookup)) };
    }
    if calls.is_all_but_actions || calls.actions.iter().any(|(_, meaning)| supports(meaning)) {
        return None;
    }
    let having = having(service, key, lookup)?;
    let message = format!("no request for these actions ever has `{}`", shown(key));
    let finding = Finding::warning(Code::UnsupportedConditionKey, message);
    Some(finding.help(format!("give it to a statement about {}", some(&having))))
}

/// The actions of a service that have a key; none where no action is known to have it, or where looking would cost
/// too much.
fn having(service: Option<Service<'_>>, key: &str, lookup: &Lookup<'_>) -> Option<Vec<String>> {
    let service = service?;
    if !lookup.may_compare(service.len().saturating_mul(16)) {
        return None;
    }
    let having = service.permissions().filter(|one| one.condition_keys().any(|known| known.matches(key)));
    let names: Vec<String> = having.take(4).map(Permission::name).collect();
    (!names.is_empty()).then_some(names)
}

/// The finding for a key that no service has.
fn unknown(
    condition: &Condition,
    prefix: &str,
    service: Option<Service<'_>>,
    lookup: &Lookup<'_>,
) -> Finding {
    let key = condition.key.value.as_str();
    let date = lookup.catalogue.date();
    let newest = format!("the catalogue is of {date}: `deputize catalogue pull --cloud aws` gets the newest");
    let message = match service {
        Some(_) => format!("`{}` is no condition key known here", shown(key)),
        None => format!("`{}` is a key of `{}`, which is no service known here", shown(key), shown(prefix)),
    };
    let finding = Finding::warning(Code::UnknownConditionKey, message);
    let meant = match service {
        Some(service) if lookup.may_suggest() => {
            let names = service.condition_keys().map(ConditionKey::name).filter(|name| !name.contains("${"));
            let folded: Vec<(String, &str)> = names.map(|name| (name.to_ascii_lowercase(), name)).collect();
            let near = nearest(key, folded.iter().map(|(folded, _)| folded.as_str()));
            folded
                .iter()
                .find(|(folded, _)| Some(folded.as_str()) == near)
                .map(|(_, name)| (*name).to_owned())
        }
        None if lookup.may_suggest() => {
            let near = lookup.catalogue.nearest_service(prefix);
            near.and_then(|near| Some(format!("{near}{}", key.get(prefix.len()..)?)))
        }
        _ => None,
    };
    match meant {
        Some(meant) => {
            let fix = list::rewritten(condition.key.span, &meant);
            finding.help(format!("did you mean `{meant}`?")).fix(fix)
        }
        None => finding.help(newest),
    }
}
