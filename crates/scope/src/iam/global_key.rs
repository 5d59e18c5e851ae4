//! The condition keys that every service has.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::operator::ValueType;

/// What is known of a global key.
#[derive(Clone, Copy, Debug)]
pub(super) struct GlobalKey {
    pub(super) name: &'static str,
    pub(super) value_type: ValueType,
    /// Whether a request can have several values of it.
    pub(super) is_multivalued: bool,
}

/// The global key of this name, whatever its case. A key of tags is known by what stands before its slash.
pub(super) fn find(key: &str) -> Option<GlobalKey> {
    let name = key.split('/').next().unwrap_or(key);
    all().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|known| known.name)
}

/// Keys that are followed by a slash and the key of a tag.
pub(super) const TAGGED: [&str; 3] = ["aws:PrincipalTag", "aws:RequestTag", "aws:ResourceTag"];

fn all() -> impl Iterator<Item = GlobalKey> {
    let of = |names: &'static [&'static str], value_type, is_multivalued| {
        names.iter().map(move |name| GlobalKey { name, value_type, is_multivalued })
    };
    of(TEXTS, ValueType::String, false)
        .chain(of(&TAGGED, ValueType::String, false))
        .chain(of(SEVERAL, ValueType::String, true))
        .chain(of(ARNS, ValueType::Arn, false))
        .chain(of(TRUTHS, ValueType::Bool, false))
        .chain(of(ADDRESSES, ValueType::Ip, false))
        .chain(of(&["aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime"], ValueType::Date, false))
        .chain(of(&["aws:MultiFactorAuthAge"], ValueType::Numeric, false))
}

const TEXTS: &[&str] = &[
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:Ec2InstanceSourceVpc",
    "aws:FederatedProvider",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalServiceName",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:SourceAccount",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:UserAgent",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:userid",
    "aws:username",
];

const SEVERAL: &[&str] = &[
    "aws:CalledVia",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceNamesList",
    "aws:ResourceOrgPaths",
    "aws:SourceOrgPaths",
    "aws:TagKeys",
    "aws:VpceOrgPaths",
];

const ARNS: &[&str] = &["aws:ChatbotSourceArn", "aws:PrincipalArn", "aws:SourceArn", "aws:SourceVpcArn"];

const TRUTHS: &[&str] = &[
    "aws:AssumedRoot",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalIsAWSService",
    "aws:SecureTransport",
    "aws:ViaAWSService",
];

const ADDRESSES: &[&str] = &["aws:Ec2InstanceSourcePrivateIPv4", "aws:SourceIp", "aws:VpcSourceIp"];
