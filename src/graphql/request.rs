//! What a GraphQL request says: the parameters of GraphQL over HTTP, out of a body or a query string.

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

/// The parameters of one request. Unknown members are ignored, as the specification has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    extensions: Option<Map<String, Value>>,
}

/// One request: the text of its document, and which operation of it is meant with which variables.
#[derive(Debug)]
pub(super) struct GraphqlRequest {
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
}

/// Why a request cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misunderstood {
    /// The body is not JSON, or its members are of wrong types.
    Malformed,
    /// The body is a list.
    Batch,
    /// Only the hash of a document came.
    PersistedQuery,
}

impl GraphqlRequest {
    /// Out of the body of a POST.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, Misunderstood> {
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Misunderstood::Batch);
        }
        let parameters: Parameters =
            serde_json::from_slice(body).map_err(|_| Misunderstood::Malformed)?;
        parameters.try_into()
    }

    /// Out of the query string of a GET, where objects travel as JSON text.
    pub(super) fn from_query_string(text: &str) -> Result<Self, Misunderstood> {
        let mut parameters = Parameters::default();
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if seen.contains(&name) {
                return Err(Misunderstood::Malformed);
            }
            match &*name {
                "query" => parameters.query = Some(value.into_owned()),
                "operationName" => {
                    parameters.operation_name =
                        Some(value.into_owned()).filter(|name| !name.is_empty())
                }
                "variables" => parameters.variables = object(&value)?,
                "extensions" => parameters.extensions = object(&value)?,
                _ => {}
            }
            seen.push(name);
        }
        parameters.try_into()
    }
}

impl TryFrom<Parameters> for GraphqlRequest {
    type Error = Misunderstood;

    fn try_from(parameters: Parameters) -> Result<Self, Misunderstood> {
        let Parameters {
            query,
            operation_name,
            variables,
            extensions,
        } = parameters;
        let hashed = extensions.is_some_and(|extensions| extensions.contains_key("persistedQuery"));
        let missing = if hashed {
            Misunderstood::PersistedQuery
        } else {
            Misunderstood::Malformed
        };
        let variables = Variables::from_json(Value::Object(variables.unwrap_or_default()));
        Ok(GraphqlRequest {
            query: query.ok_or(missing)?,
            operation_name,
            variables,
        })
    }
}

fn object(text: &str) -> Result<Option<Map<String, Value>>, Misunderstood> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map_err(|_| Misunderstood::Malformed)
}

#[cfg(test)]
mod tests {
    use super::GraphqlRequest;
    use super::Misunderstood;

    #[test]
    fn null_and_absent_parameters_are_the_same_and_unknown_ones_are_ignored() {
        let body = br#"{"query":"{a}","operationName":null,"variables":null,"extensions":null,"more":[1]}"#;
        assert!(GraphqlRequest::from_json(body).is_ok());
    }

    #[test]
    fn a_parameter_of_a_wrong_type_or_twice_is_not_understood() {
        let bodies = [
            "",
            "{",
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
        ];
        for body in bodies {
            let outcome = GraphqlRequest::from_json(body.as_bytes());
            assert_eq!(outcome.err(), Some(Misunderstood::Malformed), "{body}");
        }
        for query in [
            "query={a}&query={b}",
            "query={a}&variables={bad",
            "query={a}&variables=[1]",
            "query={a}&extensions=1",
            "x=1",
        ] {
            let outcome = GraphqlRequest::from_query_string(query);
            assert_eq!(outcome.err(), Some(Misunderstood::Malformed), "{query}");
        }
    }

    #[test]
    fn a_list_of_requests_and_a_bare_hash_are_told_apart() {
        assert_eq!(
            GraphqlRequest::from_json(b" [{}]").err(),
            Some(Misunderstood::Batch)
        );
        let hash = br#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}"#;
        assert_eq!(
            GraphqlRequest::from_json(hash).err(),
            Some(Misunderstood::PersistedQuery)
        );
    }
}
