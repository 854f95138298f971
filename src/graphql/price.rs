//! What each field costs: the one table behind the bill of an operation and the `@cost` of the schema.
//!
//! A field that has no line here costs nothing, and neither does anything below it.

use crate::gateway::bill;

/// One field that costs something, or below which something does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The field's name.
    pub(super) field: &'static str,
    /// The object, or the interface, that it gives.
    pub(super) gives: &'static str,
    /// What it costs by itself.
    pub(super) price: Price,
}

/// What a field costs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    /// Nothing: it is the row of a list, or on the way to it.
    Row,
    /// Nothing: what it gives is there already, an order as a whole.
    Held,
    /// So many calls; an order that it gives is whole.
    Calls(u64),
    /// A deletion, whose calls depend on its input.
    Deletion,
    /// The customer by one of its keys.
    CustomerBy,
    /// The pages of a window of the list, and for each row what is selected below the row.
    Window(List),
    /// One read, by a global id that tells the type.
    Node,
    /// One such read for each id.
    Nodes,
    /// The lookup of the customer of an order.
    Customer,
    /// The read of a whole order: once for all such fields of one order, and never where it is whole already.
    Detail,
}

/// A list with windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// All customers.
    Customers,
    /// All orders.
    Fwos,
    /// The orders of one customer, which is a filter of all.
    FwosOfCustomer,
}

const fn line(field: &'static str, gives: &'static str, price: Price) -> Line {
    Line {
        field,
        gives,
        price,
    }
}

/// Every object with a field that costs something, or below which something does.
#[rustfmt::skip]
pub(super) const PRICES: &[(&str, &[Line])] = {
    use Price::*;
    &[
        ("Query", &[
            line("customer", "Customer", CustomerBy),
            line("customers", "CustomerConnection", Window(List::Customers)),
            line("fwo", "Fwo", Calls(bill::READ)),
            line("fwos", "FwoConnection", Window(List::Fwos)),
            line("node", "Node", Node),
            line("nodes", "Node", Nodes),
        ]),
        ("Customer", &[line("fwos", "FwoConnection", Window(List::FwosOfCustomer))]),
        ("CustomerConnection", &[line("edges", "CustomerEdge", Row)]),
        ("CustomerEdge", &[line("node", "Customer", Row)]),
        ("FwoConnection", &[line("edges", "FwoEdge", Row)]),
        ("FwoEdge", &[line("node", "Fwo", Row)]),
        ("Fwo", &[
            line("customer", "Customer", Customer),
            line("additionalItems", "AdditionalItem", Detail),
            line("authorizationId", "Int64", Detail),
            line("description", "String", Detail),
            line("equipment", "EquipmentLine", Detail),
            line("etag", "String", Detail),
            line("gcDocumentReference", "String", Detail),
            line("gcDocumentReferenceType", "String", Detail),
            line("labor", "LaborLine", Detail),
            line("materials", "MaterialLine", Detail),
            line("pricing", "Pricing", Detail),
            line("signature", "Signature", Detail),
        ]),
        ("Mutation", &[
            line("login", "LoginPayload", Calls(bill::LOGIN)),
            line("createCustomer", "CreateCustomerPayload", Calls(bill::CREATE)),
            line("updateCustomer", "UpdateCustomerPayload", Calls(bill::UPDATE)),
            line("deleteCustomer", "DeleteCustomerPayload", Deletion),
            line("createFwo", "CreateFwoPayload", Calls(bill::CREATE)),
            line("updateFwo", "UpdateFwoPayload", Calls(bill::UPDATE)),
            line("moveFwo", "MoveFwoPayload", Calls(bill::UPDATE)),
            line("deleteFwo", "DeleteFwoPayload", Deletion),
        ]),
        ("CreateCustomerPayload", &[line("customer", "Customer", Held), line("query", "Query", Held)]),
        ("UpdateCustomerPayload", &[line("customer", "Customer", Held), line("query", "Query", Held)]),
        ("DeleteCustomerPayload", &[line("query", "Query", Held)]),
        ("CreateFwoPayload", &[line("fwo", "Fwo", Held), line("query", "Query", Held)]),
        ("UpdateFwoPayload", &[line("fwo", "Fwo", Held), line("query", "Query", Held)]),
        ("MoveFwoPayload", &[line("fwo", "Fwo", Held), line("query", "Query", Held)]),
        ("DeleteFwoPayload", &[line("query", "Query", Held)]),
    ]
};

/// The lines of an object; none where nothing of it costs anything.
pub(super) fn lines(object: &str) -> &'static [Line] {
    let found = PRICES.iter().find(|(name, _)| *name == object);
    found.map_or(&[], |(_, lines)| lines)
}

/// Whether a fragment on `condition` is about an `object`.
pub(super) fn is_about(condition: &str, object: &str) -> bool {
    condition == object || (condition == "Node" && matches!(object, "Customer" | "Fwo"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::BaseType;
    use async_graphql::parser::types::Type;
    use async_graphql::parser::types::TypeKind;
    use async_graphql::parser::types::TypeSystemDefinition;

    use super::PRICES;
    use super::is_about;
    use super::lines;
    use crate::graphql::sdl;

    fn named(of: &Type) -> &str {
        match &of.base {
            BaseType::Named(name) => name,
            BaseType::List(inner) => named(inner),
        }
    }

    /// Each field of each object or interface of the schema: its object, its name and its type's name.
    fn fields() -> Vec<(String, String, String)> {
        let document = parse_schema(sdl()).unwrap();
        let mut fields = Vec::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(object) = definition else {
                continue;
            };
            let object = object.node;
            let members = match object.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let name = object.name.node.to_string();
            fields.extend(members.into_iter().map(|field| {
                let field = field.node;
                let gives = named(&field.ty.node).to_owned();
                (name.clone(), field.name.node.to_string(), gives)
            }));
        }
        fields
    }

    #[test]
    fn every_line_is_a_field_of_the_schema_that_gives_what_it_says() {
        let fields: HashSet<_> = fields().into_iter().collect();
        for (object, lines) in PRICES {
            for line in *lines {
                let field = (object.to_string(), line.field.into(), line.gives.into());
                assert!(fields.contains(&field), "{field:?}");
            }
        }
    }

    #[test]
    fn no_field_above_one_that_costs_something_is_missing() {
        let priced = |name: &str| name == "Node" || !lines(name).is_empty();
        for (object, field, gives) in fields() {
            let known = lines(&object).iter().any(|line| line.field == field);
            assert!(known || !priced(&gives), "{object}.{field} gives {gives}");
        }
    }

    #[test]
    fn an_interface_is_what_implements_it() {
        for line in sdl().lines().filter(|line| line.starts_with("type ")) {
            let object = line.split(' ').nth(1).unwrap();
            let implements = line.contains(" implements Node");
            assert_eq!(is_about("Node", object), implements, "{line}");
        }
    }
}
