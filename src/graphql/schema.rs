//! The schema, and its text for clients.

use std::sync::Arc;

use async_graphql::EmptySubscription;
use async_graphql::Response;
use async_graphql::SDLExportOptions;
use async_graphql::ServerError;
use async_graphql::extensions::Extension;
use async_graphql::extensions::ExtensionContext;
use async_graphql::extensions::ExtensionFactory;
use async_graphql::extensions::NextExecute;

use crate::domain::error::Error;
use crate::gateway::Gateway;
use crate::graphql::Settings;
use crate::graphql::directives;
use crate::graphql::error::extensions;
use crate::graphql::mutation::Mutation;
use crate::graphql::node::Node;
use crate::graphql::query::Query;

pub(super) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

type Builder = async_graphql::SchemaBuilder<Query, Mutation, EmptySubscription>;

/// The schema over a gateway.
pub(super) fn build(gateway: Gateway, settings: &Settings) -> Schema {
    finish(bare().data(gateway), settings)
}

/// The same schema over nothing: every valid operation is answered with the [`Refused`] that it brings.
pub(super) fn build_refusing(settings: &Settings) -> Schema {
    finish(bare().extension(Refusing), settings)
}

fn finish(schema: Builder, settings: &Settings) -> Schema {
    // A suggestion tells names of the schema, which may not be asked for; and where it may, whoever asks has it.
    let schema = schema.disable_suggestions();
    match settings.introspection {
        true => schema.finish(),
        false => schema.disable_introspection().finish(),
    }
}

/// Why an operation is not executed, although it may be valid.
pub(super) struct Refused(pub(super) Error);

/// Stands in the place of execution, behind validation. The library has no other way to validate alone; and on
/// the schema that does execute, an extension would cost every field a detour.
struct Refusing;

impl ExtensionFactory for Refusing {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Refusing)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Refusing {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        _operation_name: Option<&str>,
        _execution: NextExecute<'_>,
    ) -> Response {
        let Refused(error) = ctx.data_unchecked();
        let mut refusal = ServerError::new(error.message(), None);
        refusal.extensions = Some(extensions(error));
        Response::from_errors(vec![refusal])
    }
}

fn bare() -> Builder {
    Schema::build(Query, Mutation::default(), EmptySubscription)
        .register_output_type::<Node>()
        .directive(directives::COST)
        .directive(directives::LIST_SIZE)
}

/// The schema in GraphQL's own language, as committed in `schema/peerassist.graphql`.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .prefer_single_line_descriptions()
        .include_specified_by()
        .use_space_ident()
        .indent_width(2);
    let text = bare().finish().sdl_with_options(options);
    let blocks: Vec<String> = blocks(&text)
        .filter(|block| !defines_directives(block))
        .collect();
    let mut sdl = directives::definitions();
    for block in directives::priced(&blocks) {
        sdl.push_str(&block);
        sdl.push_str("\n\n");
    }
    sdl.truncate(sdl.trim_end().len());
    sdl.push('\n');
    sdl
}

/// Definitions with their descriptions; the library sets an empty line between them, and puts a comma
/// behind each argument, which the language reads as a blank.
fn blocks(sdl: &str) -> impl Iterator<Item = String> {
    let blocks = sdl
        .split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty());
    blocks.map(|block| {
        block
            .lines()
            .map(|line| line.trim_end_matches([',', ' ']))
            .collect::<Vec<_>>()
            .join("\n")
    })
}

/// Directives that every GraphQL server has need no definition; those of our own are defined with more words.
fn defines_directives(block: &str) -> bool {
    block.lines().any(|line| line.starts_with("directive @"))
}
