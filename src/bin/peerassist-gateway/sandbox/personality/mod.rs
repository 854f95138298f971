//! Personalities: what a live service may do otherwise than our contract says, each a switch. They are a layer around
//! the handlers, which know nothing of them; call counts and the OpenAPI document stay as they are.
//!
//! Several hold at once, in this order. On the way in: wait, redirect, fail (`gate`), refuse a token (`login`), refuse
//! a route (`gate`), read the parameters (`lists`, `login`) and the body (`objects`). On the way out: spell and name
//! the members (`objects`), wrap them (`lists`, `envelope`), answer a write (`writes`), or choose the status of a
//! failure and then its shape (`failures`); at last, lose the answer (`writes`).

mod catalogue;
mod names;
mod values;

mod call;
mod envelope;
mod failures;
mod gate;
mod lists;
mod login;
mod objects;
mod writes;

mod dates;
mod decimals;
mod scalars;
mod shape;
mod tree;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::Response;

use self::call::Api;
use self::call::Call;
use self::call::Place;
use self::call::body;
use self::call::with_json;
use self::failures::Failures;
use self::gate::Gate;
use self::lists::Lists;
use self::lists::Parameters;
use self::login::Given;
use self::login::Login;
use self::objects::Extras;
use self::objects::Objects;
use self::shape::Resource;
use self::shape::Shape;
use self::tree::Tree;
use self::writes::Writes;
use crate::sandbox::error::Problem;
use crate::sandbox::error::describe;
use crate::sandbox::router::BODY_BYTES_MAX;

pub(crate) use self::names::Names;
pub(crate) use self::names::Personality;
pub(crate) use self::names::help;

/// The personalities that hold, as what they do at each step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Personalities {
    are_any: bool,
    gate: Gate,
    login: Login,
    lists: Lists,
    objects: Objects,
    writes: Writes,
    failures: Failures,
}

/// What the layer needs from call to call.
struct Layer {
    personalities: Personalities,
    /// The handlers without the layer.
    api: Api,
    resources: Vec<Arc<Resource>>,
    extras: Extras,
    given: Given,
    calls: AtomicU64,
    lists: AtomicU64,
    writes: AtomicU64,
}

/// Puts the personalities around the handlers; without any these stay as they are.
pub(super) fn around(
    api: Router,
    personalities: Personalities,
    document: &utoipa::openapi::OpenApi,
) -> Router {
    if !personalities.are_any {
        return api;
    }
    let layer = Layer {
        personalities,
        api: Api(api.clone()),
        resources: shape::resources(document)
            .into_iter()
            .map(Arc::new)
            .collect(),
        extras: Extras::default(),
        given: Given::default(),
        calls: AtomicU64::default(),
        lists: AtomicU64::default(),
        writes: AtomicU64::default(),
    };
    api.layer(from_fn_with_state(Arc::new(layer), act))
}

async fn act(State(layer): State<Arc<Layer>>, request: Request, next: Next) -> Response {
    let Personalities {
        gate,
        failures,
        writes,
        ..
    } = &layer.personalities;
    let searches = layer.personalities.lists.are_searched_by_post;
    let call = Call::of(&request, &layer.resources, searches);
    let answer = match layer.turned_away(&call).await {
        Some(answer) => answer,
        None => {
            let answer = layer.handled(&call, request, next).await;
            failures.judged(&call, answer).await
        }
    };
    let mut answer = failures.told(&call, answer).await;
    gate.narrow(&call, answer.headers_mut());
    writes.delivered(&call, answer, &layer.writes).await
}

impl Layer {
    async fn turned_away(&self, call: &Call) -> Option<Response> {
        let Personalities { gate, login, .. } = &self.personalities;
        let turned_away = gate.turned_away(call, &self.calls).await;
        let refused = turned_away.or_else(|| login.refused(call, &self.given));
        match refused {
            Some(answer) => Some(answer),
            None => gate.refused(&self.api, call).await,
        }
    }

    async fn handled(&self, call: &Call, mut request: Request, next: Next) -> Response {
        let Personalities { login, writes, .. } = &self.personalities;
        *request.method_mut() = call.method.clone();
        match (&call.place, call.method.as_str()) {
            (Place::Login, "POST") => {
                let answer = next.run(login.with_key(call, request)).await;
                match answer.status().is_success() {
                    true => login.answered(answer, &self.given).await,
                    false => answer,
                }
            }
            (Place::List(resource), "GET") => self.list(call, resource, &call.parameters).await,
            (Place::Search(resource), "POST") => self.search(call, resource, request).await,
            (Place::One(resource), "GET") => {
                let answer = next.run(request).await;
                if !answer.status().is_success() {
                    return answer;
                }
                let (answer, mut object) = body(answer).await;
                self.show(resource, &resource.whole, &mut object);
                with_json(answer, &object)
            }
            (Place::List(resource) | Place::One(resource), "POST" | "PUT") => {
                self.write(call, resource, request, next).await
            }
            (Place::One(resource), "DELETE") => {
                let answer = match writes.delete_is_soft && resource.path == "/customer" {
                    true => writes.delete_softly(&self.api, call).await,
                    false => next.run(request).await,
                };
                match answer.status().is_success() {
                    true => writes.deleted(answer),
                    false => answer,
                }
            }
            (Place::Elsewhere, _) => next.run(request).await,
            // No handler takes it. Its `Allow` is written outside of this layer, but inside of the handlers' own router.
            _ => {
                self.api
                    .ask(call, call.method.clone(), &call.path, None)
                    .await
            }
        }
    }

    fn show(&self, resource: &Resource, shape: &Shape, object: &mut Tree) {
        self.personalities
            .objects
            .show(resource, shape, &self.extras, object);
    }

    async fn list(&self, call: &Call, resource: &Resource, parameters: &Parameters) -> Response {
        let Personalities { lists, objects, .. } = &self.personalities;
        let question = objects.question(parameters);
        let mut page = match lists.page(&self.api, call, &question, &self.lists).await {
            Ok(page) => page,
            Err(refusal) => return refusal,
        };
        for row in &mut page.rows {
            self.show(resource, &resource.row, row);
        }
        let link = |number| lists.link(call, parameters, number);
        let wrapped = lists.envelope.wrap(page, &lists.content, call.list(), link);
        with_json(Response::default(), &wrapped)
    }

    async fn search(&self, call: &Call, resource: &Resource, request: Request) -> Response {
        match to_bytes(request.into_body(), BODY_BYTES_MAX).await {
            Ok(bytes) => {
                let searched = Tree::parse(&bytes).map(lists::searched);
                self.list(call, resource, &searched.unwrap_or_default())
                    .await
            }
            Err(_) => too_large(call),
        }
    }

    async fn write(
        &self,
        call: &Call,
        resource: &Resource,
        request: Request,
        next: Next,
    ) -> Response {
        let Personalities {
            objects, writes, ..
        } = &self.personalities;
        let (mut parts, content) = request.into_parts();
        let Ok(bytes) = to_bytes(content, BODY_BYTES_MAX).await else {
            return too_large(call);
        };
        let (content, extras) = match Tree::parse(&bytes) {
            Some(mut sent) => {
                let extras = self.extras.sent(&sent);
                objects.take(resource, &mut sent);
                (Body::from(sent.to_string()), extras)
            }
            None => (Body::from(bytes), Vec::new()),
        };
        parts.headers.remove(CONTENT_LENGTH);
        let answer = next.run(Request::from_parts(parts, content)).await;
        if !answer.status().is_success() {
            return answer;
        }
        let (answer, mut object) = body(answer).await;
        if objects.has_extras {
            self.extras.replace(resource, &object, extras);
        }
        self.show(resource, &resource.whole, &mut object);
        writes.answered(call, answer, &object)
    }
}

fn too_large(call: &Call) -> Response {
    let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    describe(problem, call.path.clone())
}
