//! An upstream behind TLS, with a certificate as a test wants it and frames of HTTP/2 by hand.

use std::path::Path;
use std::sync::Arc;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Whom a certificate names, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certificate {
    Good,
    Expired,
    OfAnotherName,
    /// Made by somebody whom nobody trusts.
    OfNobody,
}

/// An authority, which the gateway trusts by `SSL_CERT_FILE`.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn write(&self, file: &Path) {
        std::fs::write(file, self.0.pem()).unwrap();
    }

    /// A server with such a certificate, which speaks what it is asked for of these.
    pub(crate) fn acceptor(&self, certificate: Certificate, speaks: &[&str]) -> TlsAcceptor {
        let _there = rustls::crypto::ring::default_provider().install_default();
        let name = match certificate {
            Certificate::OfAnotherName => "elsewhere.example",
            _ => "localhost",
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = match certificate {
            Certificate::Expired => rcgen::date_time_ymd(2021, 1, 1),
            _ => rcgen::date_time_ymd(2090, 1, 1),
        };
        let key = KeyPair::generate().unwrap();
        let stranger = Authority::new();
        let issuer = match certificate {
            Certificate::OfNobody => &stranger.0,
            _ => &self.0,
        };
        let chain = params.signed_by(&key, issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![chain.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = speaks.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Kinds of frames (RFC 9113, 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame of HTTP/2.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A server's side of one connection, once it is asked for something.
pub(crate) struct Frames {
    stream: TlsStream<TcpStream>,
}

impl Frames {
    /// Greets the client.
    pub(crate) async fn greet(mut stream: TlsStream<TcpStream>) -> Option<Self> {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.ok()?;
        let settings = [frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, ACK, 0, &[])].concat();
        stream.write_all(&settings).await.ok()?;
        Some(Frames { stream })
    }

    /// The stream of the next request, once all of it has come.
    pub(crate) async fn request(&mut self) -> Option<u32> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.stream.read_exact(&mut payload).await.ok()?;
            let is_of_request = matches!(head[3], DATA | HEADERS);
            if is_of_request && head[4] & END_STREAM != 0 {
                return Some(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
            }
        }
    }

    pub(crate) async fn send(&mut self, frames: &[u8]) {
        let _gone = self.stream.write_all(frames).await;
        let _gone = self.stream.flush().await;
    }

    /// Answers 200 with JSON.
    pub(crate) async fn answer(&mut self, stream: u32, body: &str) {
        let kind = "application/json";
        // `:status: 200` and `content-type` of the static table (RFC 7541, appendix A).
        let length = u8::try_from(kind.len()).unwrap();
        let head = [&[0x88, 0x0f, 0x10, length], kind.as_bytes()].concat();
        let head = frame(HEADERS, END_HEADERS, stream, &head);
        let body = frame(DATA, END_STREAM, stream, body.as_bytes());
        self.send(&[head, body].concat()).await;
    }

    /// Says which streams count, and why no more come.
    pub(crate) async fn go_away(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.send(&frame(GOAWAY, 0, 0, &payload)).await;
    }

    /// Gives one stream up.
    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.send(&frame(RST_STREAM, 0, stream, &code.to_be_bytes()))
            .await;
    }

    /// Reads and says nothing until the client goes.
    pub(crate) async fn ignore(&mut self) {
        while self.request().await.is_some() {}
    }
}
