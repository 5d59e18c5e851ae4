//! What mints at Google Cloud and at Azure, put together from settings that are valid.

use std::sync::Arc;

use aws_types::SdkConfig;
use deputize_aws::{WebIdentitySettings, WebIdentityTokens};
use deputize_azure::{
    AzureMinter, ClientSecret, Entra, FederatedCredential, KeyVault, ManagedIdentity, NoGraph,
    NotAnAuthority, SealedSecrets, TokenSource,
};
use deputize_broker::issuer::Issuer;
use deputize_broker::ports::identity::IdentityTokens;
use deputize_broker::ports::minter::Minter;
use deputize_broker::stored::minter::ClientSecrets;
use deputize_broker::{Clock, Random};
use deputize_gcp::{AmbientTokens, Endpoints, FederatedTokens, GcpMinter, Google, MetadataTokens};
use deputize_host::TokenFile;
use deputize_http::{Caller, Client, Limits, NoClient, NotAUrl, Url};
use deputize_scope::identifier::CredentialType;
use thiserror::Error;

use crate::lazy::Lazy;
use crate::settings::{AzureCloud, CloudSettings, GcpCloud, IdentitySource, IssuerSource};

/// What minters are made with.
#[derive(Clone)]
pub struct Surroundings {
    /// The broker's clock.
    pub clock: Arc<dyn Clock>,
    /// The broker's randomness.
    pub random: Arc<dyn Random>,
    /// Says who the broker is.
    pub identity: Arc<dyn IdentityTokens>,
    /// Opens client secrets that are kept sealed; none where there is no store.
    pub secrets: Option<Arc<dyn ClientSecrets>>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}

/// Why what speaks to a cloud cannot be made.
#[derive(Debug, Error)]
pub enum NotMade {
    /// There is no TLS to speak.
    #[error(transparent)]
    Client(#[from] NoClient),
    /// An address that is none.
    #[error("an address is none")]
    Address(#[source] NotAUrl),
    /// A token would be sent in the clear.
    #[error(transparent)]
    Authority(#[from] NotAnAuthority),
    /// There is no telling where Graph is.
    #[error("azure.graph has to say where Graph is")]
    Graph(#[from] NoGraph),
}

/// Says who the broker is, as the settings have it; `aws` is what the broker is at AWS. Where the broker is its own
/// issuer, whoever has its keys makes it: then `issuer` is asked for it.
pub fn identity<E>(
    source: &IdentitySource,
    aws: &SdkConfig,
    clock: &Arc<dyn Clock>,
    issuer: impl FnOnce(&IssuerSource) -> Result<Arc<Issuer>, E>,
) -> Result<Arc<dyn IdentityTokens>, E> {
    Ok(match source {
        IdentitySource::Aws => {
            Arc::new(WebIdentityTokens::new(aws, WebIdentitySettings::default(), Arc::clone(clock)))
        }
        IdentitySource::TokenFile(path) => Arc::new(TokenFile::new(path.clone(), Arc::clone(clock))),
        IdentitySource::Issuer(source) => issuer(source)?,
    })
}

/// What mints at Google Cloud and at Azure. Nothing is connected to or read before it is first asked.
pub fn minters(settings: &CloudSettings, surroundings: &Surroundings) -> Vec<Arc<dyn Minter>> {
    let gcp = settings.gcp.as_ref().map(|gcp| google(gcp, surroundings));
    let azure = settings.azure.as_ref().map(|azure| microsoft(azure, surroundings));
    gcp.into_iter().chain(azure).flatten().collect()
}

fn google(settings: &GcpCloud, surroundings: &Surroundings) -> Vec<Arc<dyn Minter>> {
    let mut minters = Vec::new();
    if let Some(provider) = settings.provider.clone() {
        let (settings, surroundings) = (settings.clone(), surroundings.clone());
        minters.push(Lazy::shared(CredentialType::GcpWorkloadIdentity, move || {
            let google = Arc::new(surroundings.google(&settings)?);
            let (provider, audience) = (provider.clone(), settings.audience.clone());
            let identity = Arc::clone(&surroundings.identity);
            let own = FederatedTokens::new(Arc::clone(&google), provider, audience, identity);
            Ok(Arc::new(GcpMinter::workload_identity(google, Arc::new(own))))
        }));
    }
    if settings.ambient {
        let (settings, surroundings) = (settings.clone(), surroundings.clone());
        minters.push(Lazy::shared(CredentialType::GcpServiceAccount, move || {
            let google = Arc::new(surroundings.google(&settings)?);
            Ok(Arc::new(match &settings.metadata_host {
                Some(host) => {
                    let own = MetadataTokens::new(Client::direct()?, host, surroundings.caller());
                    let own = own.map_err(NotMade::Address)?;
                    GcpMinter::service_account(google, Arc::new(own))
                }
                None => GcpMinter::service_account(google, Arc::new(AmbientTokens::new())),
            }))
        }));
    }
    minters
}

fn microsoft(settings: &AzureCloud, surroundings: &Surroundings) -> Vec<Arc<dyn Minter>> {
    let mut minters = Vec::new();
    if let Some(tenant) = settings.tenant.clone() {
        let (settings, surroundings) = (settings.clone(), surroundings.clone());
        minters.push(Lazy::shared(CredentialType::AzureServicePrincipal, move || {
            Ok(Arc::new(service_principal(&settings, tenant.clone(), &surroundings)?))
        }));
    }
    if settings.managed_identity {
        let (settings, surroundings) = (settings.clone(), surroundings.clone());
        minters.push(Lazy::shared(CredentialType::AzureManagedIdentity, move || {
            let machine = Arc::new(machine(&settings)?);
            Ok(Arc::new(AzureMinter::managed_identity(surroundings.caller(), machine)))
        }));
    }
    minters
}

/// By federation; by a client secret where the scope document declares one; and by one that a vault keeps where the
/// first of these is not there to be asked.
fn service_principal(
    settings: &AzureCloud,
    tenant: String,
    surroundings: &Surroundings,
) -> Result<AzureMinter, NotMade> {
    let authority = match &settings.authority {
        Some(authority) => authority.clone(),
        None => Entra::PUBLIC.parse().map_err(NotMade::Address)?,
    };
    let entra = Entra::new(client(Some(&authority))?, authority, tenant)?;
    let identity = Arc::clone(&surroundings.identity);
    let federated = FederatedCredential::new(entra.clone(), identity, settings.audience.clone());
    let mut minter = AzureMinter::service_principal(surroundings.caller(), Arc::new(federated));
    if let Some(secrets) = &surroundings.secrets {
        let sealed = SealedSecrets::new(Arc::clone(secrets));
        minter = minter.with_secrets(Arc::new(ClientSecret::new(entra.clone(), Arc::new(sealed))));
    }
    if let Some(vault) = &settings.key_vault {
        let reader: Arc<dyn TokenSource> = Arc::new(machine(settings)?);
        let (url, name, reader_id) = (vault.url.clone(), vault.secret.clone(), vault.reader.clone());
        let vault = KeyVault::new(client(Some(&url))?, url, name, reader, reader_id)?;
        minter = minter.or_else(Arc::new(ClientSecret::new(entra, Arc::new(vault))));
    }
    Ok(minter)
}

fn machine(settings: &AzureCloud) -> Result<ManagedIdentity, NotMade> {
    Ok(ManagedIdentity::new(Client::direct()?, settings.imds.clone()))
}

impl Surroundings {
    fn caller(&self) -> Arc<Caller> {
        Arc::new(Caller::new(Limits::default(), Arc::clone(&self.clock), Arc::clone(&self.random)))
    }

    fn google(&self, settings: &GcpCloud) -> Result<Google, NotMade> {
        let endpoints = match &settings.endpoint {
            Some(place) => Endpoints::at(place.clone()),
            None => Endpoints::google().map_err(NotMade::Address)?,
        };
        Ok(Google::new(client(settings.endpoint.as_ref())?, endpoints, self.caller()))
    }
}

/// Through the proxies of the environment, but for what is on this machine.
pub(crate) fn client(place: Option<&Url>) -> Result<Client, NoClient> {
    if place.is_some_and(deputize_http::is_local) { Client::direct() } else { Client::new() }
}
