//! Every window with `count <= 50` and `start < 500`, by its number and behind a cursor, through the real gateway to the
//! real sandbox.

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;

use crate::support::grpc::GrpcUser;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;
use crate::support::stack::Stack;
use crate::support::stack::User;

const CALLERS: usize = 8;
const STARTS: usize = 500;
const COUNTS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_25_000_windows_is_one_call_by_its_number_and_one_behind_a_cursor() {
    // A gateway that remembers nothing: each window has to be asked for.
    let forgetful = [
        ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
        ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "0s"),
        ("PEERASSIST_UPSTREAM__CACHE__FWO_TTL", "0s"),
    ];
    let stack = Stack::before(Sandbox::start("demo"), &forgetful);
    let list = stack.sandbox.json(ADMIN, "/fwo?size=600&sort=id,asc").await;
    let ids: Vec<i64> = list["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fwo| fwo["id"].as_i64().unwrap())
        .collect();
    stack.sandbox.forget_calls().await;
    // Several callers, each with one question at a time: what one caller asks twice at once is asked once.
    let users = join_all((0..CALLERS).map(|_| stack.user("admin"))).await;
    let callers = users
        .iter()
        .map(|user| async { (cursors(user).await, GrpcUser::new(user).await) });
    let callers = join_all(callers).await;
    let walks = callers.iter().zip(0..).map(|((cursors, grpc), first)| {
        let ids = &ids;
        async move {
            for window in (first..STARTS * COUNTS).step_by(CALLERS) {
                let (start, count) = (window / COUNTS, 1 + window % COUNTS);
                let by_number = v1::ListFwosRequest {
                    page_size: count as i32,
                    skip: start as i32,
                    ..Default::default()
                };
                // Behind no row there is no cursor.
                let behind_a_cursor = start.checked_sub(1).map(|before| v1::ListFwosRequest {
                    page_size: count as i32,
                    page_token: cursors[before].clone(),
                    ..Default::default()
                });
                for message in [Some(by_number), behind_a_cursor].into_iter().flatten() {
                    let page = grpc.fwos.clone().list_fwos(grpc.request(message)).await;
                    let page = page.unwrap().into_inner();
                    let got: Vec<i64> = page.fwos.iter().map(|fwo| fwo.id).collect();
                    assert_eq!(
                        got,
                        ids[start..start + count],
                        "start {start} count {count}"
                    );
                }
            }
        }
    });
    join_all(walks).await;
    let calls = stack.sandbox.calls().await;
    println!(
        "{} windows by their number, {} behind a cursor: {calls}",
        STARTS * COUNTS,
        (STARTS - 1) * COUNTS
    );
    assert_eq!(
        calls["routes"],
        serde_json::json!({
            "GET /fwo": (2 * STARTS - 1) * COUNTS + CALLERS * STARTS.div_ceil(200), "POST /auth": CALLERS,
        })
    );
}

/// The cursor of each row that a window may begin behind.
async fn cursors(user: &User) -> Vec<String> {
    let mut cursors = Vec::new();
    while cursors.len() < STARTS {
        let offset = cursors.len();
        let page = user
            .data(&format!(
                "{{ fwos(first: 200, offset: {offset}) {{ edges {{ cursor }} }} }}"
            ))
            .await;
        let edges = page["fwos"]["edges"].as_array().unwrap().iter();
        cursors.extend(edges.map(|edge| edge["cursor"].as_str().unwrap().to_owned()));
    }
    cursors
}
