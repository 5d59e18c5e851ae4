//! Resources: `*`, or ARNs in which wildcards and policy variables may stand.

use std::borrow::Cow;

use super::action::tell_redundant;
use super::document::{Clause, Resource, Spanned, Version};
use super::{list, variable};
use crate::aws::coverage::Effort;
use crate::aws::pattern::ResourcePattern;
use crate::aws::region::Region;
use crate::fields::nearest;
use crate::finding::{Code, Finding, shown};
use crate::syntax::Node;

/// Reads `Resource` or `NotResource`.
pub(super) fn read(
    node: &Node,
    name: &'static str,
    version: Version,
    findings: &mut Vec<Finding>,
) -> Vec<Spanned<Resource>> {
    let texts = list::texts(node, name, findings);
    let resources = texts.into_iter().filter_map(|text| {
        let value = resource(&text, version, findings)?;
        Some(text.with(value))
    });
    resources.collect()
}

/// Tells what a list of resources has more than once.
pub(super) fn tell_lists(resources: &Clause<Resource>, effort: &Effort, findings: &mut Vec<Finding>) {
    let exact = resources.listed().iter().filter(|one| one.value.is_exact);
    let exact = exact.map(|one| (one.with(one.value.text.as_str()), one.value.pattern.clone()));
    tell_redundant("resource", exact.unzip(), effort, findings);
}

fn resource(written: &Spanned<&str>, version: Version, findings: &mut Vec<Finding>) -> Option<Resource> {
    let text = written.value;
    let has_variables = variable::tell(written, version, findings)?;
    let flat = if has_variables { Cow::Owned(variable::widened(text)) } else { Cow::Borrowed(text) };
    if flat != "*" {
        arn(&flat, written, findings)?;
    }
    let pattern: ResourcePattern = match flat.parse() {
        Ok(pattern) => pattern,
        Err(reason) => {
            let message = format!("resource `{}`: {reason}", shown(text));
            findings.push(Finding::error(Code::InvalidArn, message).at(written.span).help(FORM));
            return None;
        }
    };
    let canonical = if has_variables || pattern.is_literal() { None } else { Some(pattern.canonical()) };
    let shorter = canonical.filter(|canonical| canonical.as_str().len() < text.len());
    if let Some(canonical) = shorter {
        let message = format!("resource `{}` has more wildcards than it needs", shown(text));
        let help = format!("`{}` says the same", shown(canonical.as_str()));
        let fix = list::rewritten(written.span, canonical.as_str());
        findings.push(Finding::warning(Code::NeedlessWildcard, message).at(written.span).help(help).fix(fix));
    }
    Some(Resource { text: text.to_owned(), pattern, is_exact: !has_variables })
}

const FORM: &str =
    "write arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, such as arn:aws:s3:::acme-data/*, or \"*\"";

/// Tells what is wrong with the parts of an ARN. None where it is no ARN at all.
fn arn(text: &str, written: &Spanned<&str>, findings: &mut Vec<Finding>) -> Option<()> {
    let mut tell = |code, message: String, help: &str, mended: Option<String>| {
        let fix = mended.and_then(|text| list::rewritten(written.span, &text));
        findings.push(Finding::error(code, message).at(written.span).help(help).fix(fix));
    };
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, rest] = parts.as_slice() else {
        let count = parts.len();
        let message = match parts.first() {
            Some(&"arn") => format!("resource `{}` has {count} of an ARN's six parts", shown(text)),
            _ => format!("resource `{}` is neither an ARN nor *", shown(text)),
        };
        tell(Code::InvalidArn, message, FORM, None);
        return None;
    };
    let with = |partition: &str, service: &str, region: &str, account: &str| {
        Some(format!("arn:{partition}:{service}:{region}:{account}:{rest}")).filter(|_| text == written.value)
    };
    if *prefix != "arn" {
        let message = format!("resource `{}` does not begin with arn:", shown(text));
        tell(Code::InvalidArn, message, FORM, with(partition, service, region, account));
        return None;
    }
    if service.is_empty() || rest.is_empty() {
        let message = format!(
            "resource `{}` has no {}",
            shown(text),
            if service.is_empty() { "service" } else { "resource" }
        );
        tell(Code::InvalidArn, message, FORM, None);
        return None;
    }
    if !is_pattern(partition) && !PARTITIONS.contains(partition) {
        let near = nearest(partition, PARTITIONS.iter().copied());
        let message = format!("AWS has no partition `{}`", shown(partition));
        let help = format!("its partitions are {}", PARTITIONS.join(", "));
        tell(
            Code::UnknownPartition,
            message,
            &help,
            near.and_then(|near| with(near, service, region, account)),
        );
    }
    if service.contains(|c: char| c.is_ascii_uppercase()) {
        let folded = service.to_ascii_lowercase();
        let message =
            format!("resource `{}` has its service in capitals, so that it matches nothing", shown(text));
        tell(
            Code::PatternCase,
            message,
            "write the service in lowercase",
            with(partition, &folded, region, account),
        );
    }
    let regionless = REGIONLESS.contains(service) || (*service == "s3" && is_bucket(rest));
    if !is_pattern(region) && !region.is_empty() {
        if regionless {
            let message =
                format!("ARNs of {service} have no region, so that `{}` matches nothing", shown(text));
            tell(
                Code::InvalidArnRegion,
                message,
                "leave the region empty",
                with(partition, service, "", account),
            );
        } else if region.parse::<Region>().is_err() {
            let message = format!("`{}` is no region", shown(region));
            tell(Code::InvalidArnRegion, message, "write a region such as us-east-1, or * for all", None);
        }
    } else if region.is_empty() && REGIONAL.contains(service) {
        let message = format!("ARNs of {service} have a region, so that `{}` matches nothing", shown(text));
        tell(Code::InvalidArnRegion, message, "write a region such as us-east-1, or * for all", None);
    }
    if is_pattern(account) || account.is_empty() {
        return Some(());
    }
    if *service == "s3" && is_bucket(rest) && region.is_empty() {
        let message = format!("ARNs of buckets have no account, so that `{}` matches nothing", shown(text));
        tell(
            Code::InvalidArnAccount,
            message,
            "leave the account empty",
            with(partition, service, region, ""),
        );
    } else if !is_owner(account) {
        let message = format!("`{}` is no account: an account id has twelve digits", shown(account));
        tell(Code::InvalidArnAccount, message, "write the account's twelve digits, or * for all", None);
    }
    Some(())
}

/// Whether an ARN's account is one, or says that the thing belongs to AWS.
fn is_owner(account: &str) -> bool {
    OWNERS.contains(&account) || (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether the last part of an ARN of S3 is a bucket or an object: all else has a word and a slash before it.
fn is_bucket(rest: &str) -> bool {
    let others = ["accesspoint/", "accesspoint:", "job/", "storage-lens", "async-request/", "access-grants"];
    !others.iter().any(|other| rest.starts_with(other)) && !rest.starts_with(['*', '?'])
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub(super) const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];

/// Services none of whose ARNs has a region.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const REGIONLESS: [&str; 9] = [
    "account",
    "budgets",
    "ce",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "organizations",
    "route53",
    "shield",
];

/// Services all of whose ARNs have a region; the same reference.
const REGIONAL: [&str; 12] = [
    "dynamodb",
    "ecr",
    "ecs",
    "eks",
    "kinesis",
    "kms",
    "lambda",
    "rds",
    "secretsmanager",
    "sns",
    "sqs",
    "states",
];

/// What stands in an ARN's account for what belongs to AWS.
const OWNERS: [&str; 4] = ["aws", "aws-managed", "aws-marketplace", "cloudfront"];
