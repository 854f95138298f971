//! Limits on an operation, each checked in time linear in its text, before anything is expanded.
//!
//! The parser recurses and the validator expands fragments: text that nests too deeply would overflow the
//! stack of the first, and fragments that spread each other would occupy the second for minutes. So the
//! text is measured before it is parsed, and the document before it is validated.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use async_graphql::parser::types::DocumentOperations;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::OperationType;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;

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
    /// Fields once fragments are expanded.
    pub(super) fields: u64,
    /// Depth of fields.
    pub(super) depth: u64,
    /// Aliases once fragments are expanded.
    pub(super) aliases: u64,
    /// Directives once fragments are expanded.
    pub(super) directives: u64,
    /// Root fields of a query.
    pub(super) query_fields: u64,
    /// Root fields of a mutation.
    pub(super) mutation_fields: u64,
    /// Logins in one mutation: more would be guessing passwords by alias.
    pub(super) logins: usize,
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
}

impl Refusal {
    /// `extensions.code` of the refusal.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Refusal::TooLarge { .. } => "QUERY_TOO_LARGE",
            Refusal::TooComplex { .. } | Refusal::Cycle => "QUERY_TOO_COMPLEX",
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
        }
    }
}

/// Measures the text: bytes, tokens and open brackets, in one pass without recursion.
pub(super) fn check_text(text: &str, limits: &Limits) -> Result<(), Refusal> {
    if text.len() > limits.bytes {
        return Err(Refusal::TooLarge {
            what: "bytes",
            limit: limits.bytes as u64,
        });
    }
    let (mut rest, mut tokens, mut open) = (text.as_bytes(), 0, 0usize);
    while let Some((length, token)) = next_token(rest) {
        rest = &rest[length..];
        match token {
            Token::Blank => continue,
            Token::Open => open += 1,
            Token::Close => open = open.saturating_sub(1),
            Token::Other => {}
        }
        tokens += 1;
        if open > limits.nesting {
            return Err(Refusal::TooComplex {
                what: "brackets open at once",
                limit: limits.nesting as u64,
            });
        }
        if tokens > limits.tokens {
            return Err(Refusal::TooLarge {
                what: "tokens",
                limit: limits.tokens as u64,
            });
        }
    }
    Ok(())
}

enum Token {
    Blank,
    Open,
    Close,
    Other,
}

/// The token that `text` starts with, and its length in bytes (GraphQL, section 2.1).
fn next_token(text: &[u8]) -> Option<(usize, Token)> {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let run = |of: &dyn Fn(&u8) -> bool| text.iter().take_while(|b| of(b)).count();
    Some(match text.first()? {
        b' ' | b'\t' | b'\n' | b'\r' | b',' => (1, Token::Blank),
        b'#' => (run(&|b| !matches!(b, b'\n' | b'\r')), Token::Blank),
        b'{' | b'[' | b'(' => (1, Token::Open),
        b'}' | b']' | b')' => (1, Token::Close),
        b'"' if text.starts_with(br#"""""#) => (block_string(text), Token::Other),
        b'"' => (plain_string(text), Token::Other),
        b if is_name(b) => (run(&is_name), Token::Other),
        _ => (1, Token::Other),
    })
}

/// Length of the block string that `text` starts with; only `\"""` is an escape in it.
fn block_string(text: &[u8]) -> usize {
    let mut at = 3;
    while at < text.len() {
        match &text[at..] {
            rest if rest.starts_with(br#"\""""#) => at += 4,
            rest if rest.starts_with(br#"""""#) => return at + 3,
            _ => at += 1,
        }
    }
    text.len()
}

/// Length of the string that `text` starts with; the end of the line ends it, too.
fn plain_string(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
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
    let mut measure = Measure {
        document,
        known: HashMap::new(),
        entered: HashSet::new(),
    };
    // The validator reads unused fragments, too.
    for name in document.fragments.keys() {
        let size = measure.fragment(name.as_str())?;
        at_most("fields", size.fields, limits.fields)?;
    }
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut size = measure.set(&operation.selection_set.node)?;
        size.directives = size
            .directives
            .saturating_add(operation.directives.len() as u64);
        at_most("fields", size.fields, limits.fields)?;
        at_most("levels of fields", size.depth, limits.depth)?;
        at_most("aliases", size.aliases, limits.aliases)?;
        at_most("directives", size.directives, limits.directives)?;
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

fn at_most(what: &'static str, count: u64, limit: u64) -> Result<(), Refusal> {
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
#[derive(Clone, Copy, Default)]
struct Size {
    fields: u64,
    depth: u64,
    aliases: u64,
    directives: u64,
}

impl Size {
    fn add(&mut self, other: Size) {
        self.fields = self.fields.saturating_add(other.fields);
        self.depth = self.depth.max(other.depth);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

struct Measure<'d> {
    document: &'d ExecutableDocument,
    known: HashMap<&'d str, Size>,
    entered: HashSet<&'d str>,
}

impl<'d> Measure<'d> {
    /// Recurses as deep as the text nests, which `check_text` has bounded, times the fragments in a chain.
    fn set(&mut self, set: &'d SelectionSet) -> Result<Size, Refusal> {
        let mut total = Size::default();
        for item in &set.items {
            let (mut size, directives) = match &item.node {
                Selection::Field(field) => {
                    let mut size = self.set(&field.node.selection_set.node)?;
                    size.fields = size.fields.saturating_add(1);
                    size.depth += 1;
                    size.aliases = size
                        .aliases
                        .saturating_add(u64::from(field.node.alias.is_some()));
                    (size, field.node.directives.len())
                }
                Selection::InlineFragment(inline) => (
                    self.set(&inline.node.selection_set.node)?,
                    inline.node.directives.len(),
                ),
                Selection::FragmentSpread(spread) => {
                    let mut size = self.fragment(spread.node.fragment_name.node.as_str())?;
                    // A spread costs the validator something even where the fragment is empty.
                    size.fields = size.fields.saturating_add(1);
                    (size, spread.node.directives.len())
                }
            };
            size.directives = size.directives.saturating_add(directives as u64);
            total.add(size);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &str) -> Result<Size, Refusal> {
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
        let mut size = self.set(&fragment.node.selection_set.node)?;
        size.directives = size
            .directives
            .saturating_add(fragment.node.directives.len() as u64);
        self.known.insert(name.as_str(), size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use super::Refusal;
    use super::check_document;
    use super::check_text;
    use async_graphql::parser::parse_query;
    use proptest::prelude::*;

    fn check(query: &str) -> Result<(), Refusal> {
        let limits = Limits::new(15);
        check_text(query, &limits)?;
        parse_query(query).map_or(Ok(()), |document| check_document(&document, &limits))
    }

    fn refused(query: &str) -> &'static str {
        match check(query) {
            Ok(()) => "accepted",
            Err(Refusal::Cycle) => "cycle",
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
    fn what_would_break_the_parser_is_refused_before_it() {
        assert_eq!(
            refused(&format!(
                "{{e(s:{}{})}}",
                "[".repeat(3000),
                "]".repeat(3000)
            )),
            "brackets open at once"
        );
        assert_eq!(
            refused(&format!(
                "{{e(s:{}1{})}}",
                "{a:".repeat(3000),
                "}".repeat(3000)
            )),
            "brackets open at once"
        );
        assert_eq!(
            refused(&format!(
                r#"{{e(s:"\"" t:{}{})}}"#,
                "[".repeat(99),
                "]".repeat(99)
            )),
            "brackets open at once"
        );
        assert_eq!(refused(&"a ".repeat(5000)), "tokens");
        assert_eq!(refused(&" ".repeat(33 * 1024)), "bytes");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let many = "[".repeat(900);
        assert_eq!(refused(&format!("#{many}\n{{hello}}")), "accepted");
        assert_eq!(refused(&format!(r#"{{e(s:"{many}")}}"#)), "accepted");
        assert_eq!(
            refused(&format!(r#"{{e(s:"""{many}\"""{many}""")}}"#)),
            "accepted"
        );
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

    proptest! {
        #[test]
        fn no_text_breaks_the_measure(text in "[\\[\\](){}\"\\\\#a\\n .]{0,300}") {
            let _ = check(&text);
        }
    }
}
