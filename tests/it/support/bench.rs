//! An FWO in whatever step a test wants it, also in those to which no way leads.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::support::fwo;
use crate::support::json::with;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;
use crate::support::sandbox::User;

/// All steps, in the order of the contract.
pub(crate) const STEPS: [&str; 10] = [
    "ENTRY",
    "PENDING_SIGNATURE",
    "PENDING_CHANGES",
    "PRICING",
    "WAITING_FOR_APPROVAL",
    "EXECUTED",
    "GC_REWORK",
    "CHANGE_ORDER_ISSUED",
    "INVOICE_ISSUED",
    "INVOICE_PAID",
];

/// A sandbox with one FWO that can be put into any step behind its back.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    database: Connection,
    id: i64,
    _directory: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sandbox.db");
        let sandbox = Sandbox::start_on("docs", &file);
        let mut bench = Self {
            sandbox,
            database: open(&file),
            id: 0,
            _directory: directory,
        };
        bench.renew().await;
        bench
    }

    /// Goes on with an FWO that nobody has touched.
    pub(crate) async fn renew(&mut self) {
        let body = fwo::full(1);
        let (_, made) = self.sandbox.write(ADMIN, Method::POST, "/fwo", &body).await;
        self.id = made["id"].as_i64().unwrap();
    }

    /// The FWO as read, after it was put into a step; signed, and without a change order or an invoice.
    pub(crate) async fn put_into(&self, r#type: &str, step: &str) -> Value {
        let sql = "UPDATE fwos SET type = ?, status = ?, signer_name = 'Gil C', signer_email = 'gil@gc.example', signed_at = 0,
                       change_order_number = NULL, invoice_number = NULL WHERE id = ?";
        self.database.execute(sql, (r#type, step, self.id)).unwrap();
        self.read().await
    }

    /// The same without a signature.
    pub(crate) async fn unsigned(&self, r#type: &str, step: &str) -> Value {
        self.put_into(r#type, step).await;
        let sql = "UPDATE fwos SET signer_name = NULL, signer_email = NULL, signed_at = NULL WHERE id = ?";
        self.database.execute(sql, [self.id]).unwrap();
        self.read().await
    }

    pub(crate) async fn read(&self) -> Value {
        self.sandbox.json(ADMIN, &self.path()).await
    }

    pub(crate) fn path(&self) -> String {
        format!("/fwo/{}", self.id)
    }

    pub(crate) async fn send(&self, user: User, body: &Value) -> (u16, Value) {
        self.sandbox
            .write(user, Method::PUT, &self.path(), body)
            .await
    }

    /// Sends a body that is refused as a conflict, and changes nothing; the reason.
    pub(crate) async fn conflict(&self, body: &Value) -> String {
        let before = self.read().await;
        let (status, told) = self.send(ADMIN, body).await;
        assert_eq!(status, 409, "{told}");
        assert_eq!(self.read().await, before);
        told["message"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn accepted(&self, body: &Value) -> Value {
        let (status, now) = self.send(ADMIN, body).await;
        assert_eq!(status, 200, "{now}");
        now
    }
}

fn open(file: &Path) -> Connection {
    let database = Connection::open(file).unwrap();
    database.busy_timeout(Duration::from_secs(30)).unwrap();
    database
}

/// What a move to a step needs, beyond the step.
pub(crate) fn moved(fwo: Value, to: &str) -> Value {
    let body = with(fwo, "status", json!(to));
    if to == "CHANGE_ORDER_ISSUED" {
        return with(body, "changeOrderNumber", json!("CO-7"));
    }
    body
}
