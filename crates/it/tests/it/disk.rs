//! A disk that is full: what cannot be kept is refused with the reason, what was acknowledged stays, and with space again it goes on.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use it::town::Town;
use serde_json::{Value, json};

/// A small file system of its own at a folder; gone with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts it; nothing, with a word, where this user may not mount.
    fn mount(at: &Path) -> Option<SmallDisk> {
        let args = ["-t", "tmpfs", "-o", "size=6m", "tmpfs"];
        let mounted = Command::new("mount").args(args).arg(at).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            eprintln!("a full disk: skipped, this user may not mount a file system");
            return None;
        }
        Some(SmallDisk(at.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = std::fs::File::options().create(true).append(true).open(self.ballast()).unwrap();
        for piece in [1 << 16, 1] {
            while file.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_refuses_what_cannot_be_kept_and_loses_nothing() {
    let mut town = Town::new();
    let Some(disk) = SmallDisk::mount(&town.home("global")) else { return };
    let operator = town.new_subject();
    town.init("global", "global", "global", &["--subject", &operator, "--area", "1100"]);
    town.serve("global");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let manage = town.manage("global", "global", None);
    let register = |town: &mut Town| {
        let subject = town.new_subject();
        let body = json!({"subject": subject, "name": "Region", "runs": "region", "area": "3100"});
        (subject, runtime.block_on(manage.post("/organisations", body)))
    };
    let (first, told) = register(&mut town);
    told.ok();
    let mut kept = vec![first];

    disk.fill();
    let refused = loop {
        let (subject, told) = register(&mut town);
        if told.status >= 400 {
            break told;
        }
        kept.push(subject);
        assert!(kept.len() < 2000, "the disk is full, and everything is kept");
    };
    let problem = refused.problem();
    assert!(problem.starts_with("500 store: "), "{problem}");
    assert!(problem.contains("check free space and the health of the disk"), "{problem}");

    disk.free();
    let (last, told) = register(&mut town);
    told.ok();
    kept.push(last);
    // What was acknowledged is there, also after a kill: on a disk that was full, too.
    town.take("global").kill();
    town.serve("global");
    let known = runtime.block_on(town.manage("global", "global", None).get("/organisations")).ok();
    let subjects: Vec<&Value> = known.as_array().unwrap().iter().map(|it| &it["subject"]).collect();
    for subject in &kept {
        assert!(subjects.contains(&&json!(subject)), "{subject} was acknowledged: {subjects:?}");
    }
    drop(town);
}
