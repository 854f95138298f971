//! Global ids (Relay's object identification): base64url of the type and the upstream's id.

use async_graphql::ID;
use async_graphql::Interface;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::error::Error;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::id::Id;
use crate::graphql::customer::Customer;
use crate::graphql::fwo::Fwo;

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The global id: opaque, and the same for the same object always."
))]
pub(super) enum Node {
    Customer(Customer),
    Fwo(Fwo),
}

/// What a global id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeId {
    Customer(CustomerId),
    Fwo(FwoId),
}

impl NodeId {
    pub(super) fn to_id(self) -> ID {
        let text = match self {
            NodeId::Customer(id) => format!("Customer:{id}"),
            NodeId::Fwo(id) => format!("Fwo:{id}"),
        };
        ID(URL_SAFE_NO_PAD.encode(text))
    }

    /// Reads a global id; `None` for a well-formed one of a type that this API does not have.
    ///
    /// Fails with `InvalidInput` for anything that no API of ours ever gave out.
    pub(super) fn parse(field: &str, id: &ID) -> Result<Option<Self>, Error> {
        let malformed = || Error::invalid(field, "is not a global id");
        let bytes = URL_SAFE_NO_PAD
            .decode(id.as_str())
            .map_err(|_| malformed())?;
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
        let (kind, number) = text.split_once(':').ok_or_else(malformed)?;
        let named = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric());
        match kind {
            "Customer" => CustomerId::parse(number)
                .map(NodeId::Customer)
                .map(Some)
                .ok_or_else(malformed),
            "Fwo" => FwoId::parse(number)
                .map(NodeId::Fwo)
                .map(Some)
                .ok_or_else(malformed),
            _ if named => Ok(None),
            _ => Err(malformed()),
        }
    }

    /// The customer's id; fails with `InvalidInput` for the id of anything else.
    pub(super) fn customer(field: &str, id: &ID) -> Result<CustomerId, Error> {
        match NodeId::parse(field, id)? {
            Some(NodeId::Customer(id)) => Ok(id),
            _ => Err(Error::invalid(field, "is not the global id of a customer")),
        }
    }

    /// The order's id; fails with `InvalidInput` for the id of anything else.
    pub(super) fn fwo(field: &str, id: &ID) -> Result<FwoId, Error> {
        match NodeId::parse(field, id)? {
            Some(NodeId::Fwo(id)) => Ok(id),
            _ => Err(Error::invalid(
                field,
                "is not the global id of a field work order",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeId;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;
    use async_graphql::ID;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    fn id(text: &str) -> ID {
        ID(URL_SAFE_NO_PAD.encode(text))
    }

    #[test]
    fn an_id_of_an_unknown_type_is_nothing_and_a_malformed_one_is_refused() {
        assert_eq!(NodeId::parse("id", &id("Invoice:3")).ok(), Some(None));
        for text in [
            "Customer:",
            "Customer:0",
            "Customer:../3",
            "Customer:3/",
            "Fwo:-1",
            "",
            ":3",
            "a b:3",
        ] {
            assert!(NodeId::parse("id", &id(text)).is_err(), "{text}");
        }
        assert!(NodeId::parse("id", &ID("not base64!".into())).is_err());
    }

    #[test]
    fn the_id_of_another_type_is_refused_where_one_type_is_asked_for() {
        assert!(NodeId::customer("by.id", &id("Fwo:3")).is_err());
        assert!(NodeId::fwo("by.id", &id("Customer:3")).is_err());
    }

    proptest! {
        #[test]
        fn every_global_id_is_read_back(number in 1i64..) {
            let node = CustomerId::new(number).map(NodeId::Customer);
            prop_assert_eq!(node.and_then(|node| NodeId::parse("id", &node.to_id()).ok()), Some(node));
        }
    }
}
