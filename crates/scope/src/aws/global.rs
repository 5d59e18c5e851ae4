//! The services whose calls go to one fixed region whatever region a caller works in.

use std::sync::LazyLock;

use super::pattern::ActionPattern;

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
const GLOBAL_SERVICES: &[&str] = &[
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
const GLOBAL_ACTIONS: &[&str] = &[
    "s3:CreateMultiRegionAccessPoint",
    "s3:DeleteMultiRegionAccessPoint",
    "s3:DescribeMultiRegionAccessPointOperation",
    "s3:GetMultiRegionAccessPoint",
    "s3:GetMultiRegionAccessPointPolicy",
    "s3:GetMultiRegionAccessPointPolicyStatus",
    "s3:ListMultiRegionAccessPoints",
    "s3:PutMultiRegionAccessPointPolicy",
];

/// The actions of a pattern, parted by whether their calls go to one fixed region.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// Patterns of the actions whose calls do.
    pub(super) global: Vec<ActionPattern>,
    /// The rest, where anything is left.
    pub(super) regional: Option<Regional>,
}

/// The actions of `pattern` that none of `but` matches.
#[derive(Clone, Debug)]
pub(super) struct Regional {
    pub(super) pattern: ActionPattern,
    pub(super) but: Vec<ActionPattern>,
}

impl Parts {
    /// Parts a pattern.
    pub(super) fn of(pattern: &ActionPattern) -> Self {
        let global: Vec<ActionPattern> = global_part(pattern).into_iter().cloned().collect();
        // A pattern with a wildcard matches more than the few actions of a table.
        if let [whole] = global.as_slice()
            && whole == pattern
        {
            return Self { global, regional: None };
        }
        Self { regional: Some(Regional { pattern: pattern.clone(), but: global.clone() }), global }
    }
}

/// Patterns of the actions that a pattern matches and whose calls go to one fixed region.
pub(super) fn global_part(pattern: &ActionPattern) -> Vec<&ActionPattern> {
    match pattern.service() {
        None => SERVICES.iter().chain(&*ACTIONS).collect(),
        Some(service) if GLOBAL_SERVICES.binary_search(&service).is_ok() => vec![pattern],
        Some(service) => {
            let of_service = |action: &&ActionPattern| {
                let action = action.as_str();
                action.as_bytes().get(service.len()) == Some(&b':') && action.starts_with(service)
            };
            let mut near = ACTIONS.iter().filter(of_service);
            if pattern.is_literal() {
                return near.any(|action| action == pattern).then_some(pattern).into_iter().collect();
            }
            near.filter(|action| pattern.matches(action.as_str())).collect()
        }
    }
}

static SERVICES: LazyLock<Vec<ActionPattern>> = LazyLock::new(|| {
    GLOBAL_SERVICES.iter().filter_map(|service| format!("{service}:*").parse().ok()).collect()
});

static ACTIONS: LazyLock<Vec<ActionPattern>> =
    LazyLock::new(|| GLOBAL_ACTIONS.iter().filter_map(|action| action.parse().ok()).collect());

#[cfg(test)]
mod tests {
    use super::*;

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
    #[test]
    fn a_pattern_is_parted_into_global_and_regional_actions() {
        let parts = |text: &str| {
            let parts = Parts::of(&text.parse().unwrap());
            (parts.global.len(), parts.regional.map(|regional| regional.but.len()))
        };
        assert_eq!(parts("iam:Get*"), (1, None));
        assert_eq!(parts("ecs:*"), (0, Some(0)));
        assert_eq!(parts("s3:GetObject"), (0, Some(0)));
        assert_eq!(parts("s3:listMultiRegionAccessPoints"), (1, None));
        assert_eq!(parts("s3:List*"), (1, Some(1)));
        let all = GLOBAL_SERVICES.len() + GLOBAL_ACTIONS.len();
        assert_eq!(parts("*"), (all, Some(all)));
    }
}
