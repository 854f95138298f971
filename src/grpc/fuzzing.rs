//! What is promised of `grpc-timeout`, and of objects of the upstream that are shown here.

use prost::Message;

use crate::domain::customer::Customer;
use crate::domain::fwo::Fwo;
use crate::grpc::deadline;
use crate::grpc::v1;

/// One to eight digits and a unit (gRPC over HTTP/2, "Timeout"), and nothing else.
pub(crate) fn timeout(text: &str) {
    let (digits, unit) =
        text.split_at(text.len() - usize::from(text.is_ascii() && !text.is_empty()));
    let legal = (1..=8).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && ["H", "M", "S", "m", "u", "n"].contains(&unit);
    assert_eq!(deadline::parse(text).is_some(), legal, "{text:?}");
}

/// What is shown is read back.
pub(crate) fn customer(customer: &Customer) {
    let shown = v1::Customer::from(customer);
    assert!(shown.id > 0);
    let read = v1::Customer::decode(shown.encode_to_vec().as_slice());
    assert_eq!(read, Ok(shown));
}

/// What is shown is read back.
pub(crate) fn fwo(fwo: &Fwo) {
    let shown = v1::Fwo::from(fwo);
    assert!(shown.id > 0);
    let read = v1::Fwo::decode(shown.encode_to_vec().as_slice());
    assert_eq!(read, Ok(shown));
}
