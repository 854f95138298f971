//! Cursors through the real gateway: every combination of arguments, walks over lists that change, and upstreams that
//! lie about their pages.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;

use serde_json::Value;
use serde_json::json;

use crate::support::changing::Language;
use crate::support::changing::Order;
use crate::support::changing::Walk;
use crate::support::changing::World;
use crate::support::process::Process;
use crate::support::sandbox::ADMIN;
use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

/// A gateway of its own before a scripted upstream.
async fn before(
    script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    variables: &[(&str, &str)],
) -> (StubUpstream, Process, User) {
    let stub = StubUpstream::start(script).await;
    let base = format!("http://{}", stub.address);
    let arguments = [
        "serve",
        "--upstream",
        &base,
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
    ];
    let mut process = Process::start(&arguments, variables);
    let user = User::new(&process.line("gateway: "), "somebody");
    (stub, process, user)
}

fn ids(page: &Value) -> Vec<String> {
    let edges = page["edges"].as_array().unwrap().iter();
    edges
        .map(|edge| edge["node"]["databaseId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_combination_of_arguments_is_the_slice_that_relay_describes() {
    let user = Stack::shared().user("pm").await;
    let order = "orderBy: [{ field: STATE, direction: DESC }, { field: CITY }]";
    let all = user
        .data(&format!(
            "{{ customers(first: 200, {order}) {{ edges {{ cursor node {{ databaseId }} }} }} }}"
        ))
        .await;
    let all = &all["customers"];
    let wanted = ids(all);
    let cursor = |index: usize| all["edges"][index]["cursor"].as_str().unwrap().to_owned();
    let places = [None, Some(0), Some(1), Some(29), Some(58), Some(59)];
    let mut asked = 0;
    for after in places {
        for before in places {
            for (window, count) in [
                ("first", 0),
                ("first", 7),
                ("first", 90),
                ("last", 0),
                ("last", 7),
                ("last", 90),
            ] {
                for offset in [None, Some(0), Some(2), Some(70)] {
                    if window == "last" && offset.is_some() {
                        continue;
                    }
                    let mut arguments = format!("{window}: {count}, {order}");
                    for (name, place) in [("after", after), ("before", before)] {
                        if let Some(place) = place {
                            arguments.push_str(&format!(", {name}: \"{}\"", cursor(place)));
                        }
                    }
                    if let Some(offset) = offset {
                        arguments.push_str(&format!(", offset: {offset}"));
                    }
                    let page = user
                        .data(&format!("{{ customers({arguments}) {{ edges {{ node {{ databaseId }} }} pageInfo {{ hasNextPage hasPreviousPage }} totalCount }} }}"))
                        .await;
                    let page = &page["customers"];
                    let start = after.map_or(0, |place| place + 1) + offset.unwrap_or(0);
                    let end = before.unwrap_or(60).max(start.min(60));
                    let between = &wanted[start.min(end)..end];
                    let slice = match window {
                        "first" => &between[..count.min(between.len())],
                        _ => &between[between.len().saturating_sub(count)..],
                    };
                    assert_eq!(ids(page), slice, "{arguments}");
                    assert_eq!(page["totalCount"], 60, "{arguments}");
                    if let Some(last) = slice.last() {
                        let more = [json!(*last != wanted[59]), json!(slice[0] != wanted[0])];
                        let info = &page["pageInfo"];
                        assert_eq!(
                            [&info["hasNextPage"], &info["hasPreviousPage"]],
                            [&more[0], &more[1]],
                            "{arguments}"
                        );
                    }
                    asked += 1;
                }
            }
        }
    }
    assert_eq!(asked, 6 * 6 * (3 * 4 + 3));
}

#[tokio::test]
async fn an_offset_counts_from_the_front_or_the_cursor_in_each_list() {
    let user = Stack::shared().user("admin").await;
    let fields = "{ edges { cursor node { databaseId } } }";
    for list in [
        "customers",
        "fwos",
        "customer(by: { databaseId: 3 }) { fwos",
    ] {
        let (open, close) = if list.contains('{') {
            ("", " }")
        } else {
            ("", "")
        };
        let read = async |arguments: &str| {
            let data = user
                .data(&format!("{{ {open}{list}({arguments}) {fields}{close} }}"))
                .await;
            let page = match list.split_once(' ') {
                None => data[list].clone(),
                Some(_) => data["customer"]["fwos"].clone(),
            };
            (
                ids(&page),
                page["edges"][1]["cursor"].as_str().unwrap_or("").to_owned(),
            )
        };
        let (all, second) = read("first: 12").await;
        assert_eq!(read("first: 4, offset: 5").await.0, all[5..9], "{list}");
        let arguments = format!("first: 4, offset: 5, after: \"{second}\"");
        assert_eq!(read(&arguments).await.0, all[7..11], "{list}");
        let name = list.split(['{', '(']).next_back().unwrap().trim();
        for (arguments, rule) in [
            ("last: 2, offset: 1", "with `last`"),
            ("offset: -1", "negative"),
        ] {
            let query = format!("{{ {open}{list}({arguments}) {fields}{close} }}");
            let answer = user.ask(&query, json!({})).await;
            let error = &answer["errors"][0];
            assert_eq!(
                error["extensions"]["fields"][0]["field"], "offset",
                "{name}: {answer}"
            );
            assert!(
                error["message"].as_str().unwrap().contains(rule),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_token_and_a_skip_go_on_where_a_cursor_was() {
    let stack = Stack::shared();
    let user = stack.user("admin").await;
    let wanted = stack.sandbox.all(ADMIN, "/fwo?sort=amount,desc").await;
    let wanted: Vec<i64> = wanted
        .iter()
        .map(|fwo| fwo["id"].as_i64().unwrap())
        .collect();
    let order = Order::of(&[("amount", true)]);
    let mut walk = Walk::new(user, "fwos", order).await;
    let first = walk.forward(Language::Graphql, 10, 0).await.unwrap();
    let then = walk.forward(Language::Grpc, 10, 30).await.unwrap();
    assert_eq!(
        [first, then].concat(),
        [&wanted[..10], &wanted[40..50]].concat()
    );
}

/// One history at one door, or at both in turn.
async fn history(
    user: User,
    worlds: &Mutex<HashMap<String, World>>,
    (seed, doors): (u64, &[Language]),
) -> (usize, usize) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let kind = ["customers", "fwos"][rng.usize(0..2)];
    let order = Order::random(&mut rng, kind);
    let token = user.token.clone();
    worlds
        .lock()
        .unwrap()
        .insert(token.clone(), World::new(seed, kind));
    let is_forward = doors.contains(&Language::Grpc) || rng.bool();
    let mut walk = Walk::new(user, kind, order).await;
    let (mut seen, mut windows) = (Vec::new(), 0);
    loop {
        let door = doors[windows % doors.len()];
        let count = 1 + rng.usize(0..[4, 20, 60][windows % 3]);
        windows += 1;
        let rows = match is_forward {
            true => walk.forward(door, count, 0).await,
            false => walk.backward(count).await,
        };
        match rows.unwrap_or_else(|error| panic!("history {seed}: {error}")) {
            mut rows if is_forward => seen.append(&mut rows),
            rows => seen.splice(0..0, rows).for_each(drop),
        }
        if walk.is_over() {
            break;
        }
    }
    let worlds = worlds.lock().unwrap();
    worlds[&token]
        .judge(&seen, &walk.order)
        .unwrap_or_else(|wrong| panic!("history {seed} {doors:?}: {wrong}"));
    (seen.len(), windows)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_sees_each_row_once_at_either_door_and_at_both_in_turn() {
    const SEEDS: u64 = 40;
    let worlds: Arc<Mutex<HashMap<String, World>>> = Arc::default();
    let script = {
        let worlds = worlds.clone();
        move |asked: &Asked| {
            let token = asked
                .authorization
                .as_deref()
                .unwrap_or("")
                .replace("Bearer ", "");
            let mut worlds = worlds.lock().unwrap();
            worlds.get_mut(&token).unwrap().answer(asked)
        }
    };
    let (stub, _process, user) =
        before(script, &[("PEERASSIST_UPSTREAM__PAGE_SIZE_MAX", "40")]).await;
    let (mut rows, mut windows, mut histories) = (0, 0, 0);
    for seed in 0..SEEDS {
        for doors in [
            &[Language::Graphql][..],
            &[Language::Grpc],
            &[Language::Graphql, Language::Grpc],
        ] {
            let token = format!("walk{seed}x{}{:?}", doors.len(), doors[0]);
            let walker = User::new(&user.base, &token);
            let (seen, read) = history(walker, &worlds, (seed, doors)).await;
            (rows, windows, histories) = (rows + seen, windows + read, histories + 1);
        }
    }
    let changes: usize = worlds
        .lock()
        .unwrap()
        .values()
        .map(|world| world.changes)
        .sum();
    let calls = stub.calls();
    println!(
        "{histories} histories: {rows} rows in {windows} windows, {calls} calls, {changes} changes"
    );
    assert!(
        changes > windows && rows > 1_000,
        "the rows must really move"
    );
}

#[tokio::test]
async fn pages_of_different_ages_do_not_mislead_a_walk() {
    let rows = Arc::new(Mutex::new(customers(100)));
    let script = {
        let rows = rows.clone();
        move |asked: &Asked| asked.page_of(&rows.lock().unwrap())
    };
    let (stub, _process, user) = before(script, &[]).await;
    let page = async |arguments: &str| {
        let data = user
            .data(&format!("{{ customers({arguments}) {{ edges {{ node {{ databaseId }} }} pageInfo {{ endCursor }} }} }}"))
            .await;
        let page = data["customers"].clone();
        (
            ids(&page),
            page["pageInfo"]["endCursor"].as_str().unwrap().to_owned(),
        )
    };
    let numbers =
        |range: std::ops::RangeInclusive<i64>| range.map(|id| id.to_string()).collect::<Vec<_>>();
    // All pages of a walk are kept; then thirty rows go, and the walk begins anew with one page that is not kept.
    let (_, cursor) = page("first: 20").await;
    let (_, cursor) = page(&format!("first: 20, after: \"{cursor}\"")).await;
    page(&format!("first: 20, after: \"{cursor}\"")).await;
    rows.lock().unwrap().drain(..30);
    let calls = stub.calls();
    let (seen, cursor) = page("first: 15").await;
    assert_eq!((seen, stub.calls() - calls), (numbers(31..=45), 1));
    let (seen, cursor) = page(&format!("first: 20, after: \"{cursor}\"")).await;
    assert_eq!(seen, numbers(46..=65));
    let (seen, cursor) = page(&format!("first: 20, after: \"{cursor}\"")).await;
    assert_eq!(seen, numbers(66..=85));
    // What was read on the way is kept again: the same once more asks nobody.
    let calls = stub.calls();
    let (seen, _) = page(&format!("first: 20, after: \"{cursor}\"")).await;
    assert_eq!((seen, stub.calls() - calls), (numbers(86..=100), 1));
    page(&format!("first: 20, after: \"{cursor}\"")).await;
    assert_eq!(stub.calls() - calls, 1);
}

/// Walks to the end at one door or until it fails; gives how many windows that took, and the reason of the failure.
async fn walk_to_the_end(user: &User, door: Language) -> (usize, Vec<i64>, Option<String>) {
    let mut walk = Walk::new(user.clone(), "customers", Order::of(&[])).await;
    let mut seen = Vec::new();
    for windows in 1..200 {
        match walk.forward(door, 30, 0).await {
            Ok(mut rows) => seen.append(&mut rows),
            Err(reason) => return (windows, seen, Some(reason)),
        }
        if walk.is_over() {
            return (windows, seen, None);
        }
    }
    panic!("an endless walk")
}

#[tokio::test]
async fn an_upstream_that_lies_about_its_pages_ends_a_walk() {
    type Script = fn(&Asked, &[Value]) -> Answer;
    let scripts: [(&str, Script); 5] = [
        ("the first page for ever", |asked, rows| {
            let size: usize = asked.parameter("size").unwrap().parse().unwrap();
            Answer::json(
                json!({ "content": &rows[..size.min(rows.len())], "totalElements": 100_000, "last": false }),
            )
        }),
        ("a total that is too high", |asked, rows| {
            lie(asked, rows, json!({ "totalElements": 100_000 }))
        }),
        ("a total that is too low", |asked, rows| {
            lie(asked, rows, json!({ "totalElements": 3 }))
        }),
        ("never the last page", |asked, rows| {
            lie(asked, rows, json!({ "last": false }))
        }),
        ("empty pages without an end", |_, _| {
            Answer::json(json!({ "content": [], "last": false, "totalElements": 70 }))
        }),
    ];
    for (name, script) in scripts {
        let rows = customers(100);
        let forgetful = [("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "0s")];
        let (stub, _process, user) = before(move |asked| script(asked, &rows), &forgetful).await;
        for door in [Language::Graphql, Language::Grpc] {
            let before = stub.calls();
            let (windows, seen, failed) = walk_to_the_end(&user, door).await;
            let calls = stub.calls() - before;
            let once: HashSet<_> = seen.iter().collect();
            assert_eq!(once.len(), seen.len(), "{name}: nothing twice in {seen:?}");
            assert!(
                calls <= windows * 26,
                "{name}: {calls} calls for {windows} windows"
            );
            println!(
                "{name} at {door:?}: {} rows, {windows} windows, {calls} calls, {failed:?}",
                seen.len()
            );
            let known = ["UPSTREAM_INVALID_RESPONSE", "VERSION_CONFLICT"];
            assert!(
                failed.is_none_or(|reason| known.contains(&&*reason)),
                "{name}"
            );
        }
        let answer = user
            .ask(
                "{ customers(last: 5) { edges { node { databaseId } } } }",
                json!({}),
            )
            .await;
        assert!(
            answer["errors"][0]["extensions"]["reason"] != "INTERNAL",
            "{name}: {answer}"
        );
    }
}

/// The right page with these members instead of the true ones.
fn lie(asked: &Asked, rows: &[Value], lies: Value) -> Answer {
    let (page, size): (usize, usize) = (
        asked.parameter("page").unwrap().parse().unwrap(),
        asked.parameter("size").unwrap().parse().unwrap(),
    );
    let content: Vec<&Value> = rows.iter().skip(page * size).take(size).collect();
    let mut body = json!({ "content": content });
    body.as_object_mut()
        .unwrap()
        .extend(lies.as_object().unwrap().clone());
    Answer::json(body)
}
