//! x
/// x
pub async fn handle_register(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
