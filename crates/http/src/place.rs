//! Addresses.

use reqwest::Url;

/// Why a text is no address.
pub type NotAUrl = <Url as std::str::FromStr>::Err;

/// Whether the address is one of this machine: the only ones that are spoken to without TLS.
pub fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
