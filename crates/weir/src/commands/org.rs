//! `weir org`: subjects that a function node registers, and the enrolment codes that they get.

use serde_json::json;

use crate::cli::Org;
use crate::commands::view::{self, Column, Kind, column};
use crate::commands::{Context, closed};
use crate::problem::Result;

const COLUMNS: [Column; 5] = [
    column("head-subject", &["/subject", "/code"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-area", &["/area"], Kind::Text),
    column("head-runs", &["/runs"], Kind::Word),
    column("head-state", &["/status", "/state"], Kind::State),
];

pub(super) async fn run(command: &Org, context: &Context) -> Result<()> {
    let client = context.client()?;
    match command {
        Org::List => view::list(context, &client.get("/organisations", &[]).await?, &COLUMNS),
        Org::Register { subject, name, runs, area } => {
            let mut body = json!({"subject": subject, "name": name, "runs": runs.as_str()});
            if let (Some(area), Some(members)) = (area, body.as_object_mut()) {
                members.insert("area".into(), json!(area));
            }
            let answer = client.post("/organisations", &body).await?;
            // The code alone stands on standard output, so that a script can take it.
            let code = answer.get("code").map(view::plain).unwrap_or_default();
            context.out.result(&answer, || code).map_err(closed)?;
            if context.out.is_json() {
                return Ok(());
            }
            let expires = answer.get("expiresAt").map(view::time).unwrap_or_default();
            let args = [("name", name.into()), ("subject", subject.into()), ("expires", expires.into())];
            context.note(&context.msg("org-registered", &args))
        }
    }
}
