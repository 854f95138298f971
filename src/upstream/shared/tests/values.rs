//! What instances keep for each other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::upstream::shared::fake::Command;
use crate::upstream::shared::fake::FakeServer;
use crate::upstream::shared::fake::Fate;
use crate::upstream::shared::tests::BODY;
use crate::upstream::shared::tests::Instance;
use crate::upstream::shared::tests::JOINING;
use crate::upstream::shared::tests::LIFE;
use crate::upstream::shared::tests::PATIENCE;
use crate::upstream::shared::tests::ada;
use crate::upstream::shared::tests::caller;
use crate::upstream::shared::tests::question;

#[tokio::test(start_paused = true)]
async fn an_answer_is_found_by_its_caller_at_every_instance_until_something_happens_to_it() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    sleep(Duration::from_secs(4)).await;
    let found = b.find(&ada()).await.expect("it is kept");
    assert_eq!(found.body, BODY);
    assert_eq!(found.asked_at.elapsed().as_secs(), 4);
    let left = found.good_until - Instant::now();
    assert!(
        left <= LIFE - Duration::from_secs(4) && left > LIFE / 2,
        "{left:?}"
    );
    assert!(b.find(&caller("bob", LIFE)).await.is_none());
    assert!(a.write().await);
    assert!(b.find(&ada()).await.is_none() && a.find(&ada()).await.is_none());
    b.keep(&ada()).await;
    assert!(a.find(&ada()).await.is_some());
    let bob = || caller("bob", LIFE);
    b.keep(&bob()).await;
    a.shared.refused(ada().fingerprint()).await;
    assert!(
        b.find(&ada()).await.is_none() && a.find(&bob()).await.is_some(),
        "a refused token ends it likewise, and for nobody else"
    );
    b.keep(&ada()).await;
    assert!(a.find(&ada()).await.is_some(), "it was accepted since");
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlives_neither_its_time_nor_its_token() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&caller("ada", Duration::from_secs(10))).await;
    let found = b.find(&ada()).await.expect("it is kept");
    assert!(found.good_until <= Instant::now() + Duration::from_secs(10));
    let found = b.find(&caller("ada", Duration::from_secs(2))).await;
    let found = found.expect("it is kept");
    assert!(found.good_until <= Instant::now() + Duration::from_secs(2));
    sleep(Duration::from_secs(11)).await;
    assert!(b.find(&ada()).await.is_none());
    a.keep(&ada()).await;
    sleep(LIFE).await;
    assert!(b.find(&ada()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_asked_before_a_write_and_came_after_it_is_not_used() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let request = ada();
    let asked = question(&request, b.epochs.now());
    let (sight, at) = (b.shared.sight(), Instant::now());
    assert!(a.write().await);
    // B has not read of the write when the answer comes.
    let body = Bytes::from_static(BODY);
    b.shared.keep(&asked, sight, at, at + LIFE, body);
    sleep(Duration::from_millis(5)).await;
    assert_eq!(server.data().values.len(), 1);
    assert!(a.find(&ada()).await.is_none() && b.find(&ada()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_new_instance_reads_back_before_it_uses_what_others_kept() {
    let server = FakeServer::start();
    let a = Instance::start(&server).await;
    a.keep(&ada()).await;
    // More entries than are read at once.
    for _ in 0..9 {
        a.shared.refused(caller("bob", LIFE).fingerprint()).await;
    }
    let c = Instance::start(&server).await;
    assert!(c.find(&ada()).await.is_some());
    assert!(a.write().await);
    let d = Instance::start(&server).await;
    assert!(d.find(&ada()).await.is_none(), "a write came after it");
    a.keep(&ada()).await;
    a.shared.refused(caller("bob", LIFE).fingerprint()).await;
    server.data().trim(1);
    let e = Instance::start(&server).await;
    assert!(e.trusts().await);
    assert!(
        e.find(&ada()).await.is_none(),
        "the log does not reach back to it"
    );
}

#[tokio::test(start_paused = true)]
async fn mixed_up_replies_and_foreign_values_are_refused_and_end_the_line() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let bob = caller("bob", LIFE);
    a.keep(&ada()).await;
    a.keep(&bob).await;
    b.sky.cloud(Command::Get, Fate::Mixed, Duration::ZERO);
    assert!(b.find(&ada()).await.is_none());
    assert!(!b.trusts().await, "the line is given up");
    b.sky.clear();
    sleep(JOINING).await;
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 2);
    assert_eq!(server.data().values.len(), 1, "what was refused is removed");
    let names: Vec<_> = server.data().values.keys().cloned().collect();
    let nonsense = vec![0; 300 * 1024];
    let until = Instant::now() + LIFE;
    server
        .data()
        .values
        .insert(names[0].clone(), (nonsense, until));
    let request = caller("bob", LIFE);
    assert!(b.find(&request).await.is_none());
    sleep(JOINING).await;
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 3);
    assert!(server.data().values.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_or_refuses_is_no_answer() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    b.sky.cloud(Command::Get, Fate::Refused, Duration::ZERO);
    assert!(b.find(&ada()).await.is_none());
    assert!(b.trusts().await, "that is no reason to distrust the log");
    b.sky.clear();
    b.sky
        .cloud(Command::Get, Fate::Good, Duration::from_secs(5));
    let begun = Instant::now();
    assert!(b.find(&ada()).await.is_none());
    assert!(begun.elapsed() <= 2 * PATIENCE);
    assert!(!b.trusts().await, "nobody else waits");
}
