//! The demonstration as a user runs it: `weir demo --once` in a process of its own, from its start to its good end, over the twelve stations'
//! files where they are there, else over generated ones of the same size.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use dataplane::generate::{GenerateOptions, generate};
use serde_json::Value;

use super::{NAME, Work};
use crate::child::Process;
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::millis;

/// The stations' files, beside the project.
const STATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/beijing-air");

/// Runs the demonstration once.
///
/// # Errors
/// [`Error::Child`] where one of its steps failed.
pub async fn walk(work: &Work) -> Result<Vec<Figure>> {
    let folder = work.folder.join("demo");
    let (data, kind) = data(&folder, work.scope.demo_hours).await?;
    let args = ["demo", "--once", "--json", "--lang", "en", "--port", "0", "--data"].map(OsStr::new);
    let args: Vec<&OsStr> = args.into_iter().chain([data.as_os_str()]).collect();
    let started = Instant::now();
    Process::weir(&args, &folder)?.succeeded(&folder.join("weir.err")).await?;
    let took = started.elapsed();
    let report = folder.join("weir.out");
    let report = std::fs::read_to_string(&report).map_err(Error::io("read", &report))?;
    let steps = steps(&report)?;
    let note = format!("`weir demo --once` over {kind}, its process from start to end; {steps}");
    Ok(vec![Figure::new(NAME, Metric::DemoMs, millis(took), note)])
}

/// The data and what it is.
async fn data(folder: &Path, hours: Option<u32>) -> Result<(PathBuf, String)> {
    std::fs::create_dir_all(folder).map_err(Error::io("make", folder))?;
    let stations = Path::new(STATIONS);
    if hours.is_none() && stations.is_dir() {
        return Ok((stations.to_owned(), "the 12 stations' files".to_owned()));
    }
    let options = GenerateOptions::default();
    let options = GenerateOptions { hours: hours.unwrap_or(options.hours), ..options };
    let data = folder.join("data");
    let written = data.clone();
    let generated = tokio::task::spawn_blocking(move || generate(&written, &options)).await;
    let generated =
        generated.map_err(|error| Error::Wrong(format!("generating was interrupted: {error}")))?;
    let files = generated.map_err(app::Error::from)?.len();
    Ok((data, format!("{files} generated files of {} rows", options.hours)))
}

/// The steps that the demonstration reports, each with its time. One that is not good makes the figure worthless.
fn steps(report: &str) -> Result<String> {
    let report: Value = serde_json::from_str(report.trim())
        .map_err(|error| Error::Wrong(format!("the demo's report: {error}")))?;
    let steps = report.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if steps.is_empty() || steps.iter().any(|step| step.get("ok") == Some(&Value::Bool(false))) {
        return Err(Error::Wrong(format!("the demo did not walk the whole flow: {report}")));
    }
    let text =
        |step: &Value, name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let times = steps
        .iter()
        .map(|step| (text(step, "step"), text(step, "time")))
        .filter(|(_, time)| !time.is_empty());
    Ok(times.map(|(step, time)| format!("{step} {time}")).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_report_with_a_failed_step_is_no_figure() {
        let good = r#"{"steps":[{"step":"network","ok":true,"time":"0.4 s"},{"step":"metering","rows":1},{"step":"proven","ok":true,"time":"0.1 s"}]}"#;
        assert_eq!(steps(good).unwrap(), "network 0.4 s, proven 0.1 s");
        for bad in [r#"{"steps":[{"step":"network","ok":false}]}"#, r#"{"steps":[]}"#, "{}", "", "no json"] {
            assert!(steps(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn small_data_is_generated() {
        let folder = tempfile::tempdir().unwrap();
        let (data, kind) = data(folder.path(), Some(2)).await.unwrap();
        assert_eq!(std::fs::read_dir(data).unwrap().count(), 12);
        assert_eq!(kind, "12 generated files of 2 rows");
    }
}
