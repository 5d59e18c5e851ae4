//! The committed catalogue of AWS: well-formed, unharmed, and as large as it was extracted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use deputize_scope::Cloud;
use deputize_scope::catalogue::{Access, Action, Catalogue, ConditionKey, Draft, ResourceType};
use sha2::{Digest as _, Sha256};

fn text() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogue/aws.txt")).unwrap()
}

fn aws() -> Catalogue {
    Catalogue::parse(text()).unwrap()
}

#[test]
fn the_hash_in_the_header_is_that_of_the_body() {
    let catalogue = aws();
    assert_eq!(catalogue.header().sha256, hex::encode(Sha256::digest(catalogue.body())));
}

#[test]
fn it_knows_every_action_that_was_extracted() {
    let catalogue = aws();
    assert_eq!((catalogue.cloud(), catalogue.date()), (Cloud::Aws, "2026-09-26"));
    assert_eq!((catalogue.len(), catalogue.services().count()), (22_091, 456));
    let types: usize = catalogue.services().map(|service| service.resource_types().count()).sum();
    let keys: usize = catalogue.services().map(|service| service.condition_keys().count()).sum();
    assert_eq!((types, keys), (2_334, 2_578));
    let mut levels = BTreeMap::new();
    for permission in catalogue.matching("*") {
        *levels.entry(permission.access()).or_insert(0) += 1;
    }
    let extracted = [
        (Access::List, 3_719),
        (Access::Read, 5_871),
        (Access::Write, 11_357),
        (Access::Permissions, 425),
        (Access::Tagging, 719),
    ];
    assert_eq!(levels, BTreeMap::from(extracted));
}

#[test]
fn every_action_is_found_by_its_name_in_any_case() {
    let catalogue = aws();
    for permission in catalogue.services().flat_map(|service| service.permissions()) {
        let name = permission.name();
        for spelling in [&name, &name.to_uppercase()] {
            assert_eq!(catalogue.find(spelling).map(|found| found.name()).as_ref(), Some(&name));
        }
    }
}

#[test]
fn an_action_tells_its_level_its_resource_types_and_its_condition_keys() {
    let catalogue = aws();
    let action = catalogue.find("s3:putobject").unwrap();
    assert_eq!((action.name().as_str(), action.access()), ("s3:PutObject", Access::Write));
    let object = action.resource_types().find(|kind| kind.name() == "object").unwrap();
    assert_eq!(
        object.arn_formats().collect::<Vec<_>>(),
        ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]
    );
    let keys: BTreeSet<_> = action.condition_keys().map(ConditionKey::name).collect();
    assert!(keys.contains("s3:x-amz-acl") && keys.contains("s3:TlsVersion"), "{keys:?}");

    let service = catalogue.find("ecs:UpdateService").unwrap();
    let required: Vec<_> =
        service.resource_types().filter(|kind| kind.required()).map(ResourceType::name).collect();
    assert_eq!(required, ["service"]);
    assert!(service.condition_keys().any(|key| key.name() == "ecs:cluster" && key.kind() == "ARN"));

    let no_resource = catalogue.find("ecr:GetAuthorizationToken").unwrap();
    assert_eq!((no_resource.resource_types().count(), no_resource.access()), (0, Access::Read));
    assert_eq!(
        catalogue.find("iam:PassRole").unwrap().resource_types().map(ResourceType::name).collect::<Vec<_>>(),
        ["role"]
    );
}

#[test]
fn every_resource_type_has_an_arn_and_every_key_a_type() {
    let catalogue = aws();
    for service in catalogue.services() {
        for kind in service.resource_types() {
            assert!(
                kind.arn_formats().all(|arn| arn.starts_with("arn:")),
                "{} {}",
                service.name(),
                kind.name()
            );
            assert_eq!(kind.arn_formats().count(), 1, "{} {}", service.name(), kind.name());
        }
        for key in service.condition_keys() {
            let known = [
                "String",
                "ArrayOfString",
                "ARN",
                "ArrayOfARN",
                "Bool",
                "ArrayOfBool",
                "Numeric",
                "Date",
                "IPAddress",
            ];
            assert!(known.contains(&key.kind()), "{} {}", key.name(), key.kind());
        }
    }
}

#[test]
fn patterns_cover_what_a_plain_comparison_covers() {
    let catalogue = aws();
    let all: Vec<String> = catalogue.matching("*").map(|permission| permission.name()).collect();
    let count = |pattern: &str| catalogue.matching(pattern).count();
    let plain =
        |covered: &dyn Fn(&str) -> bool| all.iter().filter(|name| covered(&name.to_lowercase())).count();
    assert_eq!(count("s3:*"), plain(&|name| name.starts_with("s3:")));
    assert_eq!(count("S3:get*"), plain(&|name| name.starts_with("s3:get")));
    assert_eq!(count("*:*tag*"), plain(&|name| name.split_once(':').unwrap().1.contains("tag")));
    assert_eq!(count("s3:Put?bject"), 1);
    assert_eq!(count("s3:PutObject"), 1);
    for pattern in ["s3:Nothing*", "s4:*", "s3", "", "s3:", "*x"] {
        assert_eq!(count(pattern), 0, "{pattern}");
    }
}

#[test]
fn misspelt_actions_are_recognised() {
    let catalogue = aws();
    for (misspelt, meant) in [
        ("s3:PutObejct", "s3:PutObject"),
        ("s3:GetObjects", "s3:GetObject"),
        ("ecs:DescribeService", "ecs:DescribeServices"),
        ("dynamdb:GetItem", "dynamodb:GetItem"),
        ("cloudwatch:PutLogEvents", "logs:PutLogEvents"),
        ("guarduty:GetFindings", "guardduty:GetFindings"),
        ("ec2:RunInstance", "ec2:RunInstances"),
    ] {
        assert!(catalogue.find(misspelt).is_none());
        assert_eq!(catalogue.nearest(misspelt).map(|near| near.name).as_deref(), Some(meant));
    }
    for nonsense in ["s3:Frobnicate", "nosuchservice:Quux", "", "s3", "s3:", &"x:y".repeat(500)] {
        assert_eq!(catalogue.nearest(nonsense), None, "{nonsense}");
    }
}

#[test]
fn every_action_with_its_last_letter_missing_leads_to_an_action_that_is_close() {
    let catalogue = aws();
    for service in ["s3", "iam"] {
        for permission in catalogue.service(service).unwrap().permissions() {
            let name = permission.name();
            let cut = name.get(..name.len() - 1).unwrap();
            assert!(catalogue.find(cut).is_some() || catalogue.nearest(cut).is_some(), "{cut}");
        }
    }
}

/// What a catalogue says, without its text.
fn said(catalogue: &Catalogue) -> String {
    let mut lines = String::new();
    for permission in catalogue.services().flat_map(|service| service.permissions()) {
        let types: Vec<_> = permission.resource_types().map(|kind| (kind.name(), kind.required())).collect();
        let keys: BTreeSet<_> = permission.condition_keys().map(ConditionKey::name).collect();
        lines += &format!("{} {} {types:?} {keys:?}\n", permission.name(), permission.access());
    }
    lines
}

#[test]
fn a_catalogue_that_is_drafted_from_another_says_the_same() {
    let catalogue = aws();
    let draft = Draft::of(&catalogue).unwrap();
    let again = draft.text(&catalogue.header().into(), |body| hex::encode(Sha256::digest(body))).unwrap();
    assert_eq!(said(&Catalogue::parse(again.as_str()).unwrap()), said(&catalogue));
    assert!(again == text(), "the text is not what its content is written as");
}

#[test]
fn patterns_made_to_be_slow_are_answered() {
    let catalogue = aws();
    let stars = "*".repeat(1 << 20);
    for pattern in [format!("ec2:{}x", "*a".repeat(1 << 19)), format!("*:{}", "?*".repeat(1 << 19))] {
        assert_eq!(catalogue.matching(&pattern).count(), 0, "{} characters", pattern.len());
    }
    let puts = catalogue.matching("s3:PutObject*").count();
    assert_eq!(catalogue.matching(&format!("s3:PutObject{stars}")).count(), puts);
    assert_eq!(catalogue.matching(&stars).count(), catalogue.len());
}

/// The text of a catalogue that has one service of another.
fn a_service(catalogue: &Catalogue, name: &str) -> String {
    let mut draft = Draft::new(catalogue.cloud());
    let names =
        |keys: &mut dyn Iterator<Item = ConditionKey<'_>>| keys.map(|key| key.name().to_owned()).collect();
    for permission in catalogue.service(name).unwrap().permissions() {
        for kind in permission.resource_types() {
            let arns = kind.arn_formats().map(str::to_owned).collect();
            draft.add_type(name, kind.name(), arns, names(&mut kind.condition_keys())).unwrap();
        }
        let types = permission.resource_types().map(|kind| (kind.name().to_owned(), kind.required()));
        let action = Action {
            access: permission.access(),
            planes: permission.planes(),
            types: types.collect(),
            keys: names(&mut permission.condition_keys()),
        };
        draft.add_action(name, permission.name().split_once(':').unwrap().1, action).unwrap();
    }
    draft.text(&catalogue.header().into(), |body| hex::encode(Sha256::digest(body))).unwrap()
}

#[test]
fn a_damaged_text_is_refused_or_read_but_never_panics() {
    let text = a_service(&aws(), "sqs");
    assert!(Catalogue::parse(text.as_str()).is_ok());
    for at in (0..text.len()).step_by(3) {
        let Some(cut) = text.get(..at) else { continue };
        let damaged = format!("{cut}\u{7f}{}", text.get(at + 1..).unwrap_or_default());
        for text in [cut.to_owned(), damaged] {
            if let Ok(catalogue) = Catalogue::parse(text) {
                said(&catalogue);
            }
        }
    }
}
