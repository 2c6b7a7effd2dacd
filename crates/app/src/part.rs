//! A part of a list that is kept in the order of its keys.

use store::Page;

/// Which entries of a list are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The key behind which the part begins; empty for the list's beginning.
    pub after: String,
    /// How many entries behind that are passed over.
    pub offset: u32,
    /// How many entries at most.
    pub limit: u32,
}

impl Part {
    /// Everything, up to what the store gives at once.
    #[must_use]
    pub const fn all() -> Part {
        Part { after: String::new(), offset: 0, limit: Page::MAX }
    }

    /// The rows to be read for it: those that are passed over too.
    pub(crate) fn page(&self) -> Page {
        Page::after(self.after.as_str(), self.offset.saturating_add(self.limit))
    }

    /// What of these rows belongs to it.
    pub(crate) fn of<T>(&self, rows: Vec<T>) -> impl Iterator<Item = T> + use<T> {
        rows.into_iter().skip(usize::try_from(self.offset).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_stands_behind_what_is_passed_over() {
        let part = Part { after: "k2".to_owned(), offset: 2, limit: 3 };
        assert_eq!(part.page(), Page::after("k2", 5));
        assert_eq!(part.of(vec![3, 4, 5, 6, 7]).collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(part.of(vec![3]).count(), 0);
    }

    #[test]
    fn the_largest_figures_are_no_overflow() {
        let part = Part { after: String::new(), offset: u32::MAX, limit: u32::MAX };
        assert_eq!(part.page().limit, u32::MAX);
    }
}
