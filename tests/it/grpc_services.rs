//! What every gRPC server has besides its own services: health, reflection, compression, metrics.

use futures_util::stream;
use peerassist_gateway::grpc;
use peerassist_gateway::grpc::v1;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::reason;
use crate::support::stub::Answer;
use crate::support::stub::customers;

const SERVICES: [&str; 4] = [
    "",
    "peerassist.v1.AuthService",
    "peerassist.v1.CustomerService",
    "peerassist.v1.FwoService",
];

fn check(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.into(),
    }
}

#[tokio::test]
async fn health_is_told_until_the_draining_begins() {
    let door = Door::open(|_| Answer::status(500)).await;
    let mut health = HealthClient::new(door.channel());
    let mut watch = health.watch(check("")).await.unwrap().into_inner();
    let now = watch.message().await.unwrap().unwrap();
    assert_eq!(now.status(), ServingStatus::Serving);
    for service in SERVICES {
        let answer = health.check(check(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    door.health.draining().await;
    let then = watch.message().await.unwrap().unwrap();
    assert_eq!(then.status(), ServingStatus::NotServing);
    for service in SERVICES {
        let answer = health.check(check(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::NotServing, "{service}");
    }
}

#[tokio::test]
async fn the_health_of_an_unknown_service_is_not_found() {
    let door = Door::open(|_| Answer::status(500)).await;
    let mut health = HealthClient::new(door.channel());
    let status = health.check(check("peerassist.v1.Nothing")).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status), "NOT_FOUND");
}

async fn reflect(door: &Door, question: MessageRequest) -> Result<MessageResponse, tonic::Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let mut client = ServerReflectionClient::new(door.channel());
    let answers = client
        .server_reflection_info(stream::iter([request]))
        .await?;
    let answer = answers.into_inner().message().await?.unwrap();
    Ok(answer.message_response.unwrap())
}

#[tokio::test]
async fn reflection_describes_every_service() {
    let door = Door::open(|_| Answer::status(500)).await;
    let list = MessageRequest::ListServices(String::new());
    let Ok(MessageResponse::ListServicesResponse(listed)) = reflect(&door, list).await else {
        panic!("a list of services")
    };
    let mut names: Vec<String> = listed.service.into_iter().map(|s| s.name).collect();
    names.sort();
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "peerassist.v1.AuthService",
        "peerassist.v1.CustomerService",
        "peerassist.v1.FwoService",
    ];
    assert_eq!(names, expected);
    for symbol in expected {
        let question = MessageRequest::FileContainingSymbol(symbol.into());
        let Ok(MessageResponse::FileDescriptorResponse(files)) = reflect(&door, question).await
        else {
            panic!("the file of {symbol}")
        };
        let file = FileDescriptorProto::decode(&*files.file_descriptor_proto[0]).unwrap();
        assert!(symbol.starts_with(file.package()), "{symbol}");
    }
    let question = MessageRequest::FileByFilename("google/protobuf/timestamp.proto".into());
    assert!(matches!(
        reflect(&door, question).await,
        Ok(MessageResponse::FileDescriptorResponse(_))
    ));
}

#[tokio::test]
async fn older_tools_reflect_too() {
    use tonic_reflection::pb::v1alpha;
    let door = Door::open(|_| Answer::status(500)).await;
    let list = v1alpha::server_reflection_request::MessageRequest::ListServices(String::new());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(list),
    };
    let channel = door.channel();
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let answers = client.server_reflection_info(stream::iter([request])).await;
    assert!(
        answers
            .unwrap()
            .into_inner()
            .message()
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn reflection_can_be_left_out() {
    let settings = grpc::Settings {
        reflection: false,
        ..grpc::Settings::default()
    };
    let door = Door::open_with(settings, |_| Answer::status(500)).await;
    let list = MessageRequest::ListServices(String::new());
    let status = reflect(&door, list).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn messages_may_be_compressed_both_ways() {
    let door = Door::open(|asked| asked.page_of(&customers(50))).await;
    let mut client = door
        .customers()
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let list = asked(v1::ListCustomersRequest::default());
    let page = client.list_customers(list).await.unwrap();
    assert_eq!(page.metadata().get("grpc-encoding").unwrap(), "gzip");
    assert_eq!(page.into_inner().customers.len(), 25);
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_whether_compressed_or_not() {
    let door = Door::open(|_| Answer::status(500)).await;
    let list = v1::ListCustomersRequest {
        filter: "x".repeat(1024 * 1024),
        ..Default::default()
    };
    let mut plain = door.customers();
    let mut compressed = door.customers().send_compressed(CompressionEncoding::Gzip);
    for client in [&mut plain, &mut compressed] {
        let status = client
            .list_customers(asked(list.clone()))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn each_call_is_counted_with_its_method_and_code() {
    let door = Door::open(|asked| match asked.path.as_str() {
        "/customer" => asked.page_of(&customers(1)),
        _ => Answer::status(404),
    })
    .await;
    let list = asked(v1::ListCustomersRequest::default());
    door.customers().list_customers(list).await.unwrap();
    let get = asked(v1::GetFwoRequest { id: 1, view: 0 });
    door.fwos().get_fwo(get).await.unwrap_err();
    let metrics = door.metrics();
    for labels in [
        r#"method="peerassist.v1.CustomerService/ListCustomers",code="OK""#,
        r#"method="peerassist.v1.FwoService/GetFwo",code="NOT_FOUND""#,
    ] {
        let line = format!("rpc_server_call_duration_seconds_count{{{labels}}} 1");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}
