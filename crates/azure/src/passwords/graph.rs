//! Graph, as far as an application's secrets go, and the tokens to call it with.
//! <https://learn.microsoft.com/graph/api/application-addpassword>

use deputize_broker::Secret;
use deputize_broker::ports::rotation::KeyId;
use deputize_http::{Answer, Call, CallFailure, Client, Method, Problem, RequestBuilder, Url, is_local};
use deputize_scope::azure::ClientId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::authority::ENTRA;
use crate::refusal;

const GRAPH: &str = "graph";
const PUBLIC: &str = "https://graph.microsoft.com";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Where the clouds of Microsoft have their Graph, by the hosts of their authorities.
/// <https://learn.microsoft.com/graph/deployments>
const CLOUDS: [(&str, &str); 5] = [
    ("login.microsoftonline.com", PUBLIC),
    ("login.microsoft.com", PUBLIC),
    ("login.microsoftonline.us", "https://graph.microsoft.us"),
    ("login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    ("login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
];

/// There is no telling where Graph is, or secrets would be sent there in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the authority has no Graph that is known of, or one of them is spoken to in the clear")]
pub struct NoGraph;

/// A cloud of Microsoft's: its authority and its Graph.
#[derive(Clone, Debug)]
pub struct Graph {
    client: Client,
    authority: Url,
    address: Url,
    /// What tokens are for.
    resource: String,
}

/// An application, and a token to change it with.
pub(super) struct Application {
    pub(super) client_id: ClientId,
    pub(super) token: Secret,
}

/// What proves an application to Entra.
pub(super) enum Proof<'a> {
    Secret(&'a Secret),
    Assertion(&'a Secret),
}

/// A secret as Graph lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Password {
    pub(super) key_id: String,
    pub(super) display_name: Option<String>,
}

/// A secret that was just made.
pub(super) struct Added {
    pub(super) key_id: String,
    pub(super) secret: Secret,
}

impl Graph {
    /// The Graph that belongs to an authority, or another one. Beside an authority on this machine, it is there too.
    pub fn new(client: Client, authority: Url, address: Option<Url>) -> Result<Self, NoGraph> {
        let known = CLOUDS.iter().find(|(host, _)| authority.host_str() == Some(host));
        let address = match (address, known) {
            (Some(address), _) => address,
            (None, Some((_, address))) => address.parse().map_err(|_| NoGraph)?,
            (None, None) if is_local(&authority) => authority.clone(),
            (None, None) => return Err(NoGraph),
        };
        let is_open = |url: &Url| url.scheme() != "https" && !is_local(url);
        if is_open(&authority) || is_open(&address) {
            return Err(NoGraph);
        }
        let resource =
            if is_local(&address) { PUBLIC.to_owned() } else { address.origin().ascii_serialization() };
        Ok(Self { client, authority, address, resource })
    }

    /// A fresh token for Graph.
    pub(super) async fn token(
        &self,
        call: Call<'_>,
        tenant: &str,
        client_id: &str,
        proof: Proof<'_>,
    ) -> Result<Secret, CallFailure> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
        }
        let failed = |problem| CallFailure::new(ENTRA, problem);
        let is_a_name = |tenant: &str| {
            !tenant.is_empty() && tenant.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
        };
        if !is_a_name(tenant) {
            return Err(failed(Problem::NotSent("the tenant's id is none")));
        }
        let url = below(&self.authority, &format!("{tenant}/oauth2/v2.0/token")).map_err(failed)?;
        let body = self.form(client_id, proof);
        let answer = call
            .attempt(ENTRA, || async {
                let request = self.client.request(Method::POST, url.clone());
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                self.send(ENTRA, request.body(body.clone()), refusal::entra).await
            })
            .await?;
        let granted: Granted = answer.json().map_err(failed)?;
        let is_token =
            !granted.access_token.is_empty() && granted.access_token.bytes().all(|b| b.is_ascii_graphic());
        if is_token { Ok(Secret::new(granted.access_token)) } else { Err(failed(Problem::Unreadable)) }
    }

    fn form(&self, client_id: &str, proof: Proof<'_>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client_id)
            .append_pair("scope", &format!("{}/.default", self.resource));
        match proof {
            Proof::Secret(secret) => form.append_pair("client_secret", secret.reveal()),
            Proof::Assertion(token) => form
                .append_pair("client_assertion_type", ASSERTION)
                .append_pair("client_assertion", token.reveal()),
        };
        form.finish()
    }

    /// All secrets of an application.
    pub(super) async fn passwords(
        &self,
        call: Call<'_>,
        application: &Application,
    ) -> Result<Vec<Password>, CallFailure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Listed {
            password_credentials: Vec<Password>,
        }
        let answer = call
            .attempt(GRAPH, || async {
                let request = self.request(Method::GET, application, "?$select=passwordCredentials")?;
                self.send(GRAPH, request, refusal::graph).await
            })
            .await?;
        let listed: Listed = answer.json().map_err(|problem| CallFailure::new(GRAPH, problem))?;
        Ok(listed.password_credentials)
    }

    /// Adds a secret that ends at a time.
    pub(super) async fn add(
        &self,
        call: Call<'_>,
        application: &Application,
        label: &str,
        end: Timestamp,
    ) -> Result<Added, CallFailure> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Made {
            key_id: String,
            secret_text: String,
        }
        let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let wanted = json!({ "passwordCredential": { "displayName": label, "endDateTime": end } });
        let answer = call
            .attempt(GRAPH, || async {
                let request = self.request(Method::POST, application, "/addPassword")?.json(&wanted);
                self.send(GRAPH, request, refusal::graph).await
            })
            .await?;
        let made: Made = answer.json().map_err(|problem| CallFailure::new(GRAPH, problem))?;
        if made.key_id.is_empty() || made.secret_text.is_empty() {
            return Err(CallFailure::new(GRAPH, Problem::Unreadable));
        }
        Ok(Added { key_id: made.key_id, secret: Secret::new(made.secret_text) })
    }

    /// Removes a secret.
    pub(super) async fn remove(
        &self,
        call: Call<'_>,
        application: &Application,
        key: &KeyId,
    ) -> Result<(), CallFailure> {
        let wanted = json!({ "keyId": key.as_str() });
        let answer = call
            .attempt(GRAPH, || async {
                let request = self.request(Method::POST, application, "/removePassword")?.json(&wanted);
                self.send(GRAPH, request, refusal::graph).await
            })
            .await?;
        // Graph says yes with no content; whoever says it otherwise is not Graph.
        if answer.status == 204 { Ok(()) } else { Err(CallFailure::new(GRAPH, Problem::Unreadable)) }
    }

    fn request(
        &self,
        method: Method,
        application: &Application,
        rest: &str,
    ) -> Result<RequestBuilder, CallFailure> {
        let path = format!("v1.0/applications(appId='{}'){rest}", application.client_id.as_str());
        let url = below(&self.address, &path).map_err(|problem| CallFailure::new(GRAPH, problem))?;
        Ok(self.client.request(method, url).bearer_auth(application.token.reveal()))
    }

    async fn send(
        &self,
        service: &'static str,
        request: RequestBuilder,
        refusal: fn(&'static str, &Answer) -> CallFailure,
    ) -> Result<Answer, CallFailure> {
        let answer = self.client.send(request).await.map_err(|problem| CallFailure::new(service, problem))?;
        if answer.is_success() { Ok(answer) } else { Err(refusal(service, &answer)) }
    }
}

fn below(place: &Url, path: &str) -> Result<Url, Problem> {
    let url = format!("{}/{path}", place.as_str().trim_end_matches('/'));
    url.parse().map_err(|_| Problem::NotSent("its address is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(authority: &str, address: Option<&str>) -> Result<(String, String), NoGraph> {
        let address = address.map(|address| address.parse().unwrap());
        let graph = Graph::new(Client::direct().unwrap(), authority.parse().unwrap(), address)?;
        Ok((graph.address.to_string(), graph.resource))
    }

    #[test]
    fn each_authority_has_its_graph() {
        for (authority, address, resource) in [
            ("https://login.microsoftonline.com", "https://graph.microsoft.com/", PUBLIC),
            (
                "https://login.microsoftonline.us/",
                "https://graph.microsoft.us/",
                "https://graph.microsoft.us",
            ),
            (
                "https://login.chinacloudapi.cn",
                "https://microsoftgraph.chinacloudapi.cn/",
                "https://microsoftgraph.chinacloudapi.cn",
            ),
            ("http://127.0.0.1:7117/sandbox/azure", "http://127.0.0.1:7117/sandbox/azure", PUBLIC),
        ] {
            assert_eq!(graph(authority, None), Ok((address.to_owned(), resource.to_owned())), "{authority}");
        }
        let named = graph("https://login.example.com", Some("https://graph.example.com/"));
        assert_eq!(
            named,
            Ok(("https://graph.example.com/".to_owned(), "https://graph.example.com".to_owned()))
        );
    }

    #[test]
    fn one_that_is_not_known_or_in_the_clear_is_none() {
        for (authority, address) in [
            ("https://login.example.com", None),
            ("http://login.microsoftonline.com", None),
            ("https://login.microsoftonline.com", Some("http://graph.microsoft.com")),
        ] {
            assert_eq!(graph(authority, address), Err(NoGraph), "{authority}");
        }
    }
}
