//! The guard in front of the library: a text becomes a document only if it is small before it is parsed and after.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;

use crate::graphql::answer::Refusal;
use crate::graphql::answer::syntax_error;
use crate::graphql::escapes::spelled;
use crate::graphql::lexical::check_text;
use crate::graphql::limits::Limits;
use crate::graphql::limits::check_document;

/// The document of a text. It nests no deeper than the library can follow on any of our stacks, and comes to no more
/// than the limits once its fragments are expanded.
pub(super) fn document(text: &str, limits: &Limits) -> Result<ExecutableDocument, Refusal> {
    let document = parsed(text, limits)?;
    check_document(&document, limits)?;
    Ok(document)
}

/// The same before its fragments are measured.
pub(super) fn parsed(text: &str, limits: &Limits) -> Result<ExecutableDocument, Refusal> {
    check_text(text, limits)?;
    parse_query(spelled(text)).map_err(syntax_error)
}
