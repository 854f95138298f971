//! Names of the other door and of the upstream in the spelling of this one.

/// A name in snake_case: `romAmount` is `rom_amount`. A path keeps its dots.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn capitals_begin_a_word() {
        for (camel, snake) in [
            ("userName", "user_name"),
            ("page_size", "page_size"),
            ("by.databaseId", "by.database_id"),
            ("id", "id"),
            ("", ""),
        ] {
            assert_eq!(snake_case(camel), snake);
        }
    }
}
