//! The broker's own issuer of identity tokens: its keys are in the state directory.

use std::path::Path;
use std::sync::Arc;

use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule, Subject};
use deputize_broker::{Clock, Random};
use deputize_clouds::{IdentitySource, IssuerSource};
use deputize_keyring::SigningKeyring;
use deputize_scope::TenantId;

/// The file with the signing keys, in the state directory.
const KEYS: &str = "signing.json";

/// The issuer of a tenant, with what it signs by. It makes its first key when that is first needed.
pub(crate) fn open(
    settings: IssuerSettings,
    state: &Path,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> anyhow::Result<Issuer> {
    let keys = Arc::new(SigningKeyring::open(state.join(KEYS))?);
    Ok(Issuer::new(settings, keys, Arc::clone(clock), Arc::clone(random)))
}

/// Who the issuer is, as the settings say.
pub(crate) fn configured(source: &IssuerSource, tenant: &TenantId) -> anyhow::Result<IssuerSettings> {
    anyhow::ensure!(
        source.keys.is_empty(),
        "identity.issuer.keys are for functions: here, the keys in the state directory sign"
    );
    Ok(source.settings(tenant))
}

/// Who it is where it may also go unsaid: then it is where the process is reached on this machine, which is enough for
/// the sandboxes in it. There is none where that is a network in the clear.
pub(crate) fn configured_or_local(
    identity: &IdentitySource,
    reached_at: &str,
    tenant: &TenantId,
) -> anyhow::Result<Option<IssuerSettings>> {
    if let IdentitySource::Issuer(source) = identity {
        return configured(source, tenant).map(Some);
    }
    let schedule = Schedule::default();
    let local = |url| IssuerSettings { url, subject: Subject::of(tenant), schedule };
    Ok(reached_at.parse().ok().map(local))
}
