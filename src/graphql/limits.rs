//! Limits on an operation, each checked in time linear in its text, before anything is expanded.
//!
//! The parser recurses and the validator expands fragments: text that nests too deeply would overflow the
//! stack of the first, and fragments that spread each other would occupy the second for minutes. So the
//! text is measured before it is parsed (`lexical`), and the document here before it is validated.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use async_graphql::Name;
use async_graphql::Pos;
use async_graphql::Positioned;
use async_graphql::parser::types::Directive;
use async_graphql::parser::types::DocumentOperations;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::OperationType;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;
use async_graphql_value::Value;

/// Selection sets open at once, fragments included, of any document that keeps its limits of depth; no deeper does
/// anything here recurse.
const SETS_OPEN_MAX: usize = 256;

/// How large an operation may be. The figures follow the reliability targets (G40 to G48).
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Bytes of text.
    pub(super) bytes: usize,
    /// Tokens of text.
    pub(super) tokens: usize,
    /// Brackets open at once.
    pub(super) nesting: usize,
    /// Operations and fragments together.
    pub(super) definitions: usize,
    /// Fields once fragments are expanded; and fields, spreads and inline fragments of the whole text as it stands.
    pub(super) fields: u64,
    /// Depth of fields.
    pub(super) depth: u64,
    /// Aliases once fragments are expanded.
    pub(super) aliases: u64,
    /// Directives once fragments are expanded.
    pub(super) directives: u64,
    /// Lists, objects and single values in arguments, once fragments are expanded: each is copied several times.
    pub(super) values: u64,
    /// Root fields of a query.
    pub(super) query_fields: u64,
    /// Root fields of a mutation.
    pub(super) mutation_fields: u64,
    /// Logins in one mutation: more would be guessing passwords by alias.
    pub(super) logins: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits::new(15)
    }
}

impl Limits {
    pub(super) fn new(depth_max: usize) -> Self {
        Limits {
            bytes: 32 * 1024,
            tokens: 4_000,
            nesting: 40,
            definitions: 50,
            fields: 1_000,
            depth: depth_max as u64,
            aliases: 30,
            directives: 50,
            values: 4_000,
            query_fields: 20,
            mutation_fields: 5,
            logins: 1,
        }
    }
}

/// Which limit an operation breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The text is too long.
    TooLarge { what: &'static str, limit: u64 },
    /// The operation asks for too much.
    TooComplex { what: &'static str, limit: u64 },
    /// A fragment spreads itself.
    Cycle,
    /// A string has no end, so that nobody can say what is in it.
    Unended(Pos),
}

impl Refusal {
    /// `extensions.code` of the refusal.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Refusal::TooLarge { .. } => "QUERY_TOO_LARGE",
            Refusal::TooComplex { .. } | Refusal::Cycle => "QUERY_TOO_COMPLEX",
            Refusal::Unended(_) => "GRAPHQL_PARSE_FAILED",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLarge { what, limit } | Refusal::TooComplex { what, limit } => {
                write!(
                    f,
                    "the operation has too many {what}: at most {limit} are allowed"
                )
            }
            Refusal::Cycle => f.write_str("a fragment spreads itself"),
            Refusal::Unended(_) => f.write_str("the document has a syntax error"),
        }
    }
}

/// Measures the document: each fragment once, however often it is spread.
pub(super) fn check_document(
    document: &ExecutableDocument,
    limits: &Limits,
) -> Result<(), Refusal> {
    let operations = match &document.operations {
        DocumentOperations::Single(_) => 1,
        DocumentOperations::Multiple(operations) => operations.len(),
    };
    at_most(
        "definitions",
        (operations + document.fragments.len()) as u64,
        limits.definitions as u64,
    )?;
    let mut measure = Measure::of(document);
    // The validator reads unused fragments, too.
    for name in document.fragments.keys() {
        measure.fragment(name.as_str(), 0)?.within(limits)?;
    }
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut size = measure.set(&operation.selection_set.node, 0)?;
        size.add(Size::of_directives(&operation.directives));
        size.within(limits)?;
        check_root(document, operation, limits)?;
    }
    Ok(())
}

fn check_root(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    limits: &Limits,
) -> Result<(), Refusal> {
    let roots = root_fields(document, operation);
    let count = roots.len() as u64;
    if operation.ty == OperationType::Mutation {
        let logins = roots.iter().filter(|name| **name == "login").count();
        at_most("logins", logins as u64, limits.logins as u64)?;
        return at_most("root fields", count, limits.mutation_fields);
    }
    at_most("root fields", count, limits.query_fields)
}

pub(super) fn at_most(what: &'static str, count: u64, limit: u64) -> Result<(), Refusal> {
    if count > limit {
        Err(Refusal::TooComplex { what, limit })
    } else {
        Ok(())
    }
}

/// The names of an operation's root fields, fragments expanded, as often as they stand there.
///
/// To be called for documents whose fragments have no cycle and whose size is within the limits.
pub(super) fn root_fields<'d>(
    document: &'d ExecutableDocument,
    operation: &'d OperationDefinition,
) -> Vec<&'d str> {
    let mut names = Vec::new();
    let mut sets = vec![&operation.selection_set.node];
    while let Some(set) = sets.pop() {
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => names.push(field.node.name.node.as_str()),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let fragment = document.fragments.get(&spread.node.fragment_name.node);
                    sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                }
            }
        }
    }
    names
}

/// What a selection set comes to once its fragments are expanded.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    fields: u64,
    depth: u64,
    aliases: u64,
    directives: u64,
    values: u64,
}

impl Size {
    fn of_directives(directives: &[Positioned<Directive>]) -> Self {
        let arguments = directives
            .iter()
            .flat_map(|directive| &directive.node.arguments);
        Size {
            directives: directives.len() as u64,
            values: values(arguments),
            ..Size::default()
        }
    }

    fn add(&mut self, other: Size) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.values = self.values.saturating_add(other.values);
    }

    fn within(&self, limits: &Limits) -> Result<(), Refusal> {
        at_most("fields", self.fields, limits.fields)?;
        at_most("levels of fields", self.depth, limits.depth)?;
        at_most("aliases", self.aliases, limits.aliases)?;
        at_most("directives", self.directives, limits.directives)?;
        at_most("values", self.values, limits.values)
    }
}

/// The lists, objects and single values in arguments.
fn values<'d>(
    arguments: impl IntoIterator<Item = &'d (Positioned<Name>, Positioned<Value>)>,
) -> u64 {
    let arguments = arguments.into_iter();
    arguments.map(|(_, value)| nodes(&value.node)).sum()
}

/// Recurses as deep as the text nests, which `lexical` has bounded.
fn nodes(value: &Value) -> u64 {
    1 + match value {
        Value::List(items) => items.iter().map(nodes).sum(),
        Value::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

struct Measure<'d> {
    document: &'d ExecutableDocument,
    known: HashMap<&'d str, Size>,
    entered: HashSet<&'d str>,
    /// Selections that were looked at, of which no document has more than its text has tokens.
    steps: usize,
}

impl<'d> Measure<'d> {
    fn of(document: &'d ExecutableDocument) -> Self {
        Measure {
            document,
            known: HashMap::new(),
            entered: HashSet::new(),
            steps: 0,
        }
    }

    /// The size of a set inside so many others.
    fn set(&mut self, set: &'d SelectionSet, open: usize) -> Result<Size, Refusal> {
        at_most(
            "selection sets open at once",
            open as u64,
            SETS_OPEN_MAX as u64,
        )?;
        let mut total = Size::default();
        for item in &set.items {
            self.steps += 1;
            let mut size = Size::of_directives(item.node.directives());
            match &item.node {
                Selection::Field(field) => {
                    size.add(self.set(&field.node.selection_set.node, open + 1)?);
                    size.fields = size.fields.saturating_add(1);
                    size.depth += 1;
                    size.aliases = size
                        .aliases
                        .saturating_add(u64::from(field.node.alias.is_some()));
                    size.values = size.values.saturating_add(values(&field.node.arguments));
                }
                Selection::InlineFragment(inline) => {
                    size.add(self.set(&inline.node.selection_set.node, open + 1)?);
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    size.add(self.fragment(name, open + 1)?);
                    // A spread costs the validator something even where the fragment is empty.
                    size.fields = size.fields.saturating_add(1);
                }
            }
            total.add(size);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &str, open: usize) -> Result<Size, Refusal> {
        // One that is not defined is the validator's to name.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        if let Some(size) = self.known.get(name.as_str()) {
            return Ok(*size);
        }
        if !self.entered.insert(name.as_str()) {
            return Err(Refusal::Cycle);
        }
        let mut size = self.set(&fragment.node.selection_set.node, open)?;
        size.add(Size::of_directives(&fragment.node.directives));
        self.known.insert(name.as_str(), size);
        Ok(size)
    }
}

/// How many selections are looked at to measure a document, until it is refused or to its end.
#[cfg(test)]
pub(super) fn steps(document: &ExecutableDocument) -> usize {
    let mut measure = Measure::of(document);
    let fragments = document.fragments.keys();
    let _refused = fragments
        .map(|name| measure.fragment(name, 0))
        .collect::<Result<Vec<_>, _>>();
    for (_, operation) in document.operations.iter() {
        let _refused = measure.set(&operation.node.selection_set.node, 0);
    }
    measure.steps
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use super::Refusal;
    use super::check_document;
    use crate::graphql::lexical::check_text;
    use async_graphql::parser::parse_query;

    fn check(query: &str) -> Result<(), Refusal> {
        let limits = Limits::new(15);
        check_text(query, &limits)?;
        parse_query(query).map_or(Ok(()), |document| check_document(&document, &limits))
    }

    fn refused(query: &str) -> &'static str {
        match check(query) {
            Ok(()) => "accepted",
            Err(Refusal::Cycle) => "cycle",
            Err(Refusal::Unended(_)) => "unended",
            Err(Refusal::TooLarge { what, .. } | Refusal::TooComplex { what, .. }) => what,
        }
    }

    /// `levels` fragments, each of which spreads the next one `fan` times.
    fn bomb(fan: usize, levels: usize) -> String {
        let fragment = |i| {
            format!(
                "fragment f{i} on N {{ {} }} ",
                format!("...f{} ", i + 1).repeat(fan)
            )
        };
        let fragments: String = (0..levels).map(fragment).collect();
        format!("{{ n {{ ...f0 }} }} {fragments} fragment f{levels} on N {{ id }}")
    }

    #[test]
    fn what_would_occupy_the_validator_is_refused_before_it() {
        for (fan, levels) in [(100, 4), (2, 40), (300, 3)] {
            assert_eq!(refused(&bomb(fan, levels)), "fields", "{fan} x {levels}");
        }
        assert_eq!(
            refused(&bomb(2, 30).replace("{ n { ...f0 } }", "{ hello }")),
            "fields"
        );
        assert_eq!(
            refused("{n{...a}} fragment a on N{...b} fragment b on N{...a}"),
            "cycle"
        );
        assert_eq!(refused("{n{...a}} fragment a on N{...a}"), "cycle");
    }

    #[test]
    fn each_limit_holds_and_one_more_is_refused() {
        let deep = |levels: usize| format!("{}{}", "{n".repeat(levels), "}".repeat(levels));
        assert_eq!(refused(&deep(15)), "accepted");
        assert_eq!(refused(&deep(16)), "levels of fields");
        let aliases = |n: usize| {
            format!(
                "{{n{{{}}}}}",
                (0..n).map(|i| format!("a{i}:id ")).collect::<String>()
            )
        };
        assert_eq!(refused(&aliases(30)), "accepted");
        assert_eq!(refused(&aliases(31)), "aliases");
        let roots = |n: usize| format!("{{{}}}", "hello ".repeat(n));
        assert_eq!(refused(&roots(20)), "accepted");
        assert_eq!(refused(&roots(21)), "root fields");
        let directives = |n: usize| format!("{{hello {}}}", "@skip(if:false) ".repeat(n));
        assert_eq!(refused(&directives(50)), "accepted");
        assert_eq!(refused(&directives(51)), "directives");
        assert_eq!(refused("mutation{a:login b:login}"), "logins");
        assert_eq!(
            refused("mutation{login ...l} fragment l on Mutation{login}"),
            "logins"
        );
        assert_eq!(refused("mutation{a b c d e f}"), "root fields");
    }
}
