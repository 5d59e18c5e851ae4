//! The broker as its own issuer, with keys at KMS.

use std::sync::Arc;

use aws_types::SdkConfig;
use deputize_broker::issuer::{Issuer, IssuerSettings};
use deputize_broker::{Clock, Random};

use crate::signing::{InvalidSigningKeys, KmsSigningKeys};

/// An issuer that signs with these keys, each named as settings name it.
///
/// # Errors
/// Where a name is none, or no key would sign.
pub fn issuer(
    settings: IssuerSettings,
    keys: &[String],
    config: &SdkConfig,
    clock: &Arc<dyn Clock>,
    random: &Arc<dyn Random>,
) -> Result<Arc<Issuer>, InvalidSigningKeys> {
    let keys = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let keys = Arc::new(KmsSigningKeys::new(config, keys, settings.schedule.ahead())?);
    Ok(Arc::new(Issuer::new(settings, keys, Arc::clone(clock), Arc::clone(random))))
}
