//! `page_size`, `page_token` and `skip` (AIP-158), once for all lists.

use crate::domain::error::Error;
use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::ROWS_DEFAULT;
use crate::domain::page::ROWS_MAX;
use crate::domain::page::SealedCursor;

/// The page that a list request asks for.
///
/// Fails with `InvalidInput` for a negative size or skip; a size above the most is the most.
pub(super) fn page_request(
    page_size: i32,
    page_token: String,
    skip: i32,
) -> Result<PageRequest, Error> {
    let count = match not_negative("page_size", page_size)? {
        0 => ROWS_DEFAULT,
        count => count.min(ROWS_MAX),
    };
    let after = (!page_token.is_empty()).then_some(SealedCursor {
        field: "page_token",
        text: page_token,
    });
    Ok(PageRequest {
        count,
        end: End::Front,
        after,
        before: None,
        skip: not_negative("skip", skip)?.into(),
    })
}

fn not_negative(field: &str, number: i32) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| Error::invalid(field, "must not be negative"))
}

/// How many rows there are, in the type of the contract.
pub(super) fn total_size(total: Option<u64>) -> Option<i64> {
    total.and_then(|total| i64::try_from(total).ok())
}

#[cfg(test)]
mod tests {
    use super::page_request;

    #[test]
    fn sizes_are_defaulted_coerced_or_refused() {
        let count = |size| page_request(size, String::new(), 0).map(|request| request.count);
        for (size, rows) in [(0, 25), (1, 1), (200, 200), (201, 200), (i32::MAX, 200)] {
            assert_eq!(count(size).ok(), Some(rows), "{size}");
        }
        for size in [-1, i32::MIN] {
            let error = count(size).expect_err("negative");
            assert_eq!(error.violations()[0].field, "page_size");
        }
        let error = page_request(0, String::new(), -1).expect_err("negative");
        assert_eq!(error.violations()[0].field, "skip");
    }

    #[test]
    fn an_empty_token_is_the_first_page() {
        let request = page_request(0, String::new(), 7).expect("a page");
        assert_eq!((request.after, request.skip), (None, 7));
        let request = page_request(0, "x".into(), 0).expect("a page");
        assert_eq!(request.after.map(|after| after.field), Some("page_token"));
    }
}
