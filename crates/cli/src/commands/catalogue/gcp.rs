//! Google Cloud tells which permissions can be tested on a resource, page by page:
//! <https://cloud.google.com/iam/docs/reference/rest/v1/permissions/queryTestablePermissions>.

use anyhow::Context as _;
use deputize_scope::catalogue::{Access, Draft, Plane, Planes};
use serde::Deserialize;
use serde_json::json;

use super::vendor::{AnswerError, Request, Vendor};

/// The most that Google gives at once.
const PAGE: usize = 1000;

#[derive(Debug)]
pub(super) struct Gcp {
    pub(super) url: String,
    /// The full name of the resource that is asked about.
    pub(super) resource: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    permissions: Vec<Permission>,
    #[serde(default)]
    next_page_token: String,
}

#[derive(Deserialize)]
struct Permission {
    name: String,
}

/// The resource to ask about: as given, else the project of the environment, as `gcloud` has it.
pub(super) fn resource(given: Option<String>) -> anyhow::Result<String> {
    let project = || {
        ["CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|project| !project.is_empty()))
            .map(|project| format!("//cloudresourcemanager.googleapis.com/projects/{project}"))
    };
    given.or_else(project).context(
        "Google Cloud tells the permissions of a resource: say which with --resource, such as \
         //cloudresourcemanager.googleapis.com/organizations/NUMBER, or set CLOUDSDK_CORE_PROJECT",
    )
}

impl Gcp {
    fn page(&self, number: usize, token: &str) -> Request {
        let mut body = json!({ "fullResourceName": self.resource, "pageSize": PAGE });
        if let (false, Some(body)) = (token.is_empty(), body.as_object_mut()) {
            body.insert("pageToken".into(), token.into());
        }
        Request {
            name: format!("page-{number:05}"),
            url: format!("{}/v1/permissions:queryTestablePermissions", self.url),
            body: Some(body),
        }
    }
}

impl Vendor for Gcp {
    fn first(&self) -> Request {
        self.page(0, "")
    }

    fn read(&self, asked: &Request, answer: &str, draft: &mut Draft) -> Result<Vec<Request>, AnswerError> {
        let page: Page = serde_json::from_str(answer)?;
        for Permission { name } in &page.permissions {
            draft.add(name, Access::of_gcp(name), Planes::One(Plane::Control))?;
        }
        if page.next_page_token.is_empty() {
            return Ok(Vec::new());
        }
        let number = asked.name.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0_usize);
        Ok(vec![self.page(number + 1, &page.next_page_token)])
    }
}
