//! x
/// x
pub async fn handle_create(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
/// x
pub async fn handle_negotiate(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
/// x
pub async fn handle_terminate(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
/// x
pub async fn expire(_: crate::Node) {}
