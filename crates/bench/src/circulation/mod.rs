//! The scenario `circulation`: one running network, and what publishing, finding, contracting, delivering and counting cost on it.
//!
//! | module | metrics |
//! |---|---|
//! | [`disk`] | `fsync_p50_ms` |
//! | [`node`] | `start_ms`, `idle_rss_mb` |
//! | [`visible`] | `visible_p50_ms`, `visible_p99_ms` |
//! | [`contract`] | `contract_p50_ms`, `contract_p99_ms`, `contracts_per_s` |
//! | [`uses`] | `uses_per_s` |
//! | [`delivery`], [`plain`] | `delivery_mb_per_s` and its baseline |
//! | [`demo`] | `demo_ms` |
//! | [`field`] | the network that they run on |
//!
//! A measurement that fails is named on standard error, the others go on, and the process ends with a failure.

mod contract;
mod delivery;
mod demo;
mod disk;
mod field;
mod node;
mod plain;
mod uses;
mod visible;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use field::Field;

/// The scenario's name.
pub const NAME: &str = "circulation";

/// How much of everything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Forced writes.
    pub fsyncs: u32,
    /// Starts of a node.
    pub starts: u32,
    /// How long a node is idle before its memory is read.
    pub idle: Duration,
    /// Products registered one after the other.
    pub publications: u32,
    /// Contracts one after the other, and as many again side by side.
    pub contracts: u32,
    /// How many contracts are negotiated at once.
    pub contracts_at_once: u32,
    /// Contracts that are used.
    pub contracts_used: u32,
    /// How many use them at once.
    pub callers: u32,
    /// How long they do.
    pub using: Duration,
    /// Size of the delivered file, in bytes.
    pub file_bytes: u64,
    /// Deliveries of it, each beside one of the plain server.
    pub deliveries: u32,
    /// Hours of the generated demo data; nothing for the real stations' files.
    pub demo_hours: Option<u32>,
    /// The longest time for one measurement; what was done until two thirds of it is what counts.
    pub time_max: Duration,
}

impl Scope {
    /// What the figures of docs/BENCHMARKS.md are made with.
    pub fn full() -> Scope {
        Scope {
            fsyncs: 400,
            starts: 5,
            idle: Duration::from_secs(2),
            publications: 500,
            contracts: 500,
            contracts_at_once: 32,
            contracts_used: 100,
            callers: 64,
            using: Duration::from_secs(4),
            file_bytes: 1 << 30,
            deliveries: 3,
            demo_hours: None,
            time_max: Duration::from_secs(60),
        }
    }

    /// Enough to see that everything runs.
    pub fn quick() -> Scope {
        Scope {
            fsyncs: 20,
            starts: 1,
            idle: Duration::from_millis(200),
            publications: 3,
            contracts: 4,
            contracts_at_once: 2,
            contracts_used: 4,
            callers: 4,
            using: Duration::from_millis(300),
            file_bytes: 8 << 20,
            deliveries: 1,
            demo_hours: Some(48),
            time_max: Duration::from_secs(60),
        }
    }

    /// When a loop of samples ends though it has not all of them.
    fn samples_time_max(&self) -> Duration {
        self.time_max * 2 / 3
    }
}

/// What to measure, and where.
#[derive(Debug, Clone)]
pub struct Work {
    /// A folder of ours, empty at first.
    pub folder: PathBuf,
    /// How much.
    pub scope: Scope,
    /// Only these metrics; all where it is empty.
    pub only: Vec<Metric>,
}

impl Work {
    fn wants(&self, metrics: &[Metric]) -> bool {
        self.only.is_empty() || metrics.iter().any(|metric| self.only.contains(metric))
    }
}

/// Where figures go, and which measurements failed.
struct Desk<'a> {
    work: &'a Work,
    print: &'a mut dyn FnMut(&Figure),
    say: &'a mut dyn FnMut(&str),
    failed: usize,
}

impl Desk<'_> {
    /// Takes one measurement in its time, where one of its metrics is wanted; prints those that are.
    async fn measure(&mut self, metrics: &[Metric], measuring: impl Future<Output = Result<Vec<Figure>>>) {
        if !self.work.wants(metrics) {
            return;
        }
        let names = metrics.iter().map(|metric| metric.name()).collect::<Vec<_>>().join(", ");
        (self.say)(&format!("{NAME}: {names}"));
        let limit = self.work.scope.time_max;
        let measured = tokio::time::timeout(limit, measuring).await;
        let late = || Error::TimedOut { what: names.clone(), seconds: limit.as_secs() };
        match measured.map_err(|_| late()).and_then(|measured| measured) {
            Ok(figures) => {
                figures.iter().filter(|figure| self.work.wants(&[figure.metric])).for_each(&mut *self.print);
            }
            Err(error) => self.fail(&names, &error),
        }
    }

    fn fail(&mut self, what: &str, error: &Error) {
        self.failed += 1;
        (self.say)(&format!("{NAME}: {what} failed: {error}"));
    }
}

/// Measures what is wanted, prints each figure as soon as it is known, and answers how many measurements failed.
pub async fn run(work: &Work, print: &mut dyn FnMut(&Figure), say: &mut dyn FnMut(&str)) -> usize {
    let mut desk = Desk { work, print, say, failed: 0 };
    let fsync_ms = match disk::fsync(&work.folder, work.scope.fsyncs).await {
        Ok(samples) => samples.median_ms(),
        Err(error) => {
            desk.fail("the disk", &error);
            return desk.failed;
        }
    };
    desk.measure(&[Metric::FsyncP50Ms], async { Ok(vec![disk::figure(fsync_ms, work.scope.fsyncs)]) }).await;
    on_a_node(&mut desk).await;
    on_a_network(&mut desk, fsync_ms).await;
    desk.measure(&[Metric::DemoMs], demo::walk(work)).await;
    desk.failed
}

/// What is measured on one node in a process of its own.
async fn on_a_node(desk: &mut Desk<'_>) {
    let metrics = [Metric::StartMs, Metric::IdleRssMb];
    if desk.work.wants(&metrics) {
        let work = desk.work;
        desk.measure(&metrics, node::alone(work)).await;
    }
}

/// What is measured on a network in this process.
async fn on_a_network(desk: &mut Desk<'_>, fsync_ms: f64) {
    let published = [Metric::VisibleP50Ms, Metric::VisibleP99Ms];
    let contracted = [Metric::ContractP50Ms, Metric::ContractP99Ms];
    let (many, used) = ([Metric::ContractsPerS], [Metric::UsesPerS]);
    let delivered = [Metric::DeliveryMbPerS];
    let all = [&published[..], &contracted, &many, &used, &delivered].concat();
    let work = desk.work;
    if !work.wants(&all) {
        return;
    }
    let field = match Field::raise(&work.folder.join("network")).await {
        Ok(field) => field,
        Err(error) => return desk.fail("the network", &error),
    };
    desk.measure(&published, visible::publish(&field, &work.scope)).await;
    desk.measure(&contracted, contract::one_by_one(&field, &work.scope, fsync_ms)).await;
    desk.measure(&many, contract::side_by_side(&field, &work.scope)).await;
    desk.measure(&used, uses::through_the_gate(&field, &work.scope)).await;
    desk.measure(&delivered, delivery::beside_a_plain_server(&field, &work.scope, &work.folder)).await;
    field.stop().await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    /// The parts that need no process of their own, in small: every metric comes, once, under its name.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_small_run_gives_every_metric_once() {
        let folder = tempfile::tempdir().unwrap();
        let apart = [Metric::StartMs, Metric::IdleRssMb, Metric::DemoMs];
        let only: Vec<Metric> = Metric::ALL.into_iter().filter(|metric| !apart.contains(metric)).collect();
        let work = Work { folder: folder.path().to_owned(), scope: Scope::quick(), only: only.clone() };
        let (mut figures, mut said) = (Vec::new(), Vec::new());
        let failed =
            run(&work, &mut |figure| figures.push(figure.clone()), &mut |line| said.push(line.to_owned()))
                .await;
        assert_eq!(failed, 0, "{said:?}");
        let mut metrics: Vec<Metric> = figures.iter().map(|figure| figure.metric).collect();
        metrics.sort_unstable();
        assert_eq!(metrics, only);
        assert!(figures.iter().all(|figure| figure.value >= 0.0 && figure.scenario == NAME), "{figures:?}");
        let beside = |metric| figures.iter().find(|figure| figure.metric == metric).unwrap().ratio;
        assert!(beside(Metric::DeliveryMbPerS).unwrap() > 0.0);
        assert_eq!(beside(Metric::UsesPerS), None);
    }

    #[tokio::test]
    async fn a_measurement_that_fails_or_hangs_is_named_and_the_next_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let scope = Scope { time_max: Duration::from_millis(20), ..Scope::quick() };
        let work = Work { folder: folder.path().to_owned(), scope, only: Vec::new() };
        let (mut figures, mut said) = (Vec::new(), Vec::new());
        let (mut print, mut say) =
            (|figure: &Figure| figures.push(figure.clone()), |line: &str| said.push(line.to_owned()));
        let mut desk = Desk { work: &work, print: &mut print, say: &mut say, failed: 0 };
        desk.measure(&[Metric::DemoMs], async { Err(Error::Wrong("the digest differs".to_owned())) }).await;
        desk.measure(&[Metric::StartMs], std::future::pending()).await;
        desk.measure(&[Metric::UsesPerS], async { Ok(vec![Figure::new(NAME, Metric::UsesPerS, 1.0, "")]) })
            .await;
        assert_eq!(desk.failed, 2);
        assert_eq!(figures.len(), 1);
        assert!(said.contains(&"circulation: demo_ms failed: the digest differs".to_owned()), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("circulation: start_ms failed:")), "{said:?}");
    }

    #[tokio::test]
    async fn what_is_not_wanted_is_not_measured() {
        let work = Work { folder: PathBuf::new(), scope: Scope::quick(), only: vec![Metric::StartMs] };
        let (mut print, mut say) = (|_: &Figure| panic!("printed"), |line: &str| panic!("{line}"));
        let mut desk = Desk { work: &work, print: &mut print, say: &mut say, failed: 0 };
        desk.measure(&[Metric::DemoMs], async { panic!("measured") }).await;
        assert_eq!(desk.failed, 0);
    }
}
