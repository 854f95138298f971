//! Door 1: GraphQL over HTTP, and the console for people who explore.
//!
//! A request meets the files in this order: `endpoint` (HTTP in), `media` and `request` (what is asked), `documents` (by
//! its text, or by what it is known by), `guard` with `lexical` and `limits` (is it small enough?), `rules` (is it what
//! the library does not judge?), `deadline` (how long does the client wait?), `schema` with `query` and `mutation`,
//! `connection`, `customer`, `fwo` and `line`, and on the way out `error`, `answer` with `status`, and `caching` (what the
//! client may keep). A mutation reads its input with `reading`, in `customer_input`, `fwo_input` and `line_input`, and
//! tells in `user_error` what a user can mend.

mod answer;
mod bill;
mod caching;
mod connection;
mod console;
mod customer;
mod customer_input;
mod customer_mutation;
mod deadline;
mod directives;
mod documents;
mod endpoint;
mod error;
mod escapes;
mod events;
mod explain;
mod filter;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod fwo;
mod fwo_input;
mod fwo_mutation;
mod guard;
#[cfg(test)]
mod killers;
mod lexical;
mod limits;
mod line;
mod line_input;
mod loader;
mod media;
mod metrics;
mod mutation;
mod node;
mod object;
mod price;
mod query;
mod reading;
mod refusal;
mod request;
mod rules;
mod scalar;
mod schema;
mod status;
mod trusted;
mod user_error;
mod vocabulary;

use axum::Router;
use prometheus_client::registry::Registry;

use crate::gateway::Gateway;

pub use crate::graphql::refusal::overloaded;
pub use crate::graphql::schema::sdl;
pub use crate::graphql::status::StatusProfile;
pub use crate::graphql::trusted::Trust;
pub use crate::graphql::trusted::TrustedDocuments;

/// Settings of the GraphQL door.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// Whether browsers get GraphiQL.
    pub graphiql: bool,
    /// Deepest nesting of fields.
    pub depth_max: usize,
    /// Largest request body in bytes.
    pub body_bytes_max: usize,
    /// Which rules the HTTP statuses follow.
    pub http_status: StatusProfile,
    /// Bytes of documents that are kept by their hashes for clients; 0 keeps none.
    pub persisted_bytes_max: u64,
    /// The documents that the operator's own clients were built with.
    pub trusted_documents: TrustedDocuments,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            introspection: true,
            graphiql: true,
            depth_max: 15,
            body_bytes_max: 256 * 1024,
            http_status: StatusProfile::default(),
            persisted_bytes_max: 4 * 1024 * 1024,
            trusted_documents: TrustedDocuments::default(),
        }
    }
}

/// `/graphql`, and `/graphiql/` where that is on.
pub fn router(gateway: Gateway, settings: Settings, registry: &mut Registry) -> Router {
    let console = if settings.graphiql {
        console::router()
    } else {
        Router::new()
    };
    endpoint::router(gateway, settings, registry).merge(console)
}
