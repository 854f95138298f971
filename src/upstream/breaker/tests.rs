//! Sequences of outcomes, and what the breaker makes of them. The clock is a number here.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::Breaker;
use super::IN_A_ROW;
use super::PAUSE;
use super::RAMP;
use super::RAMP_WAIT;
use super::State;
use super::Ticket;
use super::Verdict;
use super::Verdict::Failed;
use super::Verdict::Good;
use super::Verdict::Unreached;
use super::Who;

/// A breaker and a clock.
struct Scene {
    breaker: Breaker,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Scene {
            breaker: Breaker::new(),
            now: Instant::now(),
        }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }

    fn admit(&mut self, who: u64) -> Result<Ticket, Duration> {
        self.breaker.admit(Who(who), self.now)
    }

    fn settle(&mut self, ticket: Ticket, verdict: Verdict) -> bool {
        self.breaker.settle(ticket, Some(verdict), self.now)
    }

    /// One call from its beginning to its end; whether it went out.
    fn call(&mut self, who: u64, verdict: Verdict) -> bool {
        let ticket = self.admit(who);
        ticket.map(|ticket| self.settle(ticket, verdict)).is_ok()
    }

    /// A scene in which the route was just opened for all.
    fn opened() -> Self {
        let mut scene = Scene::new();
        for who in 0..u64::from(IN_A_ROW) {
            assert!(scene.call(who, Failed));
        }
        assert!(!scene.call(9, Good));
        scene
    }
}

#[tokio::test]
async fn five_failures_in_a_row_of_three_callers_open_a_route_for_all() {
    let mut scene = Scene::new();
    for who in [1, 1, 2, 2] {
        assert!(scene.call(who, Failed));
    }
    let last = scene.admit(3).expect("four are too few");
    assert!(scene.settle(last, Failed));
    assert_eq!(scene.admit(7).map(drop), Err(PAUSE));
}

#[tokio::test]
async fn two_callers_open_nothing_for_others_and_for_themselves_only_after_long() {
    let mut scene = Scene::new();
    for place in 0..100 {
        assert!(scene.call(place % 2, Failed), "{place}");
        scene.pass(99);
    }
    scene.pass(100);
    assert!(scene.call(1, Failed), "ten seconds are over with this one");
    assert!(!scene.call(0, Failed) && !scene.call(1, Failed));
    assert!(scene.call(2, Good), "somebody else is no matter of theirs");
    assert!(
        scene.call(0, Good) && scene.call(1, Good),
        "one good answer closes it"
    );
}

#[tokio::test]
async fn somebody_else_who_fails_too_makes_it_everybodys_matter() {
    let mut scene = Scene::new();
    for place in 0..102 {
        scene.call(place % 2, Failed);
        scene.pass(100);
    }
    assert!(scene.call(2, Failed));
    assert!(!scene.call(3, Good));
}

#[tokio::test]
async fn where_no_connection_comes_about_it_does_not_matter_who_asks() {
    let mut scene = Scene::new();
    for _ in 0..IN_A_ROW {
        assert!(scene.call(1, Unreached));
    }
    assert!(!scene.call(2, Good));
}

#[tokio::test]
async fn answers_of_every_kind_between_failures_keep_a_route_closed() {
    let mut scene = Scene::new();
    for round in 0..1000 {
        for who in 0..u64::from(IN_A_ROW) - 1 {
            assert!(scene.call(who, Failed), "{round}");
        }
        assert!(scene.call(round, Good));
    }
}

#[tokio::test]
async fn five_failures_among_many_answers_are_a_bad_moment_and_no_outage() {
    let mut scene = Scene::new();
    for _ in 0..10 {
        assert!(scene.call(1, Good));
    }
    for who in 0..17 {
        assert!(scene.call(who, Failed), "{who}");
    }
    assert!(scene.call(17, Failed));
    assert!(!scene.call(18, Failed), "18 of the last 20 failed");
}

#[tokio::test]
async fn failures_of_long_ago_do_not_count() {
    let mut scene = Scene::new();
    for who in 0..4 {
        assert!(scene.call(who, Failed));
    }
    scene.pass(10_000);
    assert!(scene.call(5, Failed) && scene.call(6, Good));
}

#[tokio::test]
async fn one_probe_a_second_goes_out_of_an_open_route_also_where_it_hangs() {
    let mut scene = Scene::opened();
    scene.pass(999);
    assert_eq!(scene.admit(1).map(drop), Err(Duration::from_millis(1)));
    scene.pass(1);
    let hangs = scene.admit(1).expect("the probe");
    assert_eq!(scene.admit(2).map(drop), Err(PAUSE));
    scene.pass(1000);
    let next = scene.admit(2).expect("the next probe");
    scene.settle(next, Failed);
    scene.pass(500);
    scene.settle(hangs, Failed);
    assert_eq!(scene.admit(3).map(drop), Err(PAUSE));
}

#[tokio::test]
async fn a_probe_that_nobody_waits_for_makes_room_for_the_next() {
    let mut scene = Scene::opened();
    scene.pass(1000);
    let probe = scene.admit(1).expect("the probe");
    scene.breaker.settle(probe, None, scene.now);
    assert!(scene.admit(2).is_ok());
}

#[tokio::test]
async fn behind_a_good_probe_calls_come_in_a_ramp_and_then_freely() {
    let mut scene = Scene::opened();
    scene.pass(1000);
    assert!(scene.call(1, Good));
    let mut peaks = Vec::new();
    while scene.breaker.state != State::Closed {
        let mut out = Vec::new();
        while let Ok(ticket) = scene.admit(1) {
            out.push(ticket);
        }
        assert_eq!(scene.admit(1).map(drop), Err(RAMP_WAIT));
        peaks.push(out.len());
        for ticket in out {
            scene.settle(ticket, Good);
        }
    }
    assert_eq!(peaks, [2, 4, 8, 16, 32]);
    let free = (0..1000).filter(|_| scene.admit(1).is_ok());
    assert_eq!(free.count(), 1000);
}

#[tokio::test]
async fn an_upstream_that_fails_in_the_ramp_is_left_alone_again() {
    let mut scene = Scene::opened();
    scene.pass(1000);
    assert!(scene.call(1, Good));
    for who in 0..u64::from(IN_A_ROW) {
        assert!(scene.call(who, Failed));
    }
    assert_eq!(scene.admit(1).map(drop), Err(PAUSE));
}

#[tokio::test]
async fn what_was_sent_before_the_upstreams_return_says_nothing_after_it() {
    let mut scene = Scene::new();
    let old: Vec<_> = (0..20)
        .map(|who| scene.admit(who).expect("closed"))
        .collect();
    for who in 0..u64::from(IN_A_ROW) {
        scene.call(who, Failed);
    }
    scene.pass(1000);
    assert!(scene.call(1, Good));
    for ticket in old {
        assert!(!scene.settle(ticket, Failed));
    }
    assert!(scene.admit(1).is_ok());
}

/// What can happen to a breaker.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Admit(u64),
    /// The oldest call comes to this, or to nothing.
    Settle(Option<Verdict>),
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![
        2 => Just(Some(Good)), 6 => Just(Some(Failed)), 3 => Just(Some(Unreached)), 1 => Just(None),
    ];
    prop_oneof![
        2 => (0u64..3000).prop_map(Step::Pass),
        6 => (0u64..6).prop_map(Step::Admit),
        5 => verdict.prop_map(Step::Settle),
    ]
}

proptest! {
    #[test]
    fn whatever_has_happened_a_good_upstream_is_asked_freely_within_three_seconds(
        steps in prop::collection::vec(step(), 0..300),
    ) {
        let mut scene = Scene::new();
        let mut out = std::collections::VecDeque::new();
        for step in steps {
            match step {
                Step::Pass(milliseconds) => scene.pass(milliseconds),
                Step::Admit(who) => {
                    let waits = scene.breaker.wait(Who(who), scene.now);
                    let admitted = scene.admit(who);
                    prop_assert_eq!(admitted.err(), waits);
                    prop_assert!(waits.is_none_or(|wait| wait <= PAUSE));
                    out.extend(admitted.ok());
                }
                Step::Settle(verdict) => {
                    if let Some(ticket) = out.pop_front() {
                        scene.breaker.settle(ticket, verdict, scene.now);
                    }
                }
            }
        }
        // From now on the upstream is good, and six callers ask it ten times a second.
        for ticket in out {
            scene.settle(ticket, Good);
        }
        for _ in 0..30 {
            for who in 0..6 {
                scene.call(who, Good);
            }
            scene.pass(100);
        }
        prop_assert_eq!(scene.breaker.state, State::Closed);
        prop_assert!((0..u64::from(RAMP)).all(|who| scene.admit(who).is_ok()));
    }
}
