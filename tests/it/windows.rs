//! Every window with `count <= 50` and `start < 500`, through the real gateway to the real sandbox.

use futures_util::future::join_all;
use peerassist_gateway::grpc::v1;

use crate::support::grpc::GrpcUser;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;
use crate::support::stack::Stack;

const CALLERS: usize = 8;
const STARTS: usize = 500;
const COUNTS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_25_000_windows_is_one_call_and_the_slice_that_it_names() {
    // A gateway that remembers nothing: each window has to be asked for.
    let forgetful = [
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
    // Several callers, each with one question at a time: what one caller asks twice at once is asked once.
    let callers = join_all((0..CALLERS).map(|_| async {
        let user = stack.user("admin").await;
        GrpcUser::new(&user).await
    }));
    let callers = callers.await;
    stack.sandbox.forget_calls().await;
    let walks = callers.iter().zip(0..).map(|(grpc, first)| {
        let ids = &ids;
        async move {
            for window in (first..STARTS * COUNTS).step_by(CALLERS) {
                let (start, count) = (window / COUNTS, 1 + window % COUNTS);
                let message = v1::ListFwosRequest {
                    page_size: count as i32,
                    skip: start as i32,
                    ..Default::default()
                };
                let page = grpc.fwos.clone().list_fwos(grpc.request(message)).await;
                let got: Vec<i64> = page
                    .unwrap()
                    .into_inner()
                    .fwos
                    .iter()
                    .map(|fwo| fwo.id)
                    .collect();
                assert_eq!(
                    got,
                    ids[start..start + count],
                    "start {start} count {count}"
                );
            }
        }
    });
    join_all(walks).await;
    let calls = stack.sandbox.calls().await;
    assert_eq!(
        calls["routes"],
        serde_json::json!({ "GET /fwo": STARTS * COUNTS })
    );
}
