//! TLS: who is let in, what is agreed on, and certificates that change under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peerassist_gateway::grpc::v1::ListCustomersRequest;
use peerassist_gateway::grpc::v1::customer_service_client::CustomerServiceClient;
use peerassist_gateway::listener::Settings;
use peerassist_gateway::listener::tls;
use peerassist_gateway::listener::tls::Tls;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::Certificate;
use tonic::transport::ClientTlsConfig;
use tonic::transport::Endpoint;
use tonic::transport::Identity as TonicIdentity;

use crate::support::certificates::Authority;
use crate::support::certificates::Files;
use crate::support::certificates::Identity;
use crate::support::certificates::der;
use crate::support::door::asked;
use crate::support::listening::Listening;
use crate::support::listening::hello;
use crate::support::process::Process;
use crate::support::process::run;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

/// Long after this software.
const GOOD: i32 = 2099;

/// Long before it.
const EXPIRED: i32 = 2001;

/// A listener that says hello over TLS, to clients of `clients` alone where there is such an authority.
async fn listen(server: &Identity, clients: Option<&Authority>) -> Listening {
    listen_with(server, clients, Settings::default()).await
}

async fn listen_with(
    server: &Identity,
    clients: Option<&Authority>,
    settings: Settings,
) -> Listening {
    let mut files = Files::of(server);
    if let Some(clients) = clients {
        files = files.with_clients_of(clients);
    }
    let tls = tls::Settings {
        certificate_file: files.certificate(),
        key_file: files.key(),
        client_ca_file: clients.map(|_| files.client_ca()),
    };
    let tls = Tls::open(tls).await.unwrap();
    Listening::start_with(Some(tls), hello(), settings).await
}

async fn connect(
    address: SocketAddr,
    client: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::from(address.ip());
    TlsConnector::from(client).connect(name, tcp).await
}

/// What a client hears of `GET /`; nothing where the server does not want it. Over TLS 1.3 that is seen only here.
async fn greeting(address: SocketAddr, client: Arc<ClientConfig>) -> Option<String> {
    let mut stream = connect(address, client).await.ok()?;
    let ask = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    stream.write_all(ask).await.ok()?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.ok()?;
    heard.lines().last().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_chooses_between_http_2_and_http_1() {
    let authority = Authority::new("test");
    let listening = listen(&authority.sign(GOOD), None).await;
    let cases: [(&[&str], Option<&str>); 4] = [
        (&["h2", "http/1.1"], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["h2"], Some("h2")),
        (&[], None),
    ];
    for (offered, agreed) in cases {
        let client = authority.client(None, offered);
        let stream = connect(listening.address, client).await.unwrap();
        let (_, session) = stream.get_ref();
        let found = session.alpn_protocol().map(String::from_utf8_lossy);
        assert_eq!(found.as_deref(), agreed);
    }
    let strange = authority.client(None, &["spdy/3"]);
    assert!(connect(listening.address, strange).await.is_err());
    let client = authority.client(None, &["http/1.1"]);
    let greeting = greeting(listening.address, client).await;
    assert_eq!(greeting.as_deref(), Some("127.0.0.1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_with_a_good_certificate_come_in_where_one_is_wanted() {
    let (server, clients) = (Authority::new("server"), Authority::new("clients"));
    let listening = listen(&server.sign(GOOD), Some(&clients)).await;
    let other = Authority::new("clients");
    let cases = [
        ("a good one", Some(clients.sign(GOOD)), true),
        ("none", None, false),
        ("an expired one", Some(clients.sign(EXPIRED)), false),
        ("one of somebody else", Some(other.sign(GOOD)), false),
        ("the server's own", Some(server.sign(GOOD)), false),
    ];
    for (name, identity, welcome) in cases {
        let client = server.client(identity.as_ref(), &[]);
        let greeting = greeting(listening.address, client).await;
        assert_eq!(greeting.is_some(), welcome, "{name}");
    }
    listening.assert_counted("http_server_failed_handshakes_total 4");
}

/// A session that is resumed would not be verified again.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_looked_at_each_time() {
    let (server, clients) = (Authority::new("server"), Authority::new("clients"));
    let listening = listen(&server.sign(GOOD), Some(&clients)).await;
    let client = server.client(Some(&clients.sign(GOOD)), &[]);
    for _ in 0..2 {
        greeting(listening.address, client.clone()).await.unwrap();
        let stream = connect(listening.address, client.clone()).await.unwrap();
        let kind = stream.get_ref().1.handshake_kind();
        assert_eq!(kind, Some(rustls::HandshakeKind::Full));
    }
}

/// The beginning of a connection as a client offers TLS of at most this version, by its two bytes.
fn client_hello(version: [u8; 2]) -> Vec<u8> {
    let suites = [0, 4, 0xc0, 0x2b, 0xc0, 0x2f];
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let algorithms = [0, 13, 0, 4, 0, 2, 4, 3];
    let extensions = [&groups[..], &algorithms].concat();
    let length = u8::try_from(extensions.len()).unwrap();
    let hello = [
        &version[..],
        &[7; 32],
        &[0],
        &suites,
        &[1, 0, 0, length],
        &extensions,
    ]
    .concat();
    let length = u8::try_from(hello.len()).unwrap();
    let handshake = [&[1, 0, 0, length][..], &hello].concat();
    let length = u8::try_from(handshake.len()).unwrap();
    [&[22, 3, 1, 0, length][..], &handshake].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_than_tls_1_2_is_spoken() {
    let listening = listen(&Authority::new("test").sign(GOOD), None).await;
    // A ServerHello is a handshake record; a refusal is an alert, fatal, protocol_version.
    for (version, beginning) in [
        ([3, 3], &[22, 3, 3][..]),
        ([3, 2], &[21, 3, 3, 0, 2, 2, 70]),
        ([3, 1], &[21, 3, 3, 0, 2, 2, 70]),
        ([3, 0], &[21, 3, 3, 0, 2, 2, 70]),
    ] {
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        stream.write_all(&client_hello(version)).await.unwrap();
        let mut heard = vec![0; beginning.len()];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, beginning, "{version:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_stalls_is_given_up() {
    let settings = Settings {
        head_timeout: Duration::from_millis(150),
        ..Settings::default()
    };
    let authority = Authority::new("test");
    let listening = listen_with(&authority.sign(GOOD), None, settings).await;
    let mut half = TcpStream::connect(listening.address).await.unwrap();
    half.write_all(&client_hello([3, 3])[..20]).await.unwrap();
    assert_eq!(half.read(&mut [0; 64]).await.unwrap(), 0);
    listening.assert_counted("http_server_stalled_connections_total 1");
    // The same for who agrees on everything and then says nothing.
    let client = authority.client(None, &["h2"]);
    let mut silent = connect(listening.address, client).await.unwrap();
    assert!(matches!(silent.read(&mut [0; 64]).await, Ok(0) | Err(_)));
    listening.assert_counted("http_server_stalled_connections_total 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_text_is_not_understood_where_tls_is_spoken() {
    let listening = listen(&Authority::new("test").sign(GOOD), None).await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    let ask = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut heard = Vec::new();
    let _closed = stream.read_to_end(&mut heard).await;
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP/1.1"));
}

/// A gateway of its own with these certificates, and its address.
fn gateway(upstream: &StubUpstream, files: &Files, more: &[(&str, &str)]) -> (Process, SocketAddr) {
    let (certificate, key) = (files.certificate(), files.key());
    let variables = [
        (
            "PEERASSIST_TLS__CERTIFICATE_FILE",
            certificate.to_str().unwrap(),
        ),
        ("PEERASSIST_TLS__KEY_FILE", key.to_str().unwrap()),
    ];
    let upstream = format!("http://{}", upstream.address);
    let arguments = ["serve", "--upstream", &upstream];
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let arguments = [&arguments[..], &anywhere].concat();
    let mut process = Process::start(&arguments, &[&variables, more].concat());
    let address = process.line("gateway: https://").parse().unwrap();
    (process, address)
}

async fn upstream() -> StubUpstream {
    StubUpstream::start(|asked| asked.page_of(&customers(3))).await
}

/// The customers that GraphQL counts for a client of this kind; nothing where it is not let in.
async fn counted_over_graphql(
    address: SocketAddr,
    authority: &Authority,
    identity: Option<&Identity>,
) -> Option<Value> {
    let _there = rustls::crypto::ring::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    let mut client = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
    if let Some(Identity { certificate, key }) = identity {
        let pem = format!("{certificate}{key}");
        let identity = reqwest::Identity::from_pem(pem.as_bytes()).unwrap();
        client = client.identity(identity);
    }
    let request = client
        .build()
        .unwrap()
        .post(format!("https://{address}/graphql"));
    let body = serde_json::json!({ "query": "{ customers(first: 1) { totalCount } }" });
    let answer = request.bearer_auth("token").json(&body).send().await;
    let mut answer: Value = answer.ok()?.json().await.unwrap();
    Some(answer["data"]["customers"]["totalCount"].take())
}

/// The same over gRPC.
async fn counted_over_grpc(
    address: SocketAddr,
    authority: &Authority,
    identity: Option<&Identity>,
) -> Option<i64> {
    let mut tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&authority.pem));
    if let Some(Identity { certificate, key }) = identity {
        tls = tls.identity(TonicIdentity::from_pem(certificate, key));
    }
    let endpoint = Endpoint::new(format!("https://{address}")).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect().await.ok()?;
    let mut client = CustomerServiceClient::new(channel);
    let listed = client.list_customers(asked(ListCustomersRequest::default()));
    let listed = listed.await.ok()?.into_inner();
    listed.total_size
}

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_are_open_over_tls_to_whom_they_are_meant_for() {
    let (server, clients) = (Authority::new("server"), Authority::new("clients"));
    let files = Files::of(&server.sign(GOOD)).with_clients_of(&clients);
    let upstream = upstream().await;
    let client_ca = files.client_ca();
    let variable = (
        "PEERASSIST_TLS__CLIENT_CA_FILE",
        client_ca.to_str().unwrap(),
    );
    for (more, with, without) in [(vec![], true, true), (vec![variable], true, false)] {
        let (_process, address) = gateway(&upstream, &files, &more);
        let identity = clients.sign(GOOD);
        for (identity, welcome) in [(Some(&identity), with), (None, without)] {
            let graphql = counted_over_graphql(address, &server, identity).await;
            assert_eq!(graphql, welcome.then(|| 3.into()));
            let grpc = counted_over_grpc(address, &server, identity).await;
            assert_eq!(grpc, welcome.then_some(3));
        }
    }
}

/// The certificate that the server shows.
async fn shown(address: SocketAddr, authority: &Authority) -> CertificateDer<'static> {
    let client = authority.client(None, &["http/1.1"]);
    let stream = connect(address, client).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    shown[0].clone().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_brings_new_certificates_and_a_bad_one_changes_nothing() {
    let authority = Authority::new("test");
    let (old, new) = (authority.sign(GOOD), authority.sign(GOOD));
    let files = Files::of(&old);
    let (process, address) = gateway(&upstream().await, &files, &[]);
    assert_eq!(shown(address, &authority).await, der(&old.certificate));
    let client = authority.client(None, &["http/1.1"]);
    let mut kept = connect(address, client).await.unwrap();

    files.renew(&new);
    process.signal("HUP");
    process.until_logged("the certificates were read anew");
    assert_eq!(shown(address, &authority).await, der(&new.certificate));
    let ask = b"GET /nothing HTTP/1.1\r\nhost: test\r\n\r\n";
    kept.write_all(ask).await.unwrap();
    let mut heard = [0; 12];
    kept.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 404");

    let mismatched = Identity {
        key: old.key.clone(),
        ..new.clone()
    };
    let garbage = Identity {
        certificate: "marker".into(),
        key: "marker".into(),
    };
    for bad in [mismatched, garbage] {
        files.renew(&bad);
        process.signal("HUP");
        process.until_logged("the certificates stay as they were");
        assert_eq!(shown(address, &authority).await, der(&new.certificate));
    }
    process.signal("TERM");
    let ended = process.ended();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr.contains("marker") && !ended.stderr.contains("PRIVATE KEY"));
}

#[test]
fn certificates_that_cannot_be_used_are_wrong_configuration() {
    let authority = Authority::new("test");
    let (good, other) = (authority.sign(GOOD), authority.sign(GOOD));
    let files = Files::of(&good);
    let variables = |certificate: &str, key: &str, client_ca: &str| {
        let arguments = ["serve", "--upstream", "http://127.0.0.1:1"];
        let variables = [
            ("PEERASSIST_TLS__CERTIFICATE_FILE", certificate),
            ("PEERASSIST_TLS__KEY_FILE", key),
            ("PEERASSIST_TLS__CLIENT_CA_FILE", client_ca),
        ];
        let ended = run(&arguments, &variables);
        assert_eq!(ended.code, Some(78), "{ended:?}");
        ended.stderr
    };
    let (certificate, key) = (files.certificate(), files.key());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let no_file = variables("/nowhere.pem", key, "");
    assert!(no_file.contains("tls.certificate_file = \"/nowhere.pem\" cannot be read"));
    let no_certificate = variables(key, key, "");
    assert!(
        no_certificate.contains("tls.certificate_file")
            && no_certificate.contains("has no certificate in PEM")
    );
    let no_key = variables(certificate, certificate, "");
    assert!(no_key.contains("tls.key_file") && no_key.contains("has no private key in PEM"));
    let no_authority = variables(certificate, key, key);
    assert!(no_authority.contains("tls.client_ca_file"));
    std::fs::write(key, &other.key).unwrap();
    let mismatch = variables(certificate, key, "");
    assert!(
        mismatch.contains("tls.key_file") && mismatch.contains("does not fit"),
        "{mismatch}"
    );
}
