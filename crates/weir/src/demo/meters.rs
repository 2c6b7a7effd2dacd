//! Both sides' metering side by side: the table that the walk ends with.

use serde::Serialize;
use serde_json::Value;

use super::look::{at, list, number, text};
use crate::commands::{Context, closed};
use crate::problem::Result;
use crate::term::{Align, Table, size};

/// One side's count of a contract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Uses.
    pub uses: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What a side's `GET /usage` says of a contract.
pub fn usage_of(usage: &Value, contract: &str) -> Count {
    let found = list(usage).iter().find(|one| text(one, "contractId") == contract);
    let meter = found.map(|one| at(one, "meter")).unwrap_or(&Value::Null);
    Count { uses: number(meter, "uses"), rows: number(meter, "rows"), bytes: number(meter, "bytes") }
}

/// The table of both sides' meters.
pub struct Meters {
    table: Table,
    total: Total,
}

/// The sums of both sides, and whether every row of the table is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The providers'.
    pub provider: Count,
    /// The user's.
    pub user: Count,
    /// Whether both sides counted the same of each contract, and something.
    pub equal: bool,
}

impl Meters {
    /// An empty table.
    pub fn new(context: &Context) -> Meters {
        let heading = |key: &str| context.msg(key, &[]);
        let table = Table::new()
            .column(&heading("metering-product"), Align::Left)
            .column(&heading("metering-provider-side"), Align::Right)
            .column(&heading("metering-user-side"), Align::Right)
            .column(&heading("metering-equal"), Align::Left);
        Meters { table, total: Total { provider: Count::default(), user: Count::default(), equal: true } }
    }

    /// Adds what both sides counted of a contract.
    pub fn add(&mut self, context: &Context, name: &str, provider: Count, user: Count) {
        self.total.provider = self.total.provider.plus(provider);
        self.total.user = self.total.user.plus(user);
        self.total.equal &= is_same(provider, user);
        self.row(context, name, provider, user);
    }

    fn row(&mut self, context: &Context, name: &str, provider: Count, user: Count) {
        let key = if is_same(provider, user) { "metering-equal-yes" } else { "metering-equal-no" };
        let equal = context.msg(key, &[]);
        self.table.row([name.to_owned(), provider.words(context), user.words(context), equal]);
    }

    /// Prints the table with its totals, and answers them.
    ///
    /// # Errors
    /// Where the output is closed.
    pub fn print(mut self, context: &Context) -> Result<Total> {
        let total = self.total;
        self.row(context, &context.msg("metering-total", &[]), total.provider, total.user);
        if !context.out.is_json() {
            context.out.table(&self.table).map_err(closed)?;
        }
        Ok(total)
    }
}

fn is_same(provider: Count, user: Count) -> bool {
    provider == user && provider.uses > 0
}

impl Count {
    fn plus(self, other: Count) -> Count {
        Count { uses: self.uses + other.uses, rows: self.rows + other.rows, bytes: self.bytes + other.bytes }
    }

    fn words(self, context: &Context) -> String {
        let args =
            [("uses", self.uses.into()), ("rows", self.rows.into()), ("bytes", size(self.bytes).into())];
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

    #[test]
    fn sums_that_agree_do_not_hide_rows_that_differ() {
        let (context, captured) = crate::testing::context(&[]);
        let (one, two) = (Count { uses: 1, rows: 2, bytes: 3 }, Count { uses: 1, rows: 3, bytes: 3 });
        let mut meters = Meters::new(&context);
        meters.add(&context, "a", one, two);
        meters.add(&context, "b", two, one);
        let total = meters.print(&context).unwrap();
        assert_eq!((total.provider, total.user, total.equal), (total.user, total.provider, false));
        assert_eq!(captured.out().matches("NO").count(), 2, "{}", captured.out());
    }

    #[test]
    fn nothing_counted_is_not_agreement() {
        let (context, _) = crate::testing::context(&[]);
        let mut meters = Meters::new(&context);
        meters.add(&context, "a", Count::default(), Count::default());
        assert!(!meters.print(&context).unwrap().equal);
    }
}
