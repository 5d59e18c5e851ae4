//! All clouds, served at this time: the vendors' libraries know no other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use deputize_broker::{Clock as _, Random as _};
use deputize_host::{OsRandom, SystemClock};
use deputize_sandbox::azure::{Apps, SandboxAzure, Secret, SecretVersion, Vault};
use deputize_sandbox::gcp::{Provider, SandboxGcp};
use deputize_sandbox::oauth::{Client, SandboxOauth};
use deputize_sandbox::{Clock, IssuerKeys, Key, Random, aws, azure, gcp, oauth};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-0000000000ff";
pub(crate) const DEVOPS: &str = "00000000-0000-4000-8000-000000000001";

/// Where everything is.
pub(crate) struct Clouds {
    aws: String,
    root: aws::AccessKey,
    pub(crate) gcp: String,
    pub(crate) audience: String,
    pub(crate) entra: String,
    pub(crate) vault: String,
    pub(crate) machine: String,
    pub(crate) oauth: String,
    folder: TempDir,
}

impl Clouds {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let key = Key::random(&*random());
        let (tls, certificate) = tls();
        std::fs::write(folder.path().join("certificate.pem"), certificate).unwrap();
        let (aws_place, aws_url) = place("http").await;
        let (gcp_place, gcp_url) = place("http").await;

        let mut config = aws::Config::new(key.clone());
        config.issuer = Some(aws_url.clone());
        let audiences = vec!["sts.amazonaws.com".to_owned()];
        let keys = IssuerKeys::Discovered;
        config.oidc_providers = vec![aws::OidcProvider { issuer: gcp_url.clone(), audiences, keys }];
        let account = aws::SandboxAws::new(config, clock(), random());
        serve(aws_place, account.router());

        let mut config = gcp::Config::new(key.clone(), &gcp_url);
        config.providers = vec![Provider::new(&aws_url)];
        let object = |name: &str| ("acme-data".to_owned(), name.to_owned());
        config.objects = BTreeMap::from([(object("a/1"), b"one".to_vec()), (object("b/2"), b"two".to_vec())]);
        let audience = config.audience(&config.providers[0]);
        serve(gcp_place, SandboxGcp::new(config, clock(), random()).router());

        let (entra_place, entra) = place("https").await;
        let (vault_place, vault) = place("https").await;
        let (machine_place, machine) = place("http").await;
        let tenant = SandboxAzure::new(tenant(key.clone(), &entra, &vault, &aws_url), clock(), random());
        serve(Tls { tcp: entra_place, acceptor: tls.clone() }, tenant.router());
        serve(Tls { tcp: vault_place, acceptor: tls }, tenant.vault_router("acme"));
        serve(machine_place, tenant.router());

        let (oauth_place, oauth_url) = place("http").await;
        serve(oauth_place, SandboxOauth::new(server(key, &oauth_url), clock(), random()).router());
        let (aws, gcp, oauth) = (aws_url, gcp_url, oauth_url);
        Self { aws, root: account.root_credentials(), gcp, audience, entra, vault, machine, oauth, folder }
    }

    /// By which the libraries find their clouds, and trust them.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let host = self.gcp.trim_start_matches("http://").to_owned();
        vec![
            ("AUTHLIB_INSECURE_TRANSPORT", "1".to_owned()),
            ("AWS_ACCESS_KEY_ID", self.root.id.clone()),
            ("AWS_ENDPOINT_URL", self.aws.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.root.secret.to_string()),
            ("GCE_METADATA_HOST", host.clone()),
            ("GCE_METADATA_IP", host),
            ("REQUESTS_CA_BUNDLE", file("certificate.pem")),
            ("SUBJECT_TOKEN_FILE", file("subject")),
        ]
    }
}

fn tenant(key: Key, url: &str, vault: &str, issuer: &str) -> azure::Config {
    let secret = |version: &str, value: &str, enabled| SecretVersion {
        version: version.to_owned(),
        value: value.to_owned(),
        enabled,
        created_at: "2026-11-01T00:00:00Z".parse().unwrap(),
        expires_at: None,
    };
    let shown = secret("00000000000000000000000000000001", "s3cr3t", true);
    let hidden = secret("00000000000000000000000000000002", "hidden", false);
    let secrets = BTreeMap::from([
        ("db".to_owned(), Secret { versions: vec![shown] }),
        ("off".to_owned(), Secret { versions: vec![hidden] }),
    ]);
    let resource_id = "/subscriptions/s/providers/Microsoft.KeyVault/vaults/acme".to_owned();
    let mut config = azure::Config::new(key, url);
    config.apps = Apps::Any { issuers: vec![issuer.to_owned()] };
    config.vaults =
        BTreeMap::from([("acme".to_owned(), Vault { url: vault.to_owned(), resource_id, secrets })]);
    config
}

fn server(key: Key, url: &str) -> oauth::Config {
    let scopes = BTreeSet::from(["read".to_owned(), "write".to_owned()]);
    let mut machine = Client::confidential(&key, "s3 cret:%");
    machine.scopes = scopes.clone();
    let mut public = Client::public();
    public.scopes = scopes;
    public.redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
    let mut config = oauth::Config::new(key, url);
    config.clients = BTreeMap::from([("machine".to_owned(), machine), ("public".to_owned(), public)]);
    config
}

fn clock() -> Arc<dyn Clock> {
    let clock = SystemClock::start();
    Arc::new(move || -> jiff::Timestamp { clock.now() })
}

fn random() -> Arc<dyn Random> {
    Arc::new(|bytes: &mut [u8]| OsRandom.fill(bytes))
}

async fn place(scheme: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Whoever speaks TLS has a certificate for this name.
    let host = if scheme == "https" { "localhost" } else { "127.0.0.1" };
    let url = format!("{scheme}://{host}:{}", listener.local_addr().unwrap().port());
    (listener, url)
}

fn serve<L: Listener<Addr = SocketAddr>>(listener: L, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
}

/// A place that speaks TLS.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            // Who does not trust the certificate goes away.
            if let Ok((stream, address)) = self.tcp.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// A certificate for `localhost`, and what speaks TLS by it.
fn tls() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}
