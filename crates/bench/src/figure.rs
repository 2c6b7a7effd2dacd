//! A figure as it is printed: one JSON object a line (docs/BENCHMARKS.md). Names and units of metrics are stable, since tools compare them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// From the start of a node's process to its first answer.
    StartMs,
    /// Memory of an idle node's process.
    IdleRssMb,
    /// From registered in one region to found in the other, median.
    VisibleP50Ms,
    /// The same, 99th percentile.
    VisibleP99Ms,
    /// From proposed to active, median.
    ContractP50Ms,
    /// The same, 99th percentile.
    ContractP99Ms,
    /// Contracts proposed to active, many at once.
    ContractsPerS,
    /// Appending 4 KiB to a file and forcing it to the disk, median.
    FsyncP50Ms,
    /// A large file delivered under a contract.
    DeliveryMbPerS,
    /// Uses let through, counted and closed durably.
    UsesPerS,
    /// The demonstration from its start to its end.
    DemoMs,
}

impl Metric {
    /// Every metric, in the order in which they are explained in docs/BENCHMARKS.md.
    pub const ALL: [Metric; 11] = [
        Metric::StartMs,
        Metric::IdleRssMb,
        Metric::VisibleP50Ms,
        Metric::VisibleP99Ms,
        Metric::ContractP50Ms,
        Metric::ContractP99Ms,
        Metric::ContractsPerS,
        Metric::FsyncP50Ms,
        Metric::DeliveryMbPerS,
        Metric::UsesPerS,
        Metric::DemoMs,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Metric::StartMs => "start_ms",
            Metric::IdleRssMb => "idle_rss_mb",
            Metric::VisibleP50Ms => "visible_p50_ms",
            Metric::VisibleP99Ms => "visible_p99_ms",
            Metric::ContractP50Ms => "contract_p50_ms",
            Metric::ContractP99Ms => "contract_p99_ms",
            Metric::ContractsPerS => "contracts_per_s",
            Metric::FsyncP50Ms => "fsync_p50_ms",
            Metric::DeliveryMbPerS => "delivery_mb_per_s",
            Metric::UsesPerS => "uses_per_s",
            Metric::DemoMs => "demo_ms",
        }
    }

    /// Its unit; a megabyte is 10⁶ bytes.
    pub fn unit(self) -> &'static str {
        match self {
            Metric::IdleRssMb => "MB",
            Metric::DeliveryMbPerS => "MB/s",
            Metric::ContractsPerS | Metric::UsesPerS => "1/s",
            _ => "ms",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Metric::ALL.map(Metric::name).join(", ");
        let found = Metric::ALL.into_iter().find(|metric| metric.name() == text);
        found.ok_or_else(|| format!("unknown metric `{text}`: expected one of {}", known()))
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One measured figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The scenario.
    pub scenario: &'static str,
    /// What was measured.
    pub metric: Metric,
    /// The unit of `value` and `baseline`.
    pub unit: &'static str,
    /// The figure.
    pub value: f64,
    /// The rival's or the physical figure of the same run.
    pub baseline: Option<f64>,
    /// `value` ÷ `baseline`.
    pub ratio: Option<f64>,
    /// How it came about.
    pub note: String,
}

impl Figure {
    /// A figure without a baseline.
    pub fn new(scenario: &'static str, metric: Metric, value: f64, note: impl Into<String>) -> Figure {
        let (value, unit) = (rounded(value), metric.unit());
        Figure { scenario, metric, unit, value, baseline: None, ratio: None, note: note.into() }
    }

    /// The same beside a baseline; one that is not above zero is no baseline.
    #[must_use]
    pub fn beside(mut self, baseline: f64) -> Figure {
        if baseline > 0.0 {
            self.ratio = Some(rounded(self.value / baseline));
            self.baseline = Some(rounded(baseline));
        }
        self
    }
}

/// Three digits after the point: what a shared machine can say.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_figure_is_printed_with_every_field_in_its_order() {
        let figure = Figure::new("circulation", Metric::DeliveryMbPerS, 700.0, "n").beside(1000.0);
        let text = r#"{"scenario":"circulation","metric":"delivery_mb_per_s","unit":"MB/s","value":700.0,"baseline":1000.0,"ratio":0.7,"note":"n"}"#;
        assert_eq!(serde_json::to_string(&figure).unwrap(), text);
        let alone = serde_json::to_value(Figure::new("circulation", Metric::StartMs, 1.0, "")).unwrap();
        assert!(alone["baseline"].is_null() && alone["ratio"].is_null(), "{alone}");
        assert_eq!(alone.as_object().unwrap().len(), 7);
    }

    #[test]
    fn a_baseline_of_nothing_gives_no_ratio() {
        let figure = Figure::new("circulation", Metric::StartMs, 1.0, "").beside(0.0);
        assert_eq!((figure.baseline, figure.ratio), (None, None));
    }

    #[test]
    fn every_metric_reads_its_own_name_back() {
        for metric in Metric::ALL {
            assert_eq!(metric.name().parse(), Ok(metric));
        }
        let refusal = "start_s".parse::<Metric>().unwrap_err();
        assert!(refusal.starts_with("unknown metric `start_s`") && refusal.contains("start_ms"), "{refusal}");
    }

    /// The table of goals is read by tools with the names that stand here.
    #[test]
    fn every_goal_of_the_scenario_is_a_metric() {
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/check/goals.tsv");
        let Ok(table) = std::fs::read_to_string(&table) else {
            let required = std::env::var("WEIR_REQUIRE").is_ok_and(|what| what == "all");
            assert!(!required, "`{}` is not there", table.display());
            eprintln!("skipped: every_goal_of_the_scenario_is_a_metric, the table of goals is not there");
            return;
        };
        let goals = table
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let goals: Vec<_> = goals.filter(|goal| goal.get(1) == Some(&"circulation")).collect();
        assert!(!goals.is_empty(), "no goals of the scenario");
        for goal in goals {
            let name = goal[2].split('.').next().unwrap();
            assert!(name.parse::<Metric>().is_ok(), "{name}");
        }
    }
}
