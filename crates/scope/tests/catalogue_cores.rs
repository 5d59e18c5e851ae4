//! The authored catalogues of Google Cloud and Azure: unharmed, without inventions, and with what is used most.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use deputize_scope::ScopeDocument;
use deputize_scope::catalogue::{Access, Catalogue, Draft, Plane, Planes};
use deputize_scope::document::Scope;
use sha2::{Digest as _, Sha256};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn text(cloud: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/catalogue/{cloud}.txt")).unwrap()
}

fn core(cloud: &str) -> Catalogue {
    Catalogue::parse(text(cloud)).unwrap()
}

/// The rows of a list of everything that the cloud has: a name, and what the list says of it.
fn list(cloud: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{ROOT}/../shared/data/{cloud}.tsv")).unwrap();
    text.lines()
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            (columns.next().unwrap(), columns.next().unwrap())
        })
        .collect()
}

#[test]
fn the_authored_files_are_written_as_the_format_has_them() {
    for cloud in ["gcp", "azure"] {
        let (text, catalogue) = (text(cloud), core(cloud));
        let hash = hex::encode(Sha256::digest(catalogue.body()));
        assert_eq!(
            catalogue.header().sha256,
            hash,
            "run `cargo xtask catalogue` after editing catalogue/{cloud}.txt"
        );
        let again = Draft::of(&catalogue).unwrap().text(&catalogue.header().into(), |_| hash).unwrap();
        assert!(again == text, "run `cargo xtask catalogue` after editing catalogue/{cloud}.txt");
        assert!(catalogue.is_core());
    }
}

#[test]
fn they_have_the_forty_services_that_are_used_most_and_more() {
    for (cloud, services, permissions) in [("gcp", 74, 2_374), ("azure", 61, 1_582)] {
        let catalogue = core(cloud);
        assert_eq!((catalogue.services().count(), catalogue.len()), (services, permissions));
    }
}

#[test]
fn every_permission_of_google_cloud_that_is_named_exists() {
    let known: BTreeMap<_, _> = list("gcp").into_iter().collect();
    for permission in core("gcp").services().flat_map(|service| service.permissions()) {
        assert!(known.contains_key(&permission.name()), "{}", permission.name());
    }
}

#[test]
fn every_operation_of_azure_that_is_named_exists_in_its_plane() {
    let known: BTreeMap<_, _> =
        list("azure").into_iter().map(|(name, plane)| (name.to_lowercase(), plane)).collect();
    for permission in core("azure").services().flat_map(|service| service.permissions()) {
        let planes = match known.get(&permission.name().to_lowercase()).map(String::as_str) {
            Some("C") => Planes::One(Plane::Control),
            Some("D") => Planes::One(Plane::Data),
            Some("CD") => Planes::Both,
            _ => panic!("{} does not exist", permission.name()),
        };
        assert_eq!(permission.planes(), planes, "{}", permission.name());
    }
}

#[test]
fn what_reads_in_the_list_of_google_cloud_changes_nothing_here() {
    let listed: BTreeMap<_, _> = list("gcp").into_iter().collect();
    let (mut same, mut all) = (0, 0);
    for permission in core("gcp").services().flat_map(|service| service.permissions()) {
        let ours = match permission.access() {
            Access::List => "L",
            Access::Read => "R",
            Access::Write | Access::Tagging => "W",
            Access::Permissions => "P",
        };
        all += 1;
        same += usize::from(listed[&permission.name()] == ours);
    }
    // Both are derived from names, by different people: they may differ where a name does not tell.
    assert!(same * 100 >= all * 95, "{same} of {all}");
}

#[test]
fn the_permissions_of_the_example_are_known() {
    let text = std::fs::read_to_string(format!("{ROOT}/examples/mission.yaml")).unwrap();
    let document = ScopeDocument::parse(&text).document.unwrap();
    let (gcp, azure, aws) = (core("gcp"), core("azure"), core("aws"));
    for scope in document.agents.values().flat_map(|agent| &agent.scopes) {
        let (catalogue, permissions): (_, Vec<&str>) = match scope {
            Scope::Aws(scope) => (&aws, scope.permissions.iter().map(|one| one.as_str()).collect()),
            Scope::Gcp(scope) => (&gcp, scope.permissions.iter().map(|one| one.as_str()).collect()),
            Scope::Azure(scope) => (&azure, scope.permissions.iter().map(|one| one.as_str()).collect()),
        };
        for permission in permissions {
            assert!(catalogue.matching(permission).next().is_some(), "{permission}");
        }
    }
}

/// What a whole catalogue of the cloud would be, without asking the cloud.
#[test]
fn every_name_of_the_lists_can_be_written_and_is_found_again() {
    for cloud in ["gcp", "azure"] {
        let mut draft = Draft::new(cloud.parse().unwrap());
        let list = list(cloud);
        for (name, _) in &list {
            draft.add(name, Access::Write, Planes::One(Plane::Control)).unwrap();
        }
        let text = draft.text(&core(cloud).header().into(), |_| "0".repeat(64)).unwrap();
        let catalogue = Catalogue::parse(text).unwrap();
        assert_eq!(catalogue.len(), list.len());
        for (name, _) in &list {
            assert!(catalogue.find(name).is_some(), "{name}");
            assert!(catalogue.matching(name).count() == 1, "{name}");
        }
    }
}
