//! Customers written over gRPC.

use peerassist_gateway::grpc::v1;
use serde_json::Value;
use serde_json::json;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::door::fields;
use crate::support::door::reason;
use crate::support::door::told;
use crate::support::door::violations;
use crate::support::grpc::GrpcUser;
use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;

/// Two names of requests.
const ONE: &str = "5b4b3c1e-0f53-4a6f-9d0a-3a1f1f6f9b01";
const TWO: &str = "5b4b3c1e-0f53-4a6f-9d0a-3a1f1f6f9b02";

fn customer(number: &str) -> v1::Customer {
    v1::Customer {
        name: Some("Old Mill Builders".into()),
        number: Some(number.into()),
        address2: Some("".into()),
        city: Some("Dublin".into()),
        contact_name: Some("Ann Mill".into()),
        contact_email: Some("ann@oldmill.example".into()),
        contact_phone: Some("6145550100".into()),
        ..v1::Customer::default()
    }
}

/// The customer with this id and nothing else.
fn only(id: i64) -> v1::Customer {
    v1::Customer {
        id,
        ..v1::Customer::default()
    }
}

/// What the upstream has of the customer that [`customer`] describes, with `changes`; null takes a member away.
fn upstream(changes: Value) -> Value {
    let mut wanted = json!({
        "id": 4, "name": "Old Mill Builders", "number": "01000", "address2": "", "city": "Dublin",
        "contactName": "Ann Mill", "contactEmail": "ann@oldmill.example", "contactPhone": "6145550100",
        "status": "ACTIVE",
    });
    let members = wanted.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    wanted
}

#[tokio::test]
async fn a_customer_is_made_changed_and_deleted() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let ignored = v1::Customer {
        id: 99,
        raw_status: Some("GONE".into()),
        etag: "x".into(),
        ..customer("01000")
    };
    let made = writer.create_customer(ignored, "").await.unwrap();
    assert_eq!((made.id, made.status()), (4, v1::CustomerStatus::Active));
    assert_eq!(writer.get_customer(4).await.unwrap(), made);

    let changes = v1::Customer {
        name: Some("New Mill".into()),
        status: v1::CustomerStatus::Inactive.into(),
        ..only(4)
    };
    let changed = writer
        .update_customer(changes, &["name", "status", "city"])
        .await
        .unwrap();
    assert_eq!(changed.status(), v1::CustomerStatus::Inactive);
    assert_eq!(writer.get_customer(4).await.unwrap(), changed);
    let wanted = upstream(json!({ "name": "New Mill", "status": "INACTIVE", "city": null }));
    assert_eq!(stack.sandbox.json(ADMIN, "/customer/4").await, wanted);

    writer.delete_customer(4, "").await.unwrap();
    for gone in [
        writer.get_customer(4).await.map(|_| ()),
        writer.update_customer(only(4), &["city"]).await.map(|_| ()),
        writer.delete_customer(4, "").await,
    ] {
        let status = gone.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(reason(&status), "NOT_FOUND");
        let resource = status.get_details_resource_info().unwrap();
        assert_eq!(
            (&*resource.resource_type, &*resource.resource_name),
            ("peerassist.v1.Customer", "4")
        );
    }
}

#[tokio::test]
async fn a_mask_says_what_is_written() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    writer.create_customer(customer("01000"), "").await.unwrap();
    let dayton = || v1::Customer {
        city: Some("Dayton".into()),
        ..only(4)
    };
    for (customer, paths, changes) in [
        // Absent: what is present.
        (dayton(), &[][..], json!({ "city": "Dayton" })),
        // Named: that, present or not, and nothing else.
        (
            v1::Customer {
                name: Some("Not named".into()),
                ..dayton()
            },
            &["address2", "city"],
            json!({ "city": "Dayton", "address2": null }),
        ),
        // Output only: ignored.
        (
            v1::Customer {
                raw_status: Some("GONE".into()),
                ..dayton()
            },
            &["id", "raw_status", "etag", "state"],
            json!({ "city": "Dayton", "address2": null }),
        ),
        // `*`: all of it.
        (
            v1::Customer {
                id: 4,
                name: Some("Mill".into()),
                state: Some("OH".into()),
                address2: None,
                ..customer("01000")
            },
            &["*"],
            json!({ "name": "Mill", "address2": null, "state": "OH" }),
        ),
    ] {
        let changed = writer.update_customer(customer, paths).await.unwrap();
        let now = stack.sandbox.json(ADMIN, "/customer/4").await;
        assert_eq!(now, upstream(changes), "{paths:?}");
        assert_eq!(changed.city.as_deref(), now["city"].as_str());
    }
}

#[tokio::test]
async fn every_rule_that_a_request_breaks_is_told_with_its_path_and_nothing_is_sent() {
    let mut count = Stack::counted().await;
    let mut writer = GrpcUser::of(count.stack, "admin").await;
    count.total().await;
    let long = |n: usize| Some("x".repeat(n));
    let wrong = v1::Customer {
        name: long(256),
        contact_email: Some("nobody".into()),
        contact_phone: long(33),
        address1: long(256),
        address2: long(256),
        city: long(256),
        state: long(33),
        zip_code: long(17),
        billing_contact: long(256),
        billing_contact_email: Some("@".into()),
        billing_contact_phone: long(33),
        status: 99,
        billing_template_id: Some(-1),
        trade_template_id: Some(i64::MIN),
        ..customer(" ")
    };
    let values = [
        (
            "customer.status",
            "must be a value of its enum other than UNKNOWN",
        ),
        ("customer.name", "at most 255 characters"),
        ("customer.number", "must not be blank"),
        ("customer.address1", "at most 255 characters"),
        ("customer.address2", "at most 255 characters"),
        ("customer.city", "at most 255 characters"),
        ("customer.state", "at most 32 characters"),
        ("customer.zip_code", "at most 16 characters"),
        ("customer.contact_email", "must be an e-mail address"),
        ("customer.contact_phone", "at most 32 characters"),
        ("customer.billing_contact", "at most 255 characters"),
        (
            "customer.billing_contact_email",
            "must be an e-mail address",
        ),
        ("customer.billing_contact_phone", "at most 32 characters"),
        ("customer.billing_template_id", "must not be negative"),
        ("customer.trade_template_id", "must not be negative"),
    ];
    let refused = writer.create_customer(wrong.clone(), "first").await;
    let wanted = [&[("request_id", "must be a UUID")], &values[..]].concat();
    assert_eq!(violations(&refused.unwrap_err()), told(&wanted));

    let refused = writer.create_customer(only(0), "").await.unwrap_err();
    let required = [
        "name",
        "number",
        "contact_name",
        "contact_email",
        "contact_phone",
    ];
    let required: Vec<_> = required.map(|name| format!("customer.{name}")).into();
    assert_eq!(fields(&refused), required);

    // A mask of all members clears those that are absent.
    let refused = writer.update_customer(only(4), &["*"]).await.unwrap_err();
    assert_eq!(fields(&refused), required);
    let unknown = v1::Customer {
        id: -1,
        status: v1::CustomerStatus::Unknown.into(),
        etag: "W/\"1\"".into(),
        ..wrong
    };
    let refused = writer.update_customer(unknown, &[]).await.unwrap_err();
    let wanted = [
        &[
            ("customer.id", "must be a positive number"),
            ("customer.etag", "is not an etag of this API"),
        ],
        &values[..],
    ]
    .concat();
    assert_eq!(violations(&refused), told(&wanted));
    let refused = writer.delete_customer(0, "*").await.unwrap_err();
    let wanted = [
        ("id", "must be a positive number"),
        ("etag", "is not an etag of this API"),
    ];
    assert_eq!(violations(&refused), told(&wanted));
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn every_path_of_a_mask_that_is_wrong_is_told_beside_the_values_and_nothing_is_sent() {
    let mut count = Stack::counted().await;
    let mut writer = GrpcUser::of(count.stack, "admin").await;
    count.total().await;
    let wrong = v1::Customer {
        name: Some("x".repeat(256)),
        // Not named, so not looked at.
        zip_code: Some("x".repeat(17)),
        ..only(3)
    };
    let paths = ["name", "shoe_size", "zipCode", "name", "*", "city.name", ""];
    let refused = writer.update_customer(wrong, &paths).await.unwrap_err();
    let wanted = [
        ("update_mask.paths[1]", "names no field"),
        ("update_mask.paths[2]", "names no field"),
        ("update_mask.paths[3]", "is in the mask already"),
        (
            "update_mask.paths[4]",
            "must be the only path where it is used",
        ),
        ("update_mask.paths[5]", "names no field"),
        ("update_mask.paths[6]", "names no field"),
        ("customer.name", "at most 255 characters"),
    ];
    assert_eq!(violations(&refused), told(&wanted));
    let request = writer.request(v1::UpdateCustomerRequest::default());
    let refused = writer.customers.update_customer(request).await;
    let wanted = told(&[("customer", "is required")]);
    assert_eq!(violations(&refused.unwrap_err()), wanted);
    let request = writer.request(v1::CreateCustomerRequest::default());
    let refused = writer.customers.create_customer(request).await;
    assert_eq!(violations(&refused.unwrap_err()), wanted);
    assert_eq!(count.total().await, 0);
}

#[tokio::test]
async fn what_only_the_upstream_can_know_to_be_wrong_is_told_with_its_path_too() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let unknown = v1::Customer {
        trade_template_id: Some(999),
        ..customer("01000")
    };
    let refused = writer.create_customer(unknown, "").await.unwrap_err();
    let wanted = told(&[("customer.trade_template_id", "names nothing that exists")]);
    assert_eq!(violations(&refused), wanted);
}

#[tokio::test]
async fn a_number_that_another_customer_has_already_exists() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let made = writer.create_customer(customer("01000"), "").await.unwrap();
    let taken = v1::Customer {
        number: Some("200-000".into()),
        ..only(made.id)
    };
    for refused in [
        writer.create_customer(customer("200-000"), "").await,
        writer.update_customer(taken, &["number"]).await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(reason(&status), "ALREADY_EXISTS");
        assert_eq!(status.message(), "another customer has this number");
    }
}

#[tokio::test]
async fn a_customer_with_projects_is_not_deleted() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let project = &stack.sandbox.json(ADMIN, "/project").await["content"][0];
    let id = project["customerId"].as_i64().unwrap();
    let status = writer.delete_customer(id, "").await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "PRECONDITION");
    assert!(status.get_details_precondition_failure().is_some());
    assert!(writer.get_customer(id).await.is_ok());
}

#[tokio::test]
async fn who_may_not_write_is_refused() {
    let stack = Stack::start("docs");
    let mut viewer = GrpcUser::of(&stack, "viewer").await;
    for refused in [
        viewer
            .create_customer(customer("01000"), "")
            .await
            .map(|_| ()),
        viewer.update_customer(only(3), &["city"]).await.map(|_| ()),
        viewer.delete_customer(3, "").await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "FORBIDDEN");
    }
    let request = tonic::Request::new(v1::CreateCustomerRequest::default());
    let refused = viewer.customers.create_customer(request).await;
    let status = refused.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_MISSING");
    let customers = stack.sandbox.json(ADMIN, "/customer").await;
    assert_eq!(customers["totalElements"], 3);
}

#[tokio::test]
async fn a_request_is_done_once_by_its_id_and_answered_twice() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let first = writer
        .create_customer(customer("01000"), ONE)
        .await
        .unwrap();
    // The same UUID in another spelling.
    let upper = ONE.to_uppercase();
    let again = writer.create_customer(customer("01000"), &upper).await;
    assert_eq!(again.unwrap(), first);
    let other = writer.create_customer(customer("01001"), ONE).await;
    let rule = "was used for another request within the last ten minutes";
    assert_eq!(
        violations(&other.unwrap_err()),
        told(&[("request_id", rule)])
    );
    let count = || stack.sandbox.json(ADMIN, "/customer");
    assert_eq!(count().await["totalElements"], 4);
    // What was refused was not done, and may be mended and sent again.
    let refused = writer.create_customer(customer("01000"), TWO).await;
    assert_eq!(refused.unwrap_err().code(), Code::AlreadyExists);
    let mended = writer
        .create_customer(customer("01002"), TWO)
        .await
        .unwrap();
    assert_eq!(mended.id, 5);
    // Names of requests are each user's own: this is another login.
    let mut other = GrpcUser::of(&stack, "admin").await;
    let made = other.create_customer(customer("01003"), ONE).await.unwrap();
    assert_eq!(made.id, 6);
    assert_eq!(count().await["totalElements"], 6);
}

#[tokio::test]
async fn an_etag_of_yesterday_changes_nothing() {
    let stack = Stack::start("docs");
    let mut writer = GrpcUser::of(&stack, "admin").await;
    let made = writer.create_customer(customer("01000"), "").await.unwrap();
    let named = |name: &str, etag: &str| v1::Customer {
        name: Some(name.into()),
        etag: etag.into(),
        ..only(4)
    };
    let one = writer
        .update_customer(named("One", &made.etag), &["name"])
        .await;
    let one = one.unwrap();
    assert_ne!(one.etag, made.etag);
    for refused in [
        writer
            .update_customer(named("Two", &made.etag), &[])
            .await
            .map(|_| ()),
        writer.delete_customer(4, &made.etag).await,
    ] {
        let status = refused.unwrap_err();
        assert_eq!(status.code(), Code::Aborted);
        assert_eq!(reason(&status), "VERSION_CONFLICT");
    }
    assert_eq!(writer.get_customer(4).await.unwrap(), one);
    // Without one nothing is compared, and the present one is the right one.
    let two = writer.update_customer(named("Two", ""), &[]).await.unwrap();
    writer.delete_customer(4, &two.etag).await.unwrap();
}
