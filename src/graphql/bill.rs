//! The bill of an operation: what it may cost at most, worked out before anything is asked.
//!
//! Reads each field once and each fragment once for each object that it is about, whatever the document
//! multiplies to. A resolver that refuses an argument asks nobody, so such a field costs nothing; in an invalid
//! document the sum means nothing, and nobody is told it.

use std::collections::HashMap;
use std::convert::Infallible;

use async_graphql::ID;
use async_graphql::InputType;
use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::Value;
use async_graphql::Variables;
use async_graphql::parser::types::Directive;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::Field;
use async_graphql::parser::types::OperationDefinition;
use async_graphql::parser::types::OperationType;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;

use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::filter::Filter;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::page::PageRequest;
use crate::gateway::Bill;
use crate::gateway::bill;
use crate::graphql::connection::Arguments;
use crate::graphql::customer::CustomersFilter;
use crate::graphql::fwo::FwosFilter;
use crate::graphql::node::NodeId;
use crate::graphql::price;
use crate::graphql::price::Line;
use crate::graphql::price::List;
use crate::graphql::price::Price;
use crate::graphql::query::NODES_MAX;

/// What the gateway knows of costs.
#[derive(Clone, Copy)]
pub(super) struct Prices<'p> {
    /// The bill of a page of the customers, by the members of its filter.
    pub(super) customers: &'p dyn Fn(&[CustomersFilterMember], &PageRequest) -> Bill,
    /// The bill of a page of the orders, by the members of its filter.
    pub(super) fwos: &'p dyn Fn(&[FwosFilterMember], &PageRequest) -> Bill,
    /// The bill of the lookup of a customer by its number.
    pub(super) by_number: Bill,
    /// How many calls the customers of so many orders may cost.
    pub(super) lookups: &'p dyn Fn(u64) -> u64,
}

/// The bill of an operation.
///
/// To be called for documents whose size is within the limits, with the defaults of the variables put in.
pub(super) fn bill(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    prices: Prices<'_>,
) -> Bill {
    let root = match operation.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => return Bill::default(),
    };
    let mut reckoning = Reckoning {
        document,
        variables,
        prices,
        known: HashMap::new(),
    };
    let cost = reckoning.set(root, &operation.selection_set.node);
    cost.bill + Bill::calls((prices.lookups)(cost.customers))
}

/// What a selection set comes to.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    bill: Bill,
    /// Orders whose customer is asked for.
    customers: u64,
    /// Whether a field of the whole order is asked for; meaningless above the order's list.
    detail: bool,
}

impl From<Bill> for Cost {
    fn from(bill: Bill) -> Self {
        Cost {
            bill,
            ..Cost::default()
        }
    }
}

impl Cost {
    fn calls(calls: u64) -> Self {
        Cost::from(Bill::calls(calls))
    }

    /// Both, selected from the same object.
    fn and(self, other: Cost) -> Cost {
        Cost {
            bill: self.bill + other.bill,
            customers: self.customers.saturating_add(other.customers),
            detail: self.detail || other.detail,
        }
    }

    /// The same below an order that is whole already, or below no order.
    fn whole(self) -> Cost {
        Cost {
            detail: false,
            ..self
        }
    }

    /// The same for each of so many rows, each of which may have to be read as a whole.
    fn of_rows(self, rows: u64) -> Cost {
        let detail = Bill::calls(if self.detail { bill::READ } else { 0 });
        Cost {
            bill: (self.bill + detail) * rows,
            customers: self.customers.saturating_mul(rows),
            detail: false,
        }
    }
}

struct Reckoning<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    prices: Prices<'d>,
    /// The fragments that were read, each for one object.
    known: HashMap<(&'d str, &'static str), Cost>,
}

impl<'d> Reckoning<'d> {
    /// Recurses as deep as the document nests, which `limits` has bounded.
    fn set(&mut self, object: &'static str, set: &'d SelectionSet) -> Cost {
        let lines = price::lines(object);
        let mut cost = Cost::default();
        for item in &set.items {
            if self.is_skipped(item.node.directives()) {
                continue;
            }
            let item = match &item.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let line = lines.iter().find(|line| line.field == field.name.node);
                    line.map_or_else(Cost::default, |line| self.field(line, field))
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let condition = condition.map_or(object, |on| on.node.on.node.as_str());
                    if price::is_about(condition, object) {
                        self.set(object, &inline.node.selection_set.node)
                    } else {
                        Cost::default()
                    }
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(object, &spread.node.fragment_name.node)
                }
            };
            cost = cost.and(item);
        }
        cost
    }

    fn fragment(&mut self, object: &'static str, name: &Name) -> Cost {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return Cost::default();
        };
        if !price::is_about(&fragment.node.type_condition.node.on.node, object) {
            return Cost::default();
        }
        let key = (name.as_str(), object);
        if let Some(cost) = self.known.get(&key) {
            return *cost;
        }
        // Should the fragment come back to itself, it finds this and goes no further.
        self.known.insert(key, Cost::default());
        let cost = self.set(object, &fragment.node.selection_set.node);
        self.known.insert(key, cost);
        cost
    }

    fn field(&mut self, line: &Line, field: &'d Field) -> Cost {
        let below = &field.selection_set.node;
        match line.price {
            Price::Row => self.set(line.gives, below),
            Price::Held => self.set(line.gives, below).whole(),
            Price::Calls(calls) => self.set(line.gives, below).whole().and(Cost::calls(calls)),
            Price::Deletion => {
                let deletion = bill::deletion(self.wants_match(field));
                self.set(line.gives, below).and(Cost::from(deletion))
            }
            Price::CustomerBy => {
                let read = match self.constant(field, "by") {
                    Some(Value::Object(by)) if by.contains_key("number") => self.prices.by_number,
                    Some(_) | None => Bill::calls(bill::READ),
                };
                self.set(line.gives, below).whole().and(Cost::from(read))
            }
            Price::Window(list) => self.window(list, line.gives, field),
            Price::Node => {
                let id = self.argument::<ID>(field, "id");
                self.nodes(id.as_slice(), below)
            }
            Price::Nodes => {
                let ids = self.argument::<Vec<ID>>(field, "ids").unwrap_or_default();
                if ids.len() > NODES_MAX {
                    return Cost::default();
                }
                let rows = Bill {
                    calls: 0,
                    rows: ids.len() as u64,
                };
                self.nodes(&ids, below).and(Cost::from(rows))
            }
            Price::Customer => {
                let customer = Cost {
                    customers: 1,
                    ..Cost::default()
                };
                self.set(line.gives, below).and(customer)
            }
            Price::Detail => Cost {
                detail: true,
                ..Cost::default()
            },
        }
    }

    fn window(&mut self, list: List, gives: &'static str, field: &'d Field) -> Cost {
        let Some(page) = self.page(list, field) else {
            return Cost::default();
        };
        let rows = self.set(gives, &field.selection_set.node);
        rows.of_rows(page.rows).and(Cost::from(page))
    }

    /// The reads of objects by their global ids, and what is selected of each by its type.
    fn nodes(&mut self, ids: &[ID], below: &'d SelectionSet) -> Cost {
        let (mut customers, mut fwos) = (0, 0);
        for id in ids {
            match NodeId::parse("id", id) {
                Ok(Some(NodeId::Customer(_))) => customers += 1,
                Ok(Some(NodeId::Fwo(_))) => fwos += 1,
                Ok(None) | Err(_) => {}
            }
        }
        let read = Cost::calls(bill::READ);
        let customer = self.set("Customer", below).and(read);
        let fwo = self.set("Fwo", below).whole().and(read);
        customer.of_rows(customers).and(fwo.of_rows(fwos))
    }

    /// The bill of the page of a list; `None` where its resolver refuses the arguments.
    fn page(&self, list: List, field: &Field) -> Option<Bill> {
        let request = self.page_request(field)?;
        if list == List::Customers {
            let filter: Option<CustomersFilter> = self.argument(field, "filter")?;
            let filter = filter.unwrap_or_default().into_domain().ok()?;
            return Some((self.prices.customers)(&filter.members(), &request));
        }
        let filter: Option<FwosFilter> = self.argument(field, "filter")?;
        let filter = filter.unwrap_or_default().into_domain().ok()?;
        let mut members = filter.members();
        if list == List::FwosOfCustomer {
            members.push(FwosFilterMember::CustomerId);
        }
        Some((self.prices.fwos)(&members, &request))
    }

    /// The page that a list is asked for; `None` where its resolver refuses the arguments.
    fn page_request(&self, field: &Field) -> Option<PageRequest> {
        let arguments = Arguments {
            first: self.argument(field, "first")?,
            after: self.argument(field, "after")?,
            last: self.argument(field, "last")?,
            before: self.argument(field, "before")?,
            offset: self.argument(field, "offset")?,
        };
        arguments.request().ok()
    }

    /// Whether the input of a deletion names an etag.
    fn wants_match(&self, field: &Field) -> bool {
        match self.constant(field, "input") {
            Some(Value::Object(input)) => input
                .get("ifMatch")
                .is_some_and(|etag| *etag != Value::Null),
            _ => false,
        }
    }

    /// An argument as its resolver reads it; `None` where it cannot be read, and no resolver runs.
    fn argument<T: InputType>(&self, field: &Field, name: &str) -> Option<T> {
        T::parse(self.constant(field, name)).ok()
    }

    fn constant(&self, field: &Field, name: &str) -> Option<Value> {
        let value = field.get_argument(name)?.node.clone();
        value.into_const_with(self.given()).ok()
    }

    /// The values of variables. One without a value is as good as null here.
    fn given(&self) -> impl Fn(Name) -> Result<Value, Infallible> {
        |name| Ok(self.variables.get(&name).cloned().unwrap_or_default())
    }

    /// Whether `@skip` or `@include` take the selection out, as the library judges it before it executes.
    fn is_skipped(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let directive = &directive.node;
            let skipped_where = match directive.name.node.as_str() {
                "skip" => true,
                "include" => false,
                _ => return false,
            };
            let condition = directive.get_argument("if");
            let condition = condition
                .and_then(|condition| condition.node.clone().into_const_with(self.given()).ok());
            (condition == Some(Value::Boolean(true))) == skipped_where
        })
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use serde_json::Value;
    use serde_json::json;

    use super::Prices;
    use crate::domain::customer_filter::CustomersFilterMember;
    use crate::domain::fwo_filter::FwosFilterMember;
    use crate::domain::page::PageRequest;
    use crate::gateway::Bill;
    use crate::gateway::bill::page_bill;

    /// What the upstream ignores of the filters of each list.
    #[derive(Default)]
    struct IgnoredFilters {
        customers: Vec<CustomersFilterMember>,
        fwos: Vec<FwosFilterMember>,
    }

    const CUSTOMER: &str = "Q3VzdG9tZXI6Mw"; // Customer:3
    const FWO: &str = "RndvOjc"; // Fwo:7

    /// What a list costs that the upstream does not filter.
    const SCAN: u64 = 30;

    fn list_bill<M: PartialEq>(filter: &[M], ignored: &[M], request: &PageRequest) -> Bill {
        let page = page_bill(request, 200);
        let is_scan = filter.iter().any(|member| ignored.contains(member));
        Bill {
            calls: if is_scan { SCAN } else { page.calls },
            ..page
        }
    }

    /// The calls and rows before an upstream that ignores these filters.
    fn bill_ignoring(ignored: &IgnoredFilters, query: &str, variables: Value) -> (u64, u64) {
        let document = parse_query(query).expect("a document");
        let operation = document.operations.iter().next().expect("an operation").1;
        let customers = |filter: &[_], request: &_| list_bill(filter, &ignored.customers, request);
        let number = [CustomersFilterMember::Number];
        let prices = Prices {
            customers: &customers,
            fwos: &|filter, request| list_bill(filter, &ignored.fwos, request),
            by_number: Bill::calls(customers(&number, &PageRequest::FIRST_ROW).calls),
            lookups: &|orders| orders,
        };
        let variables = Variables::from_json(variables);
        let Bill { calls, rows } = super::bill(&document, &operation.node, &variables, prices);
        (calls, rows)
    }

    fn bill_with(query: &str, variables: Value) -> (u64, u64) {
        bill_ignoring(&IgnoredFilters::default(), query, variables)
    }

    fn bill(query: &str) -> (u64, u64) {
        bill_with(query, json!({}))
    }

    #[test]
    fn a_field_costs_what_the_table_says() {
        for (query, calls, rows) in [
            ("{ __typename __schema { types { name } } }", 0, 0),
            ("{ customer(by: { databaseId: 3 }) { name etag } }", 1, 0),
            ("{ customers { totalCount } }", 1, 25),
            ("{ fwos(first: 0) { totalCount } }", 1, 0),
            (
                "{ fwos(first: 40) { edges { node { customer { name } } } } }",
                41,
                40,
            ),
            (
                "{ fwos(first: 200) { edges { node { labor { amount } } } } }",
                201,
                200,
            ),
            (
                "{ fwo(by: { databaseId: 7 }) { labor { amount } etag } }",
                1,
                0,
            ),
            (
                "{ fwo(by: { databaseId: 7 }) { description customer { name } } }",
                2,
                0,
            ),
            (
                "{ customers(first: 3) { edges { node { fwos(first: 4) { edges { node { customer { id } etag } } } } } } }",
                1 + 3 * (1 + 4 * 2),
                3 + 12,
            ),
            ("{ fwos(last: 2) { totalCount } }", 4, 2),
        ] {
            assert_eq!(bill(query), (calls, rows), "{query}");
        }
    }

    #[test]
    fn a_filter_that_the_upstream_ignores_costs_a_scan() {
        let ignored = IgnoredFilters {
            customers: vec![CustomersFilterMember::Number],
            fwos: vec![FwosFilterMember::CustomerId],
        };
        let calls = |query: &str, variables| bill_ignoring(&ignored, query, variables).0;
        let customers = |filter: &str| {
            let query = format!("{{ customers(filter: {{ {filter} }}) {{ totalCount }} }}");
            calls(&query, json!({}))
        };
        assert_eq!(customers("number: \"1\""), SCAN);
        assert_eq!(customers("name: \"1\""), 1);
        assert_eq!(customers("number: \"\""), 0, "its resolver refuses it");
        let by_number = "{ customer(by: { number: \"1\" }) { name } }";
        assert_eq!(calls(by_number, json!({})), SCAN);
        let of_customer = "{ customer(by: { databaseId: 3 }) { fwos { totalCount } } }";
        assert_eq!(calls(of_customer, json!({})), 1 + SCAN);
        let fwos = "query($filter: FwosFilter) { fwos(filter: $filter) { totalCount } }";
        assert_eq!(calls(fwos, json!({ "filter": { "customerId": 3 } })), SCAN);
        assert_eq!(calls(fwos, json!({ "filter": { "projectId": 3 } })), 1);
        assert_eq!(calls(fwos, json!({})), 1);
    }

    #[test]
    fn fields_of_the_detail_of_an_order_cost_one_call_together_wherever_they_stand() {
        let query = "{ fwos(first: 5) { edges { node { description ...D ... on Fwo { etag } } } again: edges { node { labor { hours } } } } }
            fragment D on Fwo { pricing { total } }";
        assert_eq!(bill(query), (6, 5));
    }

    #[test]
    fn an_object_is_charged_by_the_type_in_its_global_id() {
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ...N } }
            fragment N on Node { ... on Customer { fwos(first: 2) { edges { node { etag } } } } ... on Fwo { customer { id } labor { hours } } }";
        let bill = |ids| bill_with(query, json!({ "ids": ids }));
        assert_eq!(bill(json!([CUSTOMER])), (1 + 1 + 2, 1 + 2));
        assert_eq!(bill(json!([FWO])), (2, 1));
        assert_eq!(bill(json!([CUSTOMER, FWO, FWO])), (4 + 4, 3 + 2));
        assert_eq!(bill(json!(["nonsense"])), (0, 1));
        assert_eq!(bill(json!(vec![FWO; 101])), (0, 0));
    }

    #[test]
    fn what_its_resolver_refuses_costs_nothing() {
        for arguments in [
            "first: 201",
            "first: -1",
            "last: 1000",
            "first: 1, last: 1",
            "first: \"x\"",
        ] {
            let query = format!("{{ fwos({arguments}) {{ edges {{ node {{ etag }} }} }} }}");
            assert_eq!(bill(&query), (0, 0), "{arguments}");
        }
    }

    #[test]
    fn variables_count_as_they_are_given() {
        let query = "query($n: Int, $with: Boolean!) { fwos(first: $n) { edges { node { id ... @include(if: $with) { etag } customer @skip(if: $with) { id } } } } }";
        let bill = |variables| bill_with(query, variables);
        assert_eq!(bill(json!({ "n": 7, "with": true })), (8, 7));
        assert_eq!(bill(json!({ "n": 7, "with": false })), (8, 7));
        assert_eq!(bill(json!({ "n": null, "with": true })), (26, 25));
        assert_eq!(bill(json!({ "with": true })), (26, 25));
    }

    #[test]
    fn a_mutation_costs_its_write_with_its_reads_and_what_is_read_afterwards() {
        for (mutation, calls) in [
            ("login(input: {}) { token }", 1),
            ("createCustomer(input: {}) { customer { id } }", 2),
            (
                "updateFwo(input: {}) { fwo { labor { hours } customer { id } } }",
                4,
            ),
            (
                "moveFwo(input: {}) { fwo { id } query { fwos(first: 2) { edges { node { etag } } } } }",
                6,
            ),
            ("deleteFwo(input: { id: \"x\" }) { deletedFwoId }", 1),
            (
                "deleteFwo(input: { id: \"x\", ifMatch: null }) { deletedFwoId }",
                1,
            ),
            (
                "deleteCustomer(input: { id: \"x\", ifMatch: \"y\" }) { deletedCustomerId }",
                2,
            ),
        ] {
            assert_eq!(
                bill(&format!("mutation {{ {mutation} }}")).0,
                calls,
                "{mutation}"
            );
        }
        let query =
            "mutation($input: DeleteFwoInput!) { deleteFwo(input: $input) { deletedFwoId } }";
        assert_eq!(
            bill_with(query, json!({ "input": { "ifMatch": "y" } })).0,
            2
        );
        assert_eq!(bill_with(query, json!({ "input": {} })).0, 1);
    }

    /// `levels` fragments, each of which spreads the next one `fan` times, above one that asks for lists in lists.
    fn bomb(fan: usize, levels: usize) -> String {
        let fragment = |i| {
            let spreads = format!("...f{} ", i + 1).repeat(fan);
            format!("fragment f{i} on Customer {{ {spreads} }} ")
        };
        let fragments: String = (0..levels).map(fragment).collect();
        let last = "fwos(first: 200) { edges { node { customer { id } } } }";
        format!(
            "{{ customers(first: 200) {{ edges {{ node {{ ...f0 }} }} }} }} {fragments} fragment f{levels} on Customer {{ {last} }}"
        )
    }

    #[test]
    fn fragments_that_multiply_are_read_once_each_and_the_sum_saturates() {
        // Read as often as they are spread, the larger of these would not end within our lives.
        for (fan, levels, calls) in [
            (2, 3, 1 + 200 * 8 * 201),
            (100, 4, 1 + 200 * 100_000_000 * 201),
            (2, 40, 1 + 200 * (1 << 40) * 201),
            (300, 40, u64::MAX),
        ] {
            assert_eq!(bill(&bomb(fan, levels)).0, calls, "{fan} x {levels}");
        }
    }

    #[test]
    fn a_fragment_that_comes_back_to_itself_ends() {
        let query = "{ customers { edges { node { ...a } } } }
            fragment a on Customer { fwos { edges { node { customer { ...a } } } } }";
        assert_eq!(bill(query).1, 25 + 25 * 25);
    }
}
