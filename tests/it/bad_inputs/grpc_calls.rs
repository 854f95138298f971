//! R1 to R11, R17, R24 to R26 and R31 to R34: the heads of calls, deadlines, and the services beside ours.

use std::time::Duration;

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use tokio::time::Instant;
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::HealthCheckResponse;

use crate::bad_inputs::call::Call;
use crate::bad_inputs::call::Reply;
use crate::bad_inputs::call::connect;
use crate::bad_inputs::frames::Connection;
use crate::bad_inputs::frames::END_HEADERS;
use crate::bad_inputs::frames::GOAWAY;
use crate::bad_inputs::frames::RST_STREAM;
use crate::bad_inputs::frames::SETTINGS;
use crate::bad_inputs::frames::request;
use crate::bad_inputs::process::Gateway;
use crate::bad_inputs::process::SLOW_CUSTOMER;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::call;
use crate::bad_inputs::row::run;
use crate::support::door::TOKEN;
use crate::support::door::framed;

pub(super) const IDS: &[&str] = &[
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R17", "R24", "R25", "R26",
    "R31", "R32", "R33", "R34",
];

pub(super) const GET_CUSTOMER: &str = "/peerassist.v1.CustomerService/GetCustomer";

/// gRPC's codes (statuscodes.md).
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

fn get(id: i64) -> Call {
    let by = Some(By::Id(id));
    Call::of(GET_CUSTOMER).message(&v1::GetCustomerRequest { by })
}

fn gzipped(message: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(message).unwrap();
    let packed = packed.finish().unwrap();
    let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
    [&[1][..], &length, &packed].concat()
}

fn heads() -> Vec<Case> {
    let by = v1::GetCustomerRequest {
        by: Some(By::Id(1)),
    };
    let packed = gzipped(&framed(&by)[5..]);
    let mut cases = vec![
        call("R1", "plain", get(1)).ok(),
        call(
            "R1",
            "gzip",
            get(1).header("grpc-encoding", "gzip").body(packed),
        )
        .ok(),
        call("R1", "identity", get(1).header("grpc-encoding", "identity")).ok(),
        call(
            "R1",
            "+proto",
            get(1).set("content-type", "application/grpc+proto"),
        )
        .ok(),
        call(
            "R3",
            "JSON's codec",
            get(1).set("content-type", "application/grpc+json"),
        )
        .no_call(415),
        call(
            "R4",
            "gRPC-Web",
            get(1).set("content-type", "application/grpc-web"),
        )
        .ok_in_body(),
        call("R6", "without te", get(1).set("te", "")).ok(),
        call("R17", "br", get(1).header("grpc-encoding", "br"))
            .fails(UNIMPLEMENTED, "UNIMPLEMENTED")
            .with("grpc-accept-encoding", "gzip,identity"),
        call("R17", "deflate", get(1).header("grpc-encoding", "deflate"))
            .fails(UNIMPLEMENTED, "UNIMPLEMENTED")
            .with("grpc-accept-encoding", "gzip,identity"),
    ];
    for kind in [
        "image/jpeg",
        "application/json",
        "text/html",
        "application/grpcx",
        "",
    ] {
        cases.push(call("R2", kind, get(1).set("content-type", kind)).no_call(415));
    }
    for method in ["GET", "DELETE", "PUT", "PATCH"] {
        cases.push(
            call("R5", method, get(1).method(method))
                .no_call(405)
                .with("allow", "POST, OPTIONS"),
        );
    }
    for path in [
        "/",
        "/a.B/C",
        "/peerassist.v1.CustomerService/",
        "/peerassist.v1.CustomerService/ForgetCustomer",
        "/peerassist.v1.customerservice/GetCustomer",
        "/peerassist.v1.CustomerService/getCustomer",
        "/peerassist.v1.CustomerService/GetCustomer/more",
        "/peerassist.v1.Customer%53ervice/GetCustomer",
        "//peerassist.v1.CustomerService/GetCustomer",
    ] {
        let unknown = Call {
            path: path.into(),
            ..get(1)
        };
        let unknown = call("R7", path, unknown).fails(UNIMPLEMENTED, "UNIMPLEMENTED");
        cases.push(unknown.with("content-type", "application/grpc"));
    }
    cases
}

fn callers() -> Vec<Case> {
    let bearer = format!("Bearer {TOKEN}");
    let with = |value: &str| get(1).set("authorization", value);
    let refused =
        |what: &str, call_: Call| call("R25", what, call_).fails(UNAUTHENTICATED, "TOKEN_INVALID");
    vec![
        call("R25", "no token", get(1).set("authorization", ""))
            .fails(UNAUTHENTICATED, "TOKEN_MISSING"),
        refused("two", get(1).header("authorization", bearer.clone())),
        refused("basic", with("Basic emVicmE=")),
        refused("no value", with("Bearer ")),
        refused("two tokens", with("Bearer zebra zebra")),
        refused("a list", with(&format!("{bearer}, {bearer}"))),
        refused(
            "too long",
            with(&format!("Bearer {}", "a".repeat(8 * 1024 + 1))),
        ),
    ]
}

/// What `-bin` metadata must be is for whoever reads it to judge; nobody here does.
fn metadata() -> Vec<Case> {
    let large = |bytes: usize| get(1).header("x-large", "a".repeat(bytes));
    let mut cases = vec![
        call("R24", "14 KiB", large(14 * 1024)).ok(),
        call("R24", "20 KiB", large(20 * 1024)).no_call(431),
        call("R24", "many small ones", {
            (0..200).fold(get(1), |call, _| call.header("x-small", "a".repeat(60)))
        })
        .no_call(431),
    ];
    for value in [&b"not base64!"[..], b"=", b"a", b"\xff\xfe", b"YQ==,YQ"] {
        let call_ = get(1).header("x-trace-bin", value);
        cases.push(call("R26", String::from_utf8_lossy(value), call_).ok());
    }
    let details = get(1)
        .header("grpc-status-details-bin", "!")
        .header("grpc-status", "7");
    cases.push(call("R26", "an answer's own names", details).ok());
    cases
}

fn deadlines() -> Vec<Case> {
    let with = |timeout: &str| get(SLOW_CUSTOMER).header("grpc-timeout", timeout);
    let mut cases = vec![
        call("R8", "passes", with("300m"))
            .fails(DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT")
            .costs(1),
        call("R10", "two", with("5S").header("grpc-timeout", "5S"))
            .fails(INTERNAL, "MALFORMED_REQUEST"),
        call(
            "R11",
            "for ever",
            get(1).header("grpc-timeout", "99999999H"),
        )
        .ok(),
    ];
    for none in ["0n", "0S", "00000000H"] {
        cases.push(call("R9", none, with(none)).fails(DEADLINE_EXCEEDED, "UPSTREAM_TIMEOUT"));
    }
    for bad in [
        "abc",
        "-5S",
        "+5S",
        "123456789n",
        "5",
        "S",
        "5s",
        "5 S",
        "1.5S",
        "0x5S",
    ] {
        let malformed = call("R10", bad, with(bad)).fails(INTERNAL, "MALFORMED_REQUEST");
        cases.push(malformed.and_reply(tells_what_is_malformed));
    }
    cases
}

fn tells_what_is_malformed(reply: &Reply) -> Result<(), String> {
    let failure = reply.failure();
    let message = failure.as_ref().map_or("", |failure| failure.message());
    (message == "malformed grpc-timeout")
        .then_some(())
        .ok_or(format!("{message:?}"))
}

/// R32: `grpc.health.v1` as its contract has it.
fn health() -> Vec<Case> {
    let of = |service: &str| {
        let service = service.into();
        let check =
            Call::of("/grpc.health.v1.Health/Check").message(&HealthCheckRequest { service });
        check.set("authorization", "")
    };
    let serves = |reply: &Reply| match reply.message::<HealthCheckResponse>().status {
        1 => Ok(()),
        other => Err(format!("status {other}")),
    };
    vec![
        call("R32", "the whole", of("")).ok().and_reply(serves),
        call("R32", "ours", of("peerassist.v1.CustomerService"))
            .ok()
            .and_reply(serves),
        call("R32", "unknown", of("zebra")).fails(NOT_FOUND, "NOT_FOUND"),
    ]
}

/// R33: a list of services, asked in the form of either version of reflection.
fn reflection(version: &str) -> Call {
    let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
    // list_services = 7, an empty text.
    Call::of(&path).body([&[0, 0, 0, 0, 3][..], &[0x3a, 1, b'*']].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_post_of_protobuf_to_a_method_that_is_there() {
    let gateway = Gateway::start(&[]).await;
    run(&gateway, heads()).await;
    run(&gateway, callers()).await;
    run(&gateway, metadata()).await;
    run(&gateway, deadlines()).await;
    run(&gateway, health()).await;
    for version in ["v1", "v1alpha"] {
        let names = |reply: &Reply| {
            let told = String::from_utf8_lossy(&reply.body).into_owned();
            let known = told.contains("peerassist.v1.FwoService");
            known
                .then_some(())
                .ok_or("the services are not told".to_owned())
        };
        run(
            &gateway,
            vec![
                call("R33", version, reflection(version))
                    .ok()
                    .and_reply(names),
            ],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_that_is_off_is_not_there() {
    let gateway = Gateway::start(&[("PEERASSIST_GRPC__REFLECTION", "false")]).await;
    let off = ["v1", "v1alpha"].map(|version| {
        call("R33", version, reflection(version)).fails(UNIMPLEMENTED, "UNIMPLEMENTED")
    });
    run(&gateway, off.into()).await;
}

/// R8 and R31: whoever waits no longer, by deadline or by hanging up, holds no upstream call.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_nobody_waits_for_is_given_up() {
    let gateway = Gateway::start(&[]).await;
    let mut client = connect(gateway.address).await;
    let begun = Instant::now();
    let call = client.send_request(get(SLOW_CUSTOMER).request(gateway.address));
    assert!(timeout(Duration::from_millis(300), call).await.is_err());
    gateway.upstream.is_idle().await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    gateway.is_well("R31").await.unwrap();
    let begun = Instant::now();
    let reply = get(SLOW_CUSTOMER)
        .header("grpc-timeout", "300m")
        .send(gateway.address)
        .await;
    assert_eq!(reply.code(), Some(DEADLINE_EXCEEDED));
    gateway.upstream.is_idle().await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    gateway.is_well("R8").await.unwrap();
}

/// R34: 100 streams at a time. Whoever keeps to what SETTINGS says is served however many calls it has, and whoever
/// does not is refused stream by stream, and then altogether.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_a_hundred_streams_at_a_time() {
    let gateway = Gateway::start(&[]).await;
    let client = connect(gateway.address).await;
    let calls = (0..1_000).map(|_| {
        let (mut client, request) = (client.clone(), get(1).request(gateway.address));
        async move {
            client.ready().await.unwrap();
            Reply::read(client.send_request(request).await.unwrap()).await
        }
    });
    let replies = join_all(calls).await;
    // A slow machine sheds some of them, each with an answer of its own.
    let answered = |reply: &Reply| matches!(reply.code(), Some(0 | UNAVAILABLE));
    assert!(replies.iter().all(answered));

    let mut rude = Connection::open(gateway.address).await;
    let streams = (1..20_000).step_by(2);
    let opened: Vec<u8> = streams
        .flat_map(|stream| request(stream, END_HEADERS))
        .collect();
    let _cut_off_in_between = rude.send(&opened).await;
    let (mut advertised, mut refused) = (None, 0);
    let ended = loop {
        let Some(frame) = rude.next(Duration::from_secs(5)).await else {
            break None;
        };
        match frame.kind {
            SETTINGS if advertised.is_none() => advertised = Some(streams_max(&frame.payload)),
            RST_STREAM => refused += 1,
            GOAWAY => break Some(frame.payload[7]),
            _ => {}
        }
    };
    println!("R34: {advertised:?} advertised, {refused} streams refused, then GOAWAY({ended:?})");
    assert_eq!(advertised, Some(100));
    assert!(refused > 0 || ended.is_some());
    gateway.is_well("R34").await.unwrap();
}

/// SETTINGS_MAX_CONCURRENT_STREAMS, 3.
fn streams_max(settings: &[u8]) -> u32 {
    let setting = settings.chunks(6).find(|setting| setting[..2] == [0, 3]);
    setting.map_or(u32::MAX, |setting| {
        u32::from_be_bytes(setting[2..].try_into().unwrap())
    })
}
