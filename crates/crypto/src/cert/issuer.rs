//! Who may certify whom: the root certifies function nodes, and a region or industry the members of its own area (docs/WIRE.md, 3).
//!
//! That a chain leads to the root is not enough, since every authority's does. Identifiers are read here by their places alone
//! (NDI-TR-2025-04, 4.2: type, subject, area, random part, check character); whoever issued them has checked the rest.

use super::Chain;
use crate::{Error, Result};

/// How many characters the identifier of a node or connector has.
const NODE_ID_CHARS: usize = 32;
/// Where an identifier has its area.
const AREA: std::ops::Range<usize> = 19..23;
/// The types of those that certify members: region and industry nodes.
const AUTHORITY_TYPES: [char; 2] = ['2', '3'];

/// The area of the identifier of a node or connector; `None` of any other text.
///
/// ```
/// use crypto::cert::area_of;
///
/// assert_eq!(area_of("5911100006000373411110000000001X"), Some("1100"));
/// assert_eq!(area_of("911100006000373411"), None);
/// ```
pub fn area_of(id: &str) -> Option<&str> {
    id.get(AREA).filter(|_| id.len() == NODE_ID_CHARS)
}

impl Chain {
    /// Checks who issued the leaf: the root, or the authority of the region or industry node of `area`. Such an authority certifies no
    /// member of another area, and nobody whom only the root certifies (`by_root`). Whether the chain holds, [`super::Roots::verify`]
    /// says.
    ///
    /// # Errors
    /// [`Error::ForeignIssuer`] where another authority issued.
    pub fn check_issuer(&self, by_root: bool, area: &str) -> Result<()> {
        let Some(issuer) = self.issuers().first() else { return Ok(()) };
        let id = issuer.subject_ou().unwrap_or_default();
        let regional = id.starts_with(AUTHORITY_TYPES);
        if !by_root && regional && area_of(id) == Some(area) {
            return Ok(());
        }
        Err(Error::ForeignIssuer {
            subject: self.leaf().subject_ou().unwrap_or_default().to_owned(),
            issuer: id.to_owned(),
        })
    }
}
