//! Where Entra is.

use std::sync::Arc;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::http::{ClientOptions, RetryOptions, Transport as SdkTransport};
use deputize_http::{Client, Url, is_local};
use thiserror::Error;

use crate::refusal::entra;
use crate::transport::{Place, Transport};

/// Stands for Entra inside the SDK, which knows only https and hosts without a path; the transport puts the configured
/// place in its stead.
const INSIDE: &str = "https://entra.invalid";

pub(crate) const ENTRA: &str = "entra";

/// Tokens and secrets would be sent in the clear there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an authority or a vault has an https address, or one of this machine")]
pub struct NotAnAuthority;

/// A tenant of Entra.
#[derive(Clone, Debug)]
pub struct Entra {
    client: Client,
    authority: Url,
    tenant: String,
}

impl Entra {
    /// Microsoft's public cloud.
    pub const PUBLIC: &str = "https://login.microsoftonline.com";

    /// A tenant, by its id or one of its domains, at an authority such as [`Self::PUBLIC`].
    pub fn new(client: Client, authority: Url, tenant: String) -> Result<Self, NotAnAuthority> {
        if authority.scheme() == "https" || is_local(&authority) {
            Ok(Self { client, authority, tenant })
        } else {
            Err(NotAnAuthority)
        }
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// What one attempt goes through: its own transport, so that what went wrong is known.
    pub(crate) fn transport(&self) -> (Arc<Transport>, ClientOptions) {
        let place = Place { inside: INSIDE, outside: self.authority.clone() };
        let transport = Arc::new(Transport::new(self.client.clone(), ENTRA, Some(place), entra));
        let mut cloud = CustomConfiguration::default();
        INSIDE.clone_into(&mut cloud.authority_host);
        let mut options = options(&transport);
        options.cloud = Some(Arc::new(CloudConfiguration::Custom(cloud)));
        (transport, options)
    }
}

/// The SDK without retries and HTTP of its own.
pub(crate) fn options(transport: &Arc<Transport>) -> ClientOptions {
    let transport = SdkTransport::new(Arc::clone(transport) as Arc<_>);
    ClientOptions { retry: RetryOptions::none(), transport: Some(transport), ..ClientOptions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_spoken_to_in_secret_or_on_this_machine() {
        let at = |url: &str| {
            Entra::new(Client::direct().unwrap(), url.parse().unwrap(), "acme".into()).map(|_| ())
        };
        for url in
            [Entra::PUBLIC, "http://127.0.0.1:7117/sandbox/azure", "http://[::1]:1", "http://localhost"]
        {
            assert_eq!(at(url), Ok(()), "{url}");
        }
        for url in ["http://login.microsoftonline.com", "http://localhost.example.com", "http://10.0.0.1"] {
            assert_eq!(at(url), Err(NotAnAuthority), "{url}");
        }
    }
}
