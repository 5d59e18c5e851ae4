//! AWS publishes a file for each of its services:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>.

use deputize_scope::catalogue::{Access, Action, Draft, Plane, Planes};
use serde::Deserialize;

use super::vendor::{AnswerError, Request, Vendor, same_place};

/// What the first answer is kept as. No service is called so: theirs have a letter before.
const INDEX: &str = "index";

#[derive(Debug)]
pub(super) struct Aws {
    pub(super) url: String,
}

#[derive(Deserialize)]
struct Listed {
    service: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    name: String,
    #[serde(default)]
    actions: Vec<ServiceAction>,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    condition_keys: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceAction {
    name: String,
    #[serde(default)]
    resources: Vec<Named>,
    #[serde(default)]
    action_condition_keys: Vec<String>,
    annotations: Option<Annotations>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Annotations {
    #[serde(default)]
    properties: Properties,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Properties {
    is_list: bool,
    is_permission_management: bool,
    is_tagging_only: bool,
    is_write: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    name: String,
    #[serde(default, rename = "ARNFormats")]
    arn_formats: Vec<String>,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    name: String,
    #[serde(default)]
    types: Vec<String>,
}

impl Vendor for Aws {
    fn first(&self) -> Request {
        Request { name: INDEX.into(), url: format!("{}/", self.url), body: None }
    }

    fn read(&self, asked: &Request, answer: &str, draft: &mut Draft) -> Result<Vec<Request>, AnswerError> {
        if asked.name != INDEX {
            add(serde_json::from_str(answer)?, draft)?;
            return Ok(Vec::new());
        }
        let listed: Vec<Listed> = serde_json::from_str(answer)?;
        let request = |Listed { service, url }: Listed| {
            let url = same_place(&self.url, &url)?;
            Ok(Request { name: format!("service-{service}"), url, body: None })
        };
        listed.into_iter().map(request).collect()
    }

    fn concurrency(&self) -> usize {
        8
    }
}

fn add(service: Service, draft: &mut Draft) -> Result<(), AnswerError> {
    let Service { name, actions, resources, condition_keys } = service;
    for key in condition_keys {
        draft.add_key(&name, &key.name, key.types.first().map_or("String", String::as_str))?;
    }
    for action in actions {
        // The files do not tell which types are required, so none is.
        let types = action.resources.into_iter().map(|kind| (kind.name, false)).collect();
        let (access, planes) = (access(action.annotations), Planes::One(Plane::Control));
        draft.add_action(
            &name,
            &action.name,
            Action { access, planes, types, keys: action.action_condition_keys },
        )?;
    }
    for kind in resources {
        draft.add_type(&name, &kind.name, kind.arn_formats, kind.condition_keys)?;
    }
    Ok(())
}

/// What is not described is taken to change something.
fn access(annotations: Option<Annotations>) -> Access {
    let Some(Annotations { properties }) = annotations else { return Access::Write };
    match properties {
        Properties { is_permission_management: true, .. } => Access::Permissions,
        Properties { is_tagging_only: true, .. } => Access::Tagging,
        Properties { is_write: true, .. } => Access::Write,
        Properties { is_list: true, .. } => Access::List,
        _ => Access::Read,
    }
}
