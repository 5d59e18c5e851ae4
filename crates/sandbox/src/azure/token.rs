//! Access tokens: signed, for one service, and read by that service alone.
//! <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>

use jiff::Timestamp;
use jsonwebtoken::Algorithm as Accepted;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::SandboxAzure;
use super::config::{Apps, Identity};
use crate::jwt::Algorithm;
use crate::oidc::{self, Claims};
use crate::trouble::Moment;

/// What a token lives, in seconds.
pub(super) const LIFETIME: u32 = 3_599;
/// What a machine's token lives, in seconds.
pub(super) const MACHINE_LIFETIME: u32 = 86_400;

/// Who a token is for, and which service it is good at.
#[derive(Clone, Debug)]
pub(super) struct Grantee {
    pub(super) client_id: String,
    pub(super) audience: String,
}

/// What a token says, verified.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    pub(super) client_id: String,
    pub(super) audience: String,
    pub(super) expires_at: Timestamp,
}

impl SandboxAzure {
    /// A token that ends at this time. `None` where it could not be signed.
    pub(super) async fn sign(&self, grantee: &Grantee, moment: Moment, end: Timestamp) -> Option<String> {
        let issued = moment.now.as_second();
        let object = self.principal_id(&grantee.client_id);
        let mut claims = json!({
            "aud": grantee.audience,
            "iss": self.issuer(),
            // A token that has ended already was issued before that.
            "iat": issued.min(end.as_second()),
            "nbf": issued.min(end.as_second()),
            "exp": end.as_second(),
            "appid": grantee.client_id,
            "appidacr": "2",
            "idtyp": "app",
            "oid": object,
            "sub": object,
            "tid": self.0.config.tenant,
            "uti": self.unique(),
            "ver": "1.0",
        });
        if let (Some(app), Some(claims)) =
            (self.graph_permissions(&grantee.client_id), claims.as_object_mut())
        {
            claims.insert("roles".to_owned(), app.into());
        }
        let signer = self.clone();
        spawn_blocking(move || signer.0.signing_keys.sign(Algorithm::Rs256, &claims)).await.ok().flatten()
    }

    /// What a token of this tenant says, where it holds now.
    pub(super) async fn verified(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        let keys = self.public_keys().await?;
        let client_id = unverified_client(token)?;
        let claims: Claims = oidc::own(token, &keys, Accepted::RS256)?;
        claims.hold(now, 0).ok()?;
        let ours = claims.iss == self.issuer();
        let audience = claims.audiences().first()?.clone();
        let expires_at = Timestamp::from_second(claims.exp?).ok()?;
        ours.then_some(Bearer { client_id, audience, expires_at })
    }

    pub(super) async fn public_keys(&self) -> Option<Value> {
        let signer = self.clone();
        spawn_blocking(move || signer.0.signing_keys.public()).await.ok().flatten()
    }

    /// The issuer of tokens in their first version, which is what services get.
    pub(super) fn issuer(&self) -> String {
        format!("https://sts.windows.net/{}/", self.0.config.tenant)
    }

    /// The id of the service principal of an application or managed identity.
    pub(super) fn principal_id(&self, client_id: &str) -> String {
        let derived = self.0.key.derive("service principal", client_id);
        let mut bytes = [0; 16];
        for (byte, derived) in bytes.iter_mut().zip(derived.iter()) {
            *byte = *derived;
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    fn graph_permissions(&self, client_id: &str) -> Option<Vec<String>> {
        match &self.0.config.apps {
            Apps::Any { .. } => None,
            Apps::Listed(apps) => apps.get(client_id).map(|app| app.graph_permissions.clone()),
        }
    }

    /// The managed identity by this client id, or the machine's own.
    pub(super) fn identity(&self, client_id: Option<&str>) -> Option<Identity> {
        let config = &self.0.config;
        let wanted = |identity: &&Identity| match client_id {
            Some(id) => identity.client_id.eq_ignore_ascii_case(id),
            None => identity.system_assigned,
        };
        let listed = config.identities.iter().find(wanted).cloned();
        listed.or_else(|| {
            let any = matches!(config.apps, Apps::Any { .. });
            let own = || self.principal_id("machine");
            let id = client_id.map_or_else(own, str::to_owned);
            let system_assigned = client_id.is_none();
            let identity = Identity { client_id: id, system_assigned, roles: Vec::new() };
            (any && Uuid::parse_str(&identity.client_id).is_ok()).then_some(identity)
        })
    }
}

/// The application that a token claims to be for: looked at before the signature, believed after.
fn unverified_client(token: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Application {
        appid: String,
    }
    jsonwebtoken::dangerous::insecure_decode_claims::<Application>(token).ok().map(|claims| claims.appid)
}
