//! x
/// x
pub async fn handle_window(
    _: &crate::Node,
    _: &crate::message::Incoming,
) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
/// x
pub async fn close_windows(_: crate::Node) {}
/// x
pub async fn sweep_idle_uses(_: crate::Node) {}
