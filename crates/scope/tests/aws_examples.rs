//! Grants and requests as people write them.

#![allow(clippy::unwrap_used, reason = "what builds the examples stands outside of test functions")]

use deputize_scope::aws::authority::{Authority, Certainty, Statement, Witness};
use deputize_scope::aws::compile::compile;
use deputize_scope::aws::pattern::{ActionPattern, ResourcePattern};
use deputize_scope::aws::region::Regions;

const SERVICES: &str = "arn:aws:ecs:us-east-1:123456789012:service/prod/*";

fn actions(texts: &[&str]) -> Vec<ActionPattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn resources(texts: &[&str]) -> Vec<ResourcePattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn of(actions_: &[&str], resources_: &[&str], regions: &[&str]) -> Statement {
    let regions = match regions {
        [] => Regions::All,
        some => some.iter().map(|text| text.parse().unwrap()).collect(),
    };
    Statement { actions: actions(actions_), resources: resources(resources_), regions }
}

fn authority(statements: impl Into<Vec<Statement>>) -> Authority {
    Authority::new(statements.into())
}

fn devops() -> Authority {
    let regions = ["us-east-1", "us-west-2"];
    authority([
        of(&["ecs:UpdateService", "ecs:DescribeServices"], &[SERVICES], &regions),
        of(&["ecr:GetAuthorizationToken", "logs:Put*"], &["*"], &regions),
    ])
}

fn witness(grant: &Authority, request: Statement) -> (String, String, Option<String>) {
    let Witness { action, resource, region, certainty } = grant.contains(&authority([request])).unwrap_err();
    assert_eq!(certainty, Certainty::Shown);
    (action, resource, region.map(|region| region.to_string()))
}

fn call(action: &str, resource: &str, region: Option<&str>) -> (String, String, Option<String>) {
    (action.to_owned(), resource.to_owned(), region.map(str::to_owned))
}

#[test]
fn parts_of_a_grant_are_contained() {
    let web = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
    for part in [
        of(&["ecs:UpdateService"], &[web], &["us-east-1"]),
        of(&["ECS:updateservice".to_lowercase().as_str()], &[SERVICES], &["us-west-2"]),
        of(&["logs:PutLogEvents", "logs:PutR*"], &["*"], &["us-east-1", "us-west-2"]),
        of(&["ecr:GetAuthorizationToken"], &[web], &["us-east-1"]),
        of(&["ecs:UpdateService"], &["arn:aws:ecs:us-east-1:123456789012:service/prod/a?c*"], &["us-east-1"]),
    ] {
        assert_eq!(devops().contains(&authority([part.clone()])), Ok(()), "{part:?}");
    }
}

#[test]
fn one_character_too_many_is_shown() {
    let east = ["us-east-1"];
    let grant = devops();
    assert_eq!(
        witness(&grant, of(&["ecs:UpdateServices"], &[SERVICES], &east)),
        call(
            "ecs:UpdateServices",
            "arn:aws:ecs:us-east-1:123456789012:service/prod/example",
            Some("us-east-1")
        )
    );
    assert_eq!(
        witness(
            &grant,
            of(&["ecs:UpdateService"], &["arn:aws:ecs:us-east-1:123456789012:service/prod*"], &east)
        ),
        call(
            "ecs:UpdateService",
            "arn:aws:ecs:us-east-1:123456789012:service/prodexample",
            Some("us-east-1")
        )
    );
    assert_eq!(
        witness(&grant, of(&["ecs:*"], &[SERVICES], &east)),
        call("ecs:Object", "arn:aws:ecs:us-east-1:123456789012:service/prod/example", Some("us-east-1"))
    );
    assert_eq!(
        witness(&grant, of(&["*"], &["*"], &east)),
        call("s3:DeleteBucket", "arn:aws:s3:::example", Some("us-east-1"))
    );
    assert_eq!(
        witness(&grant, of(&["ecs:UpdateService"], &[SERVICES], &[])),
        call(
            "ecs:UpdateService",
            "arn:aws:ecs:us-east-1:123456789012:service/prod/example",
            Some("eu-central-1")
        )
    );
}

#[test]
fn a_request_may_need_several_statements_together() {
    let grant = authority([
        of(&["s3:Get*"], &["arn:aws:s3:::a/*"], &[]),
        of(&["s3:GetObject", "s3:Put*"], &["arn:aws:s3:::b/*"], &["us-east-1"]),
        of(&["s3:*Object"], &["arn:aws:s3:::b/*"], &["us-west-2"]),
    ]);
    let both = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"];
    let in_both_regions = of(&["s3:GetObject"], &both, &["us-east-1", "us-west-2"]);
    assert_eq!(grant.contains(&authority([in_both_regions])), Ok(()));
    let (action, resource, region) = witness(&grant, of(&["s3:GetObject"], &both, &[]));
    assert_eq!((action.as_str(), resource.as_str()), ("s3:GetObject", "arn:aws:s3:::b/example"));
    assert!(!["us-east-1", "us-west-2"].contains(&region.unwrap().as_str()));
    let (action, resource, _) = witness(&grant, of(&["s3:Get*"], &both, &["us-east-1"]));
    assert_eq!((action.as_str(), resource.as_str()), ("s3:GetItem", "arn:aws:s3:::b/example"));
}

#[test]
fn every_arn_is_still_not_every_call() {
    let arns = authority([of(&["s3:*"], &["arn:*:*:*:*:*"], &[])]);
    assert_eq!(
        witness(&arns, of(&["s3:ListAllMyBuckets"], &["*"], &[])),
        call("s3:ListAllMyBuckets", "*", None)
    );
}

#[test]
fn a_request_is_cut_to_what_is_granted() {
    let web = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";
    let restricted = devops().restrict(&actions(&["ecs:Update*", "logs:*"]), Some(&resources(&[web])));
    let regions = ["us-east-1", "us-west-2"];
    assert_eq!(restricted.unwrap(), authority([of(&["ecs:UpdateService", "logs:Put*"], &[web], &regions)]));
    let all = devops().restrict(&actions(&["*"]), None).unwrap();
    assert_eq!(all, devops().normalized());
    assert_eq!(devops().restrict(&actions(&["s3:*"]), None), Ok(Authority::default()));
}

#[test]
fn what_is_asked_for_must_be_granted_somewhere() {
    let grant = devops();
    assert_eq!(grant.covers(&actions(&["ecs:UpdateService", "logs:PutLogEvents"]), None), Ok(()));
    assert_eq!(grant.covers(&actions(&["ecs:UpdateService"]), Some(&resources(&[SERVICES]))), Ok(()));
    let refused = |asked: &str, on: Option<&[&str]>| {
        let on = on.map(resources);
        grant.covers(&actions(&[asked]), on.as_deref()).unwrap_err().to_string()
    };
    assert_eq!(
        refused("ecs:DeleteService", None),
        "ecs:DeleteService on arn:aws:ecs:us-east-1:123456789012:example"
    );
    assert_eq!(
        refused("ecs:UpdateService", Some(&["arn:aws:ecs:us-east-1:123456789012:service/stage/web"])),
        "ecs:UpdateService on arn:aws:ecs:us-east-1:123456789012:service/stage/web"
    );
    assert_eq!(refused("sts:AssumeRole", None), "sts:AssumeRole on arn:aws:iam::123456789012:role/example");
}

#[test]
fn pivots_are_never_granted() {
    let all = authority([of(&["*"], &["*"], &[])]);
    for pivot in ["sts:AssumeRole", "sts:assumerolewithsaml", "sts:GetWebIdentityToken"] {
        assert!(!all.allows(pivot, "*", "us-east-1"), "{pivot}");
    }
    assert!(all.allows("sts:GetCallerIdentity", "*", "us-east-1"));
    assert_eq!(all.contains(&authority([of(&["sts:AssumeRole"], &["*"], &[])])), Ok(()));
    assert!(all.covers(&actions(&["sts:*"]), None).is_ok());
    assert!(all.covers(&actions(&["sts:Assume*"]), None).is_err());
}

#[test]
fn large_patterns_are_decided() {
    let long = |text: &str, length: usize| text.repeat(length);
    for end in ["", "*", "*x?"] {
        let actions: Vec<String> = (0..200).map(|one| format!("ecs:{}{one}{end}", long("A", 240))).collect();
        let on: Vec<String> =
            (0..100).map(|one| format!("arn:aws:s3:::{}{one}{end}", long("b", 230))).collect();
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        let on: Vec<&str> = on.iter().map(String::as_str).collect();
        let grant = authority([of(&actions, &on, &["us-east-1"])]);
        assert_eq!(grant.contains(&grant), Ok(()));
        let wider = of(&actions, &[&on[..], &["arn:aws:s3:::c"]].concat(), &["us-east-1"]);
        assert_eq!(witness(&grant, wider).1, "arn:aws:s3:::c");
        assert!(grant.restrict(&grant.statements()[0].actions, None).is_ok());
        assert!(compile(&grant).is_err());
    }
}

#[test]
fn patterns_too_entangled_to_decide_are_not_contained() {
    // A formula in the disguise of globs: each run between two letters is a variable, empty or not, and each
    // pattern a clause of three of them. Together they cover everything, but no short proof says so.
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').take(40).collect();
    let mut state = 1_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut clause = || {
        let chosen = [random(40), random(40), random(40)];
        let run = |at: usize| match chosen.iter().position(|one| *one == at as u64) {
            None => "*",
            Some(_) if random(2) == 0 => "",
            Some(_) => "?*",
        };
        let runs: Vec<&str> = (0..40).map(run).collect();
        runs.iter().zip(&letters).map(|(run, letter)| format!("{run}{letter}")).collect::<String>()
    };
    let clauses: Vec<String> = (0..400).map(|_| format!("arn:aws:s3:::{}", clause())).collect();
    let clauses: Vec<&str> = clauses.iter().map(String::as_str).collect();
    let grant = authority([of(&["s3:GetObject"], &clauses, &[])]);
    let anything: String = letters.iter().map(|letter| format!("*{letter}")).collect();
    let request = of(&["s3:GetObject"], &[&format!("arn:aws:s3:::{anything}")], &[]);
    let refused = grant.contains(&authority([request])).unwrap_err();
    assert_eq!(refused.certainty, Certainty::Undecided, "{refused}");
    assert!(anything.chars().all(|symbol| symbol == '*' || refused.resource.contains(symbol)));
}
