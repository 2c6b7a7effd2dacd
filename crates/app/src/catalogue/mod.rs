//! Catalogue.
pub mod listing;
pub mod product;
pub mod resource;
pub mod search;

/// x
pub async fn apply(
    _: &mut store::Tx,
    _: &str,
    _: &ndi::weir_v1::public_log::PublicBody,
    _: domain::Timestamp,
) -> Result<(), crate::Error> {
    Ok(())
}

/// x
pub async fn index(_: &crate::Node, _: &[ndi::weir_v1::public_log::PublicBody]) -> Result<(), crate::Error> {
    Ok(())
}
