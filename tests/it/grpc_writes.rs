//! What every write over gRPC is told, however it ends: by refusal, by silence, by the client's deadline or its hanging up.

use std::time::Duration;

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::door::Door;
use crate::support::door::asked;
use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::door::status;
use crate::support::stub::Answer;

const UPDATE_CUSTOMER: &str = "/peerassist.v1.CustomerService/UpdateCustomer";
const REQUEST_ID: &str = "5b4b3c1e-0f53-4a6f-9d0a-3a1f1f6f9b01";

fn create() -> v1::CreateCustomerRequest {
    let customer = v1::Customer {
        name: Some("Old Mill Builders".into()),
        number: Some("01000".into()),
        contact_name: Some("Ann Mill".into()),
        contact_email: Some("ann@oldmill.example".into()),
        contact_phone: Some("6145550100".into()),
        ..v1::Customer::default()
    };
    v1::CreateCustomerRequest {
        customer: Some(customer),
        request_id: REQUEST_ID.into(),
    }
}

fn update(id: i64) -> v1::UpdateCustomerRequest {
    let customer = v1::Customer {
        id,
        city: Some("Dayton".into()),
        ..v1::Customer::default()
    };
    v1::UpdateCustomerRequest {
        customer: Some(customer),
        update_mask: None,
    }
}

/// An upstream of customers that takes its time for what `slow` names.
async fn door(slow: &'static str, delay: Duration) -> Door {
    Door::open(move |asked| {
        let id = asked.path.rsplit('/').next().unwrap().parse().unwrap_or(4);
        let answer = Answer::json(json!({ "id": id, "name": "Old Mill Builders" }));
        if asked.method == slow {
            answer.after(delay)
        } else {
            answer
        }
    })
    .await
}

/// How often the upstream was asked so.
fn count(door: &Door, method: &str) -> usize {
    let asked = door.stub.asked();
    asked.iter().filter(|asked| asked.method == method).count()
}

#[tokio::test]
async fn a_write_that_nobody_can_account_for_is_unknown_and_never_sent_again() {
    for answer in [500, 502, 503, 504] {
        let door = Door::open(move |_| Answer::status(answer)).await;
        for _ in 0..2 {
            let refused = door.customers().create_customer(asked(create())).await;
            let status = refused.unwrap_err();
            assert_eq!(status.code(), Code::Unknown, "{answer}");
            assert_eq!(reason(&status), "WRITE_OUTCOME_UNKNOWN");
            assert!(status.get_details_retry_info().is_none());
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.metadata["request_id"], REQUEST_ID);
        }
        assert_eq!(door.stub.calls(), 1, "{answer}");
    }
}

/// Two threads, so that the timers of the call and of the write in it could be heard in either order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_once_a_write_has_left_says_that_nobody_knows() {
    let door = door("PUT", Duration::from_secs(4)).await;
    let updates: Vec<_> = (1..=50).map(update).collect();
    let timeout = [("grpc-timeout", "500m")];
    let calls = updates
        .iter()
        .map(|update| door.post(UPDATE_CUSTOMER, update, &timeout));
    let responses = join_all(calls).await;
    let sent = door.stub.asked();
    let mut unknown = 0;
    for (id, response) in (1..).zip(responses) {
        let status = status(&response);
        let path = format!("/customer/{id}");
        let has_left = sent.iter().any(|a| a.method == "PUT" && a.path == path);
        // On a busy machine some are late, and then they say the other thing.
        let told = match has_left {
            true => (Code::Unknown, "WRITE_OUTCOME_UNKNOWN"),
            false => (Code::DeadlineExceeded, "UPSTREAM_TIMEOUT"),
        };
        assert_eq!((status.code(), reason(&status).as_str()), told, "{id}");
        unknown += usize::from(has_left);
    }
    assert!(unknown > 0);
}

#[tokio::test]
async fn a_deadline_that_passes_before_a_write_has_left_says_so_and_nothing_leaves() {
    let door = door("GET", Duration::from_secs(1)).await;
    let timeout = [("grpc-timeout", "300m")];
    let response = door.post(UPDATE_CUSTOMER, &update(4), &timeout).await;
    let status = status(&response);
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "UPSTREAM_TIMEOUT");
    assert!(status.message().ends_with("nothing was done"), "{status:?}");
    // Writes of one customer take turns: this one's ends after the first one's.
    let update = door.customers().update_customer(asked(update(4))).await;
    assert!(update.is_ok());
    assert_eq!(count(&door, "PUT"), 1);
}

#[tokio::test]
async fn a_write_that_waits_for_the_one_before_it_waits_no_longer_than_its_caller() {
    let door = door("PUT", Duration::from_secs(2)).await;
    let mut client = door.customers();
    let first = tokio::spawn(async move { client.update_customer(asked(update(4))).await });
    let has_left = async {
        while count(&door, "PUT") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), has_left)
        .await
        .unwrap();
    let timeout = [("grpc-timeout", "300m")];
    let response = door.post(UPDATE_CUSTOMER, &update(4), &timeout).await;
    let status = status(&response);
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().ends_with("nothing was done"), "{status:?}");
    assert!(first.await.unwrap().is_ok());
    assert_eq!(count(&door, "PUT"), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_a_write_under_way() {
    let door = door("POST", Duration::from_millis(500)).await;
    let mut client = door.customers();
    let call = tokio::spawn(async move { client.create_customer(asked(create())).await });
    // 5 s: the request arrives within milliseconds.
    let arrived = async {
        while door.stub.calls() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), arrived)
        .await
        .unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // The same request joins the write that goes on; had it been stopped, there would be another one.
    let made = door.customers().create_customer(asked(create())).await;
    assert_eq!(made.unwrap().into_inner().id, 4);
    assert_eq!(door.stub.calls(), 1);
}

#[tokio::test]
async fn no_number_of_violations_outgrows_the_trailers() {
    let door = Door::open(|_| Answer::status(500)).await;
    let line = v1::LaborLine {
        work_date: Some("tomorrow".into()),
        double_time_hours: Some("many".into()),
        double_time_rate: Some("x".repeat(100)),
        ..v1::LaborLine::default()
    };
    let detail = v1::FwoDetail {
        labor: vec![line; 500],
        ..v1::FwoDetail::default()
    };
    let fwo = v1::Fwo {
        detail: Some(detail),
        ..v1::Fwo::default()
    };
    let paths = (0..500).map(|place| format!("no_such_field_{place}"));
    let create = v1::CreateFwoRequest {
        fwo: Some(fwo.clone()),
        request_id: "x".into(),
    };
    let update = v1::UpdateFwoRequest {
        fwo: Some(fwo),
        update_mask: Some(prost_types::FieldMask {
            paths: paths.chain(["detail.labor".to_owned()]).collect(),
        }),
    };
    for refused in [
        door.fwos().create_fwo(asked(create)).await,
        door.fwos().update_fwo(asked(update)).await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status).len(), 20);
        // Clients accept 8 KiB of headers; details go in base64, which is a third longer.
        let bytes = status.details().len() * 4 / 3 + status.message().len();
        assert!(bytes < 6 * 1024, "{bytes}");
    }
    assert_eq!(door.stub.calls(), 0);
}
