//! Terms as the document's triples: name, operator, value (TC609-6-2025-14, 6.2.2.5, tables 5, C.6).
//!
//! | dimension | constraintName | operator written | also read | value |
//! |---|---|---|---|---|
//! | count | `count` | `11` lteq | `10` lt | `"1"` |
//! | time | `time` | `09` isPartOf | `05` isA | `"start--end"`, ISO 8601 |
//! | fields | `dataField` | `07` isAnyOf | `09` isPartOf, `05` isA, `01` eq | JSON list of names; one name with `01` |
//! | region | `region` | `07` isAnyOf | the same | JSON list of codes; one code with `01` |
//! | user | `expansionItem` | `07` isAnyOf | the same, but `01` | JSON object `{"user": [codes]}` |
//!
//! `isA` is read because the document's examples use it for lists and ranges. Operators are written as codes and read as
//! codes or names. Whatever else a policy says is refused by name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Action, Terms, TermsRefusal, excerpt};
use crate::codes::code_table;
use crate::id::{AreaCode, SubjectCode};
use crate::{TimeRange, limits};

code_table! {
    /// Name of a constraint, spelt as the document prints it (`dateRecord` is its spelling).
    ConstraintName, "constraint";
    Time = "time", "时间范围", "time range";
    TimeWindow = "timeWindow", "时间窗口", "time window";
    Region = "region", "限制地域", "region";
    NetworkAddress = "networkAddress", "网络地址", "network address";
    PhysicalAddress = "physicalAddress", "物理地址", "machine";
    Count = "count", "使用次数", "number of uses";
    Frequency = "frequency", "使用频次", "frequency of use";
    DataSize = "dataSize", "数据规模", "volume";
    DataRecord = "dateRecord", "数据记录数", "number of records";
    DataField = "dataField", "数据字段", "fields";
    ValueExpression = "valueExpression", "数据字段值", "values of fields";
    Application = "application", "应用程序", "application";
    Algorithm = "algorithm", "算法", "algorithm";
    MachineLearningModels = "machineLearningModels", "机器学习模型", "machine learning model";
    ExecutionEnv = "executionEnv", "执行环境", "execution environment";
    EncryptMode = "encryptMode", "加密方式", "plain or encrypted use";
    DeliveryMethod = "deliveryMethod", "交付方式", "delivery method";
    PayAmount = "payAmount", "交易金额", "amount to pay";
    ExpansionItem = "expansionItem", "扩展信息", "other";
}

code_table! {
    /// Operator of a constraint: the observed value stands on its left, the constraint's value on its right.
    Operator, "operator";
    Eq = "01", "等于", "eq";
    Gt = "02", "大于", "gt";
    Gteq = "03", "大于或等于", "gteq";
    HasPart = "04", "包含部分", "hasPart";
    IsA = "05", "属于实例", "isA";
    IsAllOf = "06", "全部属于", "isAllOf";
    IsAnyOf = "07", "任意属于", "isAnyOf";
    IsNoneOf = "08", "不属于", "isNoneOf";
    IsPartOf = "09", "属于部分", "isPartOf";
    Lt = "10", "小于", "lt";
    Lteq = "11", "小于或等于", "lteq";
    Neq = "12", "不等于", "neq";
}

impl ConstraintName {
    /// Reads a name as the document spells it; the meant spelling `dataRecord` is read too.
    ///
    /// # Errors
    /// [`TermsRefusal::UnknownConstraint`].
    pub fn parse(text: &str) -> Result<Self, TermsRefusal> {
        let spelt = if text == "dataRecord" { "dateRecord" } else { text };
        Self::from_code(spelt).map_err(|_| TermsRefusal::UnknownConstraint(excerpt(text)))
    }
}

impl Operator {
    /// Reads a code (`11`) or a name (`lteq`).
    ///
    /// # Errors
    /// [`TermsRefusal::UnknownOperator`].
    pub fn parse(text: &str) -> Result<Self, TermsRefusal> {
        let found = Self::ALL.iter().find(|operator| operator.code() == text || operator.name_en() == text);
        found.copied().ok_or_else(|| TermsRefusal::UnknownOperator(excerpt(text)))
    }
}

/// One constraint as the wire carries it: three texts, not yet understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Constraint {
    /// `constraintName`.
    pub name: String,
    /// `constraintOperator`.
    pub operator: String,
    /// `constraintValue`.
    pub value: String,
}

impl Constraint {
    fn new(name: ConstraintName, operator: Operator, value: String) -> Self {
        Self { name: name.code().to_owned(), operator: operator.code().to_owned(), value }
    }
}

/// The value of the user constraint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserValue {
    user: BTreeSet<SubjectCode>,
}

impl Terms {
    /// The constraints of these terms, in the order time, count, fields, region, user. The action goes beside them.
    #[must_use]
    pub fn to_constraints(&self) -> Vec<Constraint> {
        let mut triples =
            vec![Constraint::new(ConstraintName::Time, Operator::IsPartOf, self.time.to_string())];
        if let Some(count) = self.count {
            triples.push(Constraint::new(ConstraintName::Count, Operator::Lteq, count.to_string()));
        }
        if let Some(fields) = &self.fields {
            triples.push(Constraint::new(ConstraintName::DataField, Operator::IsAnyOf, json_text(fields)));
        }
        if let Some(regions) = &self.regions {
            triples.push(Constraint::new(ConstraintName::Region, Operator::IsAnyOf, json_text(regions)));
        }
        if let Some(users) = &self.users {
            let value = json_text(&UserValue { user: users.clone() });
            triples.push(Constraint::new(ConstraintName::ExpansionItem, Operator::IsAnyOf, value));
        }
        triples
    }

    /// The terms that actions and constraints of a policy say, checked as [`Terms::check`] does.
    ///
    /// # Errors
    /// [`TermsRefusal`] that names the action, constraint, operator or value.
    pub fn from_constraints<S: AsRef<str>>(
        actions: &[S],
        triples: &[Constraint],
    ) -> Result<Self, TermsRefusal> {
        let [action] = actions else { return Err(TermsRefusal::ActionCount(actions.len())) };
        let action = Action::parse(action.as_ref())?;
        let (limit, actual) = (limits::CONSTRAINTS_MAX, triples.len());
        if actual > limit {
            return Err(TermsRefusal::TooLarge { what: "the number of constraints", limit, actual });
        }
        let mut read = Read::default();
        triples.iter().try_for_each(|triple| read.take(triple))?;
        let time = read.time.ok_or(TermsRefusal::Missing(ConstraintName::Time))?;
        let terms = Self {
            action,
            count: read.count,
            time,
            fields: read.fields,
            regions: read.regions,
            users: read.users,
        };
        terms.check()?;
        Ok(terms)
    }
}

/// Sets and codes always have a JSON form, so that the default is never taken.
fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The dimensions that were read so far.
#[derive(Default)]
struct Read {
    time: Option<TimeRange>,
    count: Option<u64>,
    fields: Option<BTreeSet<String>>,
    regions: Option<BTreeSet<AreaCode>>,
    users: Option<BTreeSet<SubjectCode>>,
}

impl Read {
    fn take(&mut self, triple: &Constraint) -> Result<(), TermsRefusal> {
        let name = ConstraintName::parse(&triple.name)?;
        let operator = Operator::parse(&triple.operator)?;
        let value = Value { name, operator, text: &triple.value };
        value.check_length()?;
        match name {
            ConstraintName::Time => put(&mut self.time, name, value.time()?),
            ConstraintName::Count => put(&mut self.count, name, value.count()?),
            ConstraintName::DataField => put(&mut self.fields, name, value.fields()?),
            ConstraintName::Region => put(&mut self.regions, name, value.regions()?),
            ConstraintName::ExpansionItem => put(&mut self.users, name, value.users()?),
            other => Err(TermsRefusal::UnsupportedConstraint(other)),
        }
    }
}

fn put<T>(slot: &mut Option<T>, name: ConstraintName, value: T) -> Result<(), TermsRefusal> {
    if slot.is_some() {
        return Err(TermsRefusal::Duplicate(name));
    }
    *slot = Some(value);
    Ok(())
}

/// The right side of one constraint.
struct Value<'a> {
    name: ConstraintName,
    operator: Operator,
    text: &'a str,
}

impl Value<'_> {
    fn check_length(&self) -> Result<(), TermsRefusal> {
        let limit = limits::CONSTRAINT_VALUE_CHARS_MAX;
        match limits::too_long(self.text, limit) {
            Some(actual) => {
                Err(TermsRefusal::TooLarge { what: "the length of a constraint's value", limit, actual })
            }
            None => Ok(()),
        }
    }

    fn bad(&self, expected: &'static str) -> TermsRefusal {
        TermsRefusal::BadValue { name: self.name, value: excerpt(self.text), expected }
    }

    fn unsupported(&self, supported: &'static str) -> TermsRefusal {
        TermsRefusal::UnsupportedOperator { name: self.name, operator: self.operator, supported }
    }

    fn time(&self) -> Result<TimeRange, TermsRefusal> {
        match self.operator {
            Operator::IsPartOf | Operator::IsA => TimeRange::parse(self.text)
                .map_err(|_| self.bad("`start--end` in ISO 8601 with the end after the start")),
            _ => Err(self.unsupported("`09` isPartOf")),
        }
    }

    fn count(&self) -> Result<u64, TermsRefusal> {
        let expected = "a whole number such as `10`, without a unit";
        let number = || self.text.parse::<u64>().map_err(|_| self.bad(expected));
        match self.operator {
            Operator::Lteq => number(),
            // Fewer than none is nothing: the check of the terms refuses a count of zero.
            Operator::Lt => number().map(|count| count.saturating_sub(1)),
            _ => Err(self.unsupported("`11` lteq")),
        }
    }

    fn fields(&self) -> Result<BTreeSet<String>, TermsRefusal> {
        self.set("a JSON list of field names, such as `[\"PM2.5\"]`", |text| Some(text.to_owned()))
    }

    fn regions(&self) -> Result<BTreeSet<AreaCode>, TermsRefusal> {
        self.set("a JSON list of region codes, such as `[\"3100\"]`", |text| AreaCode::parse(text).ok())
    }

    fn users(&self) -> Result<BTreeSet<SubjectCode>, TermsRefusal> {
        let expected = "a JSON object with one list of subject codes, such as `{\"user\": [\"91…\"]}`";
        match self.operator {
            Operator::IsAnyOf | Operator::IsPartOf | Operator::IsA => {
                serde_json::from_str::<UserValue>(self.text)
                    .map(|value| value.user)
                    .map_err(|_| self.bad(expected))
            }
            _ => Err(self.unsupported("`07` isAnyOf")),
        }
    }

    /// A list of texts, each turned into an item; with `eq` the whole value is the only item.
    fn set<T: Ord>(
        &self,
        expected: &'static str,
        item: impl Fn(&str) -> Option<T>,
    ) -> Result<BTreeSet<T>, TermsRefusal> {
        let texts = match self.operator {
            Operator::IsAnyOf | Operator::IsPartOf | Operator::IsA => {
                serde_json::from_str::<Vec<String>>(self.text).map_err(|_| self.bad(expected))?
            }
            Operator::Eq => vec![self.text.to_owned()],
            _ => return Err(self.unsupported("`07` isAnyOf")),
        };
        texts.iter().map(|text| item(text).ok_or_else(|| self.bad(expected))).collect()
    }
}
