//! Forgetting a person: the key goes, and with it what was kept outside of the entries. Every proof stays valid.

use super::LedgerError;
use super::reader::LedgerReader;
use super::subjects::name_of;
use crate::audit::{AuditEvent, What};
use crate::caller::Actor;

impl LedgerReader {
    /// Forgets a caller's identity, as the log has it (an ARN, `issuer#subject`, `token:ID`), with all else that entries
    /// were told of it in personal words. The pseudonym by which entries go on to name it; none where nobody of that
    /// identity is known.
    pub async fn forget(&self, by: Actor, identity: &str) -> Result<Option<String>, LedgerError> {
        let tenant = &self.settings.tenant;
        let name = name_of(identity);
        let Some(subject) = self.ports.subjects.subject(tenant, &name).await? else { return Ok(None) };
        let what = What::PersonalDataErased { subject: subject.pseudonym.clone() };
        let event = AuditEvent::new(tenant, by, what, &*self.ports.clock, &*self.ports.random);
        self.ports.subjects.erase(tenant, &name, &subject.pseudonym, &event).await?;
        Ok(Some(subject.pseudonym))
    }
}
