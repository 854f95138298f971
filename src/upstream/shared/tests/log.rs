//! What instances tell each other, and when they trust what they keep.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::upstream::epochs::Epochs;
use crate::upstream::shared::Sight;
use crate::upstream::shared::fake;
use crate::upstream::shared::fake::Command;
use crate::upstream::shared::fake::FakeServer;
use crate::upstream::shared::fake::Fate;
use crate::upstream::shared::journal::Journal;
use crate::upstream::shared::notice::Notice;
use crate::upstream::shared::position::Position;
use crate::upstream::shared::seal::Keys;
use crate::upstream::shared::tests::Instance;
use crate::upstream::shared::tests::JOINING;
use crate::upstream::shared::tests::LIFE;
use crate::upstream::shared::tests::PATIENCE;
use crate::upstream::shared::tests::WRITE;
use crate::upstream::shared::tests::ada;
use crate::upstream::shared::tests::caller;
use crate::upstream::shared::tests::tag;

#[tokio::test(start_paused = true)]
async fn what_one_instance_writes_no_other_has_kept_from_before() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    assert!(b.is_good(before).await);
    assert!(a.shared.begin(7, &[tag()]).await);
    assert!(!b.is_good(before).await, "a write is under way");
    let meanwhile = b.epochs.now();
    assert!(!b.is_good(meanwhile).await, "its places are closed");
    assert!(a.shared.end(7, &[tag()], None).await);
    assert!(!b.is_good(meanwhile).await, "it was asked before the end");
    assert!(b.is_good(b.epochs.now()).await);
    assert!(a.trusts().await && a.is_good(a.epochs.now()).await);
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_a_round_that_begins_after_they_began_to_wait() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let before = b.sky.reads.load(Ordering::SeqCst);
    let waits = (0..100).map(|_| b.trusts());
    assert!(join_all(waits).await.into_iter().all(|trusts| trusts));
    let reads = b.sky.reads.load(Ordering::SeqCst) - before;
    assert!((1..=2).contains(&reads), "{reads} rounds for 100 requests");
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_way_back_first_waits_for_the_others_before_it_trusts_anything() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    server.kill();
    sleep(Duration::from_secs(1)).await;
    a.sky
        .cloud_there(Command::Connect, Duration::from_millis(1900));
    server.restart(fake::Data::default());
    let (mut untold, mut trusting) = (0, 0);
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        let is_told = a.write().await;
        if b.trusts().await {
            trusting += 1;
            assert!(is_told, "who trusts must hear of it");
        }
        untold += u32::from(!is_told);
    }
    assert!(untold > 20 && trusting > 20, "{untold} {trusting}");
}

#[tokio::test(start_paused = true)]
async fn one_request_settles_its_trust_once() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let (request, before) = (ada(), b.sky.reads.load(Ordering::SeqCst));
    for _ in 0..10 {
        assert!(b.shared.trusts(&request.clone()).await);
    }
    assert_eq!(b.sky.reads.load(Ordering::SeqCst) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_log_is_waited_for_once_and_trusted_again_when_it_is_quick() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    b.sky
        .cloud(Command::Read, Fate::Good, Duration::from_millis(60));
    let begun = Instant::now();
    assert!(!b.trusts().await);
    assert_eq!(begun.elapsed(), PATIENCE);
    for _ in 0..100 {
        assert!(!b.trusts().await);
    }
    assert_eq!(begun.elapsed(), PATIENCE, "nobody else has waited");
    b.sky.clear();
    sleep(Duration::from_millis(700)).await;
    assert!(b.trusts().await);
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 1, "over the same line");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stands_still_holds_up_no_more_than_one_wait_for_each_notice() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    server.stop(true);
    let begun = Instant::now();
    assert!(!a.write().await);
    assert!(begun.elapsed() <= 2 * PATIENCE, "{:?}", begun.elapsed());
    assert!(!a.trusts().await);
    assert!(!b.trusts().await);
    let begun = Instant::now();
    assert!(!a.write().await);
    assert!(begun.elapsed() <= PATIENCE, "{:?}", begun.elapsed());
    sleep(Duration::from_secs(10)).await;
    server.stop(false);
    sleep(JOINING).await;
    assert!(a.trusts().await && b.trusts().await);
    assert!(!b.is_good(before).await);
}

#[tokio::test(start_paused = true)]
async fn what_an_instance_could_not_tell_it_tells_before_it_trusts_anything_again() {
    for fate in [
        Fate::LostBefore,
        Fate::LostAfter,
        Fate::Refused,
        Fate::Mixed,
    ] {
        let server = FakeServer::start();
        let (a, b) = (
            Instance::start(&server).await,
            Instance::start(&server).await,
        );
        a.sky.cloud(Command::Append, fate, Duration::ZERO);
        assert!(!a.write().await);
        assert!(!a.trusts().await, "{fate:?}: others have not been told");
        // B may go on for as long as A cannot speak.
        let before = b.epochs.now();
        a.sky.clear();
        sleep(JOINING).await;
        assert!(a.trusts().await, "{fate:?}");
        assert!(!b.is_good(before).await, "{fate:?}: it was told afterwards");
        sleep(JOINING).await;
        assert!(b.trusts().await, "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_server_is_made_to_forget_the_name_of_the_log() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    b.keep(&ada()).await;
    let before = b.epochs.now();
    a.sky.cloud(Command::Append, Fate::Refused, Duration::ZERO);
    assert!(!a.shared.end(7, &[tag()], None).await);
    assert!(
        !b.is_good(before).await,
        "nobody trusts a log without a name"
    );
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(b.find(&ada()).await.is_none(), "of the store neither");
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_is_late_ends_the_trust_of_its_instance_until_it_has_arrived() {
    let server = FakeServer::start();
    let a = Instance::start(&server).await;
    a.sky
        .cloud(Command::Append, Fate::Good, Duration::from_millis(300));
    let begun = Instant::now();
    assert!(!a.shared.end(7, &[tag()], None).await);
    assert_eq!(begun.elapsed(), PATIENCE);
    assert!(!a.trusts().await);
    sleep(Duration::from_millis(400)).await;
    assert!(a.trusts().await);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_trimmed_past_the_reader_ends_all_that_was_kept() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    assert!(a.write().await);
    a.shared.refused(ada().fingerprint()).await;
    server.data().trim(1);
    assert!(!b.trusts().await, "something may have been trimmed unread");
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_a_notice_when_it_was_started_anew_is_found_out() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    b.keep(&ada()).await;
    assert!(b.find(&ada()).await.is_some());
    let (before, snapshot) = (b.epochs.now(), server.data().clone());
    assert!(a.write().await);
    server.kill();
    sleep(JOINING).await;
    assert!(!b.trusts().await);
    server.restart(snapshot);
    sleep(JOINING).await;
    assert!(b.trusts().await);
    assert!(!b.is_good(before).await, "the end of it was lost");
    assert!(
        b.find(&ada()).await.is_none(),
        "the store is older than that"
    );
    b.keep(&ada()).await;
    assert!(b.find(&ada()).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_went_backwards_gets_another_name() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    let (before, name) = (b.epochs.now(), b.shared.sight());
    // The log goes with its clock: what is appended next stands before what was read last.
    server.data().go_back(Duration::from_secs(3600));
    assert!(!b.trusts().await);
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(a.trusts().await, "both agree on the name");
    let incarnation = |sight: Option<Sight>| sight.map(|sight| sight.incarnation);
    assert_ne!(incarnation(b.shared.sight()), incarnation(name));
    assert_eq!(incarnation(b.shared.sight()), incarnation(a.shared.sight()));
    assert!(
        b.find(&ada()).await.is_none(),
        "its position says nothing any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_end_is_never_told_ends_by_itself() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    assert!(a.shared.begin(7, &[tag()]).await);
    drop(a);
    let meanwhile = b.epochs.now();
    assert!(!b.is_good(meanwhile).await);
    sleep(WRITE / 2).await;
    assert!(
        !b.is_good(b.epochs.now()).await,
        "it may still come to its end"
    );
    sleep(WRITE).await;
    assert!(!b.is_good(meanwhile).await);
    assert!(b.is_good(b.epochs.now()).await);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_still_land_keeps_its_places_closed_everywhere() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    assert!(a.shared.begin(7, &[tag()]).await);
    assert!(
        a.shared
            .end(7, &[tag()], Some(Duration::from_secs(30)))
            .await
    );
    let c = Instance::start(&server).await;
    for instance in [&b, &c] {
        assert!(!instance.is_good(instance.epochs.now()).await);
    }
    b.keep(&ada()).await;
    assert!(
        server.data().values.is_empty(),
        "what is closed is not kept"
    );
    sleep(Duration::from_secs(31)).await;
    for instance in [&b, &c] {
        assert!(instance.is_good(instance.epochs.now()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_with_another_secret_ends_all_trust_while_it_writes() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let before = b.epochs.now();
    let other = Instance::start_with(&server, b"another secret");
    sleep(JOINING).await;
    assert!(!b.is_good(before).await, "it has joined");
    sleep(WRITE + Duration::from_secs(2)).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(other.write().await);
    assert!(!b.trusts().await);
    sleep(WRITE / 2).await;
    assert!(!b.trusts().await);
    sleep(WRITE).await;
    assert!(b.trusts().await);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_trusted_where_there_is_no_server() {
    let server = FakeServer::start();
    server.kill();
    let a = Instance::start(&server).await;
    let begun = Instant::now();
    assert!(!a.trusts().await);
    assert!(a.shared.sight().is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(!a.write().await);
    assert!(begun.elapsed() <= PATIENCE);
    server.restart(fake::Data::default());
    sleep(JOINING).await;
    assert!(a.trusts().await);
    assert!(a.write().await);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_known_of_the_caller_alone_and_as_long_as_it_matters() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let (ada, bob) = (ada(), caller("bob", LIFE));
    let (before, looked) = (b.epochs.now(), Instant::now());
    a.shared.refused(ada.fingerprint()).await;
    assert!(b.is_good(before).await, "no place is bumped for it");
    assert!(b.shared.refused_since(ada.fingerprint(), looked));
    assert!(!b.shared.refused_since(bob.fingerprint(), looked));
    sleep(Duration::from_secs(2)).await;
    assert!(!b.shared.refused_since(ada.fingerprint(), Instant::now()));
    sleep(WRITE).await;
    assert!(
        b.shared.refused_since(bob.fingerprint(), looked),
        "nobody knows any more"
    );
}

/// However many wrong tokens somebody brings.
#[test]
fn refusals_are_forgotten_together_rather_than_remembered_without_end() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(async {
        let keys = Keys::new(b"secret");
        let epochs = Arc::new(Epochs::shared(keys.places.clone()));
        let mut journal = Journal::new(keys.notices.clone(), epochs.clone(), WRITE);
        let before = epochs.now();
        let mut refuse = |number: u128| {
            let at = Position::parse(&format!("{number}-0")).expect("a position");
            let notice = Notice::Refused { caller: number };
            journal.read(at, &notice.print(&keys.notices));
        };
        (1..=65_536).for_each(&mut refuse);
        assert!(epochs.hold(&[tag()], before), "nobody else is touched");
        refuse(70_000);
        assert!(!epochs.hold(&[tag()], before));
    });
}

/// A page of a list stays good while one of its rows is written, and feeds its rows: what it says of that row must not
/// come to life again once nobody waits for the end of the write any more.
#[tokio::test(start_paused = true)]
async fn what_was_asked_for_while_a_write_was_open_is_not_used_once_its_end_is_given_up() {
    let keys = Keys::new(b"secret");
    let epochs = Arc::new(Epochs::shared(keys.places.clone()));
    let mut journal = Journal::new(keys.notices.clone(), epochs.clone(), WRITE);
    let at = |number: u64| Position::parse(&format!("{number}-0")).expect("a position");
    let places = epochs.places(&[tag()]);
    let begun = Notice::Begun {
        write: 1,
        places: places.clone(),
        within: WRITE,
    };
    journal.read(at(1), &begun.print(&keys.notices));
    let during = journal.sight();
    assert!(
        journal.permits(0, &places, during),
        "the epochs say that it is closed"
    );
    assert!(!epochs.hold(&[tag()], epochs.now()));
    sleep(WRITE).await;
    journal.settle();
    assert!(epochs.hold(&[tag()], epochs.now()), "it is open again");
    assert!(!journal.permits(0, &places, during));
    journal.read(at(2), &Notice::Joined.print(&keys.notices));
    assert!(journal.permits(0, &places, journal.sight()));
}
