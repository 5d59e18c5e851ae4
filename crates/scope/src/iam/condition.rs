//! Conditions, each by itself.

use super::document::{Condition, Effect, Spanned, Version};
use super::global_key::{self, GlobalKey};
use super::operator::{Comparison, Operator, Qualifier, ValueType};
use super::{list, value, variable};
use crate::fields::nearest;
use crate::finding::{Code, Finding, Fix, shown};
use crate::sorted::{SortedMap, SortedSet};
use crate::syntax::{Entry, Kind, Node};

/// Reads `Condition`.
pub(super) fn read(
    node: &Node,
    effect: Effect,
    version: Version,
    findings: &mut Vec<Finding>,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for entry in entries(node, "Condition", findings) {
        let operator = operator(entry, findings);
        let mut keys: SortedMap<String, usize> = SortedMap::new();
        for key in entries(&entry.value, &entry.name, findings) {
            let folded = key.name.to_ascii_lowercase();
            if let Some(line) = keys.get(&folded) {
                let message = format!("the key `{}` is given twice, in different case", shown(&key.name));
                let finding = Finding::error(Code::DuplicateConditionKey, message).at(key.key.span);
                findings.push(finding.help(format!("line {line} gives it first; keep one of the two")));
            }
            keys.insert(folded, key.key.span.line);
            let Some(operator) = &operator else { continue };
            let values = list::scalars(&key.value, &key.name, findings);
            let condition = Condition {
                operator: operator.clone(),
                key: Spanned { value: key.name.clone(), span: key.key.span, removal: None },
                values: values
                    .iter()
                    .filter(|value| variable::tell(value, version, findings).is_some())
                    .map(|value| value.with(value.value.to_owned()))
                    .collect(),
            };
            tell(&condition, entry, key, effect, findings);
            conditions.push(condition);
        }
    }
    conditions
}

fn entries<'a>(node: &'a Node, what: &str, findings: &mut Vec<Finding>) -> &'a [Entry] {
    match &node.kind {
        Kind::Mapping(entries) => {
            if entries.is_empty() {
                let finding = Finding::warning(Code::EmptyList, format!("{} is empty", shown(what)));
                findings.push(finding.at(node.span).help("write a condition, or remove it"));
            }
            entries
        }
        Kind::Refused => &[],
        _ => {
            findings.push(list::wrong_type(node, &shown(what), "a mapping"));
            &[]
        }
    }
}

fn operator(entry: &Entry, findings: &mut Vec<Finding>) -> Option<Spanned<Operator>> {
    let Ok(operator) = entry.name.parse::<Operator>() else {
        let message = format!("`{}` is not a condition operator", shown(&entry.name));
        let finding = Finding::error(Code::UnknownOperator, message).at(entry.key.span);
        findings.push(match Operator::nearest(&entry.name).map(|one| one.to_string()) {
            Some(name) => {
                let fix = entry.key.rewrite(&name, format!("write `{name}`"));
                finding.help(format!("did you mean `{name}`?")).fix(fix)
            }
            None => {
                finding.help("an operator is one such as StringEquals, ArnLike or ForAnyValue:StringLike")
            }
        });
        return None;
    };
    if operator.comparison == Comparison::Null {
        let plain = Operator { qualifier: None, if_exists: false, ..operator };
        let fix = entry.key.rewrite("Null", "write `Null`");
        let finding = match (operator.if_exists, operator.qualifier) {
            (true, _) => {
                Some(Finding::error(Code::NeedlessQualifier, "Null cannot have the suffix IfExists"))
            }
            (false, Some(_)) => {
                Some(Finding::warning(Code::NeedlessQualifier, "a prefix of Null does nothing"))
            }
            (false, None) => None,
        };
        if let Some(finding) = finding {
            findings.push(finding.at(entry.key.span).help("write \"Null\"").fix(fix));
            return Some(Spanned { value: plain, span: entry.key.span, removal: None });
        }
    }
    Some(Spanned { value: operator, span: entry.key.span, removal: None })
}

fn tell(condition: &Condition, block: &Entry, key: &Entry, effect: Effect, findings: &mut Vec<Finding>) {
    let operator = condition.operator.value;
    let global = global_key::find(&key.name);
    key_form(condition, key, global, findings);
    let compares = operator.comparison.value_type();
    if let Some(global) = global
        && !takes(compares, global)
    {
        let message =
            format!("{} compares what `{}` never is", operator.comparison.as_str(), shown(&key.name));
        let help = format!("use an operator for values of the key's type, {:?}", global.value_type);
        findings
            .push(Finding::warning(Code::OperatorMismatch, message).at(condition.operator.span).help(help));
    }
    if operator.qualifier == Some(Qualifier::ForAllValues) && effect == Effect::Allow {
        let single = global.is_some_and(|global| !global.is_multivalued);
        let message = match single {
            true => format!(
                "`{}` has one value at most, and ForAllValues holds where it has none",
                shown(&key.name)
            ),
            false => format!("ForAllValues holds where `{}` is absent", shown(&key.name)),
        };
        let finding = if single {
            Finding::warning(Code::ForAllValuesAllows, message)
        } else {
            Finding::info(Code::ForAllValuesAllows, message)
        };
        let help = match single {
            true => "leave the prefix out",
            false => "add {\"Null\": {\"…\": \"false\"}} for the key where it must be there",
        };
        findings.push(finding.at(condition.operator.span).help(help));
    }
    values(condition, global, block, findings);
}

/// Tells what is wrong with a key.
fn key_form(condition: &Condition, key: &Entry, global: Option<GlobalKey>, findings: &mut Vec<Finding>) {
    let (name, span) = (key.name.as_str(), condition.key.span);
    let (service, rest) = name.split_once(':').unwrap_or(("", name));
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    // Keys of identity providers begin with the provider's URL: token.example.com/path:sub.
    let sound = !service.is_empty()
        && service.chars().all(|c| word(c) || c == '/')
        && rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    let refuse =
        |message: String, help: &str| Finding::error(Code::InvalidConditionKey, message).at(span).help(help);
    if !sound {
        let message = format!("`{}` is not a condition key", shown(name));
        findings.push(refuse(message, "write it as service:Key, such as aws:RequestedRegion"));
        return;
    }
    let tag = name.split_once('/').map(|(_, tag)| tag);
    let is_tagged = global_key::TAGGED.iter().any(|tagged| global.is_some_and(|known| known.name == *tagged));
    if is_tagged {
        match tag {
            None | Some("") => {
                let message = format!("`{}` does not say which tag", shown(name));
                findings
                    .push(refuse(message, "add a slash and the tag's key, such as aws:PrincipalTag/team"));
            }
            Some(tag) if tag.chars().count() > 128 => {
                let count = tag.chars().count();
                let message =
                    format!("the tag's key has {count} characters, and a tag's key has 128 at most");
                findings.push(
                    Finding::error(Code::TagLimit, message).at(span).help("write the tag's key as it is"),
                );
            }
            Some(_) => {}
        }
    }
    if service.eq_ignore_ascii_case("aws") && global.is_none() {
        let message = format!("`{}` is none of the global condition keys known here", shown(name));
        let near = nearest_key(name);
        let finding = match near {
            Some(_) => Finding::error(Code::UnknownGlobalKey, message),
            None => Finding::warning(Code::UnknownGlobalKey, message),
        };
        findings.push(match near {
            Some(near) => {
                let fix = key.key.rewrite(near, format!("write `{near}`"));
                finding.at(span).help(format!("did you mean `{near}`?")).fix(fix)
            }
            None => finding.at(span).help("look it up in AWS's reference of global condition keys"),
        });
    }
}

fn nearest_key(name: &str) -> Option<&'static str> {
    let folded: Vec<(String, &'static str)> =
        global_key::names().map(|known| (known.to_ascii_lowercase(), known)).collect();
    let near = nearest(name, folded.iter().map(|(folded, _)| folded.as_str()))?;
    folded.iter().find(|(folded, _)| folded == near).map(|(_, known)| *known)
}

/// Whether an operator for values of one type makes sense on a key.
fn takes(compares: ValueType, key: GlobalKey) -> bool {
    match (compares, key.value_type) {
        (ValueType::Null, _) => true,
        // ARNs are texts, and times are numbers too.
        (ValueType::String, ValueType::Arn) | (ValueType::Numeric, ValueType::Date) => true,
        (one, other) => one == other,
    }
}

fn values(condition: &Condition, global: Option<GlobalKey>, block: &Entry, findings: &mut Vec<Finding>) {
    let comparison = condition.operator.value.comparison;
    let value_type = comparison.value_type();
    let mut seen = SortedSet::new();
    let mut private = 0;
    for one in &condition.values {
        let text = one.value.as_str();
        if !seen.insert(text) {
            findings.push(list::again(&one.with(text), "value"));
            continue;
        }
        if let Some(reason) = value::fault(value_type, text) {
            let message = format!("value `{}` of {}: {reason}", shown(text), comparison.as_str());
            let finding = Finding::error(Code::InvalidConditionValue, message).at(one.span);
            findings.push(finding.help(format!("write what {} compares", comparison.as_str())));
            continue;
        }
        if let Some(finding) = limit(&condition.key.value, text) {
            findings.push(finding.at(one.span));
        }
        let range = if value_type == ValueType::Ip { value::Range::parse(text) } else { None };
        if let Some(range) = range {
            private += usize::from(range.is_private());
            if let Some(network) = range.without_host_bits() {
                let message = format!("`{}` has bits set beyond its prefix", shown(text));
                let finding = Finding::warning(Code::HostBits, message).at(one.span);
                let fix = list::rewritten(one.span, &network);
                findings.push(finding.help(format!("`{network}` says the same")).fix(fix));
            }
        }
    }
    if private > 0 && global.is_some_and(|global| global.name == "aws:SourceIp") {
        tell_private(condition, private, findings);
    }
    wildcards(condition, block, findings);
}

fn tell_private(condition: &Condition, private: usize, findings: &mut Vec<Finding>) {
    let all = private == condition.values.len();
    let message = match all {
        true => "aws:SourceIp is never a private address",
        false => "some of these addresses are private, which aws:SourceIp never is",
    };
    let finding = match all {
        true => Finding::error(Code::PrivateAddress, message),
        false => Finding::warning(Code::PrivateAddress, message),
    };
    findings.push(
        finding.at(condition.key.span).help("use aws:VpcSourceIp for calls through an endpoint of a VPC"),
    );
}

/// Wildcards where they are letters.
fn wildcards(condition: &Condition, block: &Entry, findings: &mut Vec<Finding>) {
    let operator = condition.operator.value;
    if operator.comparison.value_type() != ValueType::String || operator.comparison.has_wildcards() {
        return;
    }
    let plain = |text: &str| text.replace("${*}", "").replace("${?}", "");
    let Some(one) = condition.values.iter().find(|one| plain(&one.value).contains(['*', '?'])) else {
        return;
    };
    let message = format!(
        "{} compares the wildcard in `{}` as a letter",
        operator.comparison.as_str(),
        shown(&one.value)
    );
    let finding = Finding::warning(Code::WildcardWithoutLike, message).at(one.span);
    let like = operator.comparison.like().map(|comparison| Operator { comparison, ..operator }.to_string());
    // Other keys of the block are compared by the same operator, and need not be meant.
    let alone = matches!(&block.value.kind, Kind::Mapping(entries) if entries.len() == 1);
    findings.push(match like {
        Some(like) => {
            let fix: Option<Fix> =
                if alone { block.key.rewrite(&like, format!("write `{like}`")) } else { None };
            finding.help(format!("use {like}, or ${{*}} for the letter")).fix(fix)
        }
        None => finding.help("use an operator with Like, or ${*} for the letter"),
    });
}

/// Values that no request ever has.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn limit(key: &str, text: &str) -> Option<Finding> {
    if text.contains("${") {
        return None;
    }
    let length = text.chars().count();
    let folded = key.to_ascii_lowercase();
    if ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/"].iter().any(|tag| folded.starts_with(tag))
    {
        return (length > 256).then(|| {
            let message = format!("the value has {length} characters, and a tag's value has 256 at most");
            Finding::error(Code::TagLimit, message).help("write the tag's value as it is")
        });
    }
    if !matches!(folded.as_str(), "sts:rolesessionname" | "aws:sourceidentity" | "sts:sourceidentity") {
        return None;
    }
    let letters = text.chars().filter(|c| !"*?".contains(*c));
    let foreign = letters.clone().find(|c| !c.is_ascii_alphanumeric() && !"_+=,.@-".contains(*c));
    let reason = match foreign {
        Some(found) => format!("{found:?} cannot stand in it"),
        None if letters.count() > 64 => "it has 64 characters at most".to_owned(),
        None => return None,
    };
    let message = format!("no request has `{}` of `{}`: {reason}", shown(key), shown(text));
    Some(Finding::error(Code::TagLimit, message).help("write 2 to 64 letters, digits and _+=,.@-"))
}
