//! Azure tells the operations of its resource providers:
//! <https://learn.microsoft.com/rest/api/authorization/provider-operations-metadata/list>.

use deputize_scope::catalogue::{Access, Draft, Plane, Planes};
use serde::Deserialize;

use super::vendor::{AnswerError, Request, Vendor, same_place};

#[derive(Debug)]
pub(super) struct Azure {
    pub(super) url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<Provider>,
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    operations: Option<Vec<Operation>>,
    resource_types: Option<Vec<ResourceType>>,
}

#[derive(Deserialize)]
struct ResourceType {
    operations: Option<Vec<Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    name: String,
    is_data_action: Option<bool>,
}

impl Vendor for Azure {
    fn first(&self) -> Request {
        let query = "api-version=2022-04-01&$expand=resourceTypes";
        let url = format!("{}/providers/Microsoft.Authorization/providerOperations?{query}", self.url);
        Request { name: "page-00000".into(), url, body: None }
    }

    fn read(&self, asked: &Request, answer: &str, draft: &mut Draft) -> Result<Vec<Request>, AnswerError> {
        let page: Page = serde_json::from_str(answer)?;
        for provider in page.value {
            let of_types = provider.resource_types.into_iter().flatten().map(|kind| kind.operations);
            for operation in of_types.chain([provider.operations]).flatten().flatten() {
                let plane = if operation.is_data_action == Some(true) { Plane::Data } else { Plane::Control };
                draft.add(&operation.name, Access::of_azure(&operation.name), Planes::One(plane))?;
            }
        }
        let Some(link) = page.next_link.filter(|link| !link.is_empty()) else { return Ok(Vec::new()) };
        let number = asked.name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0_usize);
        let url = same_place(&self.url, &link)?;
        Ok(vec![Request { name: format!("page-{:05}", number + 1), url, body: None }])
    }
}
