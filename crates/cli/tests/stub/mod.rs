//! A stand-in for a cloud's endpoint, and what the clouds have.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse as _;
use deputize_scope::catalogue::{Access, ConditionKey, ResourceType, Service};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The token that is sent where one is.
pub(crate) const TOKEN: &str = "canary-of-a-token";

pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn ok(body: &Value) -> Self {
        Self { status: 200, body: body.to_string() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, body: String::new() }
    }
}

/// Answers on a port of this machine until the process ends; gives the URL. `answer` is also told that URL.
pub(crate) fn serve(answer: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let base = Arc::new(url.clone());
    let answer = Arc::new(answer);
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let asked = Asked {
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            authorization: headers.get("authorization").map(|value| text(value.as_bytes())),
            body: text(&body),
        };
        let Answer { status, body } = answer(&asked, &base);
        let status = StatusCode::from_u16(status).unwrap();
        // Nobody has to wait before trying again.
        async move { (status, [("retry-after", "0")], body).into_response() }
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().fallback(handler)).await.unwrap();
        });
    });
    url
}

/// The rows of a list of everything that a cloud has: a name, and what the list says of it.
pub(crate) fn list(cloud: &str) -> Vec<(String, String)> {
    let path = format!("{}/../../../shared/data/{cloud}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            (columns.next().unwrap(), columns.next().unwrap())
        })
        .collect()
}

/// A service in the form in which AWS publishes it.
pub(crate) fn service_of_aws(service: Service<'_>) -> Value {
    let names = |keys: &mut dyn Iterator<Item = ConditionKey<'_>>| {
        keys.map(|key| key.name().to_owned()).collect::<Vec<_>>()
    };
    let resource = |kind: ResourceType<'_>| {
        json!({
            "Name": kind.name(),
            "ARNFormats": kind.arn_formats().collect::<Vec<_>>(),
            "ConditionKeys": names(&mut kind.condition_keys()),
        })
    };
    let actions = service.permissions().map(|permission| {
        let access = permission.access();
        let name = permission.name();
        json!({
            "Name": name.split_once(':').unwrap().1,
            "Resources": permission.resource_types().map(|kind| json!({ "Name": kind.name() })).collect::<Vec<_>>(),
            "ActionConditionKeys": names(&mut permission.condition_keys()),
            "Annotations": { "Properties": {
                "IsList": access == Access::List,
                "IsPermissionManagement": access == Access::Permissions,
                "IsTaggingOnly": access == Access::Tagging,
                "IsWrite": !matches!(access, Access::List | Access::Read),
            } },
        })
    });
    json!({
        "Name": service.name(),
        "Actions": actions.collect::<Vec<_>>(),
        "Resources": service.resource_types().map(resource).collect::<Vec<_>>(),
        "ConditionKeys": service.condition_keys().map(|key| json!({ "Name": key.name(), "Types": [key.kind()] })).collect::<Vec<_>>(),
        "Version": "v1.4",
    })
}
