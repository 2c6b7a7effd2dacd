//! x
/// x
pub async fn load(_: &crate::Node) -> Result<(), crate::Error> {
    Ok(())
}
/// x
pub async fn serve_join(_: &crate::Node, _: ndi::Envelope) -> Result<serde_json::Value, crate::Error> {
    Err(crate::Error::Repeated)
}
