//! The tokens that scopes at Google Cloud and Azure come to, against the lists of everything that the clouds have.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use deputize_scope::azure::{Audience, AzureOperation};
use deputize_scope::gcp::GcpPermission;
use deputize_scope::gcp::oauth::{CLOUD_PLATFORM, scopes_of};
use deputize_scope::{Cloud, ScopeDocument, aws, azure, gcp};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn list(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{ROOT}/../shared/data/{name}.tsv")).unwrap();
    let rows = text.lines().map(|line| {
        let mut columns = line.split('\t').map(str::to_owned);
        (columns.next().unwrap(), columns.next().unwrap())
    });
    rows.collect()
}

#[test]
fn all_five_agents_of_the_example_have_what_they_ask_the_clouds_for() {
    let text = std::fs::read_to_string(format!("{ROOT}/examples/mission.yaml")).unwrap();
    let document = ScopeDocument::parse(&text).document.unwrap();
    let mut compiled = Vec::new();
    for (name, agent) in &document.agents {
        for cloud in [Cloud::Aws, Cloud::Gcp, Cloud::Azure] {
            let count = agent.scopes.iter().filter(|scope| scope.cloud() == cloud).count();
            for index in std::iter::once(None).chain((0..count).map(Some)).take_while(|_| count > 0) {
                match cloud {
                    Cloud::Aws => drop(aws::compile::compile(&agent.aws_session(index).unwrap()).unwrap()),
                    Cloud::Gcp => drop(gcp::compile::compile(&agent.gcp_session(index).unwrap()).unwrap()),
                    Cloud::Azure => {
                        drop(azure::compile::compile(&agent.azure_session(index).unwrap()).unwrap())
                    }
                }
                compiled.push((name.as_str(), cloud));
            }
        }
    }
    compiled.dedup();
    assert_eq!(
        compiled,
        [
            ("cso-agent", Cloud::Aws),
            ("cso-agent", Cloud::Gcp),
            ("cso-agent", Cloud::Azure),
            ("cto-agent", Cloud::Aws),
            ("cto-agent", Cloud::Gcp),
            ("cto-agent", Cloud::Azure),
            ("data-agent", Cloud::Aws),
            ("data-agent", Cloud::Gcp),
            ("data-agent", Cloud::Azure),
            ("devops-agent", Cloud::Aws),
            ("devops-agent", Cloud::Gcp),
            ("devops-agent", Cloud::Azure),
            ("marketing-agent", Cloud::Aws),
        ]
    );
}

/// The list says of a permission which scopes *all* methods take that need it, also those that write. A scope for
/// reading is therefore held against what the list says of the service's other permissions for reading.
#[test]
fn a_permission_gets_scopes_that_its_methods_take() {
    let accepted: BTreeMap<String, BTreeSet<String>> = list("gcp_scopes")
        .into_iter()
        .map(|(permission, scopes)| (permission, scopes.split(' ').map(str::to_owned).collect()))
        .collect();
    let mut of_service: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (permission, scopes) in &accepted {
        let service = permission.split(['.', '/']).next().unwrap();
        of_service.entry(service).or_default().extend(scopes.iter().map(String::as_str));
    }
    let (mut exact, mut narrower, mut wrong) = (0, 0, Vec::new());
    for (name, accepted) in &accepted {
        let Ok(permission) = name.parse::<GcpPermission>() else { continue };
        let Some(scopes) = scopes_of(&permission) else { continue };
        assert_eq!(scopes.last(), Some(&CLOUD_PLATFORM), "{name}");
        let narrowest = scopes[0].name();
        let reads = [".get", ".list", ".getIamPolicy"].iter().any(|verb| name.ends_with(verb));
        if accepted.contains(narrowest) {
            exact += 1;
        } else if reads && of_service[permission.service()].contains(narrowest) {
            narrower += 1;
        } else {
            wrong.push(format!("{name}: {narrowest}, not {accepted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{exact} {narrower} {wrong:#?}");
    assert!(exact > 10 * narrower, "{exact} {narrower}");
}

#[test]
fn every_permission_of_the_core_has_a_scope() {
    let text = std::fs::read_to_string(format!("{ROOT}/catalogue/gcp.txt")).unwrap();
    let core = deputize_scope::catalogue::Catalogue::parse(text).unwrap();
    for permission in core.services().flat_map(|service| service.permissions().collect::<Vec<_>>()) {
        let parsed: GcpPermission = permission.name().parse().unwrap();
        assert!(scopes_of(&parsed).is_some(), "{parsed}");
    }
}

#[test]
fn operations_on_data_are_known_from_those_on_resources() {
    let known = [
        "microsoft.storage",
        "microsoft.keyvault",
        "microsoft.servicebus",
        "microsoft.eventhub",
        "microsoft.relay",
        "microsoft.appconfiguration",
        "microsoft.digitaltwins",
    ];
    let (mut control, mut data) = (0, 0);
    for (name, planes) in list("azure") {
        let operation: AzureOperation = name.parse().unwrap();
        let by_manager = operation.is_served_by(Audience::ResourceManager);
        if planes.contains('C') {
            control += 1;
            assert!(by_manager, "{name} is of the control plane");
        } else if known.contains(&operation.provider().to_ascii_lowercase().as_str()) {
            data += 1;
            assert!(!by_manager, "{name} is of the data plane");
        }
    }
    assert!(control > 15_000 && data > 100, "{control} {data}");
}
