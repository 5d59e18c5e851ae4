//! Reading the ledger, which the audit function writes.

use std::sync::Arc;

use aws_types::SdkConfig;
use deputize_api::AuditRoutes;
use deputize_broker::ledger::{LedgerPorts, LedgerReader, LedgerSettings};
use deputize_broker::ports::clock::{Clock, Random};
use deputize_broker::ports::keys::KeyKeeper;
use deputize_broker::ports::ledger::LogObjects;
use deputize_clouds::AuditSettings;
use deputize_dynamodb::Store;
use deputize_host::LogAlerts;
use deputize_kms::KmsLogSigner;
use deputize_ledger::CosignerKey;
use deputize_s3::{S3Objects, S3Settings};
use deputize_scope::TenantId;
use lambda_http::Error;

/// The key at KMS that signs checkpoints: its public half is told.
pub(crate) const LOG_KEY: &str = "DEPUTIZE_LOG_KEY";

/// The bucket that keeps the ledger's files. Without it the table does.
pub(crate) const BUCKET: &str = "DEPUTIZE_BUCKET";

/// What the environment says of the ledger.
pub(crate) struct Reading<'a> {
    pub(crate) log_key: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) settings: &'a AuditSettings,
}

impl Reading<'_> {
    /// The routes of the ledger; none where no key signs it.
    pub(crate) fn routes(
        self,
        tenant: &TenantId,
        config: &SdkConfig,
        store: &Arc<Store>,
        keys: &Arc<dyn KeyKeeper>,
        clock: &Arc<dyn Clock>,
        random: &Arc<dyn Random>,
    ) -> Result<Option<AuditRoutes>, Error> {
        let Some(log_key) = self.log_key else { return Ok(None) };
        let objects: Arc<dyn LogObjects> = match self.bucket {
            Some(bucket) => {
                let settings = S3Settings { bucket, prefix: None, retention: None };
                Arc::new(S3Objects::new(config, settings, Arc::clone(clock)))
            }
            None => store.clone(),
        };
        let ports = LedgerPorts {
            outbox: store.clone(),
            heads: store.clone(),
            index: store.clone(),
            subjects: store.clone(),
            objects,
            keys: Arc::clone(keys),
            signer: Arc::new(KmsLogSigner::new(config, log_key)),
            monitors: Vec::new(),
            memory: None,
            alerts: Arc::new(LogAlerts),
            clock: Arc::clone(clock),
            random: Arc::clone(random),
        };
        let whose = LedgerSettings::new(tenant.clone(), self.settings.origin.clone())?;
        let witnesses = self.settings.witnesses.iter().map(|key| key.parse::<CosignerKey>());
        let witnesses = witnesses.collect::<Result<_, _>>()?;
        Ok(Some(AuditRoutes { reader: LedgerReader::new(whose, ports), witnesses }))
    }
}
