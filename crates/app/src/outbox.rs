//! x
/// x
pub async fn deliver(_: crate::Node) {}
