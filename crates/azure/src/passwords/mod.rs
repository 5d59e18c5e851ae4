//! The client secrets of applications, as rotation needs them. Microsoft Graph calls them passwords.

mod failure;
mod graph;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_broker::ports::rotation::{
    Abilities, KeyId, KeyProvider, ListedKey, OperationId, ProviderError, Subject, Windows,
};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredClientSecret;
use deputize_broker::{Clock, Random, Secret};
use deputize_http::{Call, CallFailure, Caller, Limits, Problem};
use deputize_scope::azure::ClientId;
use jiff::{SignedDuration, Timestamp};

use self::failure::{of_change, of_reading, refused};
use self::graph::{Application, Proof};
pub use self::graph::{Graph, NoGraph};
use crate::EXCHANGE;

/// Each request is sent once: whether a change is to be made again, rotation says.
const LIMITS: Limits = Limits {
    attempts: 1,
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(10),
    retries_per_minute: 0,
};

/// The secret that a token was asked with is not known, or not any more.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
const UNKNOWN_SECRET: [&str; 2] = ["AADSTS7000215", "AADSTS7000222"];

/// How client secrets are rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// The application that changes the secrets of the others: it owns them, has Graph's permission
    /// `Application.ReadWrite.OwnedBy`, and a federated credential for the broker's identity tokens. Without it, each
    /// application changes its own secrets, proved by the current one: then it has the permission, and owns itself.
    pub manager: Option<ClientId>,
    /// The audience that the manager's federated credential was given, where it is not Entra's own.
    pub audience: Option<String>,
    /// How long a new secret is good for at least, whatever becomes of it. One lives three times as long as it is to be
    /// used, so that two rotations may fail; and no shorter than this, so that somebody has time to mend what fails.
    pub shortest_lifetime: SignedDuration,
    /// How Entra behaves in time.
    pub windows: Windows,
}

impl Default for PasswordSettings {
    /// Secrets of a week at least, changed by the applications themselves, within [`ApplicationPasswords::WINDOWS`].
    fn default() -> Self {
        Self {
            manager: None,
            audience: None,
            shortest_lifetime: SignedDuration::from_hours(7 * 24),
            windows: ApplicationPasswords::WINDOWS,
        }
    }
}

/// Makes and revokes the client secrets of applications in Entra.
///
/// A secret's display name is the label of the rotation that made it. Secrets cannot be disabled: one works until it is
/// removed, and for some minutes more.
///
/// Each request is sent once, and a call takes 10 s at most with all that has to be asked before it.
pub struct ApplicationPasswords {
    graph: Graph,
    identity: Arc<dyn IdentityTokens>,
    caller: Caller,
    settings: PasswordSettings,
}

impl ApplicationPasswords {
    /// A new secret is known to some of Entra's machines before it is to others, for some minutes: five tokens in a row,
    /// half a minute apart, come from several of them. After a quarter of an hour one that fails is taken never to work.
    /// A former secret is left to work for an hour, because there is no way back once it is removed.
    /// <https://learn.microsoft.com/graph/api/application-addpassword>,
    /// <https://learn.microsoft.com/entra/architecture/architecture> (replication)
    pub const WINDOWS: Windows = Windows {
        probes: 5,
        between_probes: SignedDuration::from_secs(30),
        settling: SignedDuration::from_mins(15),
        adoption: SignedDuration::from_mins(5),
        soak: SignedDuration::from_hours(1),
        evidence: None,
    };

    /// Client secrets, changed at this Graph. `identity` says who the broker is where there is a manager.
    pub fn new(
        graph: Graph,
        identity: Arc<dyn IdentityTokens>,
        settings: PasswordSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { graph, identity, caller: Caller::new(LIMITS, clock, random), settings }
    }

    /// A token to change an application's secrets with.
    async fn token(&self, call: Call<'_>, current: &StoredClientSecret) -> Result<Secret, CallFailure> {
        let tenant = &current.tenant_id;
        let Some(manager) = &self.settings.manager else {
            let proof = Proof::Secret(&current.client_secret);
            return self.graph.token(call, tenant, &current.client_id, proof).await;
        };
        let audience = self.settings.audience.as_deref().unwrap_or(EXCHANGE);
        let assertion = async {
            let token = self.identity.token(audience).await;
            token.map_err(|error| CallFailure::of_identity(&error))
        };
        let assertion = call.within("the issuer of identity tokens", assertion).await?.token;
        self.graph.token(call, tenant, manager.as_str(), Proof::Assertion(&assertion)).await
    }

    /// The application that a secret is of, with what it takes to change it.
    async fn application(
        &self,
        call: Call<'_>,
        current: &StoredClientSecret,
    ) -> Result<Application, ProviderError> {
        let client_id: ClientId = current.client_id.parse().map_err(|_| refused("not_a_client_id"))?;
        let token = self.token(call, current).await.map_err(of_reading)?;
        Ok(Application { client_id, token })
    }
}

impl fmt::Debug for ApplicationPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationPasswords").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl KeyProvider for ApplicationPasswords {
    fn abilities(&self, subject: &Subject<'_>) -> Result<Abilities, ProviderError> {
        client_secret(subject.current)?;
        Ok(Abilities { labels: true, most_keys: None, windows: self.settings.windows })
    }

    async fn list(&self, subject: &Subject<'_>) -> Result<Vec<ListedKey>, ProviderError> {
        let call = self.caller.begin();
        let application = self.application(call, client_secret(subject.current)?).await?;
        let passwords = self.graph.passwords(call, &application).await.map_err(of_reading)?;
        let listed = |password: graph::Password| ListedKey {
            operation: password.display_name.as_deref().and_then(OperationId::of_label),
            id: KeyId::new(password.key_id),
        };
        Ok(passwords.into_iter().map(listed).collect())
    }

    async fn create(
        &self,
        subject: &Subject<'_>,
        operation: OperationId,
    ) -> Result<StoredSecret, ProviderError> {
        let call = self.caller.begin();
        let current = client_secret(subject.current)?;
        let lifetime = subject.record.schedule.interval().saturating_mul(3);
        let lifetime = lifetime.max(self.settings.shortest_lifetime);
        let end = self.caller.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        let application = self.application(call, current).await?;
        let added = self.graph.add(call, &application, &operation.label(), end).await.map_err(of_change)?;
        Ok(StoredSecret::AzureClientSecret(StoredClientSecret {
            tenant_id: current.tenant_id.clone(),
            client_id: current.client_id.clone(),
            key_id: Some(added.key_id),
            client_secret: added.secret,
        }))
    }

    /// By a token for Graph, which any application gets, whatever it may do there.
    async fn probe(&self, subject: &Subject<'_>, candidate: &StoredSecret) -> Result<bool, ProviderError> {
        client_secret(subject.current)?;
        let candidate = client_secret(candidate)?;
        let proof = Proof::Secret(&candidate.client_secret);
        let call = self.caller.begin();
        match self.graph.token(call, &candidate.tenant_id, &candidate.client_id, proof).await {
            Ok(_) => Ok(true),
            Err(CallFailure { problem: Problem::Refused { code, .. }, .. })
                if UNKNOWN_SECRET.contains(&code.as_str()) =>
            {
                Ok(false)
            }
            Err(failure) => Err(of_reading(failure)),
        }
    }

    async fn disable(&self, subject: &Subject<'_>, _key: &KeyId) -> Result<bool, ProviderError> {
        client_secret(subject.current)?;
        Ok(false)
    }

    async fn delete(&self, subject: &Subject<'_>, key: &KeyId) -> Result<(), ProviderError> {
        let call = self.caller.begin();
        let application = self.application(call, client_secret(subject.current)?).await?;
        let Err(failure) = self.graph.remove(call, &application, key).await else { return Ok(()) };
        match failure.problem {
            // The application is gone with all its secrets.
            Problem::Refused { status: 404, .. } => Ok(()),
            // Graph has one code for all that is wrong with a request, a secret that is not there among it.
            Problem::Refused { status: 400, .. } => {
                let passwords = self.graph.passwords(call, &application).await.map_err(of_reading)?;
                let is_there =
                    passwords.iter().any(|password| password.key_id.eq_ignore_ascii_case(key.as_str()));
                if is_there { Err(of_change(failure)) } else { Ok(()) }
            }
            _ => Err(of_change(failure)),
        }
    }

    /// Graph does not tell.
    async fn last_used(
        &self,
        subject: &Subject<'_>,
        _key: &KeyId,
    ) -> Result<Option<Timestamp>, ProviderError> {
        client_secret(subject.current)?;
        Ok(None)
    }
}

fn client_secret(secret: &StoredSecret) -> Result<&StoredClientSecret, ProviderError> {
    match secret {
        StoredSecret::AzureClientSecret(secret) => Ok(secret),
        _ => Err(refused("not_a_client_secret")),
    }
}
