//! One upstream page as it was at one moment, and where an anchor stands in it.

use std::sync::Arc;

use crate::domain::collation::Collations;
use crate::domain::error::Error;
use crate::domain::order::Anchor;
use crate::domain::order::Order;
use crate::domain::order::SortField;
use crate::domain::page::UpstreamPage;
use crate::upstream::Listing;

/// Which way a list is walked: what lies behind the walker has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the front, behind `after`.
    Forward,
    /// From the back, before `before`.
    Backward,
}

/// Where a walk goes on, beside its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Between the row at this index and the one before it.
    At(u64),
    /// Here as far as is certain: ways to compare that may be the upstream's disagree.
    Perhaps(u64),
    /// Somewhere before the page.
    Earlier,
    /// Somewhere behind the page.
    Later,
    /// The row is not on the page, and the rows on it stand in no order that is known.
    Unknown,
}

/// One upstream page as it was read.
pub(super) struct View<R> {
    page: UpstreamPage,
    listing: Arc<Listing<R>>,
}

impl<R> Clone for View<R> {
    fn clone(&self) -> Self {
        View::new(self.page, self.listing.clone())
    }
}

impl<R> View<R> {
    pub(super) fn new(page: UpstreamPage, listing: Arc<Listing<R>>) -> Self {
        View { page, listing }
    }

    /// Index of the first row.
    pub(super) fn start(&self) -> u64 {
        self.page.start()
    }

    /// One behind the last row.
    pub(super) fn end(&self) -> u64 {
        self.start() + self.listing.rows.len() as u64
    }

    /// How many rows there are in all, where the upstream says so.
    pub(super) fn total(&self) -> Option<u64> {
        self.listing.total
    }

    /// Each row with its index.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = (u64, &Result<Arc<R>, Error>)> {
        let rows = self.listing.rows.iter().enumerate();
        rows.map(|(place, row)| (self.start() + place as u64, row))
    }

    /// One behind the last row of the list, where the page shows that.
    ///
    /// A page that is not full is the last one, whatever the total says; a total below what is seen says nothing.
    pub(super) fn list_end(&self) -> Option<u64> {
        let (start, end) = (self.start(), self.end());
        if start == end && start > 0 {
            return self.total().filter(|total| *total == start);
        }
        let is_full = end == self.page.end();
        let is_last = match self.total().filter(|total| *total >= end) {
            Some(total) => total == end,
            None => self.listing.last == Some(true),
        };
        (is_last || !is_full).then_some(end)
    }

    /// Whether there is nothing at or behind this index.
    pub(super) fn ends_before(&self, index: u64) -> bool {
        let is_beyond = self.start() == self.end() && self.start() <= index;
        is_beyond || self.list_end().is_some_and(|end| end <= index)
    }

    /// How many rows of the page lie ahead of a walker who stands there; `None` where that place is not on the page,
    /// or nothing lies ahead although the list goes on.
    pub(super) fn ahead(&self, way: Way, boundary: u64) -> Option<u64> {
        let (ahead, is_the_end) = match way {
            Way::Forward => (
                self.end().checked_sub(boundary)?,
                self.ends_before(boundary),
            ),
            Way::Backward => (boundary.checked_sub(self.start())?, boundary == 0),
        };
        let is_on_page = self.start() <= boundary && boundary <= self.end();
        (is_on_page && (ahead > 0 || is_the_end)).then_some(ahead)
    }

    /// What the neighbours on the page leave of these ways to compare.
    pub(super) fn narrow<F>(&self, order: &Order<F>, collations: Collations) -> Collations
    where
        F: SortField<Row = R>,
    {
        let rows = self.anchors(order).map(|(_, row)| row);
        collations.seen(order, &rows.collect::<Vec<_>>())
    }

    /// Where a walk goes on beside the row of `anchor`, where that is on the page with its old values.
    pub(super) fn beside<F>(&self, order: &Order<F>, anchor: &Anchor, way: Way) -> Option<u64>
    where
        F: SortField<Row = R>,
    {
        let is_it =
            |row: &Result<Arc<R>, _>| row.as_ref().is_ok_and(|row| order.holds(anchor, row));
        let (index, _) = self.rows().find(|(_, row)| is_it(row))?;
        Some(match way {
            Way::Forward => index + 1,
            Way::Backward => index,
        })
    }

    /// Where a walk goes on beside `anchor`, of which it has seen the row and all behind it.
    ///
    /// Where the row is not on the page, the rows count as seen that are so under each way to compare: a row that is
    /// not seen yet is then never passed over.
    pub(super) fn stand<F>(
        &self,
        order: &Order<F>,
        anchor: &Anchor,
        way: Way,
        collations: Collations,
    ) -> Stand
    where
        F: SortField<Row = R>,
    {
        if let Some(boundary) = self.beside(order, anchor, way) {
            return Stand::At(boundary);
        }
        if self.start() == self.end() {
            return match self.start() {
                0 => Stand::At(0),
                _ => Stand::Earlier,
            };
        }
        let collations = self.narrow(order, collations);
        if collations.is_empty() {
            return Stand::Unknown;
        }
        let seen_is_certain = |row: &Anchor| match way {
            Way::Forward => collations.all_before(order, row, anchor),
            Way::Backward => collations.all_before(order, anchor, row),
        };
        let unseen_is_certain = |row: &Anchor| match way {
            Way::Forward => collations.all_before(order, anchor, row),
            Way::Backward => collations.all_before(order, row, anchor),
        };
        let (seen, unseen): (Vec<_>, Vec<_>) = self
            .anchors(order)
            .partition(|(_, row)| seen_is_certain(row));
        let (before, behind) = match way {
            Way::Forward => (seen.last(), unseen.first()),
            Way::Backward => (unseen.last(), seen.first()),
        };
        match (before, behind) {
            (None, None) => return Stand::Unknown,
            (None, Some(_)) if self.start() > 0 => return Stand::Earlier,
            (Some(_), None) if self.list_end().is_none() => return Stand::Later,
            (Some(_), _) | (None, Some(_)) => {}
        }
        // Rows between the two cannot be read: nobody knows whether they were seen.
        let boundary = match way {
            Way::Forward => before.map_or(self.start(), |(index, _)| index + 1),
            Way::Backward => behind.map_or(self.end(), |(index, _)| *index),
        };
        match unseen.iter().all(|(_, row)| unseen_is_certain(row)) {
            true => Stand::At(boundary),
            false => Stand::Perhaps(boundary),
        }
    }

    /// The rows that can be read, as anchors.
    fn anchors<'v, F>(
        &'v self,
        order: &'v Order<F>,
    ) -> impl Iterator<Item = (u64, Anchor)> + use<'v, F, R>
    where
        F: SortField<Row = R>,
    {
        let rows = self.rows();
        rows.filter_map(|(index, row)| Some((index, order.anchor(row.as_ref().ok()?))))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fastrand::Rng;

    use super::Stand;
    use super::View;
    use super::Way;
    use crate::domain::collation::Collations;
    use crate::domain::customer::Customer;
    use crate::domain::customer::CustomerField;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::order::Anchor;
    use crate::domain::order::Direction;
    use crate::domain::order::Order;
    use crate::domain::order::SortValue;
    use crate::domain::page::UpstreamPage;
    use crate::gateway::histories::samples::Sample;
    use crate::upstream::Listing;

    /// Page 1 of three customers each, sorted by city: these of them, with the ids 11, 12, 13.
    fn view(cities: &[Option<&str>], total: Option<u64>) -> View<Customer> {
        let rows = (11..).zip(cities).map(|(id, city)| {
            let mut customer = CustomerField::row(&mut Rng::with_seed(1), id);
            customer.city = city.map(Into::into);
            Ok(Arc::new(customer))
        });
        let listing = Listing {
            rows: rows.collect(),
            total,
            last: None,
        };
        View::new(UpstreamPage { page: 1, size: 3 }, Arc::new(listing))
    }

    fn stand(view: &View<Customer>, way: Way, id: i64, city: Option<&str>) -> Stand {
        let order = Order::new("orderBy", vec![(CustomerField::City, Direction::Ascending)]);
        let keys = vec![SortValue::text(city)];
        let anchor = Anchor { id, keys };
        view.stand(&order.expect("one key"), &anchor, way, Collations::UNSEEN)
    }

    #[test]
    fn a_row_that_is_there_says_where_it_stands_unless_its_values_are_others() {
        let view = view(&[Some("Akron"), Some("Dayton"), Some("Toledo")], None);
        assert_eq!(stand(&view, Way::Forward, 12, Some("Dayton")), Stand::At(5));
        assert_eq!(
            stand(&view, Way::Backward, 12, Some("Dayton")),
            Stand::At(4)
        );
        assert_eq!(stand(&view, Way::Forward, 12, Some("Berea")), Stand::At(4));
        assert_eq!(stand(&view, Way::Forward, 12, Some("Xenia")), Stand::Later);
        assert_eq!(stand(&view, Way::Forward, 12, Some("Ada")), Stand::Earlier);
    }

    #[test]
    fn the_end_of_the_list_is_a_place_too() {
        let cities = [Some("Akron"), Some("Dayton"), Some("Toledo")];
        let last = view(&cities, Some(6));
        assert_eq!(stand(&last, Way::Forward, 7, Some("Xenia")), Stand::At(6));
        let short = view(&cities[..2], Some(100));
        assert_eq!(stand(&short, Way::Backward, 7, Some("Xenia")), Stand::At(5));
        let beyond = view(&[], Some(2));
        assert_eq!(stand(&beyond, Way::Forward, 7, Some("Ada")), Stand::Earlier);
    }

    #[test]
    fn where_ways_to_compare_disagree_no_row_is_passed_over_that_may_be_unseen() {
        let view = view(&[Some("Akron"), Some("Dayton"), Some("Toledo")], Some(6));
        // By code point it would stand behind all of them.
        for (way, place) in [(Way::Forward, 4), (Way::Backward, 6)] {
            assert_eq!(stand(&view, way, 7, Some("berea")), Stand::Perhaps(place));
        }
        let shown = super::tests::view(&[Some("Zion"), Some("akron"), Some("toledo")], None);
        assert_eq!(stand(&shown, Way::Forward, 7, Some("berea")), Stand::At(5));
    }

    #[test]
    fn rows_in_no_known_order_say_nothing_of_one_that_is_gone() {
        let view = view(&[Some("Toledo"), Some("Akron"), Some("Dayton")], None);
        assert_eq!(stand(&view, Way::Forward, 7, Some("Berea")), Stand::Unknown);
        assert_eq!(stand(&view, Way::Forward, 11, Some("Toledo")), Stand::At(4));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_not_passed_over() {
        let mut listing = Listing {
            rows: view(&[Some("Akron"), Some("Dayton"), Some("Toledo")], None)
                .listing
                .rows
                .clone(),
            total: None,
            last: None,
        };
        listing.rows[1] = Err(Error::new(ErrorKind::UpstreamInvalid, "garbled"));
        let view = View::new(UpstreamPage { page: 1, size: 3 }, Arc::new(listing));
        assert_eq!(stand(&view, Way::Forward, 7, Some("Dayton")), Stand::At(4));
        assert_eq!(stand(&view, Way::Backward, 7, Some("Dayton")), Stand::At(5));
    }
}
