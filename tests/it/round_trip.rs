//! What an update does not name goes back to the upstream to the letter, whether the gateway knows it or not.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;

use crate::support::stack::impatient_gateway;
use crate::support::stub::Answer;
use crate::support::stub::StubUpstream;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

/// A customer with twelve members that nobody modelled, and nulls that are said out loud.
const CUSTOMER: &str = r#"{"id":3,"name":"Mill","number":"01000","address1":"1 Mill Road","address2":null,"city":"Dublin","state":null,"zipCode":"43017","contactName":"Ann","contactEmail":"ann@mill.example","contactPhone":"1","billingContact":null,"billingContactEmail":null,"billingContactPhone":null,"status":"ACTIVE","creditLimit":1500.50,"rating":1.5E3,"serial":12345678901234567890,"taxId":null,"tags":["a",null,{"b":[]}],"parent":{"id":7,"name":"Höld\u0069ng","open":null},"vip":false,"note":"","größe":"ß","a\"b":"\/","empty":{},"since":[2024,5,14]}"#;

const FWO: &str = r#"{"id":9,"number":"000009","projectId":1,"type":"FIELD_WORK","status":"ENTRY","summary":"Patch","description":"Patch it","categories":[],"romAmount":null,"amount":0.10,"weather":{"rain":true},"labor":[{"id":1,"employeeName":"Ann","badge":"B7","regularHours":8.0,"amount":1E2},{"id":2,"employeeName":"Bo","badge":null}],"pricing":{"total":0.10,"tax":{"rate":7.250},"overheadPercent":10},"signature":null,"version":18}"#;

/// An upstream that holds these two texts and whatever is put in their place.
async fn upstream() -> (StubUpstream, Arc<Mutex<[String; 2]>>) {
    let held = Arc::new(Mutex::new([CUSTOMER.to_owned(), FWO.to_owned()]));
    let texts = held.clone();
    let stub = StubUpstream::start(move |asked| {
        let mut texts = texts.lock().unwrap();
        let text = &mut texts[usize::from(asked.path.starts_with("/fwo"))];
        if asked.method == "PUT" {
            asked.body.clone_into(text);
        }
        Answer::text(text)
    })
    .await;
    (stub, held)
}

#[tokio::test]
async fn a_customer_differs_upstream_in_the_changed_member_alone() {
    for place in [0, 1] {
        change_a_customer(place).await;
    }
}

/// The same changes at the door of this place.
async fn change_a_customer(place: usize) {
    let (stub, held) = upstream().await;
    let (_gateway, user) = impatient_gateway(&format!("http://{}", stub.address));
    let mut door = Writer::both(&user).await.into_iter().nth(place).unwrap();
    let id = global_id("Customer", 3);
    let mut expected = CUSTOMER.to_owned();
    for (change, before, after) in [
        (
            json!({ "city": "Dayton" }),
            r#""city":"Dublin""#,
            r#""city":"Dayton""#,
        ),
        (
            json!({ "city": null }),
            r#""city":"Dayton""#,
            r#""city":null"#,
        ),
        (
            json!({ "address2": "Flör \"2\"" }),
            r#""address2":null"#,
            r#""address2":"Flör \"2\"""#,
        ),
    ] {
        let mut input = change;
        input["id"] = json!(id);
        door.update_customer(input).await.done();
        assert!(expected.contains(before));
        expected = expected.replace(before, after);
        assert_eq!(held.lock().unwrap()[0], expected);
    }
}

/// Changes order 9 and gives what the upstream holds then.
async fn changed(door: &mut Writer, held: &Mutex<[String; 2]>, changes: Value) -> String {
    let mut input = changes;
    input["id"] = json!(global_id("Fwo", 9));
    door.update_fwo(input).await.done();
    held.lock().unwrap()[1].clone()
}

#[tokio::test]
async fn an_order_keeps_what_nobody_modelled_in_its_lines_too() {
    for place in [0, 1] {
        change_an_order(place).await;
    }
}

/// The same changes at the door of this place.
async fn change_an_order(place: usize) {
    let (stub, held) = upstream().await;
    let (_gateway, user) = impatient_gateway(&format!("http://{}", stub.address));
    let mut door = Writer::both(&user).await.into_iter().nth(place).unwrap();
    let summary = changed(&mut door, &held, json!({ "summary": "Paint" })).await;
    let expected = FWO.replace(r#""summary":"Patch""#, r#""summary":"Paint""#);
    assert_eq!(summary, expected);
    let labor = json!({ "labor": [
        { "databaseId": "2", "employeeName": "Bob" },
        { "employeeName": "Cy", "regularHours": "7.50", "workDate": "2024-05-14" },
    ] });
    let lines = changed(&mut door, &held, labor).await;
    let before = r#"{"id":1,"employeeName":"Ann","badge":"B7","regularHours":8.0,"amount":1E2},{"id":2,"employeeName":"Bo","badge":null}"#;
    let after = r#"{"id":2,"employeeName":"Bob","badge":null},{"employeeName":"Cy","workDate":"2024-05-14","regularHours":7.50}"#;
    let expected = expected.replace(before, after);
    assert_eq!(lines, expected);
    let percent = changed(
        &mut door,
        &held,
        json!({ "pricing": { "overheadPercent": "12.5" } }),
    )
    .await;
    let expected = expected.replace(r#""overheadPercent":10"#, r#""overheadPercent":12.5"#);
    assert_eq!(percent, expected);
}
