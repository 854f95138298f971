//! `filter`: the part of AIP-160 that the upstream can answer. Anything else is refused, never ignored.
//!
//! `text = restrictions joined by AND or by nothing`; a restriction is `field operator value`, or several
//! of one field joined by OR, which binds tighter, with or without parentheses. One pass, no recursion.

use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

use chrono::DateTime;
use chrono::Utc;

use crate::domain::customer::CustomersFilter;
use crate::domain::customer::filter_text;
use crate::domain::error::Error;
use crate::domain::fwo::FwosFilter;
use crate::domain::id::Id;
use crate::domain::term::Vocabulary;

pub(super) const ARGUMENT: &str = "filter";

/// Longest text in bytes: one restriction of each kind with the longest values stays below it.
const BYTES_MAX: usize = 2 * 1024;

/// Longest part of the caller's text in a message, in characters.
const QUOTED_MAX: usize = 40;

const CUSTOMERS: &str =
    "`status = ACTIVE`, `number = \"TEXT\"` and `name : \"TEXT\"`, joined by AND";

const FWOS: &str = "`project_id = ID`, `customer_id = ID`, `status = WORD` and `type = WORD` (several joined by OR), \
     `number = \"TEXT\"`, `search : \"TEXT\"`, and `>=` and `<` on `created_date` and `updated_date`, joined by AND";

/// The customers that a filter names.
pub(super) fn customers(text: &str) -> Result<CustomersFilter, Error> {
    let mut filter = CustomersFilter::default();
    for restriction in parse(text)? {
        let Restriction {
            field,
            operator,
            values,
        } = &restriction;
        match (field.as_str(), operator) {
            ("status", Operator::Equal) => {
                filter.status = Some(word(field, "CUSTOMER_STATUS_", one(&restriction)?)?);
            }
            ("number", Operator::Equal) => filter.number = Some(words(&restriction)?),
            ("name", Operator::Has) => filter.name = Some(words(&restriction)?),
            _ => return Err(unsupported(field, *operator, values.len(), CUSTOMERS)),
        }
    }
    Ok(filter)
}

/// The field work orders that a filter names.
pub(super) fn fwos(text: &str) -> Result<FwosFilter, Error> {
    let mut filter = FwosFilter::default();
    for restriction in parse(text)? {
        let Restriction {
            field,
            operator,
            values,
        } = &restriction;
        match (field.as_str(), operator) {
            ("project_id", Operator::Equal) => filter.project_id = Some(id(&restriction)?),
            ("customer_id", Operator::Equal) => filter.customer_id = Some(id(&restriction)?),
            ("status", Operator::Equal) => {
                let known = values.iter().map(|value| word(field, "FWO_STATUS_", value));
                filter.status = known.collect::<Result<_, _>>()?;
            }
            ("type", Operator::Equal) => {
                let known = values.iter().map(|value| word(field, "FWO_TYPE_", value));
                filter.kind = known.collect::<Result<_, _>>()?;
            }
            ("number", Operator::Equal) => filter.number = Some(words(&restriction)?),
            ("search", Operator::Has) => filter.search = Some(words(&restriction)?),
            ("created_date", Operator::AtLeast) => filter.created_from = Some(time(&restriction)?),
            ("created_date", Operator::Below) => filter.created_to = Some(time(&restriction)?),
            ("updated_date", Operator::AtLeast) => filter.updated_from = Some(time(&restriction)?),
            ("updated_date", Operator::Below) => filter.updated_to = Some(time(&restriction)?),
            _ => return Err(unsupported(field, *operator, values.len(), FWOS)),
        }
    }
    Ok(filter)
}

/// The one value of a restriction that cannot be repeated.
fn one(restriction: &Restriction) -> Result<&str, Error> {
    match restriction.values.as_slice() {
        [value] => Ok(value),
        _ => Err(refused(format!(
            "`{}` can have only one value",
            shown(&restriction.field)
        ))),
    }
}

fn words(restriction: &Restriction) -> Result<String, Error> {
    let text = one(restriction)?.to_owned();
    filter_text(&restriction.field, text).map_err(|error| refused(error.message()))
}

fn id<I: Id>(restriction: &Restriction) -> Result<I, Error> {
    let field = &restriction.field;
    I::parse(one(restriction)?).ok_or_else(|| refused(format!("`{field}` must be a positive id")))
}

fn time(restriction: &Restriction) -> Result<DateTime<Utc>, Error> {
    let parsed = DateTime::parse_from_rfc3339(one(restriction)?);
    parsed.map(|time| time.with_timezone(&Utc)).map_err(|_| {
        refused(format!(
            "`{}` must be a moment such as \"2024-05-14T00:00:00Z\", in quotes",
            restriction.field
        ))
    })
}

/// A word of a vocabulary, short as in the filter's documentation or with the prefix of the proto enum.
fn word<V: Vocabulary>(field: &str, prefix: &str, text: &str) -> Result<V, Error> {
    V::of_word(text.strip_prefix(prefix).unwrap_or(text)).ok_or_else(|| {
        let known: Vec<&str> = V::WORDS.iter().map(|(_, word)| *word).collect();
        refused(format!("`{field}` must be one of {}", known.join(", ")))
    })
}

fn unsupported(field: &str, operator: Operator, values: usize, supported: &str) -> Error {
    let (field, more) = (shown(field), if values > 1 { " with OR" } else { "" });
    refused(format!(
        "`{field} {operator}`{more} is not supported; supported are {supported}"
    ))
}

fn refused(rule: impl Into<String>) -> Error {
    Error::invalid(ARGUMENT, rule)
}

/// The caller's own text in a message, cut short.
fn shown(text: &str) -> String {
    text.chars().take(QUOTED_MAX).collect()
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Has,
    AtLeast,
    Below,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operator::Equal => "=",
            Operator::Has => ":",
            Operator::AtLeast => ">=",
            Operator::Below => "<",
        })
    }
}

/// `field operator value`, or several of them joined by OR.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Restriction {
    field: String,
    operator: Operator,
    /// At least one.
    values: Vec<String>,
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, value) in self.values.iter().enumerate() {
            let joint = if place > 0 { " OR " } else { "" };
            write!(f, "{joint}{} {} \"", self.field, self.operator)?;
            for letter in value.chars() {
                if matches!(letter, '"' | '\\' | '*') {
                    f.write_str("\\")?;
                }
                write!(f, "{letter}")?;
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Compare(Operator),
    Word(String),
    Quoted(String),
}

impl Token {
    fn described(&self) -> String {
        match self {
            Token::Open => "`(`".into(),
            Token::Close => "`)`".into(),
            Token::And => "`AND`".into(),
            Token::Or => "`OR`".into(),
            Token::Compare(operator) => format!("`{operator}`"),
            Token::Word(text) | Token::Quoted(text) => format!("`{}`", shown(text)),
        }
    }
}

/// The tokens of a text; the words that AIP-160 reserves and we do not support are refused here.
fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&letter) = rest.peek() {
        let token = match letter {
            _ if letter.is_whitespace() => {
                rest.next();
                continue;
            }
            '"' => Token::Quoted(quoted(&mut rest)?),
            '(' | ')' | '=' | ':' | '<' | '>' | '!' => sign(&mut rest)?,
            '\'' => return Err(refused("texts are quoted with `\"`")),
            '-' if !matches!(tokens.last(), Some(Token::Compare(_))) => {
                return Err(refused("`-` and `NOT` are not supported"));
            }
            _ => bare(&mut rest)?,
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn sign(rest: &mut Peekable<Chars<'_>>) -> Result<Token, Error> {
    let first = rest.next();
    let with_equal = rest.peek() == Some(&'=') && matches!(first, Some('<' | '>' | '!'));
    if with_equal {
        rest.next();
    }
    match (first, with_equal) {
        (Some('('), _) => Ok(Token::Open),
        (Some(')'), _) => Ok(Token::Close),
        (Some('='), _) => Ok(Token::Compare(Operator::Equal)),
        (Some(':'), _) => Ok(Token::Compare(Operator::Has)),
        (Some('>'), true) => Ok(Token::Compare(Operator::AtLeast)),
        (Some('<'), false) => Ok(Token::Compare(Operator::Below)),
        _ => Err(refused("the operators are `=`, `:`, `>=` and `<`")),
    }
}

/// The inside of a quoted text. `\"`, `\\` and `\*` are the only escapes; a bare `*` would be a wildcard.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, Error> {
    rest.next();
    let mut text = String::new();
    while let Some(letter) = rest.next() {
        match letter {
            '"' => return Ok(text),
            '*' => return Err(wildcard()),
            '\\' => match rest.next() {
                Some(escaped @ ('"' | '\\' | '*')) => text.push(escaped),
                _ => return Err(refused("the escapes are `\\\"`, `\\\\` and `\\*`")),
            },
            _ => text.push(letter),
        }
    }
    Err(refused("a quoted text has no end"))
}

fn bare(rest: &mut Peekable<Chars<'_>>) -> Result<Token, Error> {
    let mut text = String::new();
    let ends = |letter: &char| letter.is_whitespace() || "()=:<>!\"'".contains(*letter);
    while let Some(letter) = rest.next_if(|letter| !ends(letter)) {
        match letter {
            '*' => return Err(wildcard()),
            '\\' => return Err(refused("escapes belong into quoted texts")),
            _ => text.push(letter),
        }
    }
    match text.as_str() {
        "AND" => Ok(Token::And),
        "OR" => Ok(Token::Or),
        "NOT" => Err(refused("`-` and `NOT` are not supported")),
        _ => Ok(Token::Word(text)),
    }
}

fn wildcard() -> Error {
    refused("wildcards are not supported; a literal asterisk is `\\*` in a quoted text")
}

/// The restrictions of a filter; none where it is empty.
fn parse(text: &str) -> Result<Vec<Restriction>, Error> {
    if text.len() > BYTES_MAX {
        return Err(refused(format!("at most {BYTES_MAX} bytes")));
    }
    let mut restrictions: Vec<Restriction> = Vec::new();
    let mut rest = tokens(text)?.into_iter().peekable();
    while rest.peek().is_some() {
        if !restrictions.is_empty() {
            rest.next_if_eq(&Token::And);
        }
        let restriction = factor(&mut rest)?;
        let same = |earlier: &Restriction| {
            earlier.field == restriction.field && earlier.operator == restriction.operator
        };
        if restrictions.iter().any(same) {
            let Restriction {
                field, operator, ..
            } = &restriction;
            return Err(refused(format!(
                "`{} {operator}` comes twice",
                shown(field)
            )));
        }
        restrictions.push(restriction);
    }
    Ok(restrictions)
}

type Tokens = Peekable<std::vec::IntoIter<Token>>;

/// One restriction, or several of one field joined by OR; parentheses may stand around it once.
fn factor(rest: &mut Tokens) -> Result<Restriction, Error> {
    let opened = rest.next_if_eq(&Token::Open).is_some();
    let mut whole = simple(rest)?;
    while rest.next_if_eq(&Token::Or).is_some() {
        let Restriction {
            field,
            operator,
            values,
        } = simple(rest)?;
        if (&field, operator) != (&whole.field, whole.operator) {
            return Err(refused("OR joins values of one field only"));
        }
        whole.values.extend(values);
    }
    if opened && rest.next_if_eq(&Token::Close).is_none() {
        return Err(refused(
            "parentheses stand around restrictions of one field joined by OR, and end in `)`",
        ));
    }
    Ok(whole)
}

fn simple(rest: &mut Tokens) -> Result<Restriction, Error> {
    let field = match rest.next() {
        Some(Token::Word(field)) => field,
        Some(other) => {
            return Err(refused(format!(
                "a field is expected, not {}",
                other.described()
            )));
        }
        None => return Err(refused("a field is expected at the end")),
    };
    let Some(Token::Compare(operator)) = rest.next() else {
        return Err(refused(format!(
            "`{}` must be a field with an operator and a value",
            shown(&field)
        )));
    };
    match rest.next() {
        Some(Token::Word(value) | Token::Quoted(value)) => Ok(Restriction {
            field,
            operator,
            values: vec![value],
        }),
        _ => Err(refused(format!("`{}` has no value", shown(&field)))),
    }
}

#[cfg(test)]
mod tests {
    use super::Operator;
    use super::Restriction;
    use super::customers;
    use super::fwos;
    use super::parse;
    use crate::domain::customer::CustomerStatus;
    use crate::domain::fwo::FwoStatus;
    use crate::domain::fwo::FwoType;
    use crate::domain::fwo::FwosFilter;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;
    use crate::domain::id::ProjectId;
    use proptest::prelude::*;

    #[test]
    fn an_empty_filter_is_all() {
        assert_eq!(fwos(" \n").ok(), Some(FwosFilter::default()));
        assert_eq!(customers("").ok(), Some(Default::default()));
    }

    #[test]
    fn customers_are_named_by_status_number_and_part_of_the_name() {
        let filter = customers(r#"status = ACTIVE AND number="200-000" name:"old \"mill\"""#);
        let filter = filter.expect("a filter");
        assert_eq!(filter.status, Some(CustomerStatus::Active));
        assert_eq!(filter.number.as_deref(), Some("200-000"));
        assert_eq!(filter.name.as_deref(), Some(r#"old "mill""#));
    }

    #[test]
    fn orders_are_named_by_every_field_of_the_contract() {
        let text = r#"project_id = 7 AND customer_id = 3
            AND (status = ENTRY OR status = "FWO_STATUS_PRICING") AND type = FIELD_WORK OR type = TRACKING_ONLY
            AND number = 000123 AND search : soffit
            AND created_date >= "2024-05-14T00:00:00Z" AND created_date < "2024-05-15T02:00:00+02:00"
            AND updated_date >= "2024-05-14T00:00:00.5Z" AND updated_date < "2024-06-01T00:00:00Z""#;
        let filter = fwos(text).expect("a filter");
        assert_eq!(filter.project_id.map(ProjectId::get), Some(7));
        assert_eq!(filter.customer_id.map(CustomerId::get), Some(3));
        assert_eq!(filter.status, [FwoStatus::Entry, FwoStatus::Pricing]);
        assert_eq!(filter.kind, [FwoType::FieldWork, FwoType::TrackingOnly]);
        assert_eq!(filter.number.as_deref(), Some("000123"));
        assert_eq!(filter.search.as_deref(), Some("soffit"));
        let seconds = [filter.created_from, filter.created_to].map(|t| t.map(|t| t.timestamp()));
        assert_eq!(seconds, [Some(1_715_644_800), Some(1_715_731_200)]);
        assert!(filter.updated_from.is_some() && filter.updated_to.is_some());
    }

    #[test]
    fn anything_else_is_refused_by_its_argument() {
        let long = format!(r#"number = "{}""#, "x".repeat(3000));
        let deep = "(".repeat(2000);
        let bad = [
            "mill",
            "\"mill\"",
            "status",
            "status =",
            "status = ",
            "= ACTIVE",
            "ACTIVE = status",
            "status != ENTRY",
            "status > ENTRY",
            "status : ENTRY",
            "status = entry",
            "status = NEW",
            "NOT status = ENTRY",
            "-status = ENTRY",
            "status = ENTRY AND",
            "AND status = ENTRY",
            "status = ENTRY AND AND type = FIELD_WORK",
            "status = ENTRY OR",
            "status = ENTRY OR type = FIELD_WORK",
            "status = ENTRY AND status = PRICING",
            "(status = ENTRY",
            "status = ENTRY)",
            "((status = ENTRY))",
            "(status = ENTRY AND type = FIELD_WORK)",
            "()",
            "number = 0* ",
            r#"number = "0*""#,
            r#"number = "a\n""#,
            r#"number = "a"#,
            r#"number = 'a'"#,
            r#"number = """#,
            "number = 1 OR number = 2",
            "number = \"a\u{7}\"",
            "project_id = 0",
            "project_id = -1",
            "project_id = 01",
            "project_id = 99999999999999999999",
            "created_date = \"2024-05-14T00:00:00Z\"",
            "created_date >= 2024-05-14T00:00:00Z",
            "created_date >= \"2024-05-14\"",
            "createdDate >= \"2024-05-14T00:00:00Z\"",
            "a.b = 1",
            "f(x)",
            &long,
            &deep,
        ];
        for text in bad {
            let error = fwos(text).expect_err(text);
            let fields: Vec<&str> = error.violations().iter().map(|v| &*v.field).collect();
            assert_eq!(fields, ["filter"], "{text}");
            assert!(error.message().len() < 500, "{text}");
        }
    }

    #[test]
    fn what_is_not_supported_says_what_is() {
        let error = customers("city = Boston").expect_err("no such restriction");
        assert!(
            error
                .message()
                .contains("`city =` is not supported; supported are `status")
        );
        let error = customers("status = ACTIVE OR status = INACTIVE").expect_err("only one");
        assert!(error.message().contains("only one value"));
    }

    fn operator() -> impl Strategy<Value = Operator> {
        prop_oneof![
            Just(Operator::Equal),
            Just(Operator::Has),
            Just(Operator::AtLeast),
            Just(Operator::Below),
        ]
    }

    prop_compose! {
        fn restriction()(
            field in "[a-z_]{1,12}", operator in operator(), values in prop::collection::vec(".{0,12}", 1..4),
        ) -> Restriction {
            Restriction { field, operator, values }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|[()=:<>!\"'\\\\*\\- \n]|AND|OR|NOT|status|number){0,60}") {
            let _ = (fwos(&text), customers(&text));
        }

        #[test]
        fn a_printed_filter_parses_back_to_itself(
            restrictions in prop::collection::vec(restriction(), 0..5), parentheses: bool, and: bool,
        ) {
            let mut distinct: Vec<Restriction> = Vec::new();
            for new in restrictions {
                if !distinct.iter().any(|old| (&old.field, old.operator) == (&new.field, new.operator)) {
                    distinct.push(new);
                }
            }
            let printed: Vec<String> = distinct.iter()
                .map(|r| if parentheses { format!("({r})") } else { r.to_string() }).collect();
            let text = printed.join(if and { " AND " } else { " " });
            prop_assume!(text.len() <= super::BYTES_MAX);
            prop_assert_eq!(parse(&text).ok(), Some(distinct));
        }
    }
}
