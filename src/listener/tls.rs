//! TLS: certificates out of files, which can be read anew while the process runs.
//!
//! TLS 1.2 and 1.3 with ring, `h2` and `http/1.1` by ALPN, no early data. Nothing of a key is ever shown.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::NoServerSessionStorage;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS12;
use rustls::version::TLS13;
use tokio_rustls::TlsAcceptor;

/// The settings that name the files.
const CERTIFICATE_FILE: &str = "tls.certificate_file";
const KEY_FILE: &str = "tls.key_file";
const CLIENT_CA_FILE: &str = "tls.client_ca_file";

/// Where the certificates are, all in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server's certificate, and those that lead from it to an authority which clients know.
    pub certificate_file: PathBuf,
    /// The key of the first of them.
    pub key_file: PathBuf,
    /// The authorities of client certificates. Where there are some, nobody is let in without such a certificate.
    pub client_ca_file: Option<PathBuf>,
}

/// A file that is not what it must be, in words that say what to do. Shows nothing of its contents.
#[derive(Debug)]
pub struct Unusable {
    setting: &'static str,
    file: PathBuf,
    problem: String,
}

/// TLS as it is now. A clone is the same.
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    settings: Settings,
    now: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub async fn open(settings: Settings) -> Result<Self, Unusable> {
        let now = read(&settings).await?;
        Ok(Tls(Arc::new(Inner {
            settings,
            now: RwLock::new(Arc::new(now)),
        })))
    }

    /// Reads the files anew, for all connections from now on. If that fails, everything stays as it was.
    pub async fn reload(&self) -> Result<(), Unusable> {
        let new = Arc::new(read(&self.0.settings).await?);
        *self.0.now.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let now = self.0.now.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&now))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.0.settings).finish()
    }
}

async fn read(settings: &Settings) -> Result<ServerConfig, Unusable> {
    let Settings {
        certificate_file,
        key_file,
        client_ca_file,
    } = settings;
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(CERTIFICATE_FILE, certificate_file).await?;
    let key = key(key_file).await?;
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has the ciphers of both");
    let config = match client_ca_file {
        Some(file) => config.with_client_cert_verifier(verifier(file, provider).await?),
        None => config.with_no_client_auth(),
    };
    let config = config.with_single_cert(chain, key);
    let mut config = config.map_err(|error| {
        let problem = format!("does not fit {}: {error}", certificate_file.display());
        unusable(KEY_FILE, key_file, problem)
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    if client_ca_file.is_some() {
        // A session that is resumed is not verified again, so its certificate could have ended meanwhile.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

async fn key(file: &Path) -> Result<PrivateKeyDer<'static>, Unusable> {
    let pem = bytes(KEY_FILE, file).await?;
    let key = PrivateKeyDer::from_pem_slice(&pem);
    key.map_err(|_| unusable(KEY_FILE, file, "has no private key in PEM".into()))
}

async fn verifier(
    file: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Unusable> {
    let refused = |problem: String| unusable(CLIENT_CA_FILE, file, problem);
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(CLIENT_CA_FILE, file).await? {
        let added = authorities.add(certificate);
        added.map_err(|error| refused(format!("has a certificate of no authority: {error}")))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider);
    verifier.build().map_err(|error| refused(error.to_string()))
}

async fn certificates(
    setting: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = bytes(setting, file).await?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable(setting, file, "has no certificate in PEM".into())),
    }
}

async fn bytes(setting: &'static str, file: &Path) -> Result<Vec<u8>, Unusable> {
    let read = tokio::fs::read(file).await;
    read.map_err(|error| unusable(setting, file, format!("cannot be read: {error}")))
}

fn unusable(setting: &'static str, file: &Path, problem: String) -> Unusable {
    Unusable {
        setting,
        file: file.to_owned(),
        problem,
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unusable {
            setting,
            file,
            problem,
        } = self;
        write!(f, "{setting} = {:?} {problem}", file.display().to_string())
    }
}

impl Error for Unusable {}
