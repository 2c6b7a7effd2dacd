//! `weir connector`: the connectors that a node hosts.

use serde_json::json;

use crate::cli::Connector;
use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const COLUMNS: [Column; 6] = [
    column("head-connector", &["/connector", "/id"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-subject", &["/subject"], Kind::Text),
    column("head-area", &["/area"], Kind::Text),
    column("head-suite", &["/suite"], Kind::Text),
    column("head-certified-until", &["/certifiedUntil"], Kind::Time),
];

pub(super) async fn run(command: &Connector, context: &Context) -> Result<()> {
    let client = context.client()?;
    match command {
        Connector::List => view::list(context, &client.get("/connectors", &[]).await?, &COLUMNS),
        Connector::Join { code, name } => {
            let mut body = json!({"code": code});
            if let (Some(name), Some(members)) = (name, body.as_object_mut()) {
                members.insert("name".into(), json!(name));
            }
            let answer = client.post("/connectors", &body).await?;
            view::object(context, &answer, &COLUMNS)
        }
    }
}
