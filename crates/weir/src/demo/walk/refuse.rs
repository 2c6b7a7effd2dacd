//! Refused: one use more than the contract allows. The gate must say no, say why, and count nothing.

use serde_json::{Value, json};

use super::tell::Told;
use super::{Part, Walk};
use crate::commands::failure_sentence;
use crate::demo::meters::usage_of;
use crate::exit::Exit;
use crate::problem::{Failure, Problem, Result};
use crate::term::{Mark, step_time};

/// The use that is one too many.
const SECOND_USE: &str = "demo-second";
/// The constraint that has to refuse it.
const COUNT: &str = "count";

impl Walk<'_> {
    pub(super) async fn refuse(&mut self) -> Result<()> {
        let began = self.begin(Part::Refused);
        let item = self.first()?;
        let (contract, short) = (item.contract.clone(), self.short(&item.named).to_owned());
        let provider = self.provider(item)?;
        let before = usage_of(&provider.get("/usage", &[]).await?, &contract);
        let failure = match self.user()?.download(&contract, SECOND_USE, 0).await {
            Ok(_) => return Err(not_refused(&short)),
            Err(failure) => failure,
        };
        if failure.exit != Exit::Refused {
            return Err(failure);
        }
        let after = usage_of(&provider.get("/usage", &[]).await?, &contract);
        if after != before {
            return Err(not_refused(&short));
        }
        let (text, figures) = self.reason(&short, &failure);
        let time = Some(step_time(began.elapsed()));
        self.tell(&Told { mark: Mark::Refused, text, time, figures })
    }

    /// What the gate said, in the reader's language where its constraint is the one that was meant.
    fn reason(&self, short: &str, failure: &Failure) -> (String, Value) {
        let problem = failure.problem.as_deref();
        match problem.and_then(counted) {
            Some((limit, actual)) => {
                let args = [("product", short.into()), ("limit", limit.into()), ("actual", actual.into())];
                let figures = json!({"constraint": COUNT, "limit": limit, "actual": actual});
                (self.context.msg("demo-refused-count", &args), figures)
            }
            None => {
                let reason = failure_sentence(self.context, failure);
                let args = [("product", short.into()), ("reason", reason.into())];
                (self.context.msg("demo-refused", &args), problem.map(Problem::to_json).unwrap_or_default())
            }
        }
    }
}

/// What the contract allows and what is used, where the count refused.
fn counted(problem: &Problem) -> Option<(u64, u64)> {
    let is_count = problem.fields.get("constraint").and_then(Value::as_str) == Some(COUNT);
    let figure = |name: &str| match problem.fields.get(name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    Some((figure("limit")?, figure("actual")?)).filter(|_| is_count)
}

fn not_refused(product: &str) -> Failure {
    Failure::new(Exit::Failure, "demo-not-refused").with("product", product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_refusal() {
        let problem = |body: &[u8]| Problem::parse(409, body);
        let count = br#"{"code":"use-refused","constraint":"count","limit":"1","actual":1}"#;
        assert_eq!(counted(&problem(count)), Some((1, 1)));
        let time = br#"{"code":"use-refused","constraint":"time","limit":1,"actual":2}"#;
        assert_eq!(counted(&problem(time)), None);
        assert_eq!(counted(&problem(br#"{"code":"use-refused","constraint":"count"}"#)), None);
    }
}
