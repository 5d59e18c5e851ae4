//! How this program speaks HTTP, to a broker or to a cloud.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

/// An agent for one place. An answer of any status is an answer; `timeout` is for the whole of one exchange.
pub(crate) fn agent(timeout: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        // The token is for this place alone.
        .max_redirects(0)
        .timeout_global(Some(timeout))
        .tls_config(tls())
        .user_agent(concat!("deputize/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

fn tls() -> TlsConfig {
    TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
        // What this machine trusts: a broker of one's own often has a certificate of one's own.
        .root_certs(RootCerts::PlatformVerifier)
        .build()
}
