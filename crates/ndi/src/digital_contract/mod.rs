//! Contract messages: TC609-6-2025-14, annex B, tables B.3, B.4 and B.7; docs/WIRE.md, 5.
//!
//! Create, negotiate, terminate; templates, filing and performance reports come later. Lengths are the document's where it
//! gives one, else of [`crate::limits`]. The document's misprint `erminateType` is written, and both spellings are read.
//! What the tables have no field for rides in `strategy.policyExpansion` as JSON text: [`PolicyExpansion`].
//!
//! Signatures in these messages are texts `<suite>:<hex>`; what they cover is [`signed_fields`] for create and
//! terminate. Whether they hold is the caller's to check.

mod convert;
mod strategy;

use crypto::Signature;
use domain::id::{ContractId, NodeId, SubjectCode};

use crate::limits;
use crate::read::{List, Text, nested, one_of, parsed};
use crate::{Error, IsoTime, Path};

pub use convert::{
    constraints_of, contract_body, create_fields, peer_input, sign_fields, signed_fields, terminate_fields,
    verify_fields,
};
pub use domain::codes::{SignMode, TerminateType};
pub use strategy::{Constraint, ExecutionNodeInfo, PolicyExpansion, Strategy, SubjectInfo};

/// `msgcode` and path of the creating message.
pub const CREATE: &str = "contractCreate";
/// `msgcode` and path of the negotiating message.
pub const NEGOTIATE: &str = "contractNegotiate";
/// `msgcode` and path of the ending message.
pub const TERMINATE: &str = "contractTerminate";

codes! {
    /// Outcome of an interface: annex B (执行结果状态).
    pub enum ResultStatus {
        /// Done; in a negotiation: agreed.
        Success = "0",
        /// Not done; in a negotiation: not agreed, the other side's message follows.
        Failure = "1",
    }
}

message! {
    /// Request of `/contractCreate` (合约发起): table B.3.
    pub struct ContractCreate {
        /// 合约名称.
        required contract_name: String = "contractName" => Text(128);
        /// 合约简介.
        required contract_abstract: String = "contractAbstract" => Text(1024);
        /// 创建时间.
        required issue_time: IsoTime = "issueTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 生效时间.
        required activation_time: IsoTime = "activationTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 终止时间.
        required end_time: IsoTime = "endTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 发起模式.
        required sign_mode: SignMode = "signMode" => parsed::<SignMode>(2);
        /// 发起主体标识码: the initiating connector or service node.
        required issuer_id: NodeId = "issuerId" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// 发起用户主体标识码: the initiating organisation.
        required issuer_entity_id: SubjectCode = "issuerEntityId" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// 签名: the organisation's, over the other fields.
        required signature: Signature = "signature" => parsed::<Signature>(limits::SIGNATURE_CHARS);
    }
}

message! {
    /// Response of `/contractCreate`: table B.3.
    pub struct ContractCreated {
        /// 合约标识码.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(47);
        /// 执行结果状态: created, or not.
        required creation_flag: ResultStatus = "creationFlag" => one_of::<ResultStatus>(2);
    }
}

message! {
    /// Request of `/contractNegotiate` (合约协商): table B.4.
    pub struct ContractNegotiate {
        /// 合约名称.
        required contract_name: String = "contractName" => Text(128);
        /// 合约标识码.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(47);
        /// 策略信息: the terms of this round.
        required strategy: Strategy = "strategy" => nested::<Strategy>();
        /// 合约签署信息: at the final confirmation only.
        many signature_list: SignatureEntry = "signatureList" => List(nested::<SignatureEntry>(), limits::SIGNATURES);
    }
}

message! {
    /// One signature of a contract (合约签署信息): table B.4, item 4. The table has all three optional.
    pub struct SignatureEntry {
        /// 签署主体标识.
        optional entity_id: SubjectCode = "entityId" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// 签名: over the contract's digest.
        optional signature: Signature = "signature" => parsed::<Signature>(limits::SIGNATURE_CHARS);
        /// 签署时间.
        optional signatory_time: IsoTime = "signatoryTime" => parsed::<IsoTime>(limits::TIME_CHARS);
    }
}

message! {
    /// Response of `/contractNegotiate`: table B.4.
    pub struct ContractNegotiated {
        /// 执行结果状态: agreed with these terms as they are, or not.
        required negotiation_status: ResultStatus = "negotiationStatus" => one_of::<ResultStatus>(2);
    }
}

message! {
    /// Request of `/contractTerminate` (合约终止): table B.7.
    pub struct ContractTerminate {
        /// 合约名称.
        required contract_name: String = "contractName" => Text(128);
        /// 合约标识码.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(47);
        /// 解除时间.
        required issue_time: IsoTime = "issueTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 解除类型; the table prints it without its first letter.
        required terminate_type: TerminateType = "erminateType" | "terminateType" => parsed::<TerminateType>(4);
        /// 合约生效时间.
        required activation_time: IsoTime = "activationTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 合约原终止时间.
        required scheduled_end_time: IsoTime = "scheduledEndTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 合约约定终止时间: required where the end is early.
        optional agreed_end_time: IsoTime = "agreedEndTime" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// 发起主体标识码.
        required issuer_id: NodeId = "issuerId" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// 发起用户主体标识码.
        required issuer_entity_id: SubjectCode = "issuerEntityId" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// 签名: the organisation's, over the other fields.
        required signature: Signature = "signature" => parsed::<Signature>(limits::SIGNATURE_CHARS);
    }
    check early_end_is_named;
}

message! {
    /// Response of `/contractTerminate`: table B.7.
    pub struct ContractTerminated {
        /// 执行结果状态: ended, or not.
        required status: ResultStatus = "status" => one_of::<ResultStatus>(2);
    }
}

/// Table B.7: the agreed end is mandatory for an early one.
fn early_end_is_named(message: &ContractTerminate, at: &Path<'_>) -> Result<(), Error> {
    if message.terminate_type == TerminateType::Early && message.agreed_end_time.is_none() {
        return Err(Error::Empty { field: at.key("agreedEndTime").to_string() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
