//! What is promised of documents, bodies, query strings and global ids, whatever they are.

use async_graphql::ID;
use async_graphql::Variables;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;

use crate::graphql::endpoint::operation;
use crate::graphql::guard;
use crate::graphql::limits::Limits;
use crate::graphql::limits::root_fields;
use crate::graphql::node::NodeId;
use crate::graphql::request::Document;
use crate::graphql::request::GraphqlRequest;
use crate::graphql::rules;

/// What passes the guard is no larger than the limits, by a count of its own.
pub(crate) fn document(text: &str) {
    let limits = Limits::default();
    let Ok(document) = guard::document(text, &limits) else {
        return;
    };
    for (_, operation) in document.operations.iter() {
        let mut left = limits.fields;
        let depth = expanded(&document, &operation.node.selection_set.node, &mut left);
        assert!(depth <= limits.depth, "{depth} levels: {text}");
    }
    if let Ok(operation) = operation(&document, None) {
        let roots = root_fields(&document, operation).len() as u64;
        assert!(roots <= limits.query_fields, "{roots} roots: {text}");
        let _refused = rules::check(&document, operation, &Variables::default());
    }
}

/// Expands fragments one by one, which is what the guard must have made harmless. The depth in fields; `left` is how
/// many fields and spreads there may still be.
fn expanded(document: &ExecutableDocument, set: &SelectionSet, left: &mut u64) -> u64 {
    let depths = set.items.iter().map(|item| match &item.node {
        Selection::Field(field) => {
            *left = left.checked_sub(1).expect("no more fields than allowed");
            1 + expanded(document, &field.node.selection_set.node, left)
        }
        Selection::InlineFragment(inline) => {
            expanded(document, &inline.node.selection_set.node, left)
        }
        Selection::FragmentSpread(spread) => {
            *left = left.checked_sub(1).expect("no more spreads than allowed");
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            let set = fragment.map(|fragment| &fragment.node.selection_set.node);
            set.map_or(0, |set| expanded(document, set, left))
        }
    });
    depths.max().unwrap_or(0)
}

/// What is understood is an object with a document.
pub(crate) fn json_body(bytes: &[u8]) {
    if let Ok(request) = GraphqlRequest::from_json(bytes) {
        let body: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        let text = body.get("query").and_then(|query| query.as_str());
        match &request.document {
            Document::Text(query) | Document::TextWithHash { text: query, .. } => {
                assert_eq!(Some(query.as_str()), text);
            }
            Document::Name(_) => assert_eq!(text, None),
        }
        let variables = body.get("variables").and_then(|all| all.as_object());
        assert_eq!(
            request.variables.len(),
            variables.map_or(0, serde_json::Map::len)
        );
    }
}

/// What is understood has its document in a parameter.
pub(crate) fn query_string(text: &str) {
    if GraphqlRequest::from_query_string(text).is_ok() {
        let mut names = url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name);
        let is_document = |name: &str| ["query", "documentId", "extensions"].contains(&name);
        assert!(names.any(|name| is_document(&name)), "{text}");
    }
}

/// Each object has one id.
pub(crate) fn global_id(text: &str) {
    if let Ok(Some(id)) = NodeId::parse("id", &ID(text.to_owned())) {
        assert_eq!(id.to_id().as_str(), text);
    }
}
