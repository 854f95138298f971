//! Bodies of requests that differ in one member, and what an answer says about such members.

use serde_json::Value;

/// `base` with one member set, or taken away by null.
pub(crate) fn with(mut base: Value, member: &str, value: Value) -> Value {
    let members = base.as_object_mut().expect("an object");
    match value {
        Value::Null => drop(members.remove(member)),
        value => drop(members.insert(member.to_owned(), value)),
    }
    base
}

/// Each `errors[]` of a refusal: the field, and the rule that it breaks.
pub(crate) fn broken(answer: &Value) -> Vec<(&str, &str)> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors
        .map(|error| {
            let field = error["field"].as_str().unwrap_or_default();
            let rule = error["defaultMessage"].as_str().unwrap_or_default();
            (field, rule)
        })
        .collect()
}
