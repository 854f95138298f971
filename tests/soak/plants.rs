//! Defects that are planted at the upstream: the judge must find each of them, or its silence is worth nothing.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::books::Flaw;
use crate::books::Lives;
use crate::judge::Broken;
use crate::judge::Figures;
use crate::soak::Plan;
use crate::soak::Stage;

/// Each defect, and the promise that it breaks.
const PLANTS: [(Option<Flaw>, Option<Broken>); 6] = [
    (None, None),
    (Some(Flaw::ForeignRow), Some(Broken::Leak)),
    (Some(Flaw::ForeignTotal), Some(Broken::Miscount)),
    (Some(Flaw::LostWrite), Some(Broken::Stale)),
    (Some(Flaw::UndeadToken), Some(Broken::Undead)),
    (Some(Flaw::HiddenFailure), Some(Broken::Unexpected)),
];

/// So long may the judge need, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// After so many requests without a defect nothing is found any more.
const ENOUGH: u64 = 400;

/// Whether the judge finds each of them, and nothing where there is nothing.
pub(crate) async fn are_found() -> bool {
    // At the same time: each has a gateway and an upstream of its own.
    let figures = join_all(PLANTS.map(|(flaw, broken)| play(flaw, broken))).await;
    let mut all_found = true;
    for ((flaw, broken), figures) in PLANTS.into_iter().zip(figures) {
        all_found &= match broken {
            Some(broken) => figures.broken(broken) > 0,
            None => figures.broken.is_empty(),
        };
        let (found, requests) = (&figures.broken, figures.total());
        println!("planted {flaw:?}: found {found:?} within {requests} requests");
    }
    if !all_found {
        println!("NOT OK: the judge cannot be trusted");
    }
    all_found
}

/// Lets a few users live until the judge has found what it must, or enough.
async fn play(flaw: Option<Flaw>, broken: Option<Broken>) -> Figures {
    let plan = Plan {
        users: 20,
        rate: 60.0,
        lasts: PATIENCE,
    };
    let lives = Lives {
        least: Duration::from_millis(500),
        most: Duration::from_millis(1_500),
        told: 0,
    };
    let stage = Stage::build(plan, lives, flaw).await;
    let begun = Instant::now();
    let until_found = async {
        loop {
            sleep(Duration::from_millis(50)).await;
            let figures = stage.scene.judge.figures();
            let is_enough = match broken {
                Some(broken) => figures.broken(broken) > 0,
                None => figures.total() >= ENOUGH,
            };
            if is_enough || begun.elapsed() > PATIENCE {
                return figures;
            }
        }
    };
    tokio::select! {
        figures = until_found => figures,
        () = stage.play(plan.users) => unreachable!("nobody ends the scene"),
    }
}
