//! One call: what it is about, and further calls of the handlers on its behalf.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::header::CONTENT_LENGTH;
use axum::http::header::CONTENT_TYPE;
use axum::http::header::HOST;
use axum::response::Response;
use tower::ServiceExt;
use url::form_urlencoded;

use super::lists::Parameters;
use super::shape::Resource;
use super::tree::Tree;
use crate::sandbox::auth;

/// The last segment of a search by POST.
const SEARCH: &str = "/search";

/// What a call is about.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Login,
    /// `/customer`
    List(Arc<Resource>),
    /// `/customer/{id}`
    One(Arc<Resource>),
    /// `POST /customer/search`, where lists are searched so.
    Search(Arc<Resource>),
    Elsewhere,
}

/// A call, before anything is done to it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) parameters: Parameters,
    pub(super) place: Place,
    authorization: Option<HeaderValue>,
    host: Option<HeaderValue>,
}

impl Call {
    pub(super) fn of(request: &Request, resources: &[Arc<Resource>], searches: bool) -> Self {
        let template = request
            .extensions()
            .get::<MatchedPath>()
            .map(MatchedPath::as_str);
        let path = request.uri().path();
        let query = request.uri().query().unwrap_or_default();
        let place = match template {
            Some("/auth") => Place::Login,
            Some(template) => {
                let place = resources.iter().find_map(|resource| {
                    let rest = template.strip_prefix(&resource.path)?;
                    let is_search =
                        searches && request.method() == Method::POST && path.ends_with(SEARCH);
                    match rest {
                        "" => Some(Place::List(resource.clone())),
                        "/{id}" if is_search => Some(Place::Search(resource.clone())),
                        "/{id}" => Some(Place::One(resource.clone())),
                        _ => None,
                    }
                });
                place.unwrap_or(Place::Elsewhere)
            }
            None => Place::Elsewhere,
        };
        Self {
            // A HEAD is a GET whose body the server leaves out at the end.
            method: match request.method() {
                &Method::HEAD => Method::GET,
                method => method.clone(),
            },
            path: path.to_owned(),
            parameters: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            place,
            authorization: request.headers().get(AUTHORIZATION).cloned(),
            host: request.headers().get(HOST).cloned(),
        }
    }

    /// Whether it changes something when it succeeds.
    pub(super) fn is_write(&self) -> bool {
        let about_objects = matches!(self.place, Place::List(_) | Place::One(_));
        about_objects && [Method::POST, Method::PUT, Method::DELETE].contains(&self.method)
    }

    pub(super) fn is_login(&self) -> bool {
        matches!(self.place, Place::Login)
    }

    /// The path of the list that it is about.
    pub(super) fn list(&self) -> &str {
        match &self.place {
            Place::List(resource) | Place::One(resource) | Place::Search(resource) => {
                &resource.path
            }
            Place::Login | Place::Elsewhere => &self.path,
        }
    }

    pub(super) fn bearer_token(&self) -> Option<&str> {
        auth::bearer_token(self.authorization.as_ref()?)
    }

    /// The query, encoded once more.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.parameters);
        query.finish()
    }

    /// The scheme and the host that the client used.
    pub(super) fn origin(&self) -> String {
        let host = self.host.as_ref().and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }
}

/// The handlers without any personality.
#[derive(Clone, Debug)]
pub(super) struct Api(pub(super) Router);

impl Api {
    /// Asks the handlers in the name of the call's user.
    pub(super) async fn ask(
        &self,
        call: &Call,
        method: Method,
        target: &str,
        sent: Option<&Tree>,
    ) -> Response {
        let content = sent.map(ToString::to_string).unwrap_or_default();
        let mut request = Request::new(Body::from(content));
        *request.method_mut() = method;
        *request.uri_mut() = target
            .parse()
            .expect("a path of ours and an encoded query are an address");
        if let Some(authorization) = &call.authorization {
            request
                .headers_mut()
                .insert(AUTHORIZATION, authorization.clone());
        }
        if sent.is_some() {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match self.0.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// An answer and its body, which is `null` where it is not JSON.
pub(super) async fn body(answer: Response) -> (Response, Tree) {
    let (parts, content) = answer.into_parts();
    // The handlers write whole bodies: nothing is waited for, and nothing can break off.
    let bytes = to_bytes(content, usize::MAX).await.unwrap_or_default();
    let tree = Tree::parse(&bytes).unwrap_or_else(Tree::null);
    (Response::from_parts(parts, Body::empty()), tree)
}

/// The answer with another body.
pub(super) fn with_body(
    mut answer: Response,
    media_type: &'static str,
    content: String,
) -> Response {
    // The server measures the new one.
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    *answer.body_mut() = Body::from(content);
    answer
}

pub(super) fn with_json(answer: Response, tree: &Tree) -> Response {
    with_body(answer, "application/json; charset=UTF-8", tree.to_string())
}

pub(super) fn without_body(mut answer: Response) -> Response {
    answer.headers_mut().remove(CONTENT_LENGTH);
    answer.headers_mut().remove(CONTENT_TYPE);
    *answer.body_mut() = Body::empty();
    answer
}
