//! The upstream over HTTP: the REST API as far as the users of the soak need it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use futures_util::stream;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::books::Books;
use crate::books::Flaw;
use crate::books::Grant;
use crate::books::Kind;
use crate::books::version;
use crate::rows;
use crate::weather::Fault;

/// Much longer than the 5 s that the gateway waits for one attempt.
const SILENCE: Duration = Duration::from_secs(30);

/// The running upstream. Dropping it closes every connection.
pub(crate) struct Upstream {
    pub(crate) base: String,
    pub(crate) books: Arc<Books>,
    server: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Upstream {
    pub(crate) async fn start(books: Books) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let books = Arc::new(books);
        let server = tokio::spawn(serve(listener, books.clone()));
        Upstream {
            base,
            books,
            server,
        }
    }
}

/// Serves until it is aborted, and every connection with it.
async fn serve(listener: TcpListener, books: Arc<Books>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let _slower_without = stream.set_nodelay(true);
        let books = books.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, books.clone()));
            let http = auto::Builder::new(TokioExecutor::new());
            // The gateway hangs up whenever nobody waits any more.
            let _ended = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A request once it is complete.
struct Call {
    method: http::Method,
    path: String,
    query: Vec<(String, String)>,
    etag: Option<String>,
    body: String,
}

impl Call {
    fn number(&self, name: &str) -> Option<usize> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found?.1.parse().ok()
    }
}

async fn answer(
    request: Request<Incoming>,
    books: Arc<Books>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(status(400));
    };
    let text = |name| {
        let value = head.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let call = Call {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: url::form_urlencoded::parse(head.uri.query().unwrap_or("").as_bytes())
            .into_owned()
            .collect(),
        etag: text(header::IF_NONE_MATCH),
        body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    };
    if call.method == http::Method::HEAD {
        return Ok(status(200));
    }
    books.calls.fetch_add(1, Ordering::Relaxed);
    sleep(latency()).await;
    if call.path == "/auth" {
        return Ok(log_in(&call, &books).await);
    }
    let bearer = text(header::AUTHORIZATION);
    let token = bearer
        .as_deref()
        .and_then(|value| value.strip_prefix("Bearer "));
    let grant = token.and_then(|token| books.known(token));
    let Some(grant) = grant else {
        return Ok(status(401));
    };
    if grant.has_ended(Duration::ZERO) {
        let refused = grant.refuse();
        if books.flaw != Some(Flaw::UndeadToken) || refused == 0 {
            return Ok(status(401));
        }
    }
    Ok(serve_user(&call, &books, &grant).await)
}

/// Mostly quick, sometimes slow.
fn latency() -> Duration {
    Duration::from_millis(match fastrand::u8(0..100) {
        0..3 => fastrand::u64(100..400),
        _ => fastrand::u64(1..12),
    })
}

async fn log_in(call: &Call, books: &Books) -> Response<Body> {
    let given: serde_json::Value = serde_json::from_str(&call.body).unwrap_or_default();
    let name = given["userName"].as_str().unwrap_or_default();
    let user = name.split('@').next().and_then(|name| name.parse().ok());
    let Some(user) = user.filter(|user| *user < books.skies.len()) else {
        return status(401);
    };
    let body = move || {
        let (token, grant) = books.grant(user);
        format!(
            r#"{{"token":"{token}","tokenType":"Bearer","expiresIn":{}}}"#,
            grant.minutes
        )
    };
    match befall(books, user) {
        None => json(200, body()),
        Some(fault) => fail(fault, body).await,
    }
}

fn befall(books: &Books, user: usize) -> Option<Fault> {
    if books.flaw == Some(Flaw::HiddenFailure) && fastrand::u8(0..8) == 0 {
        return Some(Fault::Status(501));
    }
    books.skies[user].lock().unwrap().befall()
}

async fn fail(fault: Fault, body: impl FnOnce() -> String) -> Response<Body> {
    match fault {
        Fault::Status(429) => {
            let mut answer = status(429);
            let soon = header::HeaderValue::from_static("1");
            answer.headers_mut().insert(header::RETRY_AFTER, soon);
            answer
        }
        Fault::Status(code) => status(code),
        Fault::Silence => {
            sleep(SILENCE).await;
            json(200, body())
        }
        Fault::Cut => cut(body()),
    }
}

async fn serve_user(call: &Call, books: &Books, grant: &Grant) -> Response<Body> {
    let fault = befall(books, grant.user);
    // Whether a write that fails is done all the same is nobody's to know.
    if call.method == http::Method::PUT && (fault.is_none() || fastrand::bool()) {
        write(call, books, grant);
    }
    let body = rows_of(call, books, grant);
    match (fault, body) {
        (Some(fault), body) => fail(fault, || body.unwrap_or("{}".to_owned())).await,
        (None, Some(body)) => fresh(call, body),
        (None, None) => status(404),
    }
}

/// The answer, or that the one that is known still holds.
fn fresh(call: &Call, body: String) -> Response<Body> {
    use std::hash::BuildHasher;
    use std::hash::BuildHasherDefault;
    use std::hash::DefaultHasher;
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&body);
    let etag = format!("\"{hash:016x}\"");
    let mut answer = match call.etag.as_deref() == Some(&*etag) {
        true => status(304),
        false => json(200, body),
    };
    if call.method == http::Method::GET {
        let etag = header::HeaderValue::try_from(etag).unwrap();
        answer.headers_mut().insert(header::ETAG, etag);
    }
    answer
}

fn write(call: &Call, books: &Books, grant: &Grant) {
    let Some((kind, place)) = object(call, grant) else {
        return;
    };
    let object: serde_json::Value = serde_json::from_str(&call.body).unwrap_or_default();
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let (owner, written) = match kind {
        Kind::Customer => (text("contactEmail"), text("city")),
        Kind::Fwo => (text("createdBy"), text("summary")),
    };
    // The gateway writes back what it has read; it must have read it with this token.
    if !owner.starts_with(&grant.mark.text()) {
        books.foreign_writes.fetch_add(1, Ordering::Relaxed);
    }
    if let Some(version) = version(&written) {
        books.write(grant.user, kind, place, version);
    }
}

/// The object that the path names.
fn object(call: &Call, grant: &Grant) -> Option<(Kind, usize)> {
    let (kind, id) = match call.path.strip_prefix("/customer/") {
        Some(id) => (Kind::Customer, id),
        None => (Kind::Fwo, call.path.strip_prefix("/fwo/")?),
    };
    let place = crate::books::place(grant.user, id.parse().ok()?)?;
    ((place as u64) < grant.mark.total(kind)).then_some((kind, place))
}

fn rows_of(call: &Call, books: &Books, grant: &Grant) -> Option<String> {
    let mut versions = books.versions(grant.user);
    let kind = match call.path.as_str() {
        "/customer" => Kind::Customer,
        "/fwo" => Kind::Fwo,
        _ => {
            let (kind, place) = object(call, grant)?;
            if call.method == http::Method::PUT && books.flaw == Some(Flaw::LostWrite) {
                let given: serde_json::Value = serde_json::from_str(&call.body).ok()?;
                let written = given[rows::written_member(kind)].as_str()?;
                versions.insert((kind, place), version(written)?);
            }
            return Some(match kind {
                Kind::Customer => rows::customer(grant, place, &versions),
                Kind::Fwo => rows::fwo(grant, place, &versions),
            });
        }
    };
    let (page, size) = (call.number("page")?, call.number("size")?);
    let customer = call.number("customerId").map(|id| id as i64);
    let list = rows::list(grant, kind, customer, &versions, books.flaw);
    Some(list.page(page, size))
}

fn status(code: u16) -> Response<Body> {
    json(code, "{}".to_owned())
}

fn json(code: u16, body: String) -> Response<Body> {
    let body = match code {
        304 => Body::empty(),
        _ => Body::from(body),
    };
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap();
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// An answer that breaks off in its middle, and its connection with it.
fn cut(body: String) -> Response<Body> {
    let whole = Bytes::from(body);
    let half = whole.slice(..whole.len() / 2);
    let parts = [Ok(half), Err(io::Error::other("cut"))];
    let mut answer = json(200, String::new());
    *answer.body_mut() = Body::from_stream(stream::iter(parts));
    let length = header::HeaderValue::from(whole.len());
    answer.headers_mut().insert(header::CONTENT_LENGTH, length);
    answer
}
