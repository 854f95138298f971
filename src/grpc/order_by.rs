//! `order_by` (AIP-132): `name, number desc`.

use crate::domain::error::Error;
use crate::domain::order::Direction;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::grpc::snake_case::snake_case;

const ARGUMENT: &str = "order_by";

/// Longest text in bytes; the longest useful one is below 100.
const BYTES_MAX: usize = 2 * 1024;

/// The order that the text asks for; the default one where it is empty.
///
/// Fails with `InvalidInput` for a field that the list cannot be sorted by.
pub(super) fn parse<F: SortField>(text: &str) -> Result<Order<F>, Error> {
    if text.len() > BYTES_MAX {
        return Err(Error::invalid(
            ARGUMENT,
            format!("at most {BYTES_MAX} bytes"),
        ));
    }
    if text.trim().is_empty() {
        return Ok(Order::default());
    }
    let keys: Result<Vec<_>, Error> = text.split(',').map(key::<F>).collect();
    Order::new(ARGUMENT, keys?)
}

fn key<F: SortField>(text: &str) -> Result<(F, Direction), Error> {
    let mut words = text.split_ascii_whitespace();
    let (name, direction, more) = (words.next(), words.next(), words.next());
    let field = name.and_then(field::<F>);
    let direction = match direction {
        None | Some("asc") => Some(Direction::Ascending),
        Some("desc") => Some(Direction::Descending),
        Some(_) => None,
    };
    match (field, direction, more) {
        (Some(field), Some(direction), None) => Ok((field, direction)),
        _ => Err(Error::invalid(ARGUMENT, supported::<F>())),
    }
}

fn field<F: SortField>(name: &str) -> Option<F> {
    let known = F::WORDS.iter().find(|(_, word)| snake_case(word) == name);
    known.map(|(field, _)| *field)
}

fn supported<F: SortField>() -> String {
    let names: Vec<String> = F::WORDS.iter().map(|(_, word)| snake_case(word)).collect();
    format!(
        "must be fields with or without ` desc`, separated by commas; the fields are {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::domain::customer::CustomerField;
    use crate::domain::fwo::FwoField;
    use crate::domain::order::Direction;
    use crate::domain::order::Order;
    use crate::domain::order::SortField;
    use crate::domain::term::Vocabulary;
    use crate::grpc::snake_case::snake_case;
    use proptest::prelude::*;

    fn terms<F: SortField>(text: &str) -> Vec<String> {
        let order: Order<F> = parse(text).expect("an order");
        order.terms().collect()
    }

    #[test]
    fn spaces_do_not_matter_and_ascending_may_be_left_out() {
        for text in [
            "name,number desc",
            " name ,  number   desc ",
            "name asc, number desc",
        ] {
            let read = terms::<CustomerField>(text);
            assert_eq!(read, ["name,asc", "number,desc", "id,asc"], "{text}");
        }
        assert_eq!(terms::<CustomerField>(" "), ["id,asc"]);
    }

    #[test]
    fn fields_are_named_as_in_the_contract() {
        assert_eq!(
            terms::<FwoField>("created_date desc, rom_amount"),
            ["createdDate,desc", "romAmount,asc", "id,asc"]
        );
    }

    #[test]
    fn anything_else_is_refused_by_its_argument() {
        let long = "name,".repeat(1000);
        let bad = [
            "createdDate",
            "zip_code",
            "name DESC",
            "name desc desc",
            ",",
            "name,",
            "name, name desc",
            "id, name, number, city",
            "name;",
            &long,
        ];
        for text in bad {
            let error = parse::<CustomerField>(text).expect_err(text);
            assert_eq!(error.violations()[0].field, "order_by", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = parse::<FwoField>(&text);
        }

        #[test]
        fn a_printed_order_is_read_back(
            places in proptest::sample::subsequence((0..FwoField::WORDS.len()).collect::<Vec<_>>(), 0..=3),
            descending: [bool; 3],
        ) {
            let way = |down| if down { Direction::Descending } else { Direction::Ascending };
            let keys: Vec<_> = places.iter().zip(descending)
                .map(|(place, down)| (FwoField::WORDS[*place].0, way(down))).collect();
            let printed: Vec<String> = keys.iter().map(|(field, direction)| match direction {
                Direction::Ascending => snake_case(field.word()),
                Direction::Descending => format!("{} desc", snake_case(field.word())),
            }).collect();
            let order = Order::new("order_by", keys).expect("distinct keys");
            prop_assert_eq!(parse::<FwoField>(&printed.join(", ")).ok(), Some(order));
        }
    }
}
