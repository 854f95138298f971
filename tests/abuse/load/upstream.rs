//! An upstream that knows every customer there could be.

use std::net::SocketAddr;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;

/// Starts it, and says where it is.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new()
        .route("/customer/{id}", get(customer))
        .fallback(async || "{}");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn customer(Path(id): Path<i64>) -> Json<Value> {
    Json(json!({
        "id": id, "name": format!("Customer {id}"), "number": format!("{id:03}-000"),
        "status": "ACTIVE", "city": "Dayton",
    }))
}
