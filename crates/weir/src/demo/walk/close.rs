//! Closed: every use stands in a window that its provider signed and the user countersigned; its receipt is fetched.

use serde_json::{Value, json};

use super::item::Item;
use super::{FIRST_USE, Part, Walk};
use crate::client::Client;
use crate::demo::look::{at, list, number, text, wait_for};
use crate::download::receipt_beside;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// Windows of a contract, as one side keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Windows {
    countersigned: u64,
    unsigned: u64,
}

impl Walk<'_> {
    pub(super) async fn close(&mut self) -> Result<()> {
        let began = self.begin(Part::Closed);
        let user = self.user()?;
        for item in &mut self.items {
            let receipt = receipt(&user, &item.contract).await?;
            item.receipt = receipt_beside(&item.copy);
            std::fs::write(&item.receipt, receipt.to_string())
                .map_err(|error| Failure::unwritable(&item.receipt, error))?;
        }
        let usage = user.get("/usage", &[]).await?;
        let mut windows = 0;
        for item in &self.items {
            windows += self.windows(item, &usage).await?;
        }
        self.done("demo-closed", &[("windows", windows.into())], json!({"windows": windows}), began)
    }

    /// The windows of an item's contract, once both sides say the same of them: none without the user's signature.
    async fn windows(&self, item: &Item, usage: &Value) -> Result<u64> {
        let provider = self.provider(item)?;
        let ours = windows_of(usage, &item.contract);
        wait_for("demo-waited-window", || async {
            Ok((windows_of(&provider.get("/usage", &[]).await?, &item.contract) == ours).then_some(()))
        })
        .await?;
        match ours {
            Some(Windows { countersigned: count, unsigned: 0 }) if count > 0 => Ok(count),
            _ => Err(Failure::new(Exit::Unverified, "demo-windows-differ").with("contract", &item.contract)),
        }
    }
}

async fn receipt(user: &Client, contract: &str) -> Result<Value> {
    let path = format!("/contracts/{contract}/receipts/{FIRST_USE}");
    wait_for("demo-waited-receipt", || async {
        match user.get(&path, &[]).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(failure) if failure.exit == Exit::Refused => Ok(None),
            Err(failure) => Err(failure),
        }
    })
    .await
}

fn windows_of(usage: &Value, contract: &str) -> Option<Windows> {
    let found = list(usage).iter().find(|one| text(one, "contractId") == contract)?;
    let countersigned = number(at(found, "countersigned"), "windows");
    Some(Windows { countersigned, unsigned: number(found, "unsigned") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_those_of_the_contract() {
        let usage = json!([{"contractId": "C1", "countersigned": {"windows": 2, "uses": 9}, "unsigned": 1}]);
        assert_eq!(windows_of(&usage, "C1"), Some(Windows { countersigned: 2, unsigned: 1 }));
        assert_eq!(windows_of(&usage, "C2"), None);
    }
}
