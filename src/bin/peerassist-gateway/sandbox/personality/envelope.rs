//! How a page of a list is wrapped.

use super::tree::Tree;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Envelope {
    /// Spring Data's `PageImpl`, as the sandbox's own.
    #[default]
    Spring,
    Slice,
    PagedModel,
    Hal,
    Array,
}

/// A page and where it stands.
pub(super) struct Page {
    pub(super) rows: Vec<Tree>,
    /// The first row's place in the list.
    pub(super) start: i64,
    pub(super) number: i64,
    pub(super) size: i64,
    pub(super) total: i64,
    /// Spring's three members about the order.
    pub(super) sort: Tree,
}

impl Page {
    fn pages(&self) -> i64 {
        (self.total + self.size - 1) / self.size
    }

    fn is_last(&self) -> bool {
        self.start + self.size >= self.total
    }
}

/// A relation of HAL, and the number of the page that it leads to.
type Link = (&'static str, i64);

impl Envelope {
    /// The page; `content` is the name of its rows, `path` that of the list, `link` writes the address of a page.
    pub(super) fn wrap(
        self,
        page: Page,
        content: &str,
        path: &str,
        link: impl Fn(i64) -> String,
    ) -> Tree {
        match self {
            Self::Spring => spring(page, content, true),
            Self::Slice => spring(page, content, false),
            Self::PagedModel => {
                let about = about(&page);
                Tree::object([(content, Tree::Array(page.rows)), ("page", about)])
            }
            Self::Hal => hal(page, path, link),
            Self::Array => Tree::Array(page.rows),
        }
    }
}

fn spring(page: Page, content: &str, with_totals: bool) -> Tree {
    let (pages, last) = (page.pages(), page.is_last());
    let Page {
        rows,
        start,
        number,
        size,
        total,
        sort,
    } = page;
    let pageable = Tree::object([
        ("sort", sort.clone()),
        ("offset", Tree::plain(start)),
        ("pageNumber", Tree::plain(number)),
        ("pageSize", Tree::plain(size)),
        ("paged", Tree::plain(true)),
        ("unpaged", Tree::plain(false)),
    ]);
    let count = rows.len();
    let mut envelope = Tree::object([(content, Tree::Array(rows)), ("pageable", pageable)]);
    if with_totals {
        envelope.set("totalElements", Tree::plain(total));
        envelope.set("totalPages", Tree::plain(pages));
    }
    envelope.set("last", Tree::plain(last));
    envelope.set("first", Tree::plain(start == 0));
    envelope.set("size", Tree::plain(size));
    envelope.set("number", Tree::plain(number));
    envelope.set("numberOfElements", Tree::plain(count));
    envelope.set("sort", sort);
    envelope.set("empty", Tree::plain(count == 0));
    envelope
}

fn about(page: &Page) -> Tree {
    Tree::object([
        ("size", Tree::plain(page.size)),
        ("number", Tree::plain(page.number)),
        ("totalElements", Tree::plain(page.total)),
        ("totalPages", Tree::plain(page.pages())),
    ])
}

/// Spring HATEOAS leaves `_embedded` out where there is nothing to embed.
fn hal(page: Page, path: &str, link: impl Fn(i64) -> String) -> Tree {
    let number = page.number;
    let before: [Option<Link>; 2] = [
        Some(("first", 0)),
        (number > 0).then(|| ("prev", number - 1)),
    ];
    let after: [Option<Link>; 2] = [
        (!page.is_last()).then_some(("next", number + 1)),
        Some(("last", (page.pages() - 1).max(0))),
    ];
    let links = before
        .into_iter()
        .chain([Some(("self", number))])
        .chain(after)
        .flatten();
    let links = links.map(|(name, number)| {
        let reference = Tree::object([("href", Tree::text(&link(number)))]);
        (name.to_owned(), reference)
    });
    let (links, about) = (Tree::Object(links.collect()), about(&page));
    let mut envelope = Tree::Object(Vec::new());
    if !page.rows.is_empty() {
        let name = format!("{}List", path.trim_start_matches('/'));
        envelope.set("_embedded", Tree::object([(&name, Tree::Array(page.rows))]));
    }
    envelope.set("_links", links);
    envelope.set("page", about);
    envelope
}
