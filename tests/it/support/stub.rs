//! A scripted upstream: a closure answers, and every request is remembered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as the stub saw it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The parameters in their order, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) if_none_match: Option<String>,
    pub(crate) body: String,
}

impl Asked {
    /// The request once it is complete.
    pub(crate) async fn read(request: Request) -> Self {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1024 * 1024).await.unwrap();
        let query = head.uri.query().unwrap_or("").as_bytes();
        let header = |name: &str| {
            let value = head.headers.get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Asked {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: url::form_urlencoded::parse(query).into_owned().collect(),
            authorization: header("authorization"),
            if_none_match: header("if-none-match"),
            headers: head.headers.clone(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The first parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> usize {
        self.parameter(name).unwrap().parse().unwrap()
    }

    /// The id at the end of the path.
    pub(crate) fn id(&self) -> i64 {
        self.path.rsplit('/').next().unwrap().parse().unwrap()
    }

    /// The page of `rows` that the request names, in Spring's envelope.
    pub(crate) fn page_of(&self, rows: &[Value]) -> Answer {
        let (page, size) = (self.number("page"), self.number("size"));
        let content: Vec<&Value> = rows.iter().skip(page * size).take(size).collect();
        let last = (page + 1) * size >= rows.len();
        Answer::json(json!({"content": content, "totalElements": rows.len(), "last": last}))
    }
}

/// What the stub says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    delay: Duration,
}

impl Answer {
    /// 200 with a JSON body.
    pub(crate) fn json(body: Value) -> Self {
        Answer {
            body: body.to_string(),
            ..Answer::status(200)
        }
    }

    /// 200 with a body of JSON, to the letter.
    pub(crate) fn text(body: &str) -> Self {
        Answer {
            body: body.to_owned(),
            ..Answer::status(200)
        }
    }

    /// A status with an empty object.
    pub(crate) fn status(status: u16) -> Self {
        Answer {
            status,
            headers: vec![("content-type", "application/json")],
            body: "{}".into(),
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same answer with a body of JSON.
    pub(crate) fn body(self, body: Value) -> Self {
        Answer {
            body: body.to_string(),
            ..self
        }
    }

    /// The same answer, later.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Answer { delay, ..self }
    }

    /// The answer as it goes out.
    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).unwrap()
    }
}

/// What a stub remembers.
#[derive(Default)]
struct Log {
    asked: Mutex<Vec<Asked>>,
    now: AtomicUsize,
    peak: AtomicUsize,
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

/// An upstream on a port of its own, until the test ends.
pub(crate) struct StubUpstream {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    server: JoinHandle<std::io::Result<()>>,
}

impl StubUpstream {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Script> = Arc::new(script);
        let log: Arc<Log> = Arc::default();
        let stub_log = log.clone();
        let router = Router::new().fallback(move |request: Request| {
            let (script, log) = (script.clone(), log.clone());
            async move { answer(request, &*script, &log).await }
        });
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        StubUpstream {
            address,
            log: stub_log,
            server,
        }
    }

    /// From now on connections are refused.
    pub(crate) async fn stop(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.asked.lock().unwrap().clone()
    }

    /// How much was asked so far.
    pub(crate) fn calls(&self) -> usize {
        self.log.asked.lock().unwrap().len()
    }

    /// Waits until no request is being answered: each was answered, or whoever asked has gone.
    pub(crate) async fn is_idle(&self) {
        while self.log.now.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many requests were answered at the same time at most.
    pub(crate) fn peak(&self) -> usize {
        self.log.peak.load(Ordering::SeqCst)
    }
}

async fn answer(request: Request, script: &Script, log: &Log) -> Response {
    let asked = Asked::read(request).await;
    log.asked.lock().unwrap().push(asked.clone());
    let _answering = Answering::begin(log);
    let answer = script(&asked);
    tokio::time::sleep(answer.delay).await;
    answer.into_response()
}

/// A request that is being answered; it ends with the answer, or when whoever asked has gone.
struct Answering<'l>(&'l Log);

impl<'l> Answering<'l> {
    fn begin(log: &'l Log) -> Self {
        let now = log.now.fetch_add(1, Ordering::SeqCst) + 1;
        log.peak.fetch_max(now, Ordering::SeqCst);
        Answering(log)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Customers 1 to `count`.
pub(crate) fn customers(count: i64) -> Vec<Value> {
    let customer = |id| {
        json!({
            "id": id, "name": format!("Customer {id}"), "number": format!("{id:03}-000"),
            "status": "ACTIVE", "city": "",
        })
    };
    (1..=count).map(customer).collect()
}

/// What a list says of the orders 1 to `count`.
pub(crate) fn fwos(count: i64) -> Vec<Value> {
    let fwo = |id| {
        json!({
            "id": id, "number": format!("{id:06}"), "type": "FIELD_WORK", "status": "ENTRY",
            "customerId": 3, "amount": "1250.50", "createdDate": "2024-05-14T17:03:11.482+00:00",
        })
    };
    (1..=count).map(fwo).collect()
}

/// The order with this id and all of its lines.
pub(crate) fn fwo(id: i64) -> Value {
    let mut fwo = fwos(id).pop().unwrap();
    let detail = json!({
        "description": format!("work {id}"),
        "labor": [{"id": 1, "workDate": "2024-05-14", "regularHours": "7.50", "amount": "412.50"}],
        "materials": [{"id": 2, "pricingUnit": "C", "quantity": 3}, {"id": 3, "pricingUnit": "X"}],
        "additionalItems": [{"id": 4, "calc": "HOURS"}],
        "pricing": {"total": "1250.50"},
        "signature": {"signerName": "Pat", "signedDate": "2024-05-15T00:00:00Z"},
    });
    let members = detail.as_object().unwrap().clone();
    fwo.as_object_mut().unwrap().extend(members);
    fwo
}
