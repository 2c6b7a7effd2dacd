//! Both sides' metering side by side: the table that the walk ends with.

use serde_json::Value;

use super::look::{at, list, number, text};
use crate::commands::{Context, closed};
use crate::problem::Result;
use crate::term::{Align, Table, bytes, thousands};

/// One side's count of a contract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    uses: u64,
    rows: u64,
    bytes: u64,
}

pub fn usage_of(usage: &Value, contract: &str) -> Count {
    let all = if usage.is_array() { usage } else { at(usage, "contracts") };
    let found = list(all).iter().find(|one| text(one, "contractId") == contract);
    let meter = found.map(|one| at(one, "meter")).unwrap_or(&Value::Null);
    Count { uses: number(meter, "uses"), rows: number(meter, "rows"), bytes: number(meter, "bytes") }
}

/// The table of both sides' meters.
pub struct Meters {
    table: Table,
    provider: Count,
    user: Count,
    equal: bool,
}

impl Meters {
    pub fn new(context: &Context) -> Meters {
        let heading = |key: &str| context.msg(key, &[]);
        let table = Table::new()
            .column(&heading("metering-product"), Align::Left)
            .column(&heading("metering-provider-side"), Align::Right)
            .column(&heading("metering-user-side"), Align::Right)
            .column(&heading("metering-equal"), Align::Left);
        Meters { table, provider: Count::default(), user: Count::default(), equal: true }
    }

    pub fn add(&mut self, context: &Context, name: &str, provider: Count, user: Count) {
        self.provider = self.provider.plus(provider);
        self.user = self.user.plus(user);
        self.row(context, name, provider, user);
    }

    fn row(&mut self, context: &Context, name: &str, provider: Count, user: Count) {
        let same = provider == user && provider.uses > 0;
        self.equal &= same;
        let equal = context.msg(if same { "metering-equal-yes" } else { "metering-equal-no" }, &[]);
        self.table.row([name.to_owned(), provider.words(context), user.words(context), equal]);
    }

    /// Prints the table with its totals; answers rows, uses and whether every row is equal.
    pub fn print(mut self, context: &Context) -> Result<(u64, u64, bool)> {
        let (provider, user) = (self.provider, self.user);
        let total = context.msg("metering-total", &[]);
        self.row(context, &total, provider, user);
        if !context.out.is_json() {
            context.out.table(&self.table).map_err(closed)?;
        }
        Ok((user.rows, user.uses, self.equal))
    }
}

impl Count {
    fn plus(self, other: Count) -> Count {
        Count { uses: self.uses + other.uses, rows: self.rows + other.rows, bytes: self.bytes + other.bytes }
    }

    fn words(self, context: &Context) -> String {
        let args = [
            ("uses", self.uses.into()),
            ("rows", thousands(self.rows).into()),
            ("bytes", bytes(self.bytes).into()),
        ];
        context.msg("metering-cell", &args)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_contract_is_found_by_its_identifier() {
        let usage = json!([{"contractId": "C1", "meter": {"uses": 1, "rows": 2, "bytes": 3}}]);
        assert_eq!(usage_of(&usage, "C1"), Count { uses: 1, rows: 2, bytes: 3 });
        assert_eq!(usage_of(&usage, "C2"), Count::default());
    }
}
