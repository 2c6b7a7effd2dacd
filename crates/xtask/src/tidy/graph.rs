//! The dependency graph, as `cargo metadata` prints it for this machine's platform.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Error;

/// Packages and what each uses.
#[derive(Debug, Default)]
pub struct Graph {
    /// Packages by cargo's package id.
    packages: BTreeMap<String, Package>,
    /// Ids of the workspace's own crates.
    members: BTreeSet<String>,
}

/// One package.
#[derive(Debug, Default, Clone)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Ids of what it uses when built for use (normal and build dependencies).
    pub uses: BTreeSet<String>,
    /// Ids of what only its tests use.
    pub tests_use: BTreeSet<String>,
}

impl Graph {
    /// Asks cargo.
    pub fn load(root: &Path) -> Result<Self, Error> {
        let rustc = run(Command::new("rustc").arg("-vV").current_dir(root))?;
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or_else(|| Error::Cargo("`rustc -vV` names no host".to_owned()))?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
        let text = run(Command::new(cargo).args(arguments).current_dir(root))?;
        let value = serde_json::from_str(&text).map_err(|error| Error::Metadata(error.to_string()))?;
        Self::parse(&value)
    }

    /// Reads cargo's JSON (format version 1).
    pub fn parse(metadata: &Value) -> Result<Self, Error> {
        let mut graph = Self::default();
        for package in list(metadata, "packages")? {
            let (name, version) = (text(package, "name")?, text(package, "version")?);
            let package_id = text(package, "id")?;
            graph.packages.insert(package_id, Package { name, version, ..Package::default() });
        }
        for member in list(metadata, "workspace_members")? {
            graph.members.insert(member.as_str().unwrap_or_default().to_owned());
        }
        let resolve = metadata.get("resolve").unwrap_or(&Value::Null);
        for node in list(resolve, "nodes")? {
            let id = text(node, "id")?;
            let package = graph.packages.get_mut(&id).ok_or_else(|| missing(&id))?;
            for dependency in list(node, "deps")? {
                let target = text(dependency, "pkg")?;
                let (used, tested) = kinds(dependency)?;
                package.uses.extend(used.then(|| target.clone()));
                package.tests_use.extend(tested.then_some(target));
            }
        }
        Ok(graph)
    }

    /// The workspace's crates.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.members.iter().filter_map(|id| self.packages.get(id))
    }

    /// Every package, the workspace's and others'.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// Packages that are not the workspace's.
    pub fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|(id, _)| !self.members.contains(*id)).map(|(_, package)| package)
    }

    /// What `package` uses directly, its tests included.
    pub fn direct<'g>(&'g self, package: &'g Package) -> impl Iterator<Item = &'g Package> {
        package.uses.union(&package.tests_use).filter_map(|id| self.packages.get(id))
    }

    /// What `package` needs when it is used, not entering workspace crates other than itself: each of those answers for
    /// itself. Names, each with the package that brought it in.
    pub fn closure<'g>(&'g self, package: &'g Package) -> BTreeMap<&'g str, &'g str> {
        let mut found: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = vec![package];
        while let Some(user) = open.pop() {
            for used in user.uses.iter().filter(|id| !self.members.contains(*id)) {
                let Some(used) = self.packages.get(used) else { continue };
                if !found.contains_key(used.name.as_str()) {
                    found.insert(&used.name, &user.name);
                    open.push(used);
                }
            }
        }
        found
    }
}

/// Whether a dependency is used by the package itself, and whether by its tests.
fn kinds(dependency: &Value) -> Result<(bool, bool), Error> {
    let mut found = (false, false);
    for kind in list(dependency, "dep_kinds")? {
        match kind.get("kind").and_then(Value::as_str) {
            Some("dev") => found.1 = true,
            _ => found.0 = true,
        }
    }
    Ok(found)
}

fn run(command: &mut Command) -> Result<String, Error> {
    let output = command.output().map_err(|error| Error::Cargo(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Cargo(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| Error::Metadata(error.to_string()))
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v Vec<Value>, Error> {
    value.get(name).and_then(Value::as_array).ok_or_else(|| missing(name))
}

fn text(value: &Value, name: &str) -> Result<String, Error> {
    value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::Metadata(format!("`{name}` is missing"))
}
