//! The strategy of a negotiation (策略信息): TC609-6-2025-14, table B.4 and tables 5.1, 5.2, C.5, C.6.
//!
//! A strategy, its constraints and its extension refuse fields that they do not know: a term that is not understood must
//! not be agreed to.

use domain::id::{NodeId, ProductId, SubjectCode};
use domain::terms::Operator;
use serde_json::Value;

use crate::read::{Kind, List, Text, format_error, nested, parsed, terms_refused};
use crate::{Error, IsoTime, Message, Path, limits};

message! {
    /// What may be done with which product, where, and within which bounds (策略信息).
    pub struct Strategy: Closed {
        /// 标的信息.
        required subject_info: SubjectInfo = "subjectInfo" => nested::<SubjectInfo>();
        /// 策略执行节点信息.
        required execution_node_info: ExecutionNodeInfo = "executionNodeInfo" => nested::<ExecutionNodeInfo>();
        /// 操作行为: codes of table C.5.
        required actions: Vec<String> = "actions" => Actions;
        /// 约束条件.
        many constraints: Constraint = "constraints" => List(nested::<Constraint>(), limits::CONSTRAINTS);
        /// 扩展信息: JSON text, see [`PolicyExpansion`].
        optional policy_expansion: String = "policyExpansion" => Text(limits::EXPANSION_CHARS);
    }
}

message! {
    /// The contract's object (标的信息).
    pub struct SubjectInfo {
        /// 数据产品标识码.
        required data_product_id: ProductId = "dataProductId" => parsed::<ProductId>(65);
        /// 数据产品名称.
        optional data_product_name: String = "dataProductName" => Text(limits::NAME_CHARS);
    }
}

message! {
    /// The nodes that enforce the strategy (策略执行节点信息).
    pub struct ExecutionNodeInfo {
        /// 数据提供方指定执行节点标识.
        required provider_node_id: NodeId = "providerNodeId" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// 数据提供方指定执行节点名称.
        optional provider_node_name: String = "providerNodeName" => Text(limits::NAME_CHARS);
        /// 数据使用方指定执行节点标识.
        optional consumer_node_id: NodeId = "consumerNodeId" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// 数据使用方指定执行节点名称.
        optional consumer_node_name: String = "consumerNodeName" => Text(limits::NAME_CHARS);
    }
}

message! {
    /// One constraint (约束条件): a name of table 5.1, an operator of table 5.2, a value whose form depends on the name.
    pub struct Constraint: Closed {
        /// 约束名称.
        required constraint_name: String = "constraintName" => Text(limits::NAME_CHARS);
        /// 约束运算符.
        required constraint_operator: Operator = "constraintOperator" => OperatorText;
        /// 约束值.
        required constraint_value: String = "constraintValue" => ConstraintValue;
    }
}

message! {
    /// What the tables have no field for, as JSON text in `strategy.policyExpansion` (docs/WIRE.md, 5).
    pub struct PolicyExpansion: Closed {
        /// Summary of the contract, as in create.
        optional contract_abstract: String = "contractAbstract" => Text(1024);
        /// When the contract takes effect.
        optional activation_time: IsoTime = "activationTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// When it ends.
        optional end_time: IsoTime = "endTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// Subject code of the using organisation.
        optional user: SubjectCode = "user" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Subject code of the providing organisation.
        optional provider: SubjectCode = "provider" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Name of the using organisation.
        optional user_name: String = "userName" => Text(limits::NAME_CHARS);
        /// Name of the providing organisation.
        optional provider_name: String = "providerName" => Text(limits::NAME_CHARS);
    }
}

impl Strategy {
    /// Reads `policyExpansion`; without one, everything in it is absent.
    ///
    /// # Errors
    /// [`Error::Format`] where it is no JSON, else the field at fault, such as `strategy.policyExpansion.endTime`.
    pub fn expansion(&self, at: &Path<'_>) -> Result<PolicyExpansion, Error> {
        let at = at.key("policyExpansion");
        let text = self.policy_expansion.as_deref().unwrap_or("{}");
        let value: Value = serde_json::from_str(text)
            .map_err(|_| format_error(&at, &Value::String(text.to_owned()), "a JSON object as text"))?;
        PolicyExpansion::read_at(&value, &at)
    }
}

impl PolicyExpansion {
    /// The text to put into `policyExpansion`.
    ///
    /// # Errors
    /// A field outside its limits.
    pub fn to_text(&self) -> Result<String, Error> {
        Ok(self.to_body()?.to_string())
    }
}

/// A list of action codes; an empty list is as good as none.
struct Actions;

impl Kind for Actions {
    type Out = Vec<String>;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Vec<String>, Error> {
        let actions = List(Text(limits::NAME_CHARS), limits::ACTIONS).read(value, at)?;
        if actions.is_empty() { Err(Error::Empty { field: at.to_string() }) } else { Ok(actions) }
    }

    fn name(&self) -> &'static str {
        "list"
    }
}

/// An operator of table 5.2: written as two digits, read as digits or by the name that the document's examples use. The
/// table's length is 4; the longest name has 8 characters.
struct OperatorText;

impl Kind for OperatorText {
    type Out = Operator;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Operator, Error> {
        let text = Text(limits::NAME_CHARS).read(value, at)?;
        Operator::parse(&text).map_err(|refusal| terms_refused(at, refusal))
    }

    fn name(&self) -> &'static str {
        "code"
    }

    fn limit(&self) -> Option<usize> {
        Some(4)
    }
}

/// Text; a list, as the document's examples show for fields, is taken as its JSON text.
struct ConstraintValue;

impl Kind for ConstraintValue {
    type Out = String;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<String, Error> {
        match value {
            Value::Array(_) => {
                Text(limits::CONSTRAINT_VALUE_CHARS).read(&Value::String(value.to_string()), at)
            }
            _ => Text(limits::CONSTRAINT_VALUE_CHARS).read(value, at),
        }
    }

    fn name(&self) -> &'static str {
        "text"
    }

    fn limit(&self) -> Option<usize> {
        Some(limits::CONSTRAINT_VALUE_CHARS)
    }
}
