//! A call with its values, as a request. What is secret of it is zeroised, but for the copies of the HTTP client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deputize_broker::Secret;
use deputize_http::{HeaderMap, HeaderName, HeaderValue, Url};
use deputize_scope::connector::{self, Auth, Connector, ExpandError, Host, Values};
use zeroize::Zeroizing;

use super::ConnectorSettings;
use super::exchange::Failure;

/// What a call is made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// The key that proves whose it is.
    pub(super) key: &'a Secret,
    /// The id of the key that it is about.
    pub(super) id: Option<&'a str>,
    /// The label of the key to be made.
    pub(super) label: Option<&'a str>,
}

impl<'a> Call<'a> {
    pub(super) fn values(&self, credential: &'a str) -> Values<'a> {
        Values { key: self.key.reveal(), key_id: self.id, label: self.label, credential }
    }
}

/// The address of a call. That it leads to a listed host is looked at once more, as whoever sends it reads it.
pub(super) fn url(text: &str, connector: &Connector, settings: ConnectorSettings) -> Result<Url, Failure> {
    let url: Url = text.parse().map_err(|_| Failure::Malformed)?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(Failure::HostNotAllowed),
    };
    let host: Option<Host> = host.parse().ok().filter(|host| connector.hosts.contains(host));
    let host = host.ok_or(Failure::HostNotAllowed)?;
    let is_bare = url.username().is_empty() && url.password().is_none();
    let is_sound = match url.scheme() {
        "https" => true,
        "http" => settings.allow_private && host.is_loopback(),
        _ => false,
    };
    if is_bare && is_sound { Ok(url) } else { Err(Failure::HostNotAllowed) }
}

/// The headers of a call, those that prove whose it is included.
pub(super) fn headers(
    connector: &Connector,
    call: &connector::Call,
    values: &Values<'_>,
) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Failure::Malformed)?;
        let mut value = HeaderValue::from_str(value).map_err(|_| Failure::Malformed)?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok::<_, Failure>(())
    };
    set("accept", "application/json")?;
    for (name, template) in &call.headers {
        set(name.as_str(), &Zeroizing::new(template.header(values)?))?;
    }
    let value = match &connector.auth {
        Auth::Header { value, .. } => Zeroizing::new(value.header(values)?),
        Auth::Basic { user, password } => {
            let (user, password) =
                (Zeroizing::new(user.header(values)?), Zeroizing::new(password.header(values)?));
            if user.contains(':') {
                return Err(ExpandError::Header.into());
            }
            let pair = Zeroizing::new(format!("{}:{}", *user, *password));
            let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            Zeroizing::new(format!("Basic {}", *encoded))
        }
    };
    set(connector.auth.header().as_str(), &value)?;
    Ok(headers)
}
