//! An upstream that ignores filters: no wrong row through either door, and with the profile the right ones.

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;
use tonic::Code;
use tonic::Status;
use tonic_types::StatusExt;

use crate::support::grpc::GrpcUser;
use crate::support::process::Process;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;
use crate::support::stack::Stack;
use crate::support::stack::User;

/// Every filter of both lists.
const EVERY_FILTER: &str = "customers.status, customers.number, customers.name, fwos.projectId, fwos.customerId, \
    fwos.status, fwos.type, fwos.number, fwos.search, fwos.createdFrom, fwos.createdTo, fwos.updatedFrom, \
    fwos.updatedTo";

/// One filter at both doors.
#[derive(Clone, Copy, Debug)]
struct Case {
    list: List,
    graphql: &'static str,
    grpc: &'static str,
    /// The member that the first page of an upstream disobeys that ignores everything.
    member: &'static str,
    restriction: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    Customers,
    Fwos,
}

impl List {
    fn field(self) -> &'static str {
        match self {
            List::Customers => "customers",
            List::Fwos => "fwos",
        }
    }

    /// Orders at both doors; the first one is the default.
    fn orders(self) -> [(&'static str, &'static str); 2] {
        match self {
            List::Customers => [
                ("[]", ""),
                ("[{ field: NAME, direction: DESC }]", "name desc"),
            ],
            List::Fwos => [
                ("[]", ""),
                (
                    "[{ field: STATUS }, { field: AMOUNT, direction: DESC }]",
                    "status, amount desc",
                ),
            ],
        }
    }
}

#[rustfmt::skip]
const CASES: &[Case] = {
    const fn customers(graphql: &'static str, grpc: &'static str, member: &'static str, restriction: &'static str) -> Case {
        Case { list: List::Customers, graphql, grpc, member, restriction }
    }
    const fn fwos(graphql: &'static str, grpc: &'static str, member: &'static str, restriction: &'static str) -> Case {
        Case { list: List::Fwos, graphql, grpc, member, restriction }
    }
    &[
        customers("status: INACTIVE", "status = INACTIVE", "status", "status ="),
        customers("number: \"200-000\"", "number = \"200-000\"", "number", "number ="),
        customers("name: \"BUILD\"", "name : \"BUILD\"", "name", "name :"),
        customers("name: \"søn\"", "name : \"søn\"", "name", "name :"),
        customers("status: ACTIVE, name: \"mill\"", "status = ACTIVE AND name : \"mill\"", "name", "name :"),
        fwos("projectId: 7", "project_id = 7", "projectId", "project_id ="),
        fwos("customerId: 3", "customer_id = 3", "customerId", "customer_id ="),
        fwos("status: [PRICING, GC_REWORK]", "status = PRICING OR status = GC_REWORK", "status", "status ="),
        fwos("type: [SERVICE_WORK]", "type = SERVICE_WORK", "type", "type ="),
        fwos("number: \"000012\"", "number = \"000012\"", "number", "number ="),
        fwos("search: \"SOFFIT 2\"", "search : \"SOFFIT 2\"", "search", "search :"),
        fwos("createdFrom: \"2024-11-03T14:11:58.391Z\"", "created_date >= \"2024-11-03T14:11:58.391Z\"", "createdFrom", "created_date >="),
        fwos("createdTo: \"2024-11-03T14:11:58.391Z\"", "created_date < \"2024-11-03T14:11:58.391Z\"", "createdTo", "created_date <"),
        fwos("updatedFrom: \"2026-10-01T00:00:00Z\"", "updated_date >= \"2026-10-01T00:00:00Z\"", "updatedFrom", "updated_date >="),
        fwos("updatedTo: \"2024-12-01T00:00:00Z\"", "updated_date < \"2024-12-01T00:00:00Z\"", "updatedTo", "updated_date <"),
        fwos(
            "search: \"ceiling\", status: [EXECUTED, CHANGE_ORDER_ISSUED], createdTo: \"2026-06-01T00:00:00Z\"",
            "search : \"ceiling\" (status = EXECUTED OR status = CHANGE_ORDER_ISSUED) created_date < \"2026-06-01T00:00:00Z\"",
            "search", "search :",
        ),
    ]
};

fn ignoring() -> Sandbox {
    Sandbox::start_with(&["--set", "demo", "--personality", "ignored-filters"])
}

/// A gateway that filters by itself, and remembers long enough for all of a test.
fn searching(sandbox: Sandbox, ignored: &str, rows_max: &str) -> Stack {
    let variables = [
        ("PEERASSIST_UPSTREAM__PROFILE__IGNORED_FILTERS", ignored),
        ("PEERASSIST_GATEWAY__SCAN_ROWS_MAX", rows_max),
        ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "1h"),
        // Room for the longest list, which is longer here than the default reads.
        ("PEERASSIST_UPSTREAM__CACHE__CALLER_BYTES_MAX", "32MiB"),
    ];
    Stack::before(sandbox, &variables)
}

/// A user at both doors.
struct Asker {
    graphql: User,
    grpc: GrpcUser,
}

impl Asker {
    async fn of(stack: &Stack) -> Self {
        let graphql = stack.user("admin").await;
        let grpc = GrpcUser::new(&graphql).await;
        Asker { graphql, grpc }
    }

    /// A page of a case over GraphQL, and its first and last cursor.
    async fn graphql_page(&self, case: &Case, order: &str, window: &str) -> (Value, [String; 2]) {
        let (field, filter) = (case.list.field(), case.graphql);
        let query = format!(
            "{{ {field}({window}, filter: {{ {filter} }}, orderBy: {order}) {{ edges {{ node {{ databaseId }} }} totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let mut page = self.graphql.data(&query).await[field].take();
        let info = page["pageInfo"].as_object_mut().unwrap();
        let cursors = ["startCursor", "endCursor"].map(|name| info.remove(name).unwrap());
        let cursors = cursors.map(|cursor| cursor.as_str().unwrap_or_default().to_owned());
        (page, cursors)
    }

    /// Pages of a case over GraphQL: one large, two from each end, one behind the other, and a count alone.
    async fn graphql_pages(&self, case: &Case, order: &str) -> Vec<Value> {
        let mut pages = vec![];
        for window in ["first: 200", "first: 0", "last: 3"] {
            pages.push(self.graphql_page(case, order, window).await.0);
        }
        let (page, [_, end]) = self.graphql_page(case, order, "first: 7").await;
        let behind = format!("first: 130, after: \"{end}\"");
        pages.extend([page, self.graphql_page(case, order, &behind).await.0]);
        let (page, [start, _]) = self.graphql_page(case, order, "last: 7").await;
        let before = format!("last: 5, before: \"{start}\"");
        pages.extend([page, self.graphql_page(case, order, &before).await.0]);
        pages
    }

    /// A page of a case over gRPC: ids, total, and the token of the next one.
    async fn grpc_page(&mut self, case: &Case, wanted: Wanted<'_>) -> Result<Listed, Status> {
        let Wanted {
            order,
            size,
            skip,
            token,
        } = wanted;
        let (filter, order_by) = (case.grpc.to_owned(), order.to_owned());
        match case.list {
            List::Customers => {
                let message = v1::ListCustomersRequest {
                    page_size: size,
                    page_token: token,
                    skip,
                    filter,
                    order_by,
                };
                let page = self
                    .grpc
                    .customers
                    .list_customers(self.grpc.request(message));
                let page = page.await?.into_inner();
                let ids = page.customers.iter().map(|customer| customer.id).collect();
                Ok((ids, page.total_size, page.next_page_token))
            }
            List::Fwos => {
                let message = v1::ListFwosRequest {
                    page_size: size,
                    page_token: token,
                    skip,
                    filter,
                    order_by,
                    view: 0,
                };
                let page = self.grpc.fwos.list_fwos(self.grpc.request(message));
                let page = page.await?.into_inner();
                let ids = page.fwos.iter().map(|fwo| fwo.id).collect();
                Ok((ids, page.total_size, page.next_page_token))
            }
        }
    }

    /// The same over gRPC: three pages of a walk that passes over a row first; tokens are told by their presence.
    async fn grpc_pages(&mut self, case: &Case, order: &str) -> Vec<Value> {
        let (mut pages, mut token, mut skip) = (vec![], String::new(), 1);
        for size in [5, 60, 200] {
            let wanted = Wanted {
                order,
                size,
                skip,
                token,
            };
            let (ids, total, next) = self.grpc_page(case, wanted).await.unwrap();
            pages.push(json!([ids, total, !next.is_empty()]));
            if next.is_empty() {
                break;
            }
            (token, skip) = (next, 0);
        }
        pages
    }

    async fn pages(&mut self, case: &Case) -> Vec<Value> {
        let mut pages = vec![];
        for (graphql, grpc) in case.list.orders() {
            pages.extend(self.graphql_pages(case, graphql).await);
            pages.extend(self.grpc_pages(case, grpc).await);
        }
        pages
    }

    /// Both refusals: the reason, the field and the message, in each door's words.
    async fn refusals(&mut self, case: &Case) -> [Refusal; 2] {
        let (field, filter) = (case.list.field(), case.graphql);
        let query = format!("{{ {field}(filter: {{ {filter} }}) {{ totalCount }} }}");
        let answer = self.graphql.ask(&query, json!({})).await;
        assert_eq!(answer["data"], json!({ field: null }), "{case:?}");
        let error = &answer["errors"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let graphql = Refusal {
            reason: text(&error["extensions"]["reason"]),
            field: text(&error["extensions"]["fields"][0]["field"]),
            message: text(&error["message"]),
        };
        let status = self.grpc_page(case, Wanted::default()).await.unwrap_err();
        [graphql, refusal(&status)]
    }
}

#[derive(Default)]
struct Wanted<'a> {
    order: &'a str,
    size: i32,
    skip: i32,
    token: String,
}

type Listed = (Vec<i64>, Option<i64>, String);

/// Why a list is not given.
#[derive(Debug)]
struct Refusal {
    reason: String,
    field: String,
    message: String,
}

fn refusal(status: &Status) -> Refusal {
    let code = match status.code() {
        Code::Internal => "UPSTREAM_INVALID_RESPONSE",
        Code::Unimplemented => "UNIMPLEMENTED",
        other => panic!("{other:?}: {status}"),
    };
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, code);
    // The request itself is good.
    assert!(status.get_details_bad_request().is_none());
    Refusal {
        reason: info.reason,
        field: info.metadata.get("field").cloned().unwrap_or_default(),
        message: status.message().to_owned(),
    }
}

#[tokio::test]
async fn no_wrong_row_is_shown_of_an_upstream_that_nobody_said_ignores_filters() {
    let stack = Stack::before(ignoring(), &[]);
    let mut asker = Asker::of(&stack).await;
    for case in CASES {
        let [graphql, grpc] = asker.refusals(case).await;
        assert_eq!(graphql.reason, "UPSTREAM_INVALID_RESPONSE", "{case:?}");
        assert_eq!(graphql.field, format!("filter.{}", case.member), "{case:?}");
        assert_eq!(
            graphql.message,
            format!(
                "filter.{}: the upstream gave rows that this does not name",
                case.member
            )
        );
        assert_eq!(grpc.field, "filter", "{case:?}");
        assert_eq!(
            grpc.message,
            format!(
                "filter: `{}`: the upstream gave rows that this does not name",
                case.restriction
            )
        );
    }
    // A list whose rows happen to obey is fine.
    let page = asker
        .graphql
        .data("{ customers(first: 1, filter: { status: ACTIVE }) { edges { node { status } } } }");
    let active = json!([{ "node": { "status": "ACTIVE" } }]);
    assert_eq!(page.await["customers"]["edges"], active);
}

#[tokio::test]
async fn a_lookup_by_number_shows_nobody_else() {
    let number = "200-000";
    for (ignored, found) in [("", None), (EVERY_FILTER, Some(3))] {
        let stack = searching(ignoring(), ignored, "2000");
        let mut asker = Asker::of(&stack).await;
        let query = format!("{{ customer(by: {{ number: \"{number}\" }}) {{ databaseId }} }}");
        let nobody = "{ customer(by: { number: \"none\" }) { databaseId } }";
        let request = asker.grpc.request(v1::GetCustomerRequest {
            by: Some(By::Number(number.into())),
        });
        let grpc = asker.grpc.customers.get_customer(request).await;
        match found {
            Some(id) => {
                assert_eq!(grpc.unwrap().into_inner().id, id);
                let wanted = json!({ "databaseId": id.to_string() });
                assert_eq!(asker.graphql.data(&query).await["customer"], wanted);
                assert_eq!(asker.graphql.data(nobody).await["customer"], Value::Null);
            }
            None => {
                let refused = refusal(&grpc.unwrap_err());
                assert_eq!(refused.field, "number");
                let errors = asker.graphql.errors(&query).await;
                let invalid = "UPSTREAM_INVALID_RESPONSE";
                assert_eq!(
                    errors,
                    [["customer", invalid, invalid, "by.number"].map(str::to_owned)]
                );
            }
        }
    }
}

#[tokio::test]
async fn a_customers_own_orders_are_no_other_customers() {
    let query = "{ customer(by: { databaseId: 3 }) { name fwos(first: 30) { totalCount edges { node { customer { databaseId } } } } } }";
    let stack = Stack::before(ignoring(), &[]);
    let user = stack.user("admin").await;
    let errors = user.errors(query).await;
    let invalid = "UPSTREAM_INVALID_RESPONSE";
    assert_eq!(
        errors,
        [["customer.fwos", invalid, invalid, "filter.customerId"].map(str::to_owned)]
    );
    let stack = searching(ignoring(), EVERY_FILTER, "5000");
    let user = stack.user("admin").await;
    let honest = Stack::shared().user("admin").await;
    assert_eq!(user.data(query).await, honest.data(query).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_that_the_profile_names_gives_the_rows_of_an_honest_upstream() {
    let mut honest = Asker::of(Stack::shared()).await;
    let deaf = searching(ignoring(), EVERY_FILTER, "5000");
    // Whoever names filters that the upstream heeds loses time and nothing else.
    let heeding = searching(Sandbox::start("demo"), EVERY_FILTER, "5000");
    let mut askers = [Asker::of(&deaf).await, Asker::of(&heeding).await];
    for case in CASES {
        let wanted = honest.pages(case).await;
        assert_ne!(wanted[0]["totalCount"], 0, "{case:?} would test nothing");
        for asker in &mut askers {
            assert_eq!(asker.pages(case).await, wanted, "{case:?}");
        }
    }
    for stack in [&deaf, &heeding] {
        // Once for each order: 60 customers are one page of 200, and 5,000 orders are 25.
        let calls = stack.sandbox.calls().await;
        let expected = json!({ "GET /customer": 2, "GET /fwo": 2 * 25, "POST /auth": 1 });
        assert_eq!(calls["routes"], expected);
    }
}

#[tokio::test]
async fn what_the_upstream_heeds_is_sent_and_only_the_rest_is_searched() {
    let mut honest = Asker::of(Stack::shared()).await;
    let stack = searching(Sandbox::start("demo"), "fwos.search", "2000");
    let mut asker = Asker::of(&stack).await;
    let executed = stack
        .sandbox
        .json(ADMIN, "/fwo?size=1&status=EXECUTED")
        .await;
    let pages = executed["totalElements"].as_u64().unwrap().div_ceil(200);
    let case = Case {
        graphql: "search: \"corridor\", status: [EXECUTED]",
        grpc: "search : \"corridor\" status = EXECUTED",
        ..CASES[5]
    };
    let wanted = honest.pages(&case).await;
    assert_ne!(wanted[0]["totalCount"], 0);
    assert_eq!(asker.pages(&case).await, wanted);
    let calls = stack.sandbox.calls().await;
    // The first one was our own.
    assert_eq!(calls["routes"]["GET /fwo"], 1 + 2 * pages);
}

#[tokio::test]
async fn a_list_that_is_too_long_to_be_searched_is_no_half_list() {
    let stack = searching(ignoring(), EVERY_FILTER, "2000");
    let mut asker = Asker::of(&stack).await;
    for case in CASES.iter().filter(|case| case.list == List::Fwos) {
        let [graphql, grpc] = asker.refusals(case).await;
        assert_eq!(graphql.reason, "UNIMPLEMENTED", "{case:?}");
        assert_eq!(grpc.reason, "UNIMPLEMENTED", "{case:?}");
        let rule = "the upstream does not filter by this, and its list is longer than the 2000 rows that are searched here";
        assert!(grpc.message.contains(rule), "{grpc:?}");
        assert!(graphql.message.contains(rule), "{graphql:?}");
        assert!(grpc.message.contains(case.restriction), "{grpc:?}");
    }
    // Its length is known from the first page, which the cache has from then on.
    let calls = stack.sandbox.calls().await;
    assert_eq!(calls["routes"]["GET /fwo"], 1);
}

#[test]
fn the_log_names_the_filter_and_the_setting_once_for_each_refused_list() {
    let sandbox = ignoring();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let token = runtime.block_on(sandbox.login(ADMIN));
    let arguments = [
        "serve",
        "--upstream",
        &sandbox.base,
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    let mut gateway = Process::start(&arguments, &[]);
    let user = User::new(&gateway.line("gateway: "), &token);
    let errors =
        runtime.block_on(user.errors("{ fwos(filter: { status: [PRICING] }) { totalCount } }"));
    assert_eq!(errors.len(), 1);
    gateway.close_stdin();
    let log = gateway.ended().stderr;
    let lines = log.lines().filter(|line| line.contains("does not heed"));
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert_eq!(
        (&lines[0]["level"], &lines[0]["filter"]),
        (&json!("WARN"), &json!("fwos.status"))
    );
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.contains("upstream.profile.ignored_filters"),
        "{message}"
    );
}
