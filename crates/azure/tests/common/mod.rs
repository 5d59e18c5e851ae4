//! Microsoft as a stub, and a broker that knows who it is.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deputize_azure::{AzureMinter, ClientSecret, ClientSecrets, Entra, FederatedCredential, Identity};
use deputize_azure::{KeyVault, ManagedIdentity};
use deputize_broker::credential::AzureMethod;
use deputize_broker::decision::{AzurePlan, Plan};
use deputize_broker::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use deputize_broker::ports::minter::{MintError, MintOrder};
use deputize_broker::{Clock, Secret};
use deputize_host::{OsRandom, SystemClock};
use deputize_http::{Call, CallFailure, Caller, Client, Limits};
use deputize_scope::Seconds;
use deputize_scope::azure::Audience;
use deputize_testkit::stub::{Canned, Stub};

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-0000000000ff";
pub(crate) const CLIENT_ID: &str = "00000000-0000-0000-0000-00000000000a";
pub(crate) const READER_ID: &str = "00000000-0000-0000-0000-00000000000b";

pub(crate) const ENTRA: &str = "/oauth2/v2.0/token";
pub(crate) const IMDS: &str = "/metadata/identity/oauth2/token";
pub(crate) const VAULT: &str = "/secrets/";

/// Says that it is the broker, or why it cannot.
pub(crate) struct Broker(pub(crate) Result<&'static str, &'static str>);

#[async_trait]
impl IdentityTokens for Broker {
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        assert_eq!(audience, "api://AzureADTokenExchange");
        match self.0 {
            Ok(token) => Ok(IdentityToken {
                token: Secret::new(token.to_owned()),
                expires_at: "2036-11-23T06:05:00Z".parse().unwrap(),
            }),
            Err("") => Err(IdentityError::Unavailable("canary-cause".into())),
            Err(code) => Err(IdentityError::Refused { code: code.to_owned(), source: "canary-cause".into() }),
        }
    }
}

/// Keeps one secret.
struct Sealed;

#[async_trait]
impl ClientSecrets for Sealed {
    fn method(&self) -> AzureMethod {
        AzureMethod::ClientSecret
    }

    async fn secret(&self, _call: Call<'_>, identity: Identity<'_>) -> Result<Secret, CallFailure> {
        assert_eq!(identity.client_id.as_str(), CLIENT_ID);
        Ok(Secret::new("canary-sealed~secret".to_owned()))
    }
}

pub(crate) async fn stub() -> Stub {
    let stub = Stub::start().await.unwrap();
    stub.answers(ENTRA, [entra_token("canary-entra-token", 3_599)]);
    stub.answers(IMDS, [machine_token("canary-machine-token", "4102444800")]);
    stub
}

pub(crate) fn caller() -> Arc<Caller> {
    caller_with(Limits::default(), Arc::new(SystemClock::start()))
}

pub(crate) fn hurried() -> Arc<Caller> {
    let attempt = Duration::from_millis(500);
    caller_with(Limits { attempt, ..Limits::default() }, Arc::new(SystemClock::start()))
}

pub(crate) fn caller_with(limits: Limits, clock: Arc<dyn Clock>) -> Arc<Caller> {
    Arc::new(Caller::new(limits, clock, Arc::new(OsRandom)))
}

pub(crate) fn entra(stub: &Stub) -> Entra {
    entra_at(&format!("{}/sandbox/azure", stub.url))
}

pub(crate) fn entra_at(url: &str) -> Entra {
    Entra::new(Client::direct().unwrap(), url.parse().unwrap(), TENANT.to_owned()).unwrap()
}

pub(crate) fn federation(stub: &Stub, broker: Broker) -> Arc<FederatedCredential> {
    Arc::new(FederatedCredential::new(entra(stub), Arc::new(broker), None))
}

pub(crate) fn federated(stub: &Stub) -> AzureMinter {
    AzureMinter::service_principal(caller(), federation(stub, Broker(Ok("canary-assertion"))))
}

pub(crate) fn by_secret(stub: &Stub) -> AzureMinter {
    let source = ClientSecret::new(entra(stub), Arc::new(Sealed));
    AzureMinter::service_principal(caller(), Arc::new(source))
}

pub(crate) fn machine(stub: &Stub) -> Arc<ManagedIdentity> {
    let imds = Some(stub.url.parse().unwrap());
    Arc::new(ManagedIdentity::new(Client::direct().unwrap(), imds))
}

pub(crate) fn managed(stub: &Stub) -> AzureMinter {
    AzureMinter::managed_identity(caller(), machine(stub))
}

/// Secrets in a vault, which the machine's identity reads.
pub(crate) fn vault(stub: &Stub) -> Arc<ClientSecret> {
    stub.answers(VAULT, [challenge(), secret("canary-vault-secret")]);
    let keys = KeyVault::new(
        Client::direct().unwrap(),
        stub.url.parse().unwrap(),
        "agent-{agent}-credential".to_owned(),
        machine(stub),
        READER_ID.parse().unwrap(),
    )
    .unwrap();
    Arc::new(ClientSecret::new(entra(stub), Arc::new(keys)))
}

pub(crate) fn challenge() -> Canned {
    let wants =
        r#"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#;
    Canned::json(401, "{}").with("www-authenticate", wants)
}

pub(crate) fn secret(value: &str) -> Canned {
    let id = "https://acme.vault.azure.net/secrets/agent-devops-agent-credential/0123456789abcdef";
    Canned::json(200, format!(r#"{{"value":"{value}","id":"{id}","attributes":{{"enabled":true}}}}"#))
}

pub(crate) fn entra_token(token: &str, expires_in: i64) -> Canned {
    let body = format!(r#"{{"token_type":"Bearer","expires_in":{expires_in},"access_token":"{token}"}}"#);
    Canned::json(200, body)
}

pub(crate) fn machine_token(token: &str, expires_on: &str) -> Canned {
    let rest = r#""resource":"https://vault.azure.net","token_type":"Bearer""#;
    Canned::json(200, format!(r#"{{"access_token":"{token}","expires_on":"{expires_on}",{rest}}}"#))
}

/// An error of Entra's.
pub(crate) fn aadsts(status: u16, error: &str, number: u32) -> Canned {
    let description = format!("AADSTS{number}: canary quoted. Trace ID: canary");
    let body =
        format!(r#"{{"error":"{error}","error_description":"{description}","error_codes":[{number}]}}"#);
    Canned::json(status, body)
}

pub(crate) fn order() -> MintOrder {
    MintOrder {
        lease: "0198f0aa-7d3a-7c4e-8f00-0123456789ab".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        agent: "devops-agent".parse().unwrap(),
        plan: Plan::AzureToken(AzurePlan {
            client_id: CLIENT_ID.parse().unwrap(),
            audience: Audience::Storage,
            secret: None,
        }),
        duration: Seconds::new(900),
    }
}

pub(crate) fn form(body: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

/// All that an error says, to whoever asks in whatever way.
pub(crate) fn told(error: &MintError) -> String {
    let mut told = format!("{error:?}");
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        told.push_str(&format!("\n{error}"));
        next = error.source();
    }
    told
}
