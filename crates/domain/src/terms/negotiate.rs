//! Negotiation over terms as sets: subset, intersection, and what an automatic provider answers.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::admit::covers;
use super::{Dimension, Terms, TermsRefusal, list};
use crate::id::AreaCode;

/// What is written for a dimension that is not limited.
const UNLIMITED: &str = "unlimited";

/// What an automatic provider answers to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The proposal fits the offer.
    Accept,
    /// It does not, but these terms fit both.
    Counter(Terms),
    /// The two have nothing in common.
    Refuse(TermsRefusal),
}

/// Answers a proposal from an offer: accept what fits, counter with what both have, refuse where that is nothing.
#[must_use]
pub fn decide(offer: &Terms, proposal: &Terms) -> Decision {
    if let Err(refusal) = proposal.check() {
        return Decision::Refuse(refusal);
    }
    if proposal.is_within(offer).is_ok() {
        return Decision::Accept;
    }
    match offer.meet_or_refuse(proposal) {
        Ok(terms) => Decision::Counter(terms),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

impl Terms {
    /// Whether everything that these terms allow, the offer allows too.
    ///
    /// # Errors
    /// [`TermsRefusal::Exceeds`] for the first dimension in which they do not, with what was wanted and offered.
    pub fn is_within(&self, offer: &Self) -> Result<(), TermsRefusal> {
        if self.action != offer.action {
            return Err(exceeds(Dimension::Action, &self.action, &offer.action));
        }
        if let Some(max) = offer.count
            && self.count.is_none_or(|count| count > max)
        {
            return Err(exceeds(Dimension::Count, &or_unlimited(self.count), &max));
        }
        if !self.time.is_within(&offer.time) {
            return Err(exceeds(Dimension::Time, &self.time, &offer.time));
        }
        subset(Dimension::Fields, self.fields.as_ref(), offer.fields.as_ref(), BTreeSet::contains)?;
        subset(Dimension::Region, self.regions.as_ref(), offer.regions.as_ref(), |set, area| {
            covers(set, *area)
        })?;
        subset(Dimension::User, self.users.as_ref(), offer.users.as_ref(), BTreeSet::contains)
    }

    /// The widest terms that both allow, if there are any.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        self.meet_or_refuse(other).ok()
    }

    /// The widest terms that both this offer and the proposal allow.
    ///
    /// # Errors
    /// [`TermsRefusal::Disjoint`] for the first dimension in which they have nothing in common.
    pub fn meet_or_refuse(&self, proposal: &Self) -> Result<Self, TermsRefusal> {
        if self.action != proposal.action {
            return Err(disjoint(Dimension::Action, &proposal.action, &self.action));
        }
        let time = self
            .time
            .meet(&proposal.time)
            .ok_or_else(|| disjoint(Dimension::Time, &proposal.time, &self.time))?;
        let count = self.count.into_iter().chain(proposal.count).min();
        let fields = intersect(Dimension::Fields, self.fields.as_ref(), proposal.fields.as_ref(), common)?;
        let regions =
            intersect(Dimension::Region, self.regions.as_ref(), proposal.regions.as_ref(), common_areas)?;
        let users = intersect(Dimension::User, self.users.as_ref(), proposal.users.as_ref(), common)?;
        Ok(Self { action: self.action, count, time, fields, regions, users })
    }
}

fn common<T: Ord + Clone>(left: &BTreeSet<T>, right: &BTreeSet<T>) -> BTreeSet<T> {
    left.intersection(right).cloned().collect()
}

/// A prefecture lies in its province, so an area of either side counts if the other side covers it.
fn common_areas(left: &BTreeSet<AreaCode>, right: &BTreeSet<AreaCode>) -> BTreeSet<AreaCode> {
    let in_right = left.iter().filter(|area| covers(right, **area));
    let in_left = right.iter().filter(|area| covers(left, **area));
    in_right.chain(in_left).copied().collect()
}

fn subset<T: Display>(
    dimension: Dimension,
    wanted: Option<&BTreeSet<T>>,
    offered: Option<&BTreeSet<T>>,
    holds: impl Fn(&BTreeSet<T>, &T) -> bool,
) -> Result<(), TermsRefusal> {
    let Some(offered) = offered else { return Ok(()) };
    let Some(wanted) = wanted else { return Err(exceeds(dimension, &UNLIMITED, &list(offered))) };
    let beyond: Vec<&T> = wanted.iter().filter(|item| !holds(offered, item)).collect();
    if beyond.is_empty() { Ok(()) } else { Err(exceeds(dimension, &list(beyond), &list(offered))) }
}

fn intersect<T: Display + Clone + Ord>(
    dimension: Dimension,
    offered: Option<&BTreeSet<T>>,
    wanted: Option<&BTreeSet<T>>,
    common: impl Fn(&BTreeSet<T>, &BTreeSet<T>) -> BTreeSet<T>,
) -> Result<Option<BTreeSet<T>>, TermsRefusal> {
    let (Some(offered), Some(wanted)) = (offered, wanted) else { return Ok(offered.or(wanted).cloned()) };
    let both = common(offered, wanted);
    if both.is_empty() { Err(disjoint(dimension, &list(wanted), &list(offered))) } else { Ok(Some(both)) }
}

fn or_unlimited(count: Option<u64>) -> String {
    count.map_or_else(|| UNLIMITED.to_owned(), |count| count.to_string())
}

fn exceeds(dimension: Dimension, wanted: &dyn Display, offered: &dyn Display) -> TermsRefusal {
    TermsRefusal::Exceeds { dimension, wanted: wanted.to_string(), offered: offered.to_string() }
}

fn disjoint(dimension: Dimension, wanted: &dyn Display, offered: &dyn Display) -> TermsRefusal {
    TermsRefusal::Disjoint { dimension, wanted: wanted.to_string(), offered: offered.to_string() }
}
