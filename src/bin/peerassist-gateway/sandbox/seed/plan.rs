//! Which FWO is begun where and when: decided for all of them before the first one is written.

use chrono::NaiveDate;
use fastrand::Rng;

use super::calendar;
use super::projects::Place;
use crate::sandbox::instant::Instant;

/// This many projects stay without FWOs.
const EMPTY_PROJECTS: usize = 15;
/// So many FWOs, from this share of the way on, are begun in the same millisecond: only `id` tells their order.
const SIMULTANEOUS: usize = 40;
const SIMULTANEOUS_AFTER_PERCENT: usize = 40;

/// One FWO to come.
pub(super) struct Start {
    pub(super) project: usize,
    pub(super) day: NaiveDate,
    pub(super) created_at: Instant,
}

/// All FWOs to come, oldest first.
pub(super) struct Plan(pub(super) Vec<Start>);

impl Plan {
    /// In the manner of Zipf: 12 % in the first project, a median of 12 in 5,000, some projects without any.
    pub(super) fn draw(projects: &[Place], count: usize, rng: &mut Rng) -> Self {
        let mut homes = Vec::with_capacity(count);
        for (rank, fwos) in shares(projects.len() - EMPTY_PROJECTS, count)
            .into_iter()
            .enumerate()
        {
            // 37 and 240 have no common divisor: a walk over all projects that begins with the first.
            homes.extend(std::iter::repeat_n(rank * 37 % projects.len(), fwos));
        }
        rng.shuffle(&mut homes);
        let mut plan = Self::at(projects, homes, rng);
        plan.make_some_simultaneous();
        plan
    }

    /// Evenly over the projects.
    pub(super) fn spread(projects: &[Place], count: usize, rng: &mut Rng) -> Self {
        let homes = (0..count).map(|index| index % projects.len()).collect();
        Self::at(projects, homes, rng)
    }

    fn at(projects: &[Place], homes: Vec<usize>, rng: &mut Rng) -> Self {
        let mut starts: Vec<Start> = homes
            .into_iter()
            .map(|project| {
                let day = calendar::any_day(rng);
                let local = day.and_time(calendar::working_time(rng));
                Start {
                    project,
                    day,
                    created_at: calendar::instant_in(projects[project].state, local),
                }
            })
            .collect();
        starts.sort_by_key(|start| start.created_at);
        Self(starts)
    }

    fn make_some_simultaneous(&mut self) {
        let first = self.0.len() * SIMULTANEOUS_AFTER_PERCENT / 100;
        let (day, created_at) = (self.0[first].day, self.0[first].created_at);
        for start in &mut self.0[first..first + SIMULTANEOUS] {
            (start.day, start.created_at) = (day, created_at);
        }
    }
}

/// How many of `count` FWOs the project of each rank gets.
fn shares(projects: usize, count: usize) -> Vec<usize> {
    let first = count * 12 / 100;
    let others = count - first;
    // 12: makes the median of 224 projects and 4,400 FWOs 12.
    let weight = |rank: usize| 1_000_000 / (12 + rank);
    let weights: usize = (1..projects).map(weight).sum();
    let mut shares: Vec<usize> = (1..projects)
        .map(|rank| others * weight(rank) / weights)
        .collect();
    shares.insert(0, first);
    // Rounding down left over less than one for each rank; the busiest get it.
    let left = count - shares.iter().sum::<usize>();
    for share in shares.iter_mut().skip(1).take(left) {
        *share += 1;
    }
    shares
}
