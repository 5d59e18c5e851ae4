//! AWS regions, and the services whose calls go to one fixed region whatever region a caller works in.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::text_type;

/// The name of an AWS region, as in `aws:RequestedRegion`: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let words: Vec<&str> = text.split('-').collect();
        let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        match words.as_slice() {
            [area, place @ .., number]
                if letters(area)
                    && (2..=4).contains(&area.len())
                    && !place.is_empty()
                    && place.iter().all(|word| letters(word))
                    && matches!(number.as_bytes(), [b'0'..=b'9']) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(RegionError),
        }
    }
}

text_type!(Region, "^[a-z]{2,4}(-[a-z]+)+-[0-9]$");

/// The text is not the name of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an AWS region such as us-east-1")]
pub struct RegionError;

/// The regions in which calls may be made. Calls to global services ignore it (see [`is_global`]).
///
/// Serialised as a list of names, or as `"*"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "Written"))]
pub enum Regions {
    /// Every region, also those that do not exist yet.
    #[default]
    All,
    /// These regions only.
    Only(BTreeSet<Region>),
}

impl Regions {
    /// Whether calls may be made in the region of this name.
    pub fn contains(&self, region: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(regions) => regions.iter().any(|one| one.as_str() == region),
        }
    }

    /// The regions that are in either.
    pub(super) fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(two)) => Self::Only(one | two),
            _ => Self::All,
        }
    }

    /// Whether there is no region at all.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Only(regions) if regions.is_empty())
    }
}

impl FromIterator<Region> for Regions {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> Self {
        Self::Only(regions.into_iter().collect())
    }
}

impl fmt::Display for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("every region"),
            Self::Only(regions) => {
                let names: Vec<&str> = regions.iter().map(Region::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// How [`Regions`] stands in a document.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Written {
    Every(String),
    Only(BTreeSet<Region>),
}

impl TryFrom<Written> for Regions {
    type Error = RegionError;

    fn try_from(written: Written) -> Result<Self, RegionError> {
        match written {
            Written::Every(star) if star == "*" => Ok(Self::All),
            Written::Every(_) => Err(RegionError),
            Written::Only(regions) => Ok(Self::Only(regions)),
        }
    }
}

impl From<Regions> for Written {
    fn from(regions: Regions) -> Self {
        match regions {
            Regions::All => Self::Every("*".to_owned()),
            Regions::Only(regions) => Self::Only(regions),
        }
    }
}

/// Whether calls of `action` (`service:Name`, any case) go to one fixed region of the partition, so that a
/// condition on `aws:RequestedRegion` must not be put on them.
///
/// What is not listed counts as regional, which can only narrow: a call may be refused, never gained.
pub fn is_global(action: &str) -> bool {
    let Some((service, _)) = action.split_once(':') else { return false };
    GLOBAL_SERVICES.iter().any(|global| global.eq_ignore_ascii_case(service))
        || GLOBAL_ACTIONS.iter().any(|global| global.eq_ignore_ascii_case(action))
}

/// Services with one control plane per partition: us-east-1 in `aws`, unless said otherwise.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html> and the
/// endpoint tables of <https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html>.
pub(super) const GLOBAL_SERVICES: &[&str] = &[
    "account",
    "artifact",
    "aws-portal",
    "bcm-data-exports",
    "bcm-pricing-calculator",
    "billing",
    "billingconductor",
    "budgets",
    "ce",
    "cloudfront",
    "consolidatedbilling",
    "cost-optimization-hub",
    "cur",
    "freetier",
    "globalaccelerator", // us-west-2
    "health",
    "iam",
    "importexport",
    "invoicing",
    "networkmanager", // us-west-2
    "organizations",
    "payments",
    "purchase-orders",
    "route53",
    "route53-recovery-control-config", // us-west-2
    "route53-recovery-readiness",      // us-west-2
    "route53domains",
    "savingsplans",
    "shield",
    "support",
    "supportplans",
    "sustainability",
    "tax",
    "waf", // Classic for CloudFront; wafv2 and waf-regional are called where the resource is
];

/// Actions of regional services that go to one fixed region: S3's Multi-Region Access Points are managed in
/// us-west-2. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointRestrictions.html>
pub(super) const GLOBAL_ACTIONS: &[&str] = &[
    "s3:CreateMultiRegionAccessPoint",
    "s3:DeleteMultiRegionAccessPoint",
    "s3:DescribeMultiRegionAccessPointOperation",
    "s3:GetMultiRegionAccessPoint",
    "s3:GetMultiRegionAccessPointPolicy",
    "s3:GetMultiRegionAccessPointPolicyStatus",
    "s3:ListMultiRegionAccessPoints",
    "s3:PutMultiRegionAccessPointPolicy",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_regions_are_read() {
        for name in ["us-east-1", "ap-southeast-7", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"] {
            assert_eq!(name.parse::<Region>().unwrap().as_str(), name);
        }
        for name in
            ["", "us", "us-east", "us-east-10", "US-east-1", "us--1", "us-east-1a", "us-*-1", "u-east-1"]
        {
            assert_eq!(name.parse::<Region>(), Err(RegionError), "{name}");
        }
    }

    #[test]
    fn regions_are_a_list_or_a_star_in_json() {
        let only: Regions = serde_json::from_str(r#"["us-west-2","us-east-1"]"#).unwrap();
        assert_eq!(serde_json::to_string(&only).unwrap(), r#"["us-east-1","us-west-2"]"#);
        assert_eq!(serde_json::from_str::<Regions>(r#""*""#).unwrap(), Regions::All);
        assert_eq!(serde_json::to_string(&Regions::All).unwrap(), r#""*""#);
        assert!(serde_json::from_str::<Regions>(r#""us-east-1""#).is_err());
        assert!(serde_json::from_str::<Regions>(r#"["nowhere"]"#).is_err());
    }

    #[test]
    fn global_services_and_actions_are_known_in_any_case() {
        assert!(is_global("iam:CreateUser"));
        assert!(is_global("route53:ListHostedZones"));
        assert!(is_global("S3:listmultiregionaccesspoints"));
        assert!(!is_global("s3:GetObject"));
        assert!(!is_global("route53resolver:ListResolverRules"));
        assert!(!is_global("wafv2:GetWebACL"));
        assert!(!is_global("sts:GetCallerIdentity"));
        assert!(!is_global("iam"));
    }

    #[test]
    fn the_tables_are_sorted_without_repetition() {
        assert!(GLOBAL_SERVICES.is_sorted_by(|a, b| a < b));
        assert!(GLOBAL_ACTIONS.is_sorted_by(|a, b| a < b));
    }
}
