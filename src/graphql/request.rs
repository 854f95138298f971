//! What a GraphQL request says: the parameters of GraphQL over HTTP, out of a body or a query string.

use std::collections::HashSet;

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

use crate::graphql::object::Object;

/// The parameters of one request. Unknown members are ignored, as the specification has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<Object>,
    extensions: Option<Object>,
}

/// The member of `extensions` in which Apollo's clients send the hash of a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersistedQuery {
    version: u64,
    sha256_hash: String,
}

/// What a request says of its document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Document {
    /// Its text.
    Text(String),
    /// Its text, and the hash by which the client will ask for it from now on.
    TextWithHash { text: String, hash: String },
    /// Its id, or its hash alone.
    Name(String),
}

/// One request: its document, and which operation of it is meant with which variables.
#[derive(Debug)]
pub(super) struct GraphqlRequest {
    pub(super) document: Document,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
}

/// Why a request cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misunderstood {
    /// The body, or a parameter of the URL, is not JSON.
    NotJson,
    /// It is JSON, and its members are missing, of wrong types, or there twice.
    Misshapen,
    /// The body is a list.
    Batch,
}

impl From<serde_json::Error> for Misunderstood {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => Misunderstood::Misshapen,
            Category::Io | Category::Syntax | Category::Eof => Misunderstood::NotJson,
        }
    }
}

impl GraphqlRequest {
    /// Out of the body of a POST.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, Misunderstood> {
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Misunderstood::Batch);
        }
        let parameters: Parameters = serde_json::from_slice(body)?;
        parameters.try_into()
    }

    /// Out of the query string of a GET, where objects travel as JSON text.
    pub(super) fn from_query_string(text: &str) -> Result<Self, Misunderstood> {
        let mut parameters = Parameters::default();
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "query" => parameters.query = Some(value.into_owned()),
                "documentId" => parameters.document_id = Some(value.into_owned()),
                "operationName" => {
                    parameters.operation_name =
                        Some(value.into_owned()).filter(|name| !name.is_empty())
                }
                "variables" => parameters.variables = object(&value)?,
                "extensions" => parameters.extensions = object(&value)?,
                _ => {}
            }
            if !seen.insert(name) {
                return Err(Misunderstood::Misshapen);
            }
        }
        parameters.try_into()
    }
}

impl TryFrom<Parameters> for GraphqlRequest {
    type Error = Misunderstood;

    fn try_from(parameters: Parameters) -> Result<Self, Misunderstood> {
        let Parameters {
            query,
            document_id,
            operation_name,
            variables,
            extensions,
        } = parameters;
        let hash = hash(extensions.unwrap_or_default())?;
        let document = match (query, hash, document_id) {
            (Some(text), None, _) => Document::Text(text),
            (Some(text), Some(hash), _) => Document::TextWithHash { text, hash },
            (None, Some(name), _) | (None, None, Some(name)) => Document::Name(name),
            (None, None, None) => return Err(Misunderstood::Misshapen),
        };
        let Object(variables) = variables.unwrap_or_default();
        Ok(GraphqlRequest {
            document,
            operation_name,
            variables: Variables::from_json(Value::Object(variables)),
        })
    }
}

/// The hash of the document, where the client sends one.
fn hash(Object(mut extensions): Object) -> Result<Option<String>, Misunderstood> {
    let Some(persisted) = extensions.remove("persistedQuery") else {
        return Ok(None);
    };
    let persisted: Option<PersistedQuery> = serde_json::from_value(persisted)?;
    match persisted {
        None => Ok(None),
        Some(PersistedQuery {
            version: 1,
            sha256_hash,
        }) => Ok(Some(sha256_hash)),
        Some(_) => Err(Misunderstood::Misshapen),
    }
}

fn object(text: &str) -> Result<Option<Object>, Misunderstood> {
    if text.is_empty() {
        return Ok(None);
    }
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::Document;
    use super::GraphqlRequest;
    use super::Misunderstood;

    #[test]
    fn null_and_absent_parameters_are_the_same_and_unknown_ones_are_ignored() {
        let body = br#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"more":[1]}"#;
        assert!(GraphqlRequest::from_json(body).is_ok());
    }

    #[test]
    fn a_parameter_of_a_wrong_type_or_twice_is_not_understood() {
        for body in [
            "",
            "{",
            "\u{feff}{}",
            "{'query':1}",
            "{\"query\":\"\\ud800\"}",
        ] {
            let outcome = GraphqlRequest::from_json(body.as_bytes());
            assert_eq!(outcome.err(), Some(Misunderstood::NotJson), "{body}");
        }
        let bodies = [
            "null",
            "1",
            "true",
            "\"x\"",
            "{}",
            r#"{"qeury":"{a}"}"#,
            r#"{"query":null}"#,
            r#"{"query":1}"#,
            r#"{"query":"{a}","operationName":1}"#,
            r#"{"query":"{a}","variables":[1]}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","extensions":1}"#,
            r#"{"query":"{a}","query":"{b}"}"#,
            r#"{"query":"{a}","variables":{"a":1,"a":2}}"#,
            r#"{"query":"{a}","variables":{"a":[{"b":{"c":1,"c":1}}]}}"#,
            r#"{"documentId":1}"#,
            r#"{"extensions":{"persistedQuery":{"version":2,"sha256Hash":"a"}}}"#,
            r#"{"extensions":{"persistedQuery":{"version":1}}}"#,
            r#"{"query":"{a}","extensions":{"persistedQuery":"a"}}"#,
        ];
        for body in bodies {
            let outcome = GraphqlRequest::from_json(body.as_bytes());
            assert_eq!(outcome.err(), Some(Misunderstood::Misshapen), "{body}");
        }
        for query in [
            "query={a}&query={b}",
            "query={a}&variables=[1]",
            "query={a}&variables={\"a\":1,\"a\":2}",
            "query={a}&extensions=1",
            "x=1",
        ] {
            let outcome = GraphqlRequest::from_query_string(query);
            assert_eq!(outcome.err(), Some(Misunderstood::Misshapen), "{query}");
        }
        let outcome = GraphqlRequest::from_query_string("query={a}&variables={bad");
        assert_eq!(outcome.err(), Some(Misunderstood::NotJson));
    }

    #[test]
    fn a_list_of_requests_is_told_apart() {
        for body in [" [{}]", "[]", "[1"] {
            let outcome = GraphqlRequest::from_json(body.as_bytes());
            assert_eq!(outcome.err(), Some(Misunderstood::Batch), "{body}");
        }
    }

    #[test]
    fn a_document_is_its_text_or_what_it_is_known_by() {
        let persisted = r#""extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}"#;
        let (text, hash) = ("{a}".to_owned(), "abc".to_owned());
        for (body, document) in [
            (
                r#"{"query":"{a}"}"#.to_owned(),
                Document::Text(text.clone()),
            ),
            (
                r#"{"query":"{a}","documentId":"x"}"#.to_owned(),
                Document::Text(text.clone()),
            ),
            (
                r#"{"query":"{a}","extensions":{"persistedQuery":null}}"#.to_owned(),
                Document::Text(text.clone()),
            ),
            (
                format!(r#"{{"query":"{{a}}",{persisted}}}"#),
                Document::TextWithHash {
                    text,
                    hash: hash.clone(),
                },
            ),
            (format!("{{{persisted}}}"), Document::Name(hash)),
            (
                r#"{"documentId":"sha256:x"}"#.to_owned(),
                Document::Name("sha256:x".into()),
            ),
        ] {
            let request = GraphqlRequest::from_json(body.as_bytes());
            let found = request.map(|request| request.document);
            assert_eq!(found.ok(), Some(document), "{body}");
        }
        let request = GraphqlRequest::from_query_string("documentId=a%3A1");
        let found = request.map(|request| request.document).ok();
        assert_eq!(found, Some(Document::Name("a:1".into())));
    }
}
