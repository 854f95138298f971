//! Who asks the same at the same time shares one upstream call, and shares neither its leader's departure nor its
//! leader's deadline.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::json;
use tokio::task::JoinHandle;
use tonic::Status;

use crate::support::admin::Admin;
use crate::support::door::TOKEN;
use crate::support::door::framed;
use crate::support::door::http2_client;
use crate::support::door::status;
use crate::support::grpc::GrpcUser;
use crate::support::grpc::reason;
use crate::support::held::Held;
use crate::support::held::HeldUpstream;
use crate::support::held::UNTIMED;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::stub::Answer;
use crate::support::stub::customers;
use crate::support::writer::global_id;

const ASKERS: usize = 50;

/// The doors at which somebody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doors {
    Graphql,
    Grpc,
    /// Every other asker at each.
    Both,
}

const ALL_DOORS: [Doors; 3] = [Doors::Graphql, Doors::Grpc, Doors::Both];

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Question {
    Customer(i64),
    /// The first so many customers.
    List(i64),
}

/// What an asker hears: the name of the first customer, or the reason why not.
type Heard = Result<String, String>;

/// Somebody with a connection of their own, which closes when they hang up.
enum Asker {
    Graphql(User),
    Grpc(Box<GrpcUser>),
}

impl Asker {
    async fn ask(self, question: Question) -> Heard {
        match self {
            Asker::Graphql(user) => ask_graphql(&user, question).await,
            Asker::Grpc(mut user) => ask_grpc(&mut user, question)
                .await
                .map_err(|status| reason(&status).0),
        }
    }
}

async fn ask_graphql(user: &User, question: Question) -> Heard {
    let (query, name) = match question {
        Question::Customer(id) => (
            format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}"),
            "/data/customer/name",
        ),
        Question::List(count) => (
            format!("{{ customers(first: {count}) {{ edges {{ node {{ name }} }} }} }}"),
            "/data/customers/edges/0/node/name",
        ),
    };
    let answer = user.ask(&query, json!({})).await;
    let text = |pointer| Some(answer.pointer(pointer)?.as_str()?.to_owned());
    match text(name) {
        Some(name) => Ok(name),
        None => Err(text("/errors/0/extensions/reason").unwrap()),
    }
}

async fn ask_grpc(user: &mut GrpcUser, question: Question) -> Result<String, Status> {
    let customer = match question {
        Question::Customer(id) => user.get_customer(id).await?,
        Question::List(count) => {
            let request = user.request(v1::ListCustomersRequest {
                page_size: count.try_into().unwrap(),
                ..Default::default()
            });
            let page = user.customers.list_customers(request).await?;
            page.into_inner().customers.remove(0)
        }
    };
    Ok(customer.name.unwrap())
}

/// Why a call with this `grpc-timeout` in milliseconds fails. By hand, because a client would give up by itself.
async fn ask_in_a_hurry(base: String, id: i64, patience: u64) -> String {
    let by = Some(By::Id(id));
    let response = http2_client()
        .post(format!("{base}/peerassist.v1.CustomerService/GetCustomer"))
        .header("te", "trailers")
        .header("content-type", "application/grpc")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("grpc-timeout", format!("{patience}m"))
        .body(framed(&v1::GetCustomerRequest { by }))
        .send();
    let status = status(&response.await.unwrap());
    reason(&status).0
}

/// A gateway before an upstream that holds its answers.
struct Scene {
    upstream: HeldUpstream,
    base: String,
    admin: Admin,
    _gateway: Process,
}

impl Scene {
    async fn start() -> Self {
        let upstream = HeldUpstream::start().await;
        let (mut gateway, base) = gateway(&upstream.base, &UNTIMED);
        let admin = Admin::of(&mut gateway);
        Scene {
            upstream,
            base,
            admin,
            _gateway: gateway,
        }
    }

    /// The user with this token, connected to one of the doors.
    async fn asker(&self, token: &str, doors: Doors, place: usize) -> Asker {
        let user = User::new(&self.base, token);
        match doors == Doors::Graphql || doors == Doors::Both && place.is_multiple_of(2) {
            true => Asker::Graphql(user),
            false => Asker::Grpc(Box::new(GrpcUser::new(&user).await)),
        }
    }

    /// So many askers with one token put a question.
    async fn ask(&self, count: usize, doors: Doors, question: Question) -> Vec<JoinHandle<Heard>> {
        let mut askers = Vec::new();
        for place in 0..count {
            let asker = self.asker(TOKEN, doors, place).await;
            askers.push(tokio::spawn(asker.ask(question)));
        }
        askers
    }

    /// Somebody else changes this customer, which the upstream takes at once.
    async fn write(&mut self, id: i64) {
        let writer = User::new(&self.base, &format!("{TOKEN}-writer"));
        let input = json!({ "id": global_id("Customer", id), "city": "Dayton" });
        let write = tokio::spawn(async move { writer.update_customer(input).await });
        for _read_and_write in 0..2 {
            let held = self.upstream.next().await;
            let answer = customer(&held, "");
            held.answer(answer);
        }
        write.await.unwrap().done();
    }

    /// How many questions have joined one under way.
    fn joined(&self) -> u64 {
        let result = "result=\"coalesced\"";
        self.admin.metric("cache_requests_total", result)
    }

    /// Ends when so many questions have joined one under way, in all.
    async fn until_joined(&self, count: usize) {
        self.admin.until(|_| self.joined() == count as u64).await;
    }

    /// Ends when the gateway has so many client connections.
    async fn until_connected(&self, count: u64) {
        let open = |admin: Admin| admin.metric("http_server_open_connections", "");
        self.admin.until(|admin| open(admin) == count).await;
    }
}

/// The customer that is asked for, by its name and whose it is.
fn customer(held: &Held, owner: &str) -> Answer {
    let id = held.asked.id();
    Answer::json(json!({ "id": id, "name": format!("Mill {id}{owner}") }))
}

async fn all(askers: Vec<JoinHandle<Heard>>) -> Vec<Heard> {
    let mut heard = Vec::new();
    for asker in askers {
        heard.push(asker.await.unwrap());
    }
    heard
}

fn good(name: &str) -> Heard {
    Ok(name.to_owned())
}

fn failed(reason: &str) -> Heard {
    Err(reason.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_identical_misses_of_one_caller_are_one_upstream_call() {
    let mut scene = Scene::start().await;
    let mut joined = 0;
    for (id, doors) in (1..).zip(ALL_DOORS) {
        let askers = scene.ask(ASKERS, doors, Question::Customer(id)).await;
        let held = scene.upstream.next().await;
        joined += ASKERS - 1;
        scene.until_joined(joined).await;
        held.answer(Answer::json(json!({ "id": id, "name": "Mill" })));
        assert_eq!(all(askers).await, vec![good("Mill"); ASKERS], "{doors:?}");
        assert!(scene.upstream.is_quiet(), "{doors:?}");
    }
    for (count, doors) in (20..).zip(ALL_DOORS) {
        let askers = scene.ask(ASKERS, doors, Question::List(count)).await;
        let held = scene.upstream.next().await;
        joined += ASKERS - 1;
        scene.until_joined(joined).await;
        let page = held.asked.page_of(&customers(40));
        held.answer(page);
        let name = good("Customer 1");
        assert_eq!(all(askers).await, vec![name; ASKERS], "{doors:?}");
        assert!(scene.upstream.is_quiet(), "{doors:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_question_of_fifty_callers_is_fifty_upstream_calls() {
    let mut scene = Scene::start().await;
    for (id, doors) in (1..).zip(ALL_DOORS) {
        let mut askers = Vec::new();
        for place in 0..ASKERS {
            let asker = scene.asker(&format!("{TOKEN}-{place}"), doors, place).await;
            askers.push(tokio::spawn(asker.ask(Question::Customer(id))));
        }
        let mut waiting = Vec::new();
        for _ in 0..ASKERS {
            waiting.push(scene.upstream.next().await);
        }
        for held in waiting {
            let token = held.asked.authorization.clone().unwrap();
            let owner = token.trim_start_matches(&format!("Bearer {TOKEN}"));
            let answer = customer(&held, owner);
            held.answer(answer);
        }
        let own: Vec<_> = (0..ASKERS)
            .map(|place| Ok(format!("Mill {id}-{place}")))
            .collect();
        assert_eq!(all(askers).await, own, "{doors:?}");
        assert!(scene.upstream.is_quiet(), "{doors:?}");
    }
    assert_eq!(scene.joined(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_hangs_up_costs_its_followers_nothing() {
    for leads in [Doors::Graphql, Doors::Grpc] {
        let mut scene = Scene::start().await;
        let question = Question::Customer(3);
        let mut leader = scene.ask(1, leads, question).await;
        let held = scene.upstream.next().await;
        let mut followers = scene.ask(ASKERS, Doors::Both, question).await;
        scene.until_joined(ASKERS).await;
        // The leader goes, and then half of those who followed.
        let mut gone = followers.split_off(ASKERS / 2);
        for asker in leader.drain(..).chain(gone.drain(..)) {
            asker.abort();
        }
        scene.until_connected(followers.len() as u64).await;
        assert!(held.is_awaited(), "{leads:?}");
        let answer = customer(&held, "");
        held.answer(answer);
        let count = followers.len();
        assert_eq!(
            all(followers).await,
            vec![good("Mill 3"); count],
            "{leads:?}"
        );
        // It was kept, too.
        let late = scene.ask(2, Doors::Both, question).await;
        assert_eq!(all(late).await, vec![good("Mill 3"); 2], "{leads:?}");
        assert!(scene.upstream.is_quiet(), "{leads:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_fails_has_made_the_attempts_of_all_and_its_failure_is_not_kept() {
    let mut scene = Scene::start().await;
    let question = Question::Customer(3);
    let mut askers = scene.ask(1, Doors::Graphql, question).await;
    let mut joined = 0;
    // Every attempt has followers of its own, who come while it is under way.
    for followers in [ASKERS, 4, 4] {
        let held = scene.upstream.next().await;
        askers.extend(scene.ask(followers, Doors::Both, question).await);
        joined += followers;
        scene.until_joined(joined).await;
        held.answer(Answer::status(503));
    }
    let unavailable = failed("UPSTREAM_UNAVAILABLE");
    assert_eq!(all(askers).await, vec![unavailable; 1 + joined]);
    assert!(scene.upstream.is_quiet(), "three attempts for all of them");
    let next = scene.ask(1, Doors::Grpc, question).await;
    let held = scene.upstream.next().await;
    let answer = customer(&held, "");
    held.answer(answer);
    assert_eq!(all(next).await, [good("Mill 3")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_second_attempt_is_good_has_asked_twice_for_all() {
    let mut scene = Scene::start().await;
    let question = Question::Customer(3);
    let askers = scene.ask(ASKERS, Doors::Both, question).await;
    let held = scene.upstream.next().await;
    scene.until_joined(ASKERS - 1).await;
    held.answer(Answer::status(503));
    let held = scene.upstream.next().await;
    let answer = customer(&held, "");
    held.answer(answer);
    assert_eq!(all(askers).await, vec![good("Mill 3"); ASKERS]);
    assert!(scene.upstream.is_quiet());
}

/// The leader waits longer until its followers come in time: how busy the machine is must not decide.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leaders_deadline_is_the_leaders_alone() {
    for (id, patience) in (1..).zip([100, 1_000, 5_000, 15_000]) {
        let mut scene = Scene::start().await;
        let question = Question::Customer(id);
        let leader = tokio::spawn(ask_in_a_hurry(scene.base.clone(), id, patience));
        let held = scene.upstream.next().await;
        let followers = scene.ask(8, Doors::Both, question).await;
        let is_decided = |_| scene.joined() == 8 || leader.is_finished();
        scene.admin.until(is_decided).await;
        let in_time = scene.joined() == 8;
        assert_eq!(leader.await.unwrap(), "UPSTREAM_TIMEOUT");
        if !in_time {
            continue;
        }
        println!("a leader of {patience} ms, and 8 followers of a minute");
        assert!(held.is_awaited() && scene.upstream.is_quiet());
        let answer = customer(&held, "");
        held.answer(answer);
        assert_eq!(all(followers).await, vec![good(&format!("Mill {id}")); 8]);
        assert!(scene.upstream.is_quiet());
        return;
    }
    panic!("nobody followed within 15 s");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_followers_deadline_is_the_followers_alone() {
    let mut scene = Scene::start().await;
    let question = Question::Customer(3);
    let leader = scene.ask(1, Doors::Graphql, question).await;
    let held = scene.upstream.next().await;
    let heard = ask_in_a_hurry(scene.base.clone(), 3, 100).await;
    assert_eq!(heard, "UPSTREAM_TIMEOUT");
    let answer = customer(&held, "");
    held.answer(answer);
    assert_eq!(all(leader).await, [good("Mill 3")]);
    assert!(scene.upstream.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_last_who_waits_has_gone_the_upstream_read_is_cancelled() {
    for doors in ALL_DOORS {
        let mut scene = Scene::start().await;
        let question = Question::Customer(3);
        let askers = scene.ask(4, doors, question).await;
        let mut held = scene.upstream.next().await;
        scene.until_joined(3).await;
        let begun = tokio::time::Instant::now();
        askers.iter().for_each(JoinHandle::abort);
        held.hung_up().await;
        println!("{doors:?}: cancelled after {:?}", begun.elapsed());
        // Nothing was kept of it, and nobody is in the way of the next.
        let next = scene.ask(1, doors, question).await;
        let held = scene.upstream.next().await;
        let answer = customer(&held, "");
        held.answer(answer);
        assert_eq!(all(next).await, [good("Mill 3")], "{doors:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_a_write_has_overtaken_is_cancelled_too() {
    let mut scene = Scene::start().await;
    let question = Question::Customer(3);
    let before = scene.ask(1, Doors::Graphql, question).await;
    let mut overtaken = scene.upstream.next().await;
    scene.write(3).await;
    // Whoever asks now must not be told what was before, and so does not join.
    let after = scene.ask(1, Doors::Grpc, question).await;
    let held = scene.upstream.next().await;
    before.iter().for_each(JoinHandle::abort);
    overtaken.hung_up().await;
    let answer = customer(&held, "");
    held.answer(answer);
    assert_eq!(all(after).await, [good("Mill 3")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_what_there_was_to_fall_back_on_waits_like_everybody_else() {
    let mut scene = Scene::start().await;
    let question = Question::Customer(3);
    let first = scene.ask(1, Doors::Graphql, question).await;
    let held = scene.upstream.next().await;
    // At once no more than what is served where the upstream fails, for which nobody waits longer than a second.
    let stale = "max-age=0, stale-while-revalidate=0";
    let answer = customer(&held, "").header("cache-control", stale);
    held.answer(answer);
    assert_eq!(all(first).await, [good("Mill 3")]);
    let mut readers = scene.ask(8, Doors::Both, question).await;
    let held = scene.upstream.next().await;
    scene.write(3).await;
    let soon = tokio::time::timeout(Duration::from_secs(2), &mut readers[0]).await;
    assert!(soon.is_err(), "{soon:?} before the upstream has answered");
    let answer = customer(&held, "");
    held.answer(answer);
    assert_eq!(all(readers).await, vec![good("Mill 3"); 8]);
}
