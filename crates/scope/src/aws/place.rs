//! Where calls are made: one partition, account and region for all that belong together.

use super::area::Resources;
use super::arn::RoleArn;
use super::pattern::arn_glob;
use super::policy::Effect;
use super::reach::Clause;
use super::region::Region;
use crate::glob::Glob;
use crate::sorted::SortedSet;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) partition: String,
    pub(super) account: String,
    pub(super) region: String,
}

/// The account of examples in the vendor's own documents.
const ACCOUNT: &str = "123456789012";

/// Regions to try beside those that the policies name.
const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-southeast-2"];

/// More accounts, and more regions, than anybody's policies for one principal name. Beyond, those that come first
/// stand for the rest.
const HOMES_LIMIT: usize = 16;
const REGIONS_LIMIT: usize = 24;

impl Place {
    /// The places that policies name, and some that they do not. With a role, only its own account.
    pub(super) fn of(clauses: &[Clause], role: Option<&RoleArn>) -> Vec<Self> {
        let homes: Vec<(String, String)> = match role {
            Some(role) => vec![(role.partition().to_owned(), role.account().to_owned())],
            None => {
                let named: SortedSet<(String, String)> = clauses.iter().flat_map(named_homes).collect();
                let other = ("aws".to_owned(), ACCOUNT.to_owned());
                named.into_iter().take(HOMES_LIMIT).chain([other]).collect()
            }
        };
        let named: SortedSet<String> = clauses.iter().flat_map(named_regions).collect();
        let others = REGIONS.iter().filter(|region| !named.contains(**region)).map(ToString::to_string);
        let regions: Vec<String> = named.iter().take(REGIONS_LIMIT).cloned().chain(others).collect();
        let place = |region: &String, (partition, account): &(String, String)| Self {
            partition: partition.clone(),
            account: account.clone(),
            region: region.clone(),
        };
        homes.iter().flat_map(|home| regions.iter().map(move |region| place(region, home))).collect()
    }

    /// The region that the calls of global services are made in.
    pub(super) fn global_region(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => "us-east-1",
        }
    }

    /// The ARNs of a kind that lie here: a `*` in the second, fourth or fifth part stands for this place.
    pub(super) fn arn_glob(&self, arn: &str) -> Glob {
        let here = [None, Some(&self.partition), None, Some(&self.region), Some(&self.account)];
        let mut parts =
            arn.splitn(6, ':').zip(here.into_iter().chain([None])).map(|(part, here)| match here {
                Some(here) if part == "*" => here.as_str(),
                _ => part,
            });
        let mut next = || parts.next().unwrap_or_default();
        let segments = [next(), next(), next(), next(), next()];
        arn_glob(segments, next())
    }
}

/// The partitions and accounts that a statement names; a denial's need not be anywhere.
fn named_homes(clause: &Clause) -> Vec<(String, String)> {
    let patterns: &[_] = match &clause.resources {
        Resources::Only(patterns) if clause.effect == Effect::Allow => patterns,
        Resources::AllBut(patterns) if clause.effect == Effect::Deny => patterns,
        _ => &[],
    };
    let home = |arn: &str| {
        let mut parts = arn.split(':').skip(1);
        let partition = parts.next()?.split('*').next().filter(|name| !name.is_empty()).unwrap_or("aws");
        let account = parts.nth(2)?;
        let account = account.replace('?', "1").replace('*', "");
        let number = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
        // A wildcard stands for the digits that are missing.
        number.then(|| (partition.trim_end_matches('-').to_owned(), format!("{account:1<12}")))
    };
    patterns.iter().filter_map(|pattern| home(pattern.as_str())).collect()
}

/// The regions that a statement names.
fn named_regions(clause: &Clause) -> Vec<String> {
    let granted = clause.regions.named().map(|region| region.as_str().to_owned());
    let conditions =
        clause.conditions.iter().filter(|one| one.key.eq_ignore_ascii_case("aws:RequestedRegion"));
    let asked = conditions.flat_map(|one| &one.values).flat_map(|value| regions_like(value));
    let (Resources::Only(patterns) | Resources::AllBut(patterns)) = &clause.resources;
    let placed = patterns.iter().filter_map(|pattern| pattern.as_str().split(':').nth(3));
    let placed = placed.filter(|region| !region.is_empty()).flat_map(regions_like);
    granted.chain(asked).chain(placed).collect()
}

/// The region of this name, or some that a pattern of names may mean.
fn regions_like(pattern: &str) -> Vec<String> {
    if pattern.parse::<Region>().is_ok() {
        return vec![pattern.to_owned()];
    }
    if !pattern.contains(['*', '?']) || pattern == "*" {
        return Vec::new();
    }
    let area = pattern.split(['*', '?']).next().unwrap_or_default();
    let known = KNOWN.iter().filter(|region| region.starts_with(area));
    known.map(ToString::to_string).collect()
}

/// Regions that a pattern of names may mean. Which exist does not matter much: they only have to match.
const KNOWN: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-north-1",
    "eu-south-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-south-1",
    "ca-central-1",
    "sa-east-1",
    "me-south-1",
    "af-south-1",
    "il-central-1",
    "mx-central-1",
    "cn-north-1",
    "us-gov-west-1",
];
