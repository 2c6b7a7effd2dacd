//! x
/// x
pub async fn handle_list(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
/// x
pub async fn handle_delist(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
