//! Escapes of the September 2025 edition that the parser does not know: `\u{1F600}`, and the pair `\uD83D\uDE00`.

use std::borrow::Cow;

use crate::graphql::lexical::plain_strings;

/// The same document in escapes that the parser knows.
///
/// Characters beyond four digits are put as they are, which no string minds; what is no character is left for the
/// parser to refuse. Behind such an escape the columns of the line are those of the shorter text.
pub(super) fn spelled(text: &str) -> Cow<'_, str> {
    let mut spelled = Cow::Borrowed("");
    let mut done = 0;
    for string in plain_strings(text) {
        let mut at = string.start;
        while let Some(found) = text[at..string.end].find('\\') {
            let escape = &text[at + found..string.end];
            let (length, character) = match read(escape) {
                Some(read) => read,
                // No escape of ours: whatever is escaped is passed over, so that `\\u{41}` stays as it is.
                None => {
                    at += found + 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                    continue;
                }
            };
            let spelled = spelled.to_mut();
            spelled.push_str(&text[done..at + found]);
            match u16::try_from(u32::from(character)) {
                Ok(short) => spelled.push_str(&format!("\\u{short:04X}")),
                Err(_) => spelled.push(character),
            }
            at += found + length;
            done = at;
        }
    }
    match spelled {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(spelled) => Cow::Owned(spelled + &text[done..]),
    }
}

/// The character that an escape of one of the two forms stands for, and the length of the escape.
fn read(escape: &str) -> Option<(usize, char)> {
    if let Some(rest) = escape.strip_prefix("\\u{") {
        let (digits, _) = rest.split_once('}')?;
        let character = char::from_u32(number(digits)?)?;
        return Some((digits.len() + 4, character));
    }
    let (high, low) = (unit(escape)?, unit(escape.get(6..)?)?);
    let mut pair = char::decode_utf16([high, low]);
    let character = pair.next()?.ok()?;
    (pair.next().is_none()).then_some((12, character))
}

/// The code unit of `\uD83D`.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    u16::try_from(number(digits)?).ok()
}

fn number(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::spelled;
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn escapes_beyond_four_digits_become_their_characters() {
        for (text, expected) in [
            (r#"{a(b:"\u{1F600}")}"#, "{a(b:\"\u{1F600}\")}"),
            (r#"{a(b:"x\uD83D\uDE00y")}"#, "{a(b:\"x\u{1F600}y\")}"),
            (
                r#"{a(b:"\u{22}\u{5C}\u{0000A}")}"#,
                r#"{a(b:"\u0022\u005C\u000A")}"#,
            ),
            (
                r#"{a(b:"\u{41}",c:"\u{10FFFF}")}"#,
                "{a(b:\"\\u0041\",c:\"\u{10FFFF}\")}",
            ),
        ] {
            assert_eq!(spelled(text), expected);
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for text in [
            "{ a }",
            r#"{a(b:"\u0041\n\\u{41}")}"#,
            r#"{a(b:"\u{110000}\u{D800}\u{}\u{x}\u{+41}\u{41")}"#,
            r#"{a(b:"\uD83D","\uDE00\uD83D")}"#,
            r#"{a(b:"\uD83D\u0041")}"#,
            r#"{a(b:"""\u{41} \uD83D\uDE00""")}"#,
            r#"{a # "\u{41}"#,
            r#"{a(b:"\"#,
            "{a(b:\"\\\u{1F600}\\u{\")}",
        ] {
            assert!(
                matches!(spelled(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[\"\\\\u{}0-9A-F\\n\u{1F600}#]{0,60}") {
            let _ = spelled(&text);
        }
    }
}
