//! A minter that is made when it is first asked: a function that serves one request should not wait for the trust store
//! and the clients of clouds that the request is not about.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use deputize_broker::ports::minter::{MintError, MintOrder, Minted, Minter};
use deputize_scope::identifier::CredentialType;

use crate::minters::NotMade;

type Make = Box<dyn Fn() -> Result<Arc<dyn Minter>, NotMade> + Send + Sync>;

/// Mints by what `make` makes.
pub(crate) struct Lazy {
    mints: CredentialType,
    make: Make,
    made: OnceLock<Arc<dyn Minter>>,
}

impl Lazy {
    pub(crate) fn shared(
        mints: CredentialType,
        make: impl Fn() -> Result<Arc<dyn Minter>, NotMade> + Send + Sync + 'static,
    ) -> Arc<dyn Minter> {
        Arc::new(Self { mints, make: Box::new(make), made: OnceLock::new() })
    }

    fn minter(&self) -> Result<&Arc<dyn Minter>, MintError> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let unavailable = |error| MintError::Unavailable { retry_after: None, source: Box::new(error) };
        let made = (self.make)().map_err(unavailable)?;
        Ok(self.made.get_or_init(|| made))
    }
}

#[async_trait]
impl Minter for Lazy {
    fn mints(&self) -> CredentialType {
        self.mints
    }

    async fn mint(&self, order: &MintOrder) -> Result<Minted, MintError> {
        self.minter()?.mint(order).await
    }
}
