//! The schema, and its text for clients.

use async_graphql::EmptySubscription;
use async_graphql::SDLExportOptions;

use crate::gateway::Gateway;
use crate::graphql::Settings;
use crate::graphql::mutation::Mutation;
use crate::graphql::node::Node;
use crate::graphql::query::Query;

pub(super) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// The schema over a gateway.
pub(super) fn build(gateway: Gateway, settings: &Settings) -> Schema {
    let schema = bare().data(gateway);
    if settings.introspection {
        return schema.finish();
    }
    // A suggestion would tell names of a schema that may not be asked for.
    schema
        .disable_introspection()
        .disable_suggestions()
        .finish()
}

fn bare() -> async_graphql::SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation::default(), EmptySubscription).register_output_type::<Node>()
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
    let mut sdl: String = blocks(&text)
        .filter(|block| !is_built_in(block))
        .map(|block| format!("{block}\n\n"))
        .collect();
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

/// Directives that every GraphQL server has need no definition, and the library's have no descriptions.
fn is_built_in(block: &str) -> bool {
    let directives = ["@include", "@skip", "@deprecated", "@specifiedBy", "@oneOf"];
    directives
        .iter()
        .any(|name| block.contains(&format!("directive {name}")))
}
