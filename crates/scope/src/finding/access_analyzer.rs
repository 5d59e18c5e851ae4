//! The checks of AWS's IAM Access Analyzer, and what here tells the same.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>

use super::Code::{self, *};

/// Whether one of Access Analyzer's checks is covered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Coverage {
    By(&'static [Code]),
    Not(&'static str),
}

use Coverage::{By, Not};

const SCP: Coverage = Not("service control policies are no kind that is checked");
const NOT_ACTION: Coverage = Not("what NotAction leaves in has services of both sorts");

#[rustfmt::skip]
pub(super) const CHECKS: &[(&str, Coverage)] = &[
    ("ARN Region not allowed", By(&[InvalidArnRegion])),
    ("ARN account not allowed", By(&[InvalidArnAccount])),
    ("Allow NotAction with unsupported tag condition key for service", NOT_ACTION),
    ("Allow with NotPrincipal", By(&[UnsupportedElement])),
    ("Allow with unsupported tag condition key for service", By(&[UnsupportedConditionKey])),
    ("Confirm audience claim type", Not("needs the identity provider's settings")),
    ("Create SLR with NotAction and NotResource", By(&[LinkedRoleEverywhere, AllowAllBut])),
    ("Create SLR with NotResource", By(&[LinkedRoleEverywhere, AllowAllBut])),
    ("Create SLR with star in action and NotResource", By(&[LinkedRoleEverywhere, AllowAllBut])),
    ("Create SLR with star in action and resource", By(&[LinkedRoleEverywhere])),
    ("Create SLR with star in resource", By(&[LinkedRoleEverywhere])),
    ("Create SLR with star in resource and NotAction", By(&[LinkedRoleEverywhere])),
    ("Data type mismatch", By(&[WrongType])),
    ("Deny NotAction with unsupported tag condition key for service", NOT_ACTION),
    ("Deny with unsupported tag condition key for service", By(&[UnsupportedConditionKey])),
    ("Deprecated global condition key", Not("no key is known to be deprecated")),
    ("Duplicate keys with different case", By(&[DuplicateConditionKey])),
    ("Empty Sid value", By(&[InvalidSid])),
    ("Empty array action", By(&[EmptyList, DeadStatement])),
    ("Empty array condition", By(&[EmptyList])),
    ("Empty array condition ForAllValues", By(&[EmptyList])),
    ("Empty array condition ForAnyValue", By(&[EmptyList])),
    ("Empty array condition IfExists", By(&[EmptyList])),
    ("Empty array principal", By(&[EmptyList])),
    ("Empty array resource", By(&[EmptyList, DeadStatement])),
    ("Empty object condition", By(&[EmptyList])),
    ("Empty object principal", By(&[EmptyList])),
    ("Empty variable", By(&[InvalidVariable])),
    ("Federated principal not supported", By(&[InvalidPrincipal])),
    ("ForAllValues with single valued key", By(&[ForAllValuesAllows])),
    ("Improve IP range", By(&[HostBits])),
    ("Invalid ARN Region", By(&[InvalidArnRegion])),
    ("Invalid ARN account", By(&[InvalidArnAccount])),
    ("Invalid ARN prefix", By(&[InvalidArn])),
    ("Invalid ARN resource", By(&[ArnFormat])),
    ("Invalid ARN service case", By(&[PatternCase])),
    ("Invalid Region", By(&[InvalidArnRegion])),
    ("Invalid action", By(&[InvalidAction, UnknownPermission, UnmatchedWildcard])),
    ("Invalid condition data type", By(&[WrongType, InvalidConditionValue])),
    ("Invalid condition key format", By(&[InvalidConditionKey])),
    ("Invalid condition multiple Boolean", By(&[VacuousCondition])),
    ("Invalid condition operator", By(&[UnknownOperator])),
    ("Invalid date value", By(&[InvalidConditionValue])),
    ("Invalid effect", By(&[UnknownValue])),
    ("Invalid federated principal syntax in role trust policy", By(&[InvalidPrincipal])),
    ("Invalid global condition key", By(&[UnknownGlobalKey])),
    ("Invalid partition", By(&[UnknownPartition])),
    ("Invalid policy element", By(&[UnknownField])),
    ("Invalid principal format", By(&[InvalidPrincipal])),
    ("Invalid principal key", By(&[UnknownField])),
    ("Invalid role reference", Not("needs the account's roles")),
    ("Invalid service", By(&[UnknownService])),
    ("Invalid service condition key", By(&[UnknownConditionKey])),
    ("Invalid service in action", By(&[UnknownService])),
    ("Invalid service principal format", By(&[InvalidPrincipal])),
    ("Invalid user reference", Not("needs the account's users")),
    ("Invalid variable for operator", Not("variables are accepted with every operator")),
    ("Invalid version", By(&[PolicyVersion])),
    ("Invalid vpc format", Not("the form of VPC ids is not looked at")),
    ("Invalid vpce format", Not("the form of endpoint ids is not looked at")),
    ("Irrelevant condition key in policy", Not("resource policies are no kind that is checked")),
    ("Json syntax error", By(&[Malformed, EmptyDocument])),
    ("Mismatched action for principal", By(&[MismatchedAction])),
    ("Missing ARN Region", By(&[InvalidArnRegion])),
    ("Missing ARN field", By(&[InvalidArn])),
    ("Missing action", By(&[MissingField])),
    ("Missing action for condition key", By(&[UnsupportedConditionKey])),
    ("Missing action for roles anywhere trust policy", By(&[MismatchedAction])),
    ("Missing brace in variable", By(&[InvalidVariable])),
    ("Missing condition key for oidc principal", By(&[UnboundFederation])),
    ("Missing effect", By(&[MissingField])),
    ("Missing github repo condition key", By(&[UnboundFederation])),
    ("Missing paired condition keys", Not("which keys belong together is not published")),
    ("Missing principal", By(&[MissingField])),
    ("Missing qualifier", Not("a key with several values may be compared without a prefix")),
    ("Missing quote in variable", By(&[InvalidVariable])),
    ("Missing resource", By(&[MissingField])),
    ("Missing statement", By(&[MissingField])),
    ("Missing tag key in condition", By(&[InvalidConditionKey])),
    ("Missing version", By(&[PolicyVersion])),
    ("Null with if exists", By(&[NeedlessQualifier])),
    ("Null with qualifier", By(&[NeedlessQualifier])),
    ("Pass role with NotAction and NotResource", By(&[PassRoleEverywhere, AllowAllBut])),
    ("Pass role with NotResource", By(&[PassRoleEverywhere, AllowAllBut])),
    ("Pass role with star in action and NotResource", By(&[PassRoleEverywhere, AllowAllBut])),
    ("Pass role with star in action and resource", By(&[PassRoleEverywhere])),
    ("Pass role with star in resource", By(&[PassRoleEverywhere])),
    ("Pass role with star in resource and NotAction", By(&[PassRoleEverywhere])),
    ("Policy size exceeds SCP quota", SCP),
    ("Policy size exceeds identity policy quota", By(&[PolicySize, NearPolicySize])),
    ("Policy size exceeds resource policy quota", Not("resource policies are no kind that is checked")),
    ("Policy size exceeds role trust policy quota", By(&[NearPolicySize, PolicySize])),
    ("Private IP address", By(&[PrivateAddress])),
    ("Private IP address subset", By(&[PrivateAddress])),
    ("Private NotIpAddress", By(&[PrivateAddress])),
    ("Private NotIpAddress subset", By(&[PrivateAddress])),
    ("Recommended condition key for service principal", By(&[ConfusedDeputy])),
    ("Redundant action", By(&[DuplicateValue, RedundantValue])),
    ("Redundant condition value num", By(&[DuplicateValue])),
    ("Redundant principal in role trust policy", By(&[DuplicateValue, RedundantValue])),
    ("Redundant resource", By(&[DuplicateValue, RedundantValue])),
    ("Redundant statement", By(&[RedundantStatement])),
    ("Restrict access to service principal", By(&[ConfusedDeputy])),
    ("Role trust policy syntax error notprincipal", By(&[UnsupportedElement])),
    ("Role trust policy syntax error resource", By(&[UnsupportedElement])),
    ("Role trust policy unsupported wildcard in principal", By(&[InvalidPrincipal, OpenTrust])),
    ("SCP syntax error NotResource", SCP),
    ("SCP syntax error action wildcard", SCP),
    ("SCP syntax error allow NotAction", SCP),
    ("SCP syntax error allow condition", SCP),
    ("SCP syntax error allow resource", SCP),
    ("SCP syntax error principal", SCP),
    ("Specific github repo and branch recommended", By(&[UnboundFederation])),
    ("Type mismatch", By(&[OperatorMismatch])),
    ("Type mismatch Boolean", By(&[OperatorMismatch, InvalidConditionValue])),
    ("Type mismatch IP range", By(&[OperatorMismatch, InvalidConditionValue])),
    ("Type mismatch date", By(&[OperatorMismatch, InvalidConditionValue])),
    ("Type mismatch number", By(&[OperatorMismatch, InvalidConditionValue])),
    ("Type mismatch string", By(&[OperatorMismatch])),
    ("Unique Sids recommended", By(&[DuplicateSid])),
    ("Unique Sids required", By(&[DuplicateSid])),
    ("Unsupported Sid", By(&[InvalidSid])),
    ("Unsupported action for condition key", By(&[UnsupportedConditionKey])),
    ("Unsupported action in policy", By(&[UnsupportedAction])),
    ("Unsupported condition key for service principal", Not("which keys the calls of services have is not published")),
    ("Unsupported element combination", By(&[ConflictingElements])),
    ("Unsupported global condition key", Not("which services leave out a global key is not published")),
    ("Unsupported principal", By(&[UnsupportedElement])),
    ("Unsupported resource ARN in policy", Not("resource policies are no kind that is checked")),
    ("Unsupported space in variable", By(&[InvalidVariable])),
    ("Unsupported wildcard in principal", By(&[InvalidPrincipal])),
    ("Variable unsupported in element", By(&[InvalidVariable])),
    ("Variable unsupported in version", By(&[InvalidVariable])),
    ("Wildcard in service name", By(&[ServiceWildcard])),
    ("Wildcard without like operator", By(&[WildcardWithoutLike])),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_of_the_vendors_list_is_accounted_for() {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/aa_checks.tsv");
        let list = std::fs::read_to_string(list).unwrap();
        let known: BTreeSet<&str> = CHECKS.iter().map(|(check, _)| *check).collect();
        let named: BTreeSet<&str> = list.lines().skip(1).filter_map(|line| line.split('\t').nth(1)).collect();
        assert_eq!(known, named);
        assert!(CHECKS.is_sorted_by(|one, other| one.0 < other.0));
    }
}
