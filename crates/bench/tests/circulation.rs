//! The program as tools run it: what it prints, what it leaves, how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn bench(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.arg("circulation").arg("--folder").arg(folder).args(args).output().unwrap()
}

fn figures(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_node_is_measured_in_its_own_process_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &["--quick", "--only", "start_ms,idle_rss_mb"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let figures = figures(&output);
    let names: Vec<&str> = figures.iter().map(|figure| figure["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["start_ms", "idle_rss_mb"]);
    for figure in &figures {
        let fields: Vec<&String> = figure.as_object().unwrap().keys().collect();
        assert_eq!(fields.len(), 7, "{figure}");
        assert_eq!(figure["scenario"], "circulation");
        assert!(figure["value"].as_f64().unwrap() > 0.0, "{figure}");
        assert!(figure["baseline"].is_null() && figure["ratio"].is_null(), "{figure}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is not empty");
}

#[test]
fn the_demo_is_walked_over_small_data() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &["--quick", "--only", "demo_ms"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures = figures(&output);
    assert_eq!(figures.len(), 1);
    assert_eq!(figures[0]["unit"], "ms");
    assert!(figures[0]["note"].as_str().unwrap().contains("12 generated files of 48 rows"), "{}", figures[0]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["circulation", "--quick", "--only", "visible_p50_ms", "--folder"])
        .arg(folder.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Its first line for people comes when the network stands.
    let first = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(first.contains("visible_p50_ms"), "{first}");
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the folder is not empty");
}

#[test]
fn an_unknown_metric_is_a_usage_error_that_names_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), &["--only", "speed"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("`speed`") && said.contains("uses_per_s"), "{said}");
    assert!(output.stdout.is_empty());
}
