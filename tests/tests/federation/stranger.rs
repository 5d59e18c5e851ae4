//! A place that speaks TLS, by a certificate that nobody vouches for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) struct Stranger {
    url: String,
    /// Who came, and who of them went on when they had seen the certificate.
    counts: Arc<[AtomicUsize; 2]>,
}

impl Stranger {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let counts = Arc::<[AtomicUsize; 2]>::default();
        let (met, acceptor) = (Arc::clone(&counts), acceptor());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                met[0].fetch_add(1, Ordering::Relaxed);
                if acceptor.accept(stream).await.is_ok() {
                    met[1].fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { url, counts }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn met(&self) -> usize {
        self.counts[0].load(Ordering::Relaxed)
    }

    pub(crate) fn trusted(&self) -> usize {
        self.counts[1].load(Ordering::Relaxed)
    }
}

fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
