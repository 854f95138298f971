//! The bill before the meal: what a request may cost at most, and whether that is allowed.
//!
//! Both doors make out a bill of what they are asked for and bring it here before the first call. Attempts that
//! repeat a failed one are not on it: they have bounds of their own (`upstream/retry.rs`).

use std::ops::Add;
use std::ops::Mul;

use crate::domain::budget::MINUTE;
use crate::domain::caller::Caller;
use crate::domain::customer_filter::CustomersFilterMember;
use crate::domain::error::Error;
use crate::domain::error::Excess;
use crate::domain::error::Quota;
use crate::domain::fwo_filter::FwosFilterMember;
use crate::domain::ledger::Account;
use crate::domain::page::PageRequest;
use crate::gateway::Gateway;

/// What reading one object may cost.
pub const READ: u64 = 1;

/// What a login may cost.
pub const LOGIN: u64 = 1;

/// What making an object may cost: the write, and a read where its answer does not show the object.
pub const CREATE: u64 = 2;

/// What changing an object may cost: the read of what is there, the write, and a read as for `CREATE`.
pub const UPDATE: u64 = 3;

/// What deleting an object may cost.
pub const DELETE: u64 = 1;

/// The bill of a deletion: one that wants an etag to match reads the object first.
pub const fn deletion(wants_match: bool) -> Bill {
    Bill::calls(if wants_match { DELETE + READ } else { DELETE })
}

/// How much one request may ask for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most upstream calls for one request.
    pub upstream_calls_per_request: u64,
    /// Most rows of lists in one answer.
    pub rows_per_request: u64,
    /// Most upstream calls for one caller in a minute.
    pub upstream_calls_per_minute: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            upstream_calls_per_request: 100,
            rows_per_request: 10_000,
            upstream_calls_per_minute: 6_000,
        }
    }
}

/// What a request may cost at most. Its arithmetic saturates: a huge bill stays huge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Upstream calls.
    pub calls: u64,
    /// Rows of lists.
    pub rows: u64,
}

impl Bill {
    /// A bill of calls alone.
    pub const fn calls(calls: u64) -> Self {
        Bill { calls, rows: 0 }
    }
}

impl Add for Bill {
    type Output = Bill;

    fn add(self, other: Bill) -> Bill {
        Bill {
            calls: self.calls.saturating_add(other.calls),
            rows: self.rows.saturating_add(other.rows),
        }
    }
}

impl Mul<u64> for Bill {
    type Output = Bill;

    fn mul(self, times: u64) -> Bill {
        Bill {
            calls: self.calls.saturating_mul(times),
            rows: self.rows.saturating_mul(times),
        }
    }
}

impl Gateway {
    /// What a page of the customers may cost whose filter has these members.
    pub fn customers_bill(&self, filter: &[CustomersFilterMember], request: &PageRequest) -> Bill {
        let ignored = &self.0.upstream.profile().ignored_filters.customers;
        self.list_bill(filter, ignored, request)
    }

    /// What a page of the orders may cost whose filter has these members.
    pub fn fwos_bill(&self, filter: &[FwosFilterMember], request: &PageRequest) -> Bill {
        let ignored = &self.0.upstream.profile().ignored_filters.fwos;
        self.list_bill(filter, ignored, request)
    }

    /// What such a page may cost with all lines of its orders, as [`fwos_in_full`](Self::fwos_in_full) reads them.
    pub fn fwos_in_full_bill(&self, filter: &[FwosFilterMember], request: &PageRequest) -> Bill {
        self.fwos_bill(filter, request) + Bill::calls(READ) * request.count.into()
    }

    /// What the lookup of a customer by its number may cost, which is a list of one.
    pub fn number_bill(&self) -> Bill {
        let page = self.customers_bill(&[CustomersFilterMember::Number], &PageRequest::FIRST_ROW);
        Bill::calls(page.calls)
    }

    /// Where the upstream ignores what a filter says, the list is read as a whole.
    fn list_bill<M: PartialEq>(&self, filter: &[M], ignored: &[M], request: &PageRequest) -> Bill {
        let bill = page_bill(request, self.0.upstream.page_size_max());
        match filter.iter().any(|member| ignored.contains(member)) {
            true => Bill {
                calls: self.scan_bounds().calls_max(),
                ..bill
            },
            false => bill,
        }
    }

    /// Lets a request through whose bill is within every limit. To be called before anything is asked.
    ///
    /// Fails with `BudgetExceeded`, which says when to come again where waiting helps. Requests that run at the
    /// same time were each admitted by what was left when they came, so together they may spend more than that.
    pub fn admit(&self, caller: &Caller, bill: Bill) -> Result<(), Error> {
        self.admit_stranger(caller.account(), bill)?;
        self.0.limits.admit_in_minute(caller, bill)
    }

    /// The same where nobody is known yet, whose minute it would be: for logins.
    pub fn admit_stranger(&self, account: &Account, bill: Bill) -> Result<(), Error> {
        account.expect(bill.calls);
        self.0.limits.admit(bill)
    }
}

impl Limits {
    fn admit(&self, bill: Bill) -> Result<(), Error> {
        at_most(
            Quota::CallsPerRequest,
            "calls of the upstream",
            bill.calls,
            self.upstream_calls_per_request,
        )?;
        at_most(
            Quota::RowsPerRequest,
            "rows",
            bill.rows,
            self.rows_per_request,
        )
    }

    fn admit_in_minute(&self, caller: &Caller, bill: Bill) -> Result<(), Error> {
        let upstream_calls_per_minute = self.upstream_calls_per_minute;
        let left = caller.budget().remainder(upstream_calls_per_minute);
        if bill.calls <= left.calls {
            return Ok(());
        }
        let excess = Excess {
            quota: Quota::CallsPerMinute,
            bound: bill.calls,
            limit: upstream_calls_per_minute,
        };
        let message = format!(
            "the request may take {} calls of the upstream: of {upstream_calls_per_minute} in {} s, {} are left",
            bill.calls,
            MINUTE.as_secs(),
            left.calls
        );
        let error = Error::exceeding(excess, message);
        // A bill above a whole minute's calls will never be met, however long one waits.
        Err(if bill.calls <= upstream_calls_per_minute {
            error.retry_after(left.whole_in)
        } else {
            error
        })
    }
}

fn at_most(quota: Quota, what: &str, bound: u64, limit: u64) -> Result<(), Error> {
    if bound <= limit {
        return Ok(());
    }
    let excess = Excess {
        quota,
        bound,
        limit,
    };
    let message = format!("the request may take {bound} {what}: at most {limit} are allowed");
    Err(Error::exceeding(excess, message))
}

/// What a page of a list may cost where the upstream gives at most `size_max` rows a page.
pub fn page_bill(request: &PageRequest, size_max: u32) -> Bill {
    Bill {
        calls: request.calls_max(size_max),
        rows: request.count.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Bill;
    use super::Limits;
    use super::page_bill;
    use crate::domain::caller::BearerToken;
    use crate::domain::caller::Caller;
    use crate::domain::caller::FingerprintKey;
    use crate::domain::caller::Standing;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::error::Excess;
    use crate::domain::error::Quota;
    use crate::domain::page::DRIFT_CALLS_MAX;
    use crate::domain::page::End;
    use crate::domain::page::LIST_END_CALLS_MAX;
    use crate::domain::page::PageRequest;
    use crate::domain::page::SealedCursor;

    const LIMITS: Limits = Limits {
        upstream_calls_per_request: 10,
        rows_per_request: 100,
        upstream_calls_per_minute: 20,
    };

    fn caller() -> Caller {
        let token = BearerToken::parse("token").expect("a token");
        let end = Instant::now() + Duration::from_secs(3600);
        let known = |_| Ok(Standing::new(end));
        Caller::new(&FingerprintKey::new(b"key"), token, known, end).expect("a caller")
    }

    fn excess(refused: Result<(), Error>) -> Option<(Quota, u64, u64)> {
        let error = refused.err()?;
        assert_eq!(error.kind(), ErrorKind::BudgetExceeded);
        error.excess().map(|excess| {
            let Excess {
                quota,
                bound,
                limit,
            } = excess;
            (quota, bound, limit)
        })
    }

    #[test]
    fn each_limit_of_a_request_holds_and_one_more_is_refused() {
        for (calls, rows, refused) in [
            (10, 100, None),
            (11, 0, Some((Quota::CallsPerRequest, 11, 10))),
            (10, 101, Some((Quota::RowsPerRequest, 101, 100))),
            (
                u64::MAX,
                u64::MAX,
                Some((Quota::CallsPerRequest, u64::MAX, 10)),
            ),
        ] {
            let bill = Bill { calls, rows };
            assert_eq!(excess(LIMITS.admit(bill)), refused);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bill_above_what_is_left_of_the_minute_waits_for_the_next() {
        let caller = caller();
        let admit = |calls| LIMITS.admit_in_minute(&caller, Bill::calls(calls));
        for _ in 0..15 {
            caller.budget().charge();
        }
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(excess(admit(5)), None);
        assert_eq!(excess(admit(6)), Some((Quota::CallsPerMinute, 6, 20)));
        let wait = admit(6).err().and_then(|error| error.wait());
        assert_eq!(wait, Some(Duration::from_secs(40)));
        for _ in 0..9 {
            caller.budget().charge();
        }
        // What costs nothing is always let through.
        assert_eq!(excess(admit(0)), None);
        assert_eq!(excess(admit(1)), Some((Quota::CallsPerMinute, 1, 20)));
        tokio::time::advance(Duration::from_secs(40)).await;
        assert_eq!(excess(admit(10)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_told_to_wait_for_what_no_minute_will_allow() {
        let limits = Limits {
            upstream_calls_per_minute: 9,
            ..LIMITS
        };
        let refused = limits.admit_in_minute(&caller(), Bill::calls(10));
        let error = refused.expect_err("ten do not fit into nine");
        assert_eq!(
            (error.kind(), error.wait()),
            (ErrorKind::BudgetExceeded, None)
        );
    }

    #[test]
    fn a_page_costs_what_its_window_may_need() {
        let cursor = || {
            Some(SealedCursor {
                field: "after",
                text: "x".into(),
            })
        };
        let page = |count, end, after: bool, before: bool, skip| PageRequest {
            count,
            end,
            after: cursor().filter(|_| after),
            before: cursor().filter(|_| before),
            skip,
        };
        let table = [
            (page(25, End::Front, false, false, 0), 200, 1),
            (page(0, End::Front, false, false, 0), 200, 1),
            (page(200, End::Front, false, false, 0), 200, 1),
            (
                page(200, End::Front, false, false, 1),
                200,
                2 + DRIFT_CALLS_MAX,
            ),
            (page(50, End::Front, false, false, 449), 200, 1),
            (
                page(25, End::Front, true, false, 0),
                200,
                1 + DRIFT_CALLS_MAX,
            ),
            (
                page(25, End::Front, false, true, 0),
                200,
                1 + DRIFT_CALLS_MAX,
            ),
            (
                page(25, End::Back, false, false, 0),
                200,
                2 + LIST_END_CALLS_MAX,
            ),
            (
                page(25, End::Back, true, false, 0),
                200,
                2 + DRIFT_CALLS_MAX,
            ),
            (
                page(25, End::Back, false, true, 0),
                200,
                1 + DRIFT_CALLS_MAX,
            ),
        ];
        for (request, size_max, calls) in table {
            let bill = page_bill(&request, size_max);
            let rows = u64::from(request.count);
            assert_eq!(bill, Bill { calls, rows }, "{request:?} {size_max}");
        }
    }
}
