//! x
/// x
pub async fn follow(_: crate::Node) {}
