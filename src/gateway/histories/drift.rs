//! What a drift costs: the calls for a window behind a cursor after many rows came or went before it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt;
use tokio::time::Instant;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::cursor::CursorSeal;
use crate::domain::fwo::FwoField;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::page::End;
use crate::domain::page::PageRequest;
use crate::domain::page::SealedCursor;
use crate::domain::page::UpstreamPage;
use crate::gateway::histories::samples::Sample;
use crate::gateway::paging::List;
use crate::gateway::paging::Page;
use crate::gateway::walk::Pages;
use crate::upstream::Listing;

/// Rows in a window.
const COUNT: u32 = 20;

/// A list of orders with the ids `first ..= last`, but for one that is gone.
struct Orders {
    first: Cell<i64>,
    last: i64,
    gone: Cell<Option<i64>>,
    says_total: bool,
    calls: Cell<u64>,
    caller: Caller,
    order: Order<FwoField>,
}

impl Orders {
    fn new(says_total: bool) -> Self {
        let (key, now) = (FingerprintKey::new(b"drift"), Instant::now());
        let token = BearerToken::parse("walker").expect("a token");
        let end = now + Duration::from_secs(3600);
        Orders {
            first: Cell::new(1_000_000),
            last: 1_250_000,
            gone: Cell::new(None),
            says_total,
            calls: Cell::new(0),
            caller: Caller::new(&key, token, |_| Ok(Standing::new(end)), end).expect("a caller"),
            order: Order::default(),
        }
    }

    fn id(&self, index: u64) -> Option<i64> {
        let first = self.first.get();
        let id = first + i64::try_from(index).expect("a place in a list");
        let is_past = |gone: i64| first <= gone && gone <= id;
        let id = id + i64::from(self.gone.get().is_some_and(is_past));
        (id <= self.last).then_some(id)
    }

    fn read(&self, page: UpstreamPage) -> Arc<Listing<<FwoField as SortField>::Row>> {
        self.calls.set(self.calls.get() + 1);
        let mut rng = Rng::with_seed(7);
        let ids = (page.start()..page.end()).map_while(|index| self.id(index));
        let rows = ids.map(|id| Ok(Arc::new(FwoField::row(&mut rng, id))));
        let total = self.last - self.first.get() + 1 - i64::from(self.gone.get().is_some());
        Arc::new(Listing {
            rows: rows.collect(),
            total: self.says_total.then_some(total as u64),
            last: None,
        })
    }

    /// The ids of a window, its page, and what it cost.
    fn window(&self, request: PageRequest) -> (Vec<i64>, Page<FwoField>, u64) {
        let list = List {
            caller: &self.caller,
            seal: Arc::new(CursorSeal::new(&[7; 64])),
            name: FwoField::NAME,
            parameters: Vec::new(),
            order: &self.order,
            page_size_max: 200,
        };
        let pages = Pages {
            fetch: |page| {
                let listing = self.read(page);
                async move { Ok(listing) }
            },
            forget: || {},
        };
        let before = self.calls.get();
        let page = list.page(&request, pages).now_or_never();
        let page = page.expect("the pages are there at once").expect("a page");
        let rows = page.rows.iter().flatten().map(|row| FwoField::id(row));
        (rows.collect(), page, self.calls.get() - before)
    }
}

/// What happens before the row that a cursor stands on.
#[derive(Clone, Copy, Debug)]
enum Drift {
    Came(i64),
    Went(i64),
}

/// Most calls for a window beside a cursor after this drift, at any of some places.
fn calls_max(end: End, drift: Drift, is_gone: bool, says_total: bool) -> u64 {
    let places = (0..20).map(|place| {
        let orders = Orders::new(says_total);
        let (_, page, _) = orders.window(PageRequest {
            count: 1,
            skip: 120_000 + 37 * place,
            ..PageRequest::default()
        });
        let stood = orders.id(120_000 + 37 * place).expect("a row");
        let cursor = Some(SealedCursor {
            field: "cursor",
            text: page.cursor(0),
        });
        let rows = match drift {
            Drift::Came(rows) => -rows,
            Drift::Went(rows) => rows,
        };
        orders.first.set(orders.first.get() + rows);
        orders.gone.set(Some(stood).filter(|_| is_gone));
        let (after, before, wanted) = match end {
            End::Front => (cursor, None, stood + 1..=stood + i64::from(COUNT)),
            End::Back => (None, cursor, stood - i64::from(COUNT)..=stood - 1),
        };
        let request = PageRequest {
            count: COUNT,
            end,
            after,
            before,
            skip: 0,
        };
        let most = request.calls_max(200);
        let (shown, _, calls) = orders.window(request);
        assert_eq!(shown, wanted.collect::<Vec<_>>());
        assert!(calls <= most);
        calls
    });
    places.max().unwrap_or(0)
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs it with --nocapture"
)]
fn the_calls_for_a_window_grow_with_the_logarithm_of_the_drift() {
    println!(
        "| rows came or went before | calls, forward | calls, backward | the row itself is gone |"
    );
    for (rows, bound) in [(0, 1), (1, 2), (10, 2), (1_000, 7), (100_000, 19)] {
        let worst = |end, is_gone| {
            let drifts = [Drift::Came(rows), Drift::Went(rows)];
            let cases = drifts
                .into_iter()
                .flat_map(|drift| [(drift, true), (drift, false)]);
            let calls = cases.map(|(drift, says_total)| calls_max(end, drift, is_gone, says_total));
            calls.max().unwrap_or(0)
        };
        let (forward, backward) = (worst(End::Front, false), worst(End::Back, false));
        let gone = worst(End::Front, true).max(worst(End::Back, true));
        println!("| {rows} | {forward} | {backward} | {gone} |");
        assert!(forward.max(backward) <= bound, "{rows} rows");
        assert!(gone <= bound.max(2), "{rows} rows and the anchor");
    }
}
