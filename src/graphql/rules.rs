//! Rules of the specification that the library's validator does not keep, each checked in time linear in the document.
//!
//! It passes over `__typename` with all its directives and arguments, takes any 64-bit number for an `Int`, and knows
//! `@defer` and `@stream` as little as a misspelt name.

use async_graphql::Positioned;
use async_graphql::Variables;
use async_graphql::parser::types::BaseType;
use async_graphql::parser::types::Directive;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::Field;
use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;
use async_graphql::parser::types::Type;
use async_graphql_value::ConstValue;
use async_graphql_value::Value;

use crate::domain::error::Error;
use crate::graphql::answer::Refusal;

/// The arguments of type `Int`, whichever field they are of; no other argument has one of these names.
const INT_ARGUMENTS: [&str; 3] = ["first", "last", "offset"];

const INT: &str = "Int";

/// Checks the operation that is meant, and the selections of the whole document.
pub(super) fn check(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<(), Refusal> {
    let operations = document.operations.iter();
    let operations = operations.map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values();
    let fragments = fragments.map(|fragment| &fragment.node.selection_set.node);
    for set in operations.chain(fragments) {
        selections(set)?;
    }
    numbers(operation, variables)
}

/// Recurses as deep as the text nests, which `lexical` has bounded.
fn selections(set: &SelectionSet) -> Result<(), Refusal> {
    for item in &set.items {
        delivery(item.node.directives())?;
        match &item.node {
            Selection::Field(field) => {
                if field.node.name.node == "__typename" {
                    typename(&field.node)?;
                }
                arguments(&field.node)?;
                selections(&field.node.selection_set.node)?;
            }
            Selection::InlineFragment(inline) => selections(&inline.node.selection_set.node)?,
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn delivery(directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
    let names = directives.iter().map(|directive| &directive.node.name.node);
    match names
        .into_iter()
        .any(|name| name == "defer" || name == "stream")
    {
        true => Err(invalid(
            "incremental delivery is not offered: @defer and @stream",
        )),
        false => Ok(()),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::request("GRAPHQL_VALIDATION_FAILED", message)
}

/// `__typename` has no arguments, nothing is selected from it, and its directives are those of every other field.
fn typename(field: &Field) -> Result<(), Refusal> {
    if !field.arguments.is_empty() {
        return Err(invalid("field \"__typename\" takes no arguments"));
    }
    if !field.selection_set.node.items.is_empty() {
        return Err(invalid("field \"__typename\" has no fields"));
    }
    let mut seen = Vec::new();
    for directive in &field.directives {
        let Directive { name, arguments } = &directive.node;
        if !["skip", "include"].contains(&name.node.as_str()) {
            return Err(invalid(format!("Unknown directive \"{}\"", name.node)));
        }
        if seen.contains(&&name.node) {
            return Err(invalid(format!("Duplicate directive \"{}\"", name.node)));
        }
        seen.push(&name.node);
        let [(argument, value)] = arguments.as_slice() else {
            return Err(invalid(format!(
                "directive \"@{}\" takes one argument",
                name.node
            )));
        };
        let fits = matches!(value.node, Value::Boolean(_) | Value::Variable(_));
        if argument.node != "if" || !fits {
            return Err(invalid(format!(
                "directive \"@{}\" takes a Boolean, \"if\"",
                name.node
            )));
        }
    }
    Ok(())
}

fn arguments(field: &Field) -> Result<(), Refusal> {
    for (name, value) in &field.arguments {
        let name = name.node.as_str();
        if INT_ARGUMENTS.contains(&name) && !is_int(&value.node) {
            return Err(no_int(name));
        }
    }
    Ok(())
}

/// What is no number at all is the library's to refuse, and a variable is looked at by itself.
fn is_int(value: &Value) -> bool {
    match value {
        Value::Number(number) => number
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        _ => true,
    }
}

/// The values of the variables that are of type `Int`, given or by default.
fn numbers(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = definition.name.node.as_str();
        let default = definition.default_value.as_ref();
        let default = default.map(|default| &default.node);
        let values = variables.get(&definition.name.node).into_iter();
        let mut values = values.chain(default);
        if is_of_int(&definition.var_type.node) && !values.all(are_ints) {
            return Err(no_int(name));
        }
    }
    Ok(())
}

fn is_of_int(kind: &Type) -> bool {
    match &kind.base {
        BaseType::Named(name) => name == INT,
        BaseType::List(item) => is_of_int(item),
    }
}

fn are_ints(value: &ConstValue) -> bool {
    match value {
        ConstValue::List(values) => values.iter().all(are_ints),
        ConstValue::Number(number) => number
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        _ => true,
    }
}

fn no_int(name: &str) -> Refusal {
    Refusal::invalid(Error::invalid(name, "expected type \"Int\""))
}

#[cfg(test)]
mod tests {
    use super::INT;
    use super::INT_ARGUMENTS;
    use super::check;
    use crate::graphql::sdl;
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;
    use serde_json::json;

    fn passes(query: &str, variables: serde_json::Value) -> bool {
        let document = parse_query(query).expect("a document");
        let DocumentOperations::Single(operation) = &document.operations else {
            panic!("one operation");
        };
        let variables = Variables::from_json(variables);
        check(&document, &operation.node, &variables).is_ok()
    }

    /// Arguments stand four blanks deep in the schema's text, fields and members of inputs two.
    #[test]
    fn the_arguments_of_type_int_are_those_of_the_table() {
        let sdl = sdl();
        let arguments = sdl.lines().filter_map(|line| line.strip_prefix("    "));
        let arguments = arguments.filter_map(|line| line.split_once(": "));
        let mut ints = Vec::new();
        for (name, kind) in arguments {
            let kind = kind.split([' ', '!']).next().unwrap_or("");
            assert_eq!(kind == INT, INT_ARGUMENTS.contains(&name), "{name}: {kind}");
            ints.extend((kind == INT).then_some(name));
        }
        assert!(INT_ARGUMENTS.iter().all(|name| ints.contains(name)));
        let inputs = sdl.split("\n\n").filter(|block| block.contains("input "));
        let inputs: String = inputs.collect();
        assert!(!inputs.contains(": Int\n") && !inputs.contains(": Int!"));
    }

    #[test]
    fn an_int_has_32_bits() {
        for (number, fits) in [
            ("2147483647", true),
            ("-2147483648", true),
            ("2147483648", false),
            ("-2147483649", false),
            ("9223372036854775808", false),
            ("1.5", false),
            ("1e400", false),
            ("null", true),
            ("\"x\"", true),
        ] {
            let query = format!("{{ a {{ b(first: {number}) {{ c }} }} }}");
            let parsed = parse_query(&query).is_ok();
            assert_eq!(parsed && passes(&query, json!({})), fits, "{number}");
        }
        let of = |kind: &str, value| {
            passes(&format!("query($n: {kind}) {{ a }}"), json!({ "n": value }))
        };
        assert!(of("Int", json!(5)) && of("Int!", json!(null)) && of("[[Int]]", json!([[5]])));
        assert!(!of("Int", json!(2_147_483_648_i64)));
        assert!(!of("[[Int!]]!", json!([[5], [2_147_483_648_i64]])));
        assert!(of("Int64", json!(2_147_483_648_i64)));
        assert!(!passes("query($n: Int = 2147483648) { a }", json!({})));
    }

    #[test]
    fn the_directives_of_typename_are_those_of_any_field() {
        for directives in ["", "@skip(if: true)", "@include(if: $a) @skip(if: false)"] {
            let query = format!("{{ __typename {directives} }}");
            assert!(passes(&query, json!({})), "{directives}");
        }
        for directives in [
            "@nope",
            "@skip",
            "@skip(unless: true)",
            "@skip(if: 1)",
            "@skip(if: true, unless: false)",
            "@skip(if: true) @skip(if: true)",
            "(a: 1)",
            "{ a }",
        ] {
            let query = format!("{{ a {{ ... {{ __typename {directives} }} }} }}");
            assert!(!passes(&query, json!({})), "{directives}");
        }
    }

    #[test]
    fn incremental_delivery_is_refused_wherever_it_stands() {
        for query in [
            "{ ... @defer { a } }",
            "{ a { b @stream } }",
            "{ ...F @defer(if: false) } fragment F on Query { a }",
            "{ a } fragment F on Query { ... { b @stream(initialCount: 1) } }",
        ] {
            assert!(!passes(query, json!({})), "{query}");
        }
        assert!(passes("{ defer stream: a(defer: 1) }", json!({})));
    }
}
