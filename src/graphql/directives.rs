//! `@cost` and `@listSize` in the schema, from the same table as the bill.
//!
//! They are those of the GraphQL Cost Directives Specification. Its default is a weight of 1 for every field that
//! gives an object, so those that cost no call say so: what the specification calls field cost is then the bill's
//! number of calls, but that fields of one order's detail cost one together.

use std::borrow::Cow;
use std::collections::HashSet;

use async_graphql::ContextDirective;
use async_graphql::CustomDirective;
use async_graphql::CustomDirectiveFactory;
use async_graphql::ServerError;
use async_graphql::ServerResult;
use async_graphql::parser::types::Directive;
use async_graphql::registry::__DirectiveLocation as Location;
use async_graphql::registry::MetaDirective;
use async_graphql::registry::MetaInputValue;
use async_graphql::registry::Registry;

use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::ROWS_DEFAULT;
use crate::domain::page::ROWS_MAX;
use crate::domain::page::SealedCursor;
use crate::gateway::bill;
use crate::gateway::bill::page_bill;
use crate::graphql::price;
use crate::graphql::price::Line;
use crate::graphql::price::Price;
use crate::graphql::query::NODES_MAX;

/// A directive that the schema defines and clients cannot use.
pub(super) struct Defined(fn() -> MetaDirective);

/// What `@cost` means.
pub(super) const COST: Defined = Defined(cost);

/// What `@listSize` means.
pub(super) const LIST_SIZE: Defined = Defined(list_size);

impl CustomDirectiveFactory for Defined {
    fn name(&self) -> Cow<'static, str> {
        (self.0)().name.into()
    }

    fn register(&self, registry: &mut Registry) {
        registry.add_directive((self.0)());
    }

    fn create(
        &self,
        _context: &ContextDirective<'_>,
        directive: &Directive,
    ) -> ServerResult<Box<dyn CustomDirective>> {
        let message = format!("@{} has no place in an operation", directive.name.node);
        Err(ServerError::new(message, None))
    }
}

fn cost() -> MetaDirective {
    let weight = argument(
        "weight",
        "String!",
        "How many calls of the upstream, at most.",
    );
    let on = [
        Location::ARGUMENT_DEFINITION,
        Location::ENUM,
        Location::FIELD_DEFINITION,
        Location::INPUT_FIELD_DEFINITION,
        Location::OBJECT,
        Location::SCALAR,
    ];
    let description = "What a field costs, or an argument costs more; fields of an order's detail cost one call together.";
    directive("cost", description, vec![weight], &on)
}

fn list_size() -> MetaDirective {
    let required = "Whether one of them must be given.";
    let arguments = vec![
        argument(
            "assumedSize",
            "Int",
            "How many items, where no argument says so.",
        ),
        argument(
            "slicingArguments",
            "[String!]",
            "The arguments that say how many items.",
        ),
        argument(
            "sizedFields",
            "[String!]",
            "The fields below that are lists of so many items.",
        ),
        MetaInputValue {
            default_value: Some("true".to_owned()),
            ..argument("requireOneSlicingArgument", "Boolean", required)
        },
    ];
    let description = "How many items a list has, at most.";
    directive(
        "listSize",
        description,
        arguments,
        &[Location::FIELD_DEFINITION],
    )
}

fn argument(name: &str, kind: &str, description: &str) -> MetaInputValue {
    MetaInputValue {
        description: Some(description.to_owned()),
        ..MetaInputValue::new(name, kind)
    }
}

fn directive(
    name: &str,
    description: &str,
    arguments: Vec<MetaInputValue>,
    on: &[Location],
) -> MetaDirective {
    let arguments = arguments.into_iter();
    MetaDirective {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        locations: on.to_vec(),
        args: arguments.map(|of| (of.name.clone(), of)).collect(),
        is_repeatable: false,
        visible: None,
        composable: None,
    }
}

/// Both definitions in the language of schemas; the library's own text has no descriptions of arguments.
pub(super) fn definitions() -> String {
    [cost(), list_size()].iter().map(definition).collect()
}

fn definition(directive: &MetaDirective) -> String {
    let described = |text: &Option<String>, indent| match text {
        Some(text) => format!("{indent}\"{text}\"\n"),
        None => String::new(),
    };
    let arguments = directive.args.values().map(|argument| {
        let default = argument.default_value.as_ref();
        let default = default.map_or_else(String::new, |value| format!(" = {value}"));
        let (name, kind) = (&argument.name, &argument.ty);
        format!(
            "{}  {name}: {kind}{default}\n",
            described(&argument.description, "  ")
        )
    });
    let arguments: String = arguments.collect();
    let on = directive
        .locations
        .iter()
        .map(|on| async_graphql::resolver_utils::enum_value(*on).to_string());
    let on = on.collect::<Vec<_>>().join(" | ");
    let description = described(&directive.description, "");
    format!(
        "{description}directive @{}(\n{arguments}) on {on}\n\n",
        directive.name
    )
}

/// The definitions of the schema with what each of their fields and arguments costs.
pub(super) fn priced(blocks: &[String]) -> impl Iterator<Item = String> {
    let objects: HashSet<&str> = blocks.iter().filter_map(|block| object(block)).collect();
    blocks.iter().map(move |block| match object(block) {
        Some(object) => priced_object(object, block, &objects),
        None => block.clone(),
    })
}

/// The object, or the interface, that a definition defines.
fn object(block: &str) -> Option<&str> {
    block.lines().find_map(head)
}

/// The object whose definition a line opens.
fn head(line: &str) -> Option<&str> {
    let object = line.strip_prefix("type ");
    let rest = object.or_else(|| line.strip_prefix("interface "))?;
    rest.split(' ').next()
}

fn priced_object(object: &str, block: &str, objects: &HashSet<&str>) -> String {
    let line = |field: &str| price::lines(object).iter().find(|line| line.field == field);
    let cost = |field, text| match line(field) {
        Some(line) => field_cost(line, objects.contains(named(text))),
        None => objects.contains(named(text)).then(|| weight(0)),
    };
    // A description of several lines may have lost its beginning to the block before.
    let (mut field, mut in_description) = ("", true);
    let mut priced = Vec::new();
    for text in block.lines() {
        in_description = match head(text) {
            Some(_) => false,
            None => in_description ^ (text.matches("\"\"\"").count() == 1),
        };
        let directives = match part(text) {
            _ if in_description => None,
            Part::Other => None,
            Part::Argument(name) => line(field).and_then(|line| argument_cost(line, name)),
            Part::Opening(name) => {
                field = name;
                None
            }
            Part::Whole(name) => {
                field = name;
                cost(field, text)
            }
            Part::Closing => cost(field, text),
        };
        priced.push(match directives {
            Some(directives) => format!("{text} {directives}"),
            None => text.to_owned(),
        });
    }
    priced.join("\n")
}

/// What a line of an object's definition is.
enum Part<'t> {
    /// A field without arguments.
    Whole(&'t str),
    /// A field up to its arguments.
    Opening(&'t str),
    /// An argument.
    Argument(&'t str),
    /// A field from its arguments on.
    Closing,
    /// A description, or the object itself.
    Other,
}

fn part(text: &str) -> Part<'_> {
    if text.starts_with("  ): ") {
        return Part::Closing;
    }
    let member = text.trim_start();
    let name = member.split(['(', ':']).next().unwrap_or("");
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Part::Other;
    }
    match text.len() - member.len() {
        2 if text.ends_with('(') => Part::Opening(name),
        2 => Part::Whole(name),
        4 => Part::Argument(name),
        _ => Part::Other,
    }
}

/// The name of the type at the end of a line.
fn named(text: &str) -> &str {
    let kind = text.rsplit(": ").next().unwrap_or("");
    let kind = kind.split(' ').next().unwrap_or("");
    kind.trim_matches(['[', ']', '!'])
}

fn weight(calls: u64) -> String {
    format!("@cost(weight: \"{calls}\")")
}

fn field_cost(line: &Line, gives_object: bool) -> Option<String> {
    let calls = match line.price {
        Price::Row | Price::Held => return gives_object.then(|| weight(0)),
        Price::Calls(calls) => calls,
        Price::Deletion => bill::deletion(true).calls,
        Price::CustomerBy | Price::Node | Price::Customer | Price::Detail => bill::READ,
        Price::Nodes => {
            let cost = weight(NODES_MAX as u64 * bill::READ);
            return Some(format!("{cost} @listSize(assumedSize: {NODES_MAX})"));
        }
        Price::Window(_) => {
            let cost = weight(window(&[]));
            return Some(format!(
                "{cost} @listSize(assumedSize: {ROWS_DEFAULT}, {WINDOW_SIZE})"
            ));
        }
    };
    Some(weight(calls))
}

/// How the size of a list is found in the arguments of its window.
const WINDOW_SIZE: &str = r#"slicingArguments: ["first", "last"], sizedFields: ["edges"], requireOneSlicingArgument: false"#;

/// What a list costs more where it is given an argument.
fn argument_cost(line: &Line, argument: &str) -> Option<String> {
    if !matches!(line.price, Price::Window(_)) {
        return None;
    }
    let more = window(&[argument]).saturating_sub(window(&[]));
    (more > 0).then(|| weight(more))
}

/// What a page costs with these arguments, from an upstream that gives whole windows and knows every filter.
fn window(arguments: &[&str]) -> u64 {
    let cursor = |field| {
        arguments.contains(&field).then(|| SealedCursor {
            field,
            text: String::new(),
        })
    };
    let request = PageRequest {
        end: if arguments.contains(&"last") {
            End::Back
        } else {
            End::Front
        },
        after: cursor("after"),
        before: cursor("before"),
        ..PageRequest::default()
    };
    page_bill(&request, ROWS_MAX).calls
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::TypeKind;
    use async_graphql::parser::types::TypeSystemDefinition;

    use super::window;
    use crate::graphql::price;
    use crate::graphql::sdl;

    fn line(start: &str) -> String {
        let sdl = sdl();
        let found = sdl
            .lines()
            .find(|line| line.trim_start().starts_with(start));
        found
            .unwrap_or_else(|| panic!("no {start}"))
            .trim()
            .to_owned()
    }

    #[test]
    fn fields_say_what_they_cost() {
        for (start, end) in [
            (
                "): CustomerConnection",
                "@cost(weight: \"1\") @listSize(assumedSize: 25, slicingArguments: [\"first\", \"last\"], sizedFields: [\"edges\"], requireOneSlicingArgument: false)",
            ),
            (
                "): [Node]",
                "@cost(weight: \"100\") @listSize(assumedSize: 100)",
            ),
            ("): UpdateFwoPayload", "@cost(weight: \"3\")"),
            ("): DeleteFwoPayload", "@cost(weight: \"2\")"),
            ("labor: [LaborLine!]", "@cost(weight: \"1\")"),
            ("pageInfo: ", "@cost(weight: \"0\")"),
            ("edges: [FwoEdge]", "@cost(weight: \"0\")"),
            ("last: Int", "@cost(weight: \"3\")"),
            ("after: String", "@cost(weight: \"24\")"),
        ] {
            let line = line(start);
            assert!(line.ends_with(end), "{line}");
        }
        for start in ["first: Int", "totalCount: ", "groupName: "] {
            assert!(!line(start).contains('@'), "{start}");
        }
    }

    #[test]
    fn every_field_that_gives_an_object_says_what_it_costs() {
        let document = parse_schema(sdl()).unwrap();
        let types = document
            .definitions
            .into_iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(kind) => Some(kind.node),
                _ => None,
            });
        let objects = types.filter_map(|kind| match kind.kind {
            TypeKind::Object(object) => Some((kind.name.node, object.fields)),
            _ => None,
        });
        let objects: Vec<_> = objects.collect();
        let is_object =
            |name: &str| name == "Node" || objects.iter().any(|(object, _)| object == name);
        for (object, fields) in &objects {
            for field in fields {
                let field = &field.node;
                let kind = field.ty.node.to_string();
                let has_cost = field
                    .directives
                    .iter()
                    .any(|of| of.node.name.node == "cost");
                let costs = price::lines(object)
                    .iter()
                    .any(|line| line.field == field.name.node);
                let gives_object = is_object(kind.trim_matches(['[', ']', '!']));
                assert_eq!(
                    has_cost,
                    costs || gives_object,
                    "{object}.{}",
                    field.name.node
                );
            }
        }
    }

    #[test]
    fn arguments_together_cost_no_more_than_each_by_itself() {
        let all = ["after", "before", "last"];
        for chosen in 0..8_usize {
            let chosen: Vec<&str> = (0..3)
                .filter(|at| chosen >> at & 1 == 1)
                .map(|at| all[at])
                .collect();
            let each = chosen.iter().map(|name| window(&[name]) - window(&[]));
            assert!(
                window(&chosen) <= window(&[]) + each.sum::<u64>(),
                "{chosen:?}"
            );
        }
    }
}
