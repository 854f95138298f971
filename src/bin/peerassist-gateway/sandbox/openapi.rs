//! The OpenAPI document, made from the handlers themselves, and the page that shows it.

use axum::Router;
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Array;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::HttpBuilder;
use utoipa::openapi::security::SecurityScheme;
use utoipa_swagger_ui::SwaggerUi;

/// What is true of the whole API; the operations add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "PeerAssist REST API (sandbox)",
        version = "1",
        description = "A server of the PeerAssist REST API with invented data. Log in with `POST /auth`, then send the token \
            with every call. Absent values are left out of answers, empty ones are kept; failures have Spring Boot's shape.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This sandbox")),
    modifiers(&BearerToken),
    security(("token" = []))
)]
pub(crate) struct Document;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The `token` of `POST /auth`; valid for 60 minutes"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// utoipa copies the schema of a generic argument into every page; the items are the schemas of the same name.
pub(crate) fn refer_to_items(document: &mut utoipa::openapi::OpenApi) {
    let components = document.components.get_or_insert_default();
    for (name, schema) in &mut components.schemas {
        let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema)
        else {
            continue;
        };
        let items = Ref::from_schema_name(item);
        page.properties
            .insert("content".to_owned(), Array::new(items).into());
    }
}

/// Pretty JSON with a final newline; the same bytes for the same code.
pub(crate) fn print(document: &utoipa::openapi::OpenApi) -> String {
    let mut text = document
        .to_pretty_json()
        .expect("an OpenAPI document is JSON");
    text.push('\n');
    text
}

/// `/v3/api-docs` and `/swagger-ui/`; served from the executable, without any other host.
pub(crate) fn router(document: utoipa::openapi::OpenApi) -> Router {
    SwaggerUi::new("/swagger-ui")
        .url("/v3/api-docs", document)
        .into()
}
