//! GraphQL over HTTP: a request in, an answer with the right status and media type out.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::Value;
use async_graphql::Variables;
use async_graphql::parser::types::DocumentOperations;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::OperationType;
use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;
use http::HeaderValue;
use http::header;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::ledger::Account;
use crate::gateway::Bill;
use crate::gateway::CustomerLookups;
use crate::gateway::Gateway;
use crate::graphql::Settings;
use crate::graphql::answer::Executed;
use crate::graphql::answer::Manner;
use crate::graphql::answer::Refusal;
use crate::graphql::answer::answer;
use crate::graphql::answer::not_acceptable;
use crate::graphql::answer::ran;
use crate::graphql::answer::unsupported;
use crate::graphql::bill;
use crate::graphql::bill::Prices;
use crate::graphql::caching;
use crate::graphql::deadline;
use crate::graphql::documents::Documents;
use crate::graphql::explain;
use crate::graphql::guard;
use crate::graphql::limits;
use crate::graphql::limits::Limits;
use crate::graphql::loader::Loaders;
use crate::graphql::media;
use crate::graphql::media::Media;
use crate::graphql::metrics::Metrics;
use crate::graphql::metrics::Outcome;
use crate::graphql::query::Asker;
use crate::graphql::request::GraphqlRequest;
use crate::graphql::rules;
use crate::graphql::schema;
use crate::graphql::schema::Refused;
use crate::graphql::schema::Schema;
use crate::graphql::status::Verdict;

/// How long the whole body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest query string of a GET in bytes; what lies between this and the listener's own bound is told as GraphQL.
const URI_BYTES_MAX: usize = 16 * 1024;

/// A GET runs only with one of these headers, which no page of another origin can send without asking.
const UNSIMPLE_HEADERS: [&str; 4] = [
    "authorization",
    "graphql-require-preflight",
    "apollo-require-preflight",
    "x-apollo-operation-name",
];

/// What all requests share.
struct Endpoint {
    schema: Schema,
    /// Validates and then refuses, so that a document that is both wrong and too dear is told as wrong.
    refusing: Schema,
    gateway: Gateway,
    limits: Limits,
    documents: Documents,
    settings: Settings,
    metrics: Metrics,
}

pub(super) fn router(gateway: Gateway, settings: Settings, registry: &mut Registry) -> Router {
    let endpoint = Endpoint {
        schema: schema::build(gateway.clone(), &settings),
        refusing: schema::build_refusing(&settings),
        gateway,
        limits: Limits::new(settings.depth_max),
        documents: Documents::new(
            settings.trusted_documents.clone(),
            settings.persisted_bytes_max,
        ),
        settings,
        metrics: Metrics::new(registry),
    };
    let methods = get(on_get).post(on_post).fallback(on_other_method);
    Router::new()
        .route("/graphql", methods)
        .with_state(Arc::new(endpoint))
}

async fn on_get(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    if query.is_empty() && endpoint.settings.graphiql && media::wants_page(&headers) {
        let vary = [(header::VARY, caching::VARY)];
        return (vary, Redirect::temporary("/graphiql/")).into_response();
    }
    let Some(manner) = endpoint.manner(&headers) else {
        return not_acceptable(endpoint.settings.http_status);
    };
    let begun = Instant::now();
    let outcome = async {
        if query.len() > URI_BYTES_MAX {
            let message = format!("the URL has more than {URI_BYTES_MAX} bytes: use POST");
            return Err(Refusal::new(Verdict::UriTooLong, "URI_TOO_LONG", message));
        }
        if headers.contains_key(header::CONTENT_TYPE) && !media::is_json(&headers) {
            return Err(unsupported(
                "a GET has no body, and so no content type but JSON's",
            ));
        }
        if !UNSIMPLE_HEADERS
            .iter()
            .any(|name| headers.contains_key(*name))
        {
            let message = "a GET needs an authorization or a graphql-require-preflight header";
            return Err(Refusal::new(Verdict::CrossSite, "CSRF_PREVENTED", message));
        }
        let request = GraphqlRequest::from_query_string(&query)?;
        endpoint.run(&headers, request, Method::Get, begun).await
    };
    caching::unless_known(&headers, answer(manner, outcome.await))
}

async fn on_post(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(manner) = endpoint.manner(&headers) else {
        return not_acceptable(endpoint.settings.http_status);
    };
    let begun = Instant::now();
    let outcome = async {
        if !media::is_json(&headers) {
            return Err(unsupported("the body must be application/json in UTF-8"));
        }
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(unsupported("the body must not be compressed"));
        }
        let body = endpoint.read_body(body).await?;
        let request = GraphqlRequest::from_json(&body)?;
        endpoint.run(&headers, request, Method::Post, begun).await
    };
    answer(manner, outcome.await)
}

async fn on_other_method(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    let profile = endpoint.settings.http_status;
    let fallback = Manner {
        media: Media::Json,
        profile,
    };
    let message = "only GET and POST are offered here";
    Refusal::new(Verdict::MethodNotAllowed, "METHOD_NOT_ALLOWED", message)
        .with(header::ALLOW, "GET, POST")
        .answer(endpoint.manner(&headers).unwrap_or(fallback))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

impl Endpoint {
    /// How the client is answered; `None` where it takes nothing that is offered.
    fn manner(&self, headers: &HeaderMap) -> Option<Manner> {
        let profile = self.settings.http_status;
        Media::negotiate(headers).map(|media| Manner { media, profile })
    }

    /// The body, of which no more is read than is allowed, and nothing where it says itself that it is larger.
    async fn read_body(&self, body: Body) -> Result<Bytes, Refusal> {
        let limit = self.settings.body_bytes_max;
        let too_large = || {
            let message = format!("the body is larger than {limit} bytes");
            Refusal::new(Verdict::BodyTooLarge, "PAYLOAD_TOO_LARGE", message).closing()
        };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        let whole = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await;
        match whole {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Refusal::bad_request("the body broke off")),
            Err(_) => {
                let message = "the body came too slowly";
                Err(Refusal::new(Verdict::Late, "REQUEST_TIMEOUT", message).closing())
            }
        }
    }

    /// Checks, parses and executes what came at `begun`; nothing is executed unless all of it passes.
    async fn run(
        &self,
        headers: &HeaderMap,
        request: GraphqlRequest,
        method: Method,
        begun: Instant,
    ) -> Result<Executed, Refusal> {
        let GraphqlRequest {
            document,
            operation_name,
            mut variables,
        } = request;
        let found = self.documents.find(&document)?;
        let document = guard::document(&found.text, &self.limits)?;
        let operation = operation(&document, operation_name.as_deref())?;
        check_method(operation, method)?;
        check_variables(operation, &variables)?;
        rules::check(&document, operation, &variables)?;
        put_defaults(operation, &mut variables);
        let roots = limits::root_fields(&document, operation);
        self.check_introspection(&roots)?;
        let patience = deadline::patience(headers, begun)?;
        let ledger = explain::open(headers)?;
        let account = Account::new(ledger.clone());
        let caller = if roots.iter().all(|name| is_open_to_all(name)) {
            None
        } else {
            Some(
                self.caller(headers, patience)?
                    .with_account(account.clone()),
            )
        };
        let lookups = self.gateway.customer_lookups(caller.as_ref());
        let bill = self.bill(&document, operation, &variables, &lookups);
        let admitted = match &caller {
            Some(caller) => self.gateway.admit(caller, bill),
            None => self.gateway.admit_stranger(&account, bill),
        };
        let kind = operation.ty;
        // A document that logs in may hold a password, and what holds a secret is not kept.
        let hash = found.hash.filter(|_| !roots.contains(&"login"));
        let loaders = Loaders::new(kind == OperationType::Query, lookups);
        let mut execution = async_graphql::Request::new("")
            .variables(variables)
            .data(Asker {
                caller,
                account: account.clone(),
                patience,
            })
            .data(loaders);
        if let Some(name) = operation_name {
            execution = execution.operation_name(name);
        }
        execution.set_parsed_query(document);
        let response = self.execute(kind, execution, admitted).await;
        if let Some(hash) = hash.filter(|_| ran(&response)) {
            self.documents.keep(hash, &found.text);
        }
        let may_keep = method == Method::Get && response.errors.is_empty() && ledger.is_none();
        let kept = account.standing().kept.filter(|_| may_keep);
        Ok(Executed {
            response,
            ledger,
            kept,
        })
    }

    /// What an operation may cost.
    fn bill(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
        lookups: &CustomerLookups,
    ) -> Bill {
        let prices = Prices {
            customers: &|filter, request| self.gateway.customers_bill(filter, request),
            fwos: &|filter, request| self.gateway.fwos_bill(filter, request),
            by_number: self.gateway.number_bill(),
            lookups: &|orders| lookups.calls_max(orders),
        };
        bill::bill(document, operation, variables, prices)
    }

    /// Runs what is admitted; what is not is validated, and then refused.
    async fn execute(
        &self,
        kind: OperationType,
        execution: async_graphql::Request,
        admitted: Result<(), Error>,
    ) -> async_graphql::Response {
        let begun = Instant::now();
        let response = match admitted {
            Ok(()) => self.schema.execute(execution).await,
            Err(error) => self.refusing.execute(execution.data(Refused(error))).await,
        };
        self.metrics
            .operation(kind, Outcome::of(&response), begun.elapsed());
        response
    }

    fn check_introspection(&self, roots: &[&str]) -> Result<(), Refusal> {
        let asks = roots
            .iter()
            .any(|name| matches!(*name, "__schema" | "__type"));
        if asks && !self.settings.introspection {
            return Err(Refusal::request(
                "INTROSPECTION_DISABLED",
                "the schema may not be asked for",
            ));
        }
        Ok(())
    }

    fn caller(&self, headers: &HeaderMap, patience: Option<Duration>) -> Result<Caller, Refusal> {
        let values = headers
            .get_all(header::AUTHORIZATION)
            .iter()
            .map(HeaderValue::as_bytes);
        let caller = BearerToken::from_headers(values)
            .and_then(|token| self.gateway.caller(token, patience));
        let caller = caller.map_err(Refusal::unauthenticated)?;
        Ok(caller.with_cache_control(caching::asked(headers)))
    }
}

fn check_method(operation: &OperationDefinition, method: Method) -> Result<(), Refusal> {
    if method == Method::Get && operation.ty != OperationType::Query {
        let message = "a GET runs queries only";
        let refusal = Refusal::new(Verdict::MethodNotAllowed, "METHOD_NOT_ALLOWED", message);
        return Err(refusal.with(header::ALLOW, "POST"));
    }
    Ok(())
}

/// A variable that must have a value has one. The library takes an absent one for "not given" and runs.
fn check_variables(operation: &OperationDefinition, given: &Variables) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let needed = !definition.var_type.node.nullable && definition.default_value.is_none();
        let value = given.get(&definition.name.node);
        if needed && value.is_none_or(|value| *value == Value::Null) {
            let message = format!("the variable ${} needs a value", definition.name.node);
            return Err(Refusal::request("BAD_USER_INPUT", message));
        }
    }
    Ok(())
}

/// Gives the variables that have none their default. The library does so for arguments, but not for `@skip` and
/// `@include`.
fn put_defaults(operation: &OperationDefinition, variables: &mut Variables) {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if let Some(default) = &definition.default_value {
            let variable = variables.entry(definition.name.node.clone());
            variable.or_insert_with(|| default.node.clone());
        }
    }
}

/// Root fields that need no token.
fn is_open_to_all(field: &str) -> bool {
    matches!(field, "login" | "__typename" | "__schema" | "__type")
}

/// The operation that is meant.
pub(super) fn operation<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Result<&'d OperationDefinition, Refusal> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1)
        }
    };
    let operation = operation.map(|operation| &operation.node);
    operation.ok_or_else(|| {
        Refusal::request(
            "OPERATION_RESOLUTION_FAILURE",
            "the document has no single operation of that name",
        )
    })
}
