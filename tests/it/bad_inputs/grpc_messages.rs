//! R12 to R16, R18 to R23 and R27 to R30: framing, compression, protobuf, and the rules of our fields.

use flate2::Compression;
use flate2::write::GzEncoder;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use prost::Message;
use std::io::Write;

use crate::bad_inputs::call::Call;
use crate::bad_inputs::call::Reply;
use crate::bad_inputs::graphql_values::HOSTILE;
use crate::bad_inputs::grpc_calls::GET_CUSTOMER;
use crate::bad_inputs::process::Gateway;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::call;
use crate::bad_inputs::row::run;
use crate::support::door::framed;

pub(super) const IDS: &[&str] = &[
    "R12", "R13", "R14", "R15", "R16", "R18", "R19", "R20", "R21", "R22", "R23", "R27", "R28",
    "R29", "R30",
];

const LIST_CUSTOMERS: &str = "/peerassist.v1.CustomerService/ListCustomers";
const GET_FWO: &str = "/peerassist.v1.FwoService/GetFwo";

const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

fn message() -> Vec<u8> {
    let by = Some(By::Id(1));
    framed(&v1::GetCustomerRequest { by })
}

/// A frame with this flag and this length, and these bytes behind it.
fn frame(flag: u8, length: u32, bytes: &[u8]) -> Vec<u8> {
    [&[flag][..], &length.to_be_bytes(), bytes].concat()
}

/// A frame of these bytes.
fn whole(flag: u8, bytes: &[u8]) -> Vec<u8> {
    frame(flag, u32::try_from(bytes.len()).unwrap(), bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn framing() -> Vec<Case> {
    let get = |body: Vec<u8>| Call::of(GET_CUSTOMER).body(body);
    let two = [message(), message()].concat();
    let empty_second = [message(), whole(0, &[])].concat();
    let malformed = |id, what: &str, body: Vec<u8>| {
        call(id, what, get(body)).fails(INTERNAL, "MALFORMED_REQUEST")
    };
    let packed =
        |id, what: &str, body: Vec<u8>| call(id, what, get(body).header("grpc-encoding", "gzip"));
    let zeros = vec![0; 64 * 1024 * 1024];
    vec![
        call("R12", "no message", get(Vec::new())).fails(UNIMPLEMENTED, "UNIMPLEMENTED"),
        call("R13", "two messages", get(two)).fails(UNIMPLEMENTED, "UNIMPLEMENTED"),
        call(
            "R13",
            "a second cut short",
            get([message(), vec![0]].concat()),
        )
        .fails(UNIMPLEMENTED, "UNIMPLEMENTED"),
        call("R13", "a second that is empty", get(empty_second))
            .fails(UNIMPLEMENTED, "UNIMPLEMENTED"),
        malformed("R14", "a prefix cut short", vec![0, 0]),
        malformed("R14", "a prefix and no message", frame(0, 9, b"")),
        malformed("R14", "a message cut short", frame(0, 9, b"\x08")),
        malformed("R15", "flag 2", whole(2, b"")),
        malformed("R15", "flag 255", whole(255, b"")),
        malformed(
            "R16",
            "compressed without a coding",
            whole(1, &gzip(b"\x08\x01")),
        ),
        packed("R18", "gzip garbage", whole(1, b"zebra zebra zebra"))
            .fails(INTERNAL, "MALFORMED_REQUEST"),
        packed("R18", "gzip cut short", whole(1, &gzip(b"\x08\x01")[..12]))
            .fails(INTERNAL, "MALFORMED_REQUEST"),
        packed("R19", "64 MiB in 64 KB", whole(1, &gzip(&zeros)))
            .fails(RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"),
        call("R20", "5 MiB", get(whole(0, &zeros[..5 * 1024 * 1024])))
            .fails(RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"),
        call(
            "R20",
            "4 GiB by its length",
            get(frame(0, u32::MAX, b"\x08\x01")),
        )
        .fails(RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"),
    ]
}

/// The library names the field of its schema at fault, never what stood in it.
fn protobuf() -> Vec<Case> {
    let get = |bytes: &[u8]| Call::of(GET_CUSTOMER).body(whole(0, bytes));
    let malformed = |id, what: &str, bytes: &[u8]| {
        call(id, what, get(bytes)).fails(INTERNAL, "MALFORMED_REQUEST")
    };
    // Field 9 as a group in a group; 0x4b opens it and 0x4c closes it.
    let groups = |n: usize| [vec![0x4b; n], vec![0x4c; n]].concat();
    vec![
        malformed("R21", "half a varint", b"\x08\xff"),
        malformed(
            "R21",
            "a varint of 11 bytes",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ),
        malformed("R21", "invalid UTF-8", b"\x12\x02\xff\xfe"),
        malformed("R21", "an overlong form", b"\x12\x02\xc0\xaf"),
        malformed("R21", "a lone surrogate", b"\x12\x03\xed\xa0\x80"),
        malformed("R21", "a wrong wire type", b"\x0a\x05zebra"),
        malformed("R21", "wire type 7", b"\x0f\x01"),
        malformed("R21", "field 0", b"\x00\x01"),
        malformed("R21", "longer than the message", b"\x12\x7fzebra"),
        call(
            "R22",
            "unknown fields",
            get(b"\x08\x01\xaa\x06\x05zebra\xb0\x06\x01"),
        )
        .ok(),
        malformed("R23", "200 groups", &groups(200)),
        malformed("R23", "a group that never closes", &[0x4b; 50]),
    ]
}

fn ids() -> Vec<Case> {
    let by = |by| Call::of(GET_CUSTOMER).message(&v1::GetCustomerRequest { by });
    let invalid = |id, what: &str, call_: Call| {
        call(id, what, call_)
            .fails(INVALID_ARGUMENT, "INVALID_INPUT")
            .and_reply(names_a_field)
    };
    let mut cases = vec![
        invalid("R27", "neither", by(None)),
        invalid("R27", "0", by(Some(By::Id(0)))),
        invalid("R27", "-1", by(Some(By::Id(-1)))),
        invalid("R27", "the least", by(Some(By::Id(i64::MIN)))),
        invalid("R27", "empty", by(Some(By::Number(String::new())))),
        invalid(
            "R27",
            "300 characters",
            by(Some(By::Number("9".repeat(300)))),
        ),
        invalid(
            "R27",
            "control character",
            by(Some(By::Number("a\u{0}b".into()))),
        ),
    ];
    // A number is a text of a filter: whatever it says goes as one parameter.
    for hostile in HOSTILE
        .into_iter()
        .filter(|text| !text.is_empty() && !text.contains(char::is_control))
    {
        let number = by(Some(By::Number(hostile.into())));
        cases.push(call("R27", hostile, number).found_or_not().costs(1));
    }
    cases
}

fn names_a_field(reply: &Reply) -> Result<(), String> {
    use tonic_types::StatusExt;
    let failure = reply.failure().ok_or("no failure")?;
    let request = failure.get_details_bad_request().ok_or("no BadRequest")?;
    let named = request
        .field_violations
        .iter()
        .all(|violation| !violation.field.is_empty());
    named.then_some(()).ok_or("a violation of no field".into())
}

fn lists() -> Vec<Case> {
    let list = |page_size, page_token: &str| {
        let request = v1::ListCustomersRequest {
            page_size,
            page_token: page_token.into(),
            ..Default::default()
        };
        Call::of(LIST_CUSTOMERS).message(&request)
    };
    let mut cases = vec![
        call("R28", "-1", list(-1, ""))
            .fails(INVALID_ARGUMENT, "INVALID_INPUT")
            .and_reply(names_a_field),
        call("R28", "0", list(0, "")).ok().costs(1),
        call("R28", "10^6", list(1_000_000, "")).ok().costs(1),
    ];
    let long = "A".repeat(10 * 1024);
    for token in ["zebra", "not base64!", "../../customers", &long, "MQ=="] {
        let refused =
            call("R29", token, list(1, token)).fails(INVALID_ARGUMENT, "INVALID_PAGE_TOKEN");
        cases.push(refused.and_reply(names_a_field));
    }
    let view = |view| Call::of(GET_FWO).message(&v1::GetFwoRequest { id: 1, view });
    cases.push(
        call("R30", "99", view(99))
            .fails(INVALID_ARGUMENT, "INVALID_INPUT")
            .and_reply(names_a_field),
    );
    cases.push(
        call("R30", "-1", view(-1))
            .fails(INVALID_ARGUMENT, "INVALID_INPUT")
            .and_reply(names_a_field),
    );
    cases
}

/// R29: a token is good for the caller, the filter and the order that it was made under, and for nobody else.
async fn tokens(gateway: &Gateway) {
    let list = |page_token: &str, filter: &str, order_by: &str| {
        let request = v1::ListCustomersRequest {
            page_size: 1,
            page_token: page_token.into(),
            filter: filter.into(),
            order_by: order_by.into(),
            ..Default::default()
        };
        Call::of(LIST_CUSTOMERS).message(&request)
    };
    let first = list("", "", "").send(gateway.address).await;
    let token = first.message::<v1::ListCustomersResponse>().next_page_token;
    assert!(!token.is_empty());
    let good = list(&token, "", "").send(gateway.address).await;
    assert_eq!(good.code(), Some(0));
    let other = "Bearer b3RoZXItdG9rZW4";
    for (what, call) in [
        ("another filter", list(&token, "number = \"1\"", "")),
        ("another order", list(&token, "", "name")),
        (
            "another user",
            list(&token, "", "").set("authorization", other),
        ),
        ("cut short", list(&token[1..], "", "")),
    ] {
        let reply = call.send(gateway.address).await;
        let found = (reply.code(), reply.reason());
        assert_eq!(
            found,
            (Some(INVALID_ARGUMENT), "INVALID_PAGE_TOKEN".into()),
            "{what}"
        );
    }
    gateway.is_well("R29").await.unwrap();
}

/// A refusal tells of at most 20 fields, and fits the trailers however many there are.
async fn violations(gateway: &Gateway) {
    let paths = (0..500).map(|n| format!("unknown_{n}")).collect();
    let update_mask = Some(prost_types::FieldMask { paths });
    let id = 1;
    let customer = Some(v1::Customer {
        id,
        ..Default::default()
    });
    let update = v1::UpdateCustomerRequest {
        customer,
        update_mask,
    };
    let call_ = Call::of("/peerassist.v1.CustomerService/UpdateCustomer").message(&update);
    assert!(update.encoded_len() > 5_000);
    let case = call("R27", "500 paths", call_).fails(INVALID_ARGUMENT, "INVALID_INPUT");
    run(gateway, vec![case.and_reply(names_a_field)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unary_call_is_one_message_that_can_be_read() {
    let gateway = Gateway::start(&[]).await;
    run(&gateway, framing()).await;
    run(&gateway, protobuf()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_breaks_its_rule_is_named() {
    let gateway = Gateway::start(&[]).await;
    run(&gateway, ids()).await;
    run(&gateway, lists()).await;
    tokens(&gateway).await;
    violations(&gateway).await;
}
