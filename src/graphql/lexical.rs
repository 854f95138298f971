//! The text of a document before anybody parses it: its bytes, tokens, selections and open brackets, in one pass.
//!
//! A parsed token costs the parser about 2 µs, so what is too much for the limits behind it had better be refused here.
//!
//! The parser recurses wherever a bracket opens, so what is a string here must be one there. Both read from the left,
//! and differ only where a string has no end: there the parser tries again, takes the first two quotes of a block
//! string for an empty one, and meets brackets behind it that seemed to be inside. So such a text is refused here.

use std::iter;
use std::ops::Range;

use async_graphql::Pos;

use crate::graphql::limits::Limits;
use crate::graphql::limits::Refusal;
use crate::graphql::limits::at_most;

/// Measures the text; how many tokens it has.
///
/// Fails where it has too many bytes, tokens, selections or open brackets, or a string without an end.
pub(super) fn check_text(text: &str, limits: &Limits) -> Result<usize, Refusal> {
    if text.len() > limits.bytes {
        return Err(Refusal::TooLarge {
            what: "bytes",
            limit: limits.bytes as u64,
        });
    }
    let (mut at, mut tokens, mut open) = (0, 0, 0usize);
    let mut selections = Selections::default();
    while let Some((length, token)) = next_token(&text.as_bytes()[at..]) {
        let bytes = &text.as_bytes()[at..at + length];
        at += length;
        match token {
            Token::Blank => continue,
            Token::Open => open += 1,
            Token::Close => open = open.saturating_sub(1),
            Token::Name | Token::Other => {}
            Token::Unended => return Err(Refusal::Unended(position(text, at))),
        }
        tokens += 1;
        selections.see(bytes, token);
        at_most("fields", selections.count, limits.fields)?;
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
    Ok(tokens)
}

/// Counts the names that are fields, spreads or inline fragments with a type: all others stand between parentheses, in
/// front of the first brace, or behind one of a few tokens.
#[derive(Default)]
struct Selections {
    count: u64,
    braces: usize,
    parentheses: usize,
    before: Before,
}

/// What stands before a token, as far as that tells whether a name is a selection.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Else,
    Spread,
    /// `@` of a directive, `:` behind an alias, or `on` behind a spread: the name that follows is none.
    NameOfElse,
}

impl Selections {
    fn see(&mut self, bytes: &[u8], token: Token) {
        let count = |open: usize, by: &[u8; 2]| match bytes {
            [b] if *b == by[0] => open + 1,
            [b] if *b == by[1] => open.saturating_sub(1),
            _ => open,
        };
        self.parentheses = count(self.parentheses, b"()");
        if self.parentheses > 0 {
            return;
        }
        self.braces = count(self.braces, b"{}");
        let is_selection =
            token == Token::Name && self.braces > 0 && self.before != Before::NameOfElse;
        self.count += u64::from(is_selection);
        self.before = match bytes {
            b"..." => Before::Spread,
            b"@" | b":" => Before::NameOfElse,
            b"on" if self.before == Before::Spread => Before::NameOfElse,
            _ => Before::Else,
        };
    }
}

/// Where the strings of one line each are in a text, with their quotes.
pub(super) fn plain_strings(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    iter::from_fn(move || {
        loop {
            let (length, _) = next_token(&bytes[at..])?;
            let token = at..at + length;
            at += length;
            if bytes[token.start] == b'"' && !bytes[token.clone()].starts_with(br#"""""#) {
                return Some(token);
            }
        }
    })
}

/// The line and the column of a byte, counted from 1.
fn position(text: &str, at: usize) -> Pos {
    let before = String::from_utf8_lossy(&text.as_bytes()[..at]);
    let line = before.rsplit('\n').next().unwrap_or("");
    Pos {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Blank,
    Open,
    Close,
    Name,
    Other,
    /// A string that does not end before its line or the text does.
    Unended,
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
        b'"' if text.starts_with(br#"""""#) => block_string(text),
        b'"' => plain_string(text),
        b'.' if text.starts_with(b"...") => (3, Token::Other),
        b if is_name(b) => (run(&is_name), Token::Name),
        _ => (1, Token::Other),
    })
}

/// The block string that `text` starts with; only `\"""` is an escape in it.
fn block_string(text: &[u8]) -> (usize, Token) {
    let mut at = 3;
    while at < text.len() {
        match &text[at..] {
            rest if rest.starts_with(br#"\""""#) => at += 4,
            rest if rest.starts_with(br#"""""#) => return (at + 3, Token::Other),
            _ => at += 1,
        }
    }
    (text.len(), Token::Unended)
}

/// The string that `text` starts with; it ends on its line, and no escape hides the end of that.
fn plain_string(text: &[u8]) -> (usize, Token) {
    let mut at = 1;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'"', _) => return (at + 1, Token::Other),
            (b'\n' | b'\r', _) => return (at, Token::Unended),
            (b'\\', Some(b'"' | b'\\')) => at += 2,
            _ => at += 1,
        }
    }
    (text.len(), Token::Unended)
}

#[cfg(test)]
mod tests {
    use super::Selections;
    use super::Token;
    use super::check_text;
    use super::next_token;
    use crate::graphql::limits::Limits;
    use crate::graphql::limits::Refusal;
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::Selection;
    use async_graphql::parser::types::SelectionSet;
    use proptest::prelude::*;

    fn refused(text: &str) -> &'static str {
        match check_text(text, &Limits::default()) {
            Ok(_) => "accepted",
            Err(Refusal::TooLarge { what, .. } | Refusal::TooComplex { what, .. }) => what,
            Err(Refusal::Unended(_)) => "unended",
            Err(Refusal::Cycle) => "cycle",
        }
    }

    fn lists(n: usize) -> String {
        format!("{}{}", "[".repeat(n), "]".repeat(n))
    }

    #[test]
    fn what_would_break_the_parser_is_refused_before_it() {
        let brackets = "brackets open at once";
        let objects = format!("{{e(s:{}1{})}}", "{a:".repeat(3000), "}".repeat(3000));
        assert_eq!(refused(&format!("{{e(s:{})}}", lists(3000))), brackets);
        assert_eq!(refused(&objects), brackets);
        assert_eq!(
            refused(&format!(r#"{{e(s:"\"" t:{})}}"#, lists(99))),
            brackets
        );
        assert_eq!(
            refused(&format!("{{e(s:\"\"\"\"\"\" t:{})}}", lists(99))),
            brackets
        );
        assert_eq!(refused(&"a ".repeat(5000)), "tokens");
        assert_eq!(refused(&" ".repeat(33 * 1024)), "bytes");
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let many = "[".repeat(900);
        assert_eq!(refused(&format!("#{many}\n{{hello}}")), "accepted");
        assert_eq!(refused(&format!(r#"{{e(s:"{many}")}}"#)), "accepted");
        assert_eq!(refused(&format!(r#"{{e(s:"\\\"{many}")}}"#)), "accepted");
        let block = format!(r#"{{e(s:"""{many}\"""{many}""")}}"#);
        assert_eq!(refused(&block), "accepted");
    }

    /// Without its end the parser takes the first two quotes for an empty string, and recurses into what follows.
    #[test]
    fn a_string_without_an_end_hides_nothing() {
        for quotes in ["\"\"\"", "\"\"\"\"", "\"\"\"\"\"", "\"", "\"\\", "\"\\\""] {
            let text = format!("{{e(s:[{quotes}{}])}}", lists(99));
            assert_eq!(refused(&text), "unended", "{quotes}");
        }
        for end in ["\n", "\r", "\\\n", "\\\r\n"] {
            let text = format!("{{e(s:\"{end}{}\")}}", lists(99));
            assert_eq!(refused(&text), "unended", "{end:?}");
        }
        // The parser reads these as we do: nothing is hidden behind their brackets.
        let text = format!("{{e(s:[\"\"\"\"{}])}}", lists(50));
        assert!(parse_query(text).is_ok(), "the parser has tried again");
    }

    #[test]
    fn where_a_string_has_no_end_is_told_by_line_and_column() {
        let text = "{ a\n  (b: \"é";
        let Err(Refusal::Unended(pos)) = check_text(text, &Limits::default()) else {
            panic!("no end");
        };
        assert_eq!((pos.line, pos.column), (2, 9));
    }

    #[test]
    fn a_token_is_what_the_specification_calls_one() {
        let tokens = |text: &str| check_text(text, &Limits::default()).ok();
        for (text, count) in [
            ("", 0),
            (" ,\t\r\n# a { b\n", 0),
            ("{ ...on A { b } }", 8),
            ("query a($b: [Int!]! = [1, 2]) @c { d: e }", 24),
            (r#""a b" """c "d" e""""#, 2),
            ("$a&b|c!", 7),
        ] {
            assert_eq!(tokens(text), Some(count), "{text}");
        }
    }

    /// As counted here, and as parsed.
    fn selections(text: &str) -> (u64, u64) {
        let (mut seen, mut rest) = (Selections::default(), text.as_bytes());
        while let Some((length, token)) = next_token(rest) {
            if token != Token::Blank {
                seen.see(&rest[..length], token);
            }
            rest = &rest[length..];
        }
        fn of(set: &SelectionSet) -> u64 {
            let items = set.items.iter().map(|item| match &item.node {
                Selection::Field(field) => 1 + of(&field.node.selection_set.node),
                Selection::FragmentSpread(_) => 1,
                Selection::InlineFragment(inline) => {
                    let typed = u64::from(inline.node.type_condition.is_some());
                    typed + of(&inline.node.selection_set.node)
                }
            });
            items.sum()
        }
        let document = parse_query(text).expect("a document");
        let operations = document.operations.iter();
        let operations = operations.map(|(_, operation)| of(&operation.node.selection_set.node));
        let fragments = document.fragments.values();
        let fragments = fragments.map(|fragment| of(&fragment.node.selection_set.node));
        (seen.count, operations.chain(fragments).sum())
    }

    #[test]
    fn selections_are_counted_before_they_are_parsed() {
        for text in [
            "{ a b c }",
            "query on($on: [on!] @on(on: {on: on})) @a @b(c: d) { a @b(c: {d: {e: f}}) @f b: c d: e }",
            "query a($b: c = {d: [e]}) { f }",
            "{ ...a ... on B { c } } fragment a on B { on }",
            "{ ... { a ... @b { on: on ...onn on } } }",
            "{ a(b: {c: [d, e]}) { ... on on { on } } } fragment f on on { ... { ... @a { __typename } } }",
            "{ a # b\n c(d: \"e f\") }",
        ] {
            let (counted, parsed) = selections(text);
            assert_eq!(counted, parsed, "{text}");
        }
        let limits = Limits::default();
        let of = |n: usize| format!("{{ {} }}", "a ".repeat(n));
        assert!(check_text(&of(1_000), &limits).is_ok());
        assert_eq!(refused(&of(1_001)), "fields");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_measure(text in "[\\[\\](){}\"\\\\#a\\n .]{0,300}") {
            let _ = check_text(&text, &Limits::default());
        }

        /// What passes nests no deeper for the parser than for us, or it would have recursed so deep.
        #[test]
        fn what_passes_is_parsed(text in "[\\[\\](){}\"\\\\#a:\\n .]{0,200}") {
            if check_text(&text, &Limits::default()).is_ok() {
                let _ = parse_query(&text);
            }
        }
    }
}
