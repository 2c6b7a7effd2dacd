//! What the walk tells: one line a step for people, and the same with its figures for programs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Part, Walk};
use crate::commands::{closed, failure_sentence};
use crate::i18n::Arg;
use crate::problem::{Failure, Result};
use crate::term::{Mark, Progress, Step, Unit, step_time};

impl Part {
    /// The step's name for programs.
    pub(super) fn code(self) -> &'static str {
        self.label_key().trim_start_matches("step-")
    }

    /// The step's name for people.
    pub(super) fn label_key(self) -> &'static str {
        match self {
            Part::Network => "step-network",
            Part::Identity => "step-identity",
            Part::Catalogue => "step-catalogue",
            Part::Register => "step-register",
            Part::Visible => "step-visible",
            Part::Listed => "step-listed",
            Part::Found => "step-found",
            Part::Contract => "step-contract",
            Part::Delivered => "step-delivered",
            Part::Refused => "step-refused",
            Part::Closed => "step-closed",
            Part::Metering => "step-metering",
            Part::Proven => "step-proven",
        }
    }
}

/// What a step has to tell.
pub(super) struct Told {
    pub mark: Mark,
    /// The sentence for people.
    pub text: String,
    /// What stands at the end of the line: mostly the time that the step took.
    pub time: Option<String>,
    /// The sentence's figures for programs.
    pub figures: Value,
}

impl Walk<'_> {
    /// Begins a step.
    pub(super) fn begin(&mut self, part: Part) -> Instant {
        self.part = part;
        Instant::now()
    }

    /// A bar for the step that is walked now.
    pub(super) fn progress(&self, total: u64, unit: Unit) -> Progress {
        self.context.out.progress(&self.context.msg(self.part.label_key(), &[]), Some(total), unit)
    }

    /// Tells of a step that is done, with the time since it began.
    pub(super) fn done(
        &mut self,
        key: &str,
        args: &[(&str, Arg<'_>)],
        figures: Value,
        began: Instant,
    ) -> Result<()> {
        self.done_in(key, args, figures, began.elapsed())
    }

    /// The same with the time that it took.
    pub(super) fn done_in(
        &mut self,
        key: &str,
        args: &[(&str, Arg<'_>)],
        figures: Value,
        took: Duration,
    ) -> Result<()> {
        let text = self.context.msg(key, args);
        self.tell(&Told { mark: Mark::Done, text, time: Some(step_time(took)), figures })
    }

    /// Tells of the step that is walked now.
    pub(super) fn tell(&mut self, told: &Told) -> Result<()> {
        let Told { mark, text, time, figures } = told;
        self.report.push(json!({"step": self.part.code(), "ok": *mark != Mark::Failed, "text": text,
            "time": time, "figures": figures}));
        if self.context.out.is_json() {
            return Ok(());
        }
        let label = self.context.msg(self.part.label_key(), &[]);
        self.context
            .out
            .step(&Step { mark: *mark, label: &label, text, time: time.as_deref() })
            .map_err(closed)
    }

    /// Tells that the step that is walked now failed; answers the step's name for people.
    ///
    /// # Errors
    /// Where the output is closed.
    pub fn failed(&mut self, failure: &Failure) -> Result<String> {
        let text = failure_sentence(self.context, failure);
        self.tell(&Told { mark: Mark::Failed, text, time: None, figures: Value::Null })?;
        Ok(self.context.msg(self.part.label_key(), &[]))
    }

    /// Everything that was told, for `--json`.
    pub fn report(&self) -> Value {
        let skipped: Vec<Value> =
            self.skipped.iter().map(|(file, reason)| json!({"file": file, "reason": reason})).collect();
        json!({"steps": self.report, "skipped": skipped, "page": self.network.page(),
            "config": self.network.config, "downloads": self.downloads(),
            "elapsedMs": u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)})
    }
}
