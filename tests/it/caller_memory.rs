//! What is kept for a caller: nobody's reading pushes out what others keep, and whoever is refused leaves nothing.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;

use crate::support::admin::Admin;
use crate::support::door::TOKEN;
use crate::support::grpc::GrpcUser;
use crate::support::grpc::reason;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stub::Answer;
use crate::support::stub::Asked;
use crate::support::stub::StubUpstream;
use crate::support::stub::customers;

/// A gateway before an upstream of heavy customers, which refuses some tokens.
struct Scene {
    upstream: StubUpstream,
    admin: Admin,
    base: String,
    refused: Arc<Mutex<Vec<String>>>,
    _gateway: Process,
}

/// What the cache holds: bytes, answers, callers.
type Kept = [u64; 3];

impl Scene {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let refused: Arc<Mutex<Vec<String>>> = Arc::default();
        let known = refused.clone();
        let upstream = StubUpstream::start(move |asked| {
            let bearer = asked.authorization.as_deref().unwrap();
            let is_refused = |token: &String| bearer.ends_with(token.as_str());
            match known.lock().unwrap().iter().any(is_refused) {
                true => Answer::status(401),
                false => answer(asked),
            }
        })
        .await;
        let base = format!("http://{}", upstream.address);
        let (mut gateway, base) = gateway(&base, settings);
        Scene {
            upstream,
            admin: Admin::of(&mut gateway),
            base,
            refused,
            _gateway: gateway,
        }
    }

    fn user(&self, name: &str) -> User {
        User::new(&self.base, &format!("{TOKEN}-{name}"))
    }

    /// From now on the upstream refuses the user's token.
    fn refuse(&self, user: &User) {
        self.refused.lock().unwrap().push(user.token.clone());
    }

    fn kept(&self) -> Kept {
        let names = ["cache_bytes", "cache_entries", "cache_callers"];
        names.map(|name| self.admin.metric(name, ""))
    }

    /// How many upstream calls it takes that the user reads these customers.
    async fn cost(&self, user: &User, ids: impl IntoIterator<Item = i64>) -> usize {
        let before = self.upstream.calls();
        for id in ids {
            user.data(&customer(id)).await;
        }
        self.upstream.calls() - before
    }
}

/// Customers of 2 KiB each.
fn answer(asked: &Asked) -> Answer {
    if asked.path == "/customer" {
        return asked.page_of(&customers(40));
    }
    let address = "1234567 ".repeat(256);
    Answer::json(json!({ "id": asked.id(), "name": "Mill", "address1": address }))
}

fn customer(id: i64) -> String {
    format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}")
}

/// Reads at both doors.
async fn read(user: &User) {
    user.data("{ customers(first: 20) { totalCount } }").await;
    for id in 101..=110 {
        user.data(&customer(id)).await;
    }
    let mut grpc = GrpcUser::new(user).await;
    for id in 111..=120 {
        grpc.get_customer(id).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_token_leaves_nothing_at_once_and_takes_nothing_from_others() {
    let scene = Scene::start(&[]).await;
    assert_eq!(scene.kept(), [0, 0, 0]);
    let anna = scene.user("anna");
    read(&anna).await;
    let annas = scene.kept();
    assert!(
        annas[0] > 20 * 2048 && annas[1] > 40 && annas[2] == 1,
        "{annas:?}"
    );
    for door in ["GraphQL", "gRPC"] {
        let bert = scene.user(&format!("bert-{door}"));
        read(&bert).await;
        assert_eq!(scene.kept(), annas.map(|annas| 2 * annas), "{door}");
        scene.refuse(&bert);
        let heard = match door {
            "GraphQL" => bert.errors(&customer(900)).await[0][2].clone(),
            _ => {
                let mut bert = GrpcUser::new(&bert).await;
                reason(&bert.get_customer(900).await.unwrap_err()).0
            }
        };
        assert_eq!(heard, "TOKEN_INVALID");
        assert_eq!(scene.kept(), annas, "{door}");
        // What was kept is not shown any more, not even what was read at the other door.
        let errors = bert.errors(&customer(111)).await;
        assert_eq!(errors[0][2], "TOKEN_INVALID");
        assert_eq!(scene.cost(&anna, 101..=120).await, 0, "{door}");
    }
    scene.refuse(&anna);
    anna.errors(&customer(900)).await;
    assert_eq!(scene.kept(), [0, 0, 0]);
}

#[tokio::test]
async fn who_fills_their_share_pushes_out_their_own_answers_alone() {
    let share = 256 * 1024;
    let settings = [("PEERASSIST_UPSTREAM__CACHE__CALLER_BYTES_MAX", "256KiB")];
    let scene = Scene::start(&settings).await;
    let (anna, greedy) = (scene.user("anna"), scene.user("greedy"));
    read(&anna).await;
    let [annas, ..] = scene.kept();
    assert_eq!(scene.cost(&greedy, 1..=400).await, 400);
    let [bytes, _, callers] = scene.kept();
    println!("400 answers of 2 KiB, and {} bytes kept", bytes - annas);
    let most = annas + share + 1024;
    assert!(bytes <= most && bytes > annas + share - 8192, "{bytes}");
    assert_eq!(callers, 2);
    assert_eq!(scene.cost(&anna, 101..=120).await, 0);
    assert_eq!(scene.cost(&greedy, 391..=400).await, 0);
    assert_eq!(scene.cost(&greedy, 1..=10).await, 10);
}

#[tokio::test]
async fn all_callers_together_stay_within_the_memory_that_there_is() {
    let all = 256 * 1024;
    let settings = [
        ("PEERASSIST_UPSTREAM__CACHE__BYTES_MAX", "256KiB"),
        ("PEERASSIST_UPSTREAM__CACHE__CALLER_BYTES_MAX", "64KiB"),
    ];
    let scene = Scene::start(&settings).await;
    for place in 0..30 {
        let user = scene.user(&format!("user-{place}"));
        scene.cost(&user, 1..=15).await;
        let [bytes, ..] = scene.kept();
        assert!(bytes <= all, "{bytes} after {place}");
    }
    let [bytes, ..] = scene.kept();
    assert!(bytes > all / 2, "{bytes}: there is room for more");
}
