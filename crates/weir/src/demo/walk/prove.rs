//! Proven: every receipt is verified with nothing but the pinned root and held against the file that arrived; both sides' meters are
//! laid side by side.

use std::path::Path;

use crypto::cert::Roots;
use ledger::receipt::{Receipt, Verifier};
use ledger::window::UseLeaf;
use serde_json::json;

use super::deliver::OnDisk;
use super::item::Item;
use super::{FIRST_USE, Part, USERS, Walk};
use crate::demo::look::number;
use crate::demo::meters::{Meters, Total, usage_of};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// What was verified.
#[derive(Debug, Default)]
struct Verified {
    receipts: u64,
    /// Single checks in all of them.
    checks: u64,
}

impl Walk<'_> {
    /// Lays both sides' meters side by side.
    pub(super) async fn meters(&mut self) -> Result<Total> {
        self.begin(Part::Metering);
        let user = self.user()?.get("/usage", &[]).await?;
        let mut table = Meters::new(self.context);
        for item in &self.items {
            let provider = self.provider(item)?.get("/usage", &[]).await?;
            let (theirs, ours) = (usage_of(&provider, &item.contract), usage_of(&user, &item.contract));
            table.add(self.context, self.short(&item.named), theirs, ours);
        }
        let total = table.print(self.context)?;
        self.report.push(json!({"step": self.part.code(), "ok": total.equal, "figures": total}));
        match total.equal {
            true => Ok(total),
            false => Err(Failure::new(Exit::Unverified, "demo-meters-differ")),
        }
    }

    pub(super) fn prove(&mut self, meters: Total) -> Result<()> {
        let began = self.begin(Part::Proven);
        let trust = self.network.running(USERS)?.settings.trust_file();
        let verified = self.verify(&trust)?;
        let args = [
            ("receipts", verified.receipts.into()),
            ("uses", meters.user.uses.into()),
            ("rows", meters.user.rows.into()),
        ];
        let figures = json!({"receipts": verified.receipts, "checks": verified.checks,
            "uses": meters.user.uses, "rows": meters.user.rows});
        self.done("demo-proven", &args, figures, began)
    }

    fn verify(&self, trust: &Path) -> Result<Verified> {
        let pem = std::fs::read_to_string(trust).map_err(unreadable(trust))?;
        let roots = Roots::from_pem(&pem).map_err(|error| fails(trust, &error))?;
        let now = self.network.running(USERS)?.node.now().micros().div_euclid(1_000_000);
        let mut verifier = Verifier::new(&roots, now);
        let mut verified = Verified::default();
        for item in &self.items {
            verified.checks += verify(&mut verifier, item)?;
            verified.receipts += 1;
        }
        Ok(verified)
    }
}

/// Verifies an item's receipt as it stands on the disk; answers the number of checks that it passed.
fn verify(verifier: &mut Verifier<'_>, item: &Item) -> Result<u64> {
    let file = &item.receipt;
    let json = std::fs::read(file).map_err(unreadable(file))?;
    let receipt = Receipt::from_json(&json).map_err(|error| fails(file, &error))?;
    let report = verifier.verify(&receipt);
    if let Some(step) = report.first_failure() {
        return Err(fails(file, &step));
    }
    let copy = OnDisk::of(&item.copy)?;
    let rows = number(item.profile(), "rows");
    match copy.is_some_and(|copy| is_about(&receipt.record, &item.contract, copy, rows)) {
        true => Ok(report.steps.len() as u64),
        false => Err(Failure::new(Exit::Unverified, "demo-receipt-other")
            .with("receipt", file.display())
            .with("file", item.copy.display())),
    }
}

/// Whether a use's record is about this delivery: the contract, the walk's use, and the very bytes on the disk.
fn is_about(record: &UseLeaf, contract: &str, copy: OnDisk, rows: u64) -> bool {
    record.contract_id == contract
        && record.use_id == FIRST_USE
        && record.complete
        && record.digest == Some(copy.sha256)
        && record.bytes == copy.bytes
        && record.rows == rows
}

fn fails(file: &Path, reason: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Unverified, "demo-receipt-fails").with("file", file.display()).with("reason", reason)
}

fn unreadable(file: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::file(Exit::Failure, "file-unreadable", file, error)
}

#[cfg(test)]
mod tests {
    use crypto::Sha256;

    use super::*;

    fn record() -> UseLeaf {
        UseLeaf {
            use_id: FIRST_USE.to_owned(),
            contract_id: "C1".to_owned(),
            sequence: 1,
            opened_at: 0,
            closed_at: 1,
            bytes: 3,
            rows: 2,
            digest: Some(Sha256::of(b"abc")),
            complete: true,
            fields: None,
        }
    }

    #[test]
    fn a_receipt_is_about_the_bytes_on_the_disk_and_no_others() {
        let copy = OnDisk { sha256: Sha256::of(b"abc"), bytes: 3 };
        assert!(is_about(&record(), "C1", copy, 2));
        assert!(!is_about(&record(), "C2", copy, 2));
        assert!(!is_about(&record(), "C1", copy, 3));
        assert!(!is_about(&record(), "C1", OnDisk { sha256: Sha256::of(b"abd"), bytes: 3 }, 2));
        assert!(!is_about(&record(), "C1", OnDisk { bytes: 4, ..copy }, 2));
        for other in [
            UseLeaf { use_id: "other".to_owned(), ..record() },
            UseLeaf { complete: false, ..record() },
            UseLeaf { digest: None, ..record() },
        ] {
            assert!(!is_about(&other, "C1", copy, 2));
        }
    }
}
