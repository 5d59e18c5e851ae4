//! The compiled session policy against the authority, judged by the evaluator; its length against every policy
//! that could be written instead.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "strategies stand outside of test functions"
)]

mod aws_model;

use aws_model::{REGIONS, WORLD, allows, authority, is_pivot};
use deputize_scope::aws::authority::{Authority, Statement};
use deputize_scope::aws::compile::{CompileError, compile};
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::aws::region::{Regions, is_global};
use proptest::prelude::*;

/// Whether the policy allows the call; a pivot must be denied in so many words.
fn judged(policy: &PolicyDocument, action: &str, resource: &str, region: &str) -> bool {
    let verdict = evaluate(&[policy], &Call::in_region(action, resource, region));
    assert!(!is_pivot(action) || matches!(verdict, Verdict::ExplicitDeny { .. }), "{action}: {verdict:?}");
    matches!(verdict, Verdict::Allowed { .. })
}

/// The policy, and one that grants nothing where there is nothing to grant. None where it would be too long.
fn compiled(authority: &Authority) -> Option<PolicyDocument> {
    match compile(authority) {
        Ok(policy) => Some(policy.text().parse().unwrap()),
        Err(CompileError::TooLarge { .. }) => None,
        Err(CompileError::Empty) => {
            Some(format!(r#"{{"Version":"2012-10-17","Statement":[{DENY}]}}"#).parse().unwrap())
        }
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_policy_grants_what_the_authority_says(one in authority(3)) {
        let Some(policy) = compiled(&one) else { return Ok(()) };
        for action in WORLD.actions.iter().step_by(2) {
            for resource in WORLD.resources.iter().step_by(13) {
                for region in REGIONS {
                    let granted = judged(&policy, action, resource, region);
                    prop_assert_eq!(
                        granted, allows(&one, action, resource, region),
                        "{} on {} in {}", action, resource, region
                    );
                }
            }
        }
    }

    #[test]
    fn the_policy_grants_real_calls_as_the_authority_says(
        statements in proptest::collection::vec(realistic::statement(), 1..4),
        calls in proptest::collection::vec(realistic::call(), 200),
    ) {
        let one = Authority::new(statements);
        let Some(policy) = compiled(&one) else { return Ok(()) };
        for (action, resource, region) in &calls {
            let granted = judged(&policy, action, resource, region);
            prop_assert_eq!(
                granted, allows(&one, action, resource, region),
                "{} on {} in {}", action, resource, region
            );
        }
    }

    #[test]
    fn the_same_authority_gives_the_same_text_however_it_is_written(one in authority(3)) {
        let mut statements: Vec<Statement> = one.statements().to_vec();
        statements.reverse();
        for statement in &mut statements {
            statement.actions.reverse();
            statement.resources.reverse();
            statement.actions.extend(statement.actions.clone());
        }
        prop_assert_eq!(compile(&one), compile(&Authority::new(statements)));
    }

    #[test]
    fn no_shorter_policy_of_the_same_patterns_means_the_same(one in small::authority()) {
        let Ok(policy) = compile(&one) else { return Ok(()) };
        let shortest = small::shortest(&one, policy.characters());
        prop_assert_eq!(policy.characters(), shortest, "{}", policy.text());
    }
}

/// Calls of real services, with neighbours that differ by a character.
mod realistic {
    use super::*;

    const ACTIONS: [&str; 14] = [
        "ecs:UpdateService",
        "ecs:Describe*",
        "ecs:*",
        "logs:Put*",
        "s3:GetObject",
        "s3:Get*",
        "s3:List*",
        "s3:*",
        "iam:PassRole",
        "iam:Get*",
        "route53:ChangeResourceRecordSets",
        "sts:*",
        "sts:AssumeRole",
        "*",
    ];
    const RESOURCES: [&str; 8] = [
        "arn:aws:ecs:us-east-1:123456789012:service/prod/*",
        "arn:aws:ecs:*:123456789012:service/prod/web",
        "arn:aws:s3:::reports/*",
        "arn:aws:s3:::reports/2026-??/*",
        "arn:aws:logs:us-east-1:123456789012:log-group:/app:*",
        "arn:aws:iam::123456789012:role/*",
        "arn:aws:route53:::hostedzone/Z1",
        "*",
    ];

    pub(super) fn statement() -> impl Strategy<Value = Statement> {
        (
            prop::sample::subsequence(ACTIONS.to_vec(), 1..4),
            prop::sample::subsequence(RESOURCES.to_vec(), 1..4),
            aws_model::regions(),
        )
            .prop_map(|(actions, resources, regions)| Statement {
                actions: actions.iter().map(|text| text.parse().unwrap()).collect(),
                resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
                regions,
            })
    }

    pub(super) fn call() -> impl Strategy<Value = (String, String, &'static str)> {
        let filled = |patterns: &[&'static str], fillings: &[&'static str]| {
            let patterns = prop::sample::select(patterns.to_vec());
            let fillings = prop::sample::select(fillings.to_vec());
            (patterns, fillings)
                .prop_map(|(pattern, filling)| pattern.replace('?', "1").replace('*', filling))
        };
        let action = filled(&ACTIONS[..13], &["", "Events", "MultiRegionAccessPoints", "CallerIdentity"]);
        let pivots = ["sts:GetSessionToken", "sts:AssumeRoleWithSAML", "sts:getfederationtoken"];
        let action = prop_oneof![9 => action, 1 => prop::sample::select(pivots.map(str::to_owned).to_vec())];
        let resource = prop_oneof![
            6 => filled(&RESOURCES[..7], &["", "web", "a/b:c", "us-east-1", "eu-north-1"]),
            1 => Just("*".to_owned()),
        ];
        let changed = |text: String, (change, place): (u8, prop::sample::Index)| {
            let mut symbols: Vec<char> = text.chars().collect();
            let at = place.index(symbols.len());
            match change {
                0 => drop(symbols.remove(at)),
                1 => symbols.insert(at, 'x'),
                2 => symbols[at] = 'x',
                _ => {}
            }
            symbols.into_iter().collect::<String>()
        };
        let change = || (0u8..8, any::<prop::sample::Index>());
        (
            (action, change()).prop_map(move |(action, change)| changed(action, change)),
            (resource, change()).prop_map(move |(resource, change)| changed(resource, change)),
            prop::sample::select(REGIONS.to_vec()),
        )
    }
}

/// Every policy over a handful of patterns, as bits: which of the calls that tell the patterns apart it grants.
mod small {
    use super::*;

    const ACTIONS: [&str; 5] = ["x:a", "x:a*", "x:b", "iam:longer", "x:*"];
    const RESOURCES: [&str; 4] = ["arn:aws:x:::a", "arn:aws:x:::a*", "arn:aws:x:::a-longer-name", "*"];
    /// One action and one resource of each part that the patterns cut the others into.
    const CALLED: [&str; 6] = ["x:a", "x:ab", "x:b", "x:c", "iam:longer", "iam:b"];
    const ON: [&str; 5] =
        ["arn:aws:x:::a", "arn:aws:x:::a-longer-name", "arn:aws:x:::ab", "arn:aws:x:::c", "*"];

    pub(super) fn authority() -> impl Strategy<Value = Authority> {
        let regions = prop::sample::select(conditions());
        let statement = (
            prop::sample::subsequence(ACTIONS.to_vec(), 1..=2),
            prop::sample::subsequence(RESOURCES.to_vec(), 1..=2),
            regions,
        );
        let statement = statement.prop_map(|(actions, resources, regions)| Statement {
            actions: actions.iter().map(|text| text.parse().unwrap()).collect(),
            resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
            regions,
        });
        proptest::collection::vec(statement, 1..=3).prop_map(Authority::new)
    }

    fn conditions() -> Vec<Regions> {
        let only = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        vec![Regions::All, only(&["us-east-1"]), only(&["us-west-2"]), only(&["us-east-1", "us-west-2"])]
    }

    /// The fewest characters of a policy that means the same as the authority, if fewer than `bound`.
    pub(super) fn shortest(authority: &Authority, bound: usize) -> usize {
        let wanted = calls(|action, resource, region| allows(authority, action, resource, region));
        let used = |text: &&str, list: fn(&Statement) -> Vec<String>| {
            authority.statements().iter().any(|one| list(one).contains(&(*text).to_owned()))
        };
        let actions: Vec<&str> = ACTIONS
            .into_iter()
            .filter(|text| used(text, |one| one.actions.iter().map(ToString::to_string).collect()))
            .collect();
        let resources: Vec<&str> = RESOURCES
            .into_iter()
            .filter(|text| used(text, |one| one.resources.iter().map(ToString::to_string).collect()))
            .collect();
        let mut statements = Vec::new();
        for actions in subsets(&actions) {
            for resources in subsets(&resources) {
                for regions in conditions() {
                    let granted = calls(|action, resource, region| {
                        regions.contains(region)
                            && actions.iter().any(|one| aws_model::action_matches(one, action))
                            && resources.iter().any(|one| aws_model::resource_matches(one, resource))
                    });
                    if granted & !wanted == 0 {
                        statements.push((length(&actions, &resources, &regions), granted));
                    }
                }
            }
        }
        statements.sort_by_key(|(length, _)| *length);
        let frame = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["sts:Assume*","sts:GetDelegatedAccessToken","sts:GetFederationToken","sts:GetSessionToken","sts:GetWebIdentityToken"],"Resource":"*"}]}"#;
        let mut best = bound;
        search(&statements, wanted, frame.len(), &mut best);
        best
    }

    /// Adds statements, each further down the list than the last, while that can still be shorter than `best`.
    fn search(statements: &[(usize, u128)], wanted: u128, length: usize, best: &mut usize) {
        if wanted == 0 {
            *best = (*best).min(length);
            return;
        }
        for (index, (more, granted)) in statements.iter().enumerate() {
            if length + more >= *best {
                return;
            }
            if granted & wanted != 0 {
                search(&statements[index + 1..], wanted & !granted, length + more, best);
            }
        }
    }

    fn calls(granted: impl Fn(&str, &str, &str) -> bool) -> u128 {
        let mut bits = 0;
        let mut bit = 1;
        for action in CALLED {
            for resource in ON {
                for region in REGIONS {
                    if granted(action, resource, region) {
                        bits |= bit;
                    }
                    bit <<= 1;
                }
            }
        }
        bits
    }

    fn subsets<'a>(all: &[&'a str]) -> Vec<Vec<&'a str>> {
        let subset = |bits: usize| {
            all.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, one)| *one).collect()
        };
        (1..1 << all.len()).map(subset).collect()
    }

    fn length(actions: &[&str], resources: &[&str], regions: &Regions) -> usize {
        let list = |list: Vec<String>| match list.as_slice() {
            [one] => format!("{one:?}"),
            list => format!("[{}]", list.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(",")),
        };
        let text = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let condition = match regions {
            Regions::All => String::new(),
            Regions::Only(names) => format!(
                r#","Condition":{{"StringEquals":{{"aws:RequestedRegion":{}}}}}"#,
                list(names.iter().map(ToString::to_string).collect())
            ),
        };
        format!(
            r#"{{"Effect":"Allow","Action":{},"Resource":{}{condition}}},"#,
            list(text(actions)),
            list(text(resources))
        )
        .len()
    }
}

fn of(actions: &[&str], resources: &[&str], regions: &[&str]) -> Statement {
    Statement {
        actions: actions.iter().map(|text| text.parse().unwrap()).collect(),
        resources: resources.iter().map(|text| text.parse().unwrap()).collect(),
        regions: if regions.is_empty() {
            Regions::All
        } else {
            regions.iter().map(|text| text.parse().unwrap()).collect()
        },
    }
}

const DENY: &str = r#"{"Effect":"Deny","Action":["sts:Assume*","sts:GetDelegatedAccessToken","sts:GetFederationToken","sts:GetSessionToken","sts:GetWebIdentityToken"],"Resource":"*"}"#;

fn expect(statements: Vec<Statement>, allow: &str) {
    let policy = compile(&Authority::new(statements)).unwrap();
    assert_eq!(policy.text(), format!(r#"{{"Version":"2012-10-17","Statement":[{allow},{DENY}]}}"#));
    assert_eq!(policy.characters() + policy.headroom(), 2048);
}

#[test]
fn an_agent_for_deployments_gets_one_statement() {
    let actions = [
        "ecs:UpdateService",
        "ecs:DescribeServices",
        "ecr:GetAuthorizationToken",
        "ecr:BatchGetImage",
        "cloudwatch:PutMetricData",
        "cloudwatch:GetMetricData",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ];
    expect(
        vec![of(&actions, &["*"], &["us-east-1", "us-west-2"])],
        r#"{"Effect":"Allow","Action":["cloudwatch:GetMetricData","cloudwatch:PutMetricData","ecr:BatchGetImage","ecr:GetAuthorizationToken","ecs:DescribeServices","ecs:UpdateService","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["us-east-1","us-west-2"]}}}"#,
    );
}

#[test]
fn global_actions_stand_apart_without_a_condition() {
    expect(
        vec![of(&["ecs:UpdateService", "iam:PassRole", "iam:GetRole"], &["*"], &["us-east-1"])],
        r#"{"Effect":"Allow","Action":"ecs:UpdateService","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}},{"Effect":"Allow","Action":["iam:GetRole","iam:PassRole"],"Resource":"*"}"#,
    );
    expect(
        vec![of(&["s3:List*"], &["*"], &["us-east-1"])],
        r#"{"Effect":"Allow","Action":"s3:List*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}},{"Effect":"Allow","Action":"s3:ListMultiRegionAccessPoints","Resource":"*"}"#,
    );
}

#[test]
fn everything_in_one_region_still_reaches_the_global_services() {
    let one = Authority::new(vec![of(&["*"], &["*"], &["eu-north-1"])]);
    let policy = compile(&one).unwrap();
    let document: PolicyDocument = policy.text().parse().unwrap();
    assert_eq!(document.statements.len(), 3);
    assert!(judged(&document, "iam:CreateUser", "*", "us-east-1"));
    assert!(judged(&document, "ecs:ListTasks", "*", "eu-north-1"));
    assert!(!judged(&document, "ecs:ListTasks", "*", "us-east-1"));
    assert!(is_global("iam:CreateUser"));
}

#[test]
fn what_is_shorter_to_repeat_is_repeated() {
    let web = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
    let bucket = "arn:aws:s3:::b/*";
    let given = |short: &str, long: &str| {
        vec![of(&[short, long], &[web, bucket], &[]), of(&[short], &["arn:aws:s3:::c/*"], &[])]
    };
    expect(
        given("s3:*", "ecs:UpdateService"),
        &format!(
            r#"{{"Effect":"Allow","Action":["ecs:UpdateService","s3:*"],"Resource":["{web}","{bucket}"]}},{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::c/*"}}"#
        ),
    );
}

#[test]
fn nothing_to_grant_has_no_policy() {
    assert_eq!(compile(&Authority::default()), Err(CompileError::Empty));
    let pivots = of(&["sts:AssumeRole", "sts:GetSessionToken"], &["*"], &[]);
    assert_eq!(compile(&Authority::new(vec![pivots])), Err(CompileError::Empty));
    let nowhere = Statement { regions: Regions::Only([].into()), ..of(&["ecs:*"], &["*"], &[]) };
    assert_eq!(compile(&Authority::new(vec![nowhere])), Err(CompileError::Empty));
}

#[test]
fn a_policy_beyond_the_limit_is_refused_with_its_size() {
    let names: Vec<String> = (0..100).map(|index| format!("ecs:AnActionWithALongName{index:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let refused = compile(&Authority::new(vec![of(&names, &["*"], &[])]));
    assert!(
        matches!(refused, Err(CompileError::TooLarge { characters: 3001..4000, limit: 2048 })),
        "{refused:?}"
    );
}

#[test]
fn quotation_marks_in_a_resource_are_escaped() {
    let odd = r#"arn:aws:s3:::b/"\é"#;
    let policy = compile(&Authority::new(vec![of(&["s3:GetObject"], &[odd], &[])])).unwrap();
    let document: PolicyDocument = policy.text().parse().unwrap();
    assert!(judged(&document, "s3:GetObject", odd, "us-east-1"));
    assert_eq!(policy.characters(), policy.text().chars().count());
}
