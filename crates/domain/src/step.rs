//! What a lifecycle answers: the next state, the messages to send, the evidence to log.
//!
//! The caller commits the three in one transaction. Numbering evidence, addressing messages and retrying them are left to
//! the store and the application.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::codes::TerminateType;
use crate::contract::{PartyRef, PartySignature, ProductRef, Role};
use crate::id::{ContractId, NodeId, ProductId, ResourceId, SubjectCode};
use crate::terms::Terms;

/// The result of one input to a lifecycle.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<S> {
    /// The object after the input; unchanged where the input was a repeat.
    pub next: S,
    /// Messages to send, in this order.
    pub outbox: Vec<Outbound>,
    /// Facts to log, in this order.
    pub evidence: Vec<Evidence>,
}

impl<S> Step<S> {
    /// Nothing happened: the input was a repeat.
    #[must_use]
    pub const fn unchanged(next: S) -> Self {
        Self { next, outbox: Vec::new(), evidence: Vec::new() }
    }

    /// A step with one piece of evidence and no message.
    #[must_use]
    pub fn logged(next: S, evidence: Evidence) -> Self {
        Self { next, outbox: Vec::new(), evidence: vec![evidence] }
    }

    /// The same step with one more message.
    #[must_use]
    pub fn send(mut self, message: Outbound) -> Self {
        self.outbox.push(message);
        self
    }

    /// The same step with one more piece of evidence.
    #[must_use]
    pub fn log(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Whether the input was a repeat that left no trace.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.outbox.is_empty() && self.evidence.is_empty()
    }

    /// The same step with another object around the state.
    #[must_use]
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Step<T> {
        Step { next: wrap(self.next), outbox: self.outbox, evidence: self.evidence }
    }
}

/// A message to send. Holds everything that its sender needs but keys and addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outbound {
    /// Ask the platform for a contract id: `/contractCreate`, to the service node that lists the product or the provider's
    /// region node.
    CreateContract(Box<CreateContract>),
    /// A round, an acceptance (the peer's own terms, no signature) or signatures: `/contractNegotiate`, to the peer.
    Negotiate(Box<Negotiate>),
    /// The end: `/contractTerminate`, to the peer.
    Terminate(Box<Terminate>),
    /// Register a resource at the region or industry node.
    RegisterResource {
        /// Local key of the resource.
        key: String,
    },
    /// Revoke a resource there.
    RevokeResource {
        /// The resource.
        resource: ResourceId,
        /// Why.
        reason: String,
    },
    /// Register a product there, which gives its id.
    RegisterProduct {
        /// Local key of the product.
        key: String,
    },
    /// List a product on a service node.
    ListProduct {
        /// The product.
        product: ProductId,
        /// The service node.
        node: NodeId,
    },
    /// Take a product off a service node.
    DelistProduct {
        /// The product.
        product: ProductId,
        /// The service node.
        node: NodeId,
    },
    /// Withdraw a product from the catalogue.
    WithdrawProduct {
        /// The product.
        product: ProductId,
        /// Why.
        reason: String,
    },
}

/// Content of [`Outbound::CreateContract`] (TC609-6-2025-14, table B.3). Activation and end are the terms' time range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateContract {
    /// Local key, under which the answer is taken up.
    pub key: String,
    /// Name of the contract.
    pub name: String,
    /// Abstract.
    #[serde(rename = "abstract")]
    pub abstract_: String,
    /// What it is about.
    pub product: ProductRef,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
    /// Who initiates.
    pub issuer: Role,
    /// The first proposal.
    pub terms: Terms,
    /// When it was initiated.
    pub issued_at: Timestamp,
}

/// Content of [`Outbound::Negotiate`] (TC609-6-2025-14, table B.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Negotiate {
    /// The contract.
    pub contract: ContractId,
    /// Connector of the peer.
    pub to: NodeId,
    /// Name of the contract.
    pub name: String,
    /// Abstract.
    #[serde(rename = "abstract")]
    pub abstract_: String,
    /// What it is about.
    pub product: ProductRef,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
    /// The terms of this message: proposed, accepted or signed.
    pub terms: Terms,
    /// None in a round or acceptance; one from the first signer; both from the second.
    pub signatures: Vec<PartySignature>,
}

/// Content of [`Outbound::Terminate`] (TC609-6-2025-14, table B.7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terminate {
    /// The contract.
    pub contract: ContractId,
    /// Connector of the peer.
    pub to: NodeId,
    /// Name of the contract.
    pub name: String,
    /// Early or on expiry.
    pub kind: TerminateType,
    /// Why; the document has no field for it.
    pub reason: String,
    /// When it ended.
    pub issued_at: Timestamp,
    /// Start of the contract's time.
    pub activation: Timestamp,
    /// End of the contract's time as signed or last proposed.
    pub scheduled_end: Timestamp,
    /// The end that counts now; only where it is early.
    pub agreed_end: Option<Timestamp>,
    /// Connector that ends it.
    pub issuer: NodeId,
    /// Its subject.
    pub issuer_entity: SubjectCode,
}

/// A fact for the evidence log, written in the same transaction as the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What happened.
    pub kind: EvidenceKind,
    /// The object that it happened to: an id, or a local key where there is no id yet.
    pub subject: String,
    /// The contract that it belongs to, if any.
    pub contract: Option<ContractId>,
    /// The facts. Never a secret, and of a person never more than code and status.
    pub body: Value,
}

impl Evidence {
    /// Evidence about an object outside any contract.
    #[must_use]
    pub fn new(kind: EvidenceKind, subject: impl Into<String>, body: Value) -> Self {
        Self { kind, subject: subject.into(), contract: None, body }
    }

    /// Evidence about a contract.
    #[must_use]
    pub fn of_contract(kind: EvidenceKind, contract: &ContractId, body: Value) -> Self {
        Self { kind, subject: contract.to_string(), contract: Some(contract.clone()), body }
    }
}

crate::codes::code_table! {
    /// What a piece of evidence says. A closed list: a reader of the log knows every kind.
    EvidenceKind, "evidence kind";
    OrganisationRegistered = "organisation.registered", "主体登记", "organisation registered";
    OrganisationCertified = "organisation.certified", "主体认证", "organisation certified";
    OrganisationDeregistered = "organisation.deregistered", "主体注销", "organisation deregistered";
    NodeAdmitted = "node.admitted", "节点接入", "node admitted";
    NodeRemoved = "node.removed", "节点退出", "node removed";
    ConnectorAdmitted = "connector.admitted", "连接器接入", "connector admitted";
    ConnectorRemoved = "connector.removed", "连接器退出", "connector removed";
    ResourceCatalogued = "resource.catalogued", "资源编目", "resource catalogued";
    ResourceSubmitted = "resource.submitted", "资源提交登记", "resource submitted";
    ResourceRegistered = "resource.registered", "资源登记", "resource registered";
    ResourceRevoked = "resource.revoked", "资源撤销", "resource revoked";
    ProductDrafted = "product.drafted", "产品拟定", "product drafted";
    ProductSubmitted = "product.submitted", "产品提交登记", "product submitted";
    ProductRegistered = "product.registered", "产品登记", "product registered";
    ProductListing = "product.listing", "产品申请上架", "listing asked for";
    ProductListed = "product.listed", "产品上架", "product listed";
    ProductDelisted = "product.delisted", "产品下架", "product delisted";
    ProductWithdrawn = "product.withdrawn", "产品撤销", "product withdrawn";
    ContractInitiated = "contract.initiated", "合约发起", "contract initiated";
    ContractIdentified = "contract.identified", "合约赋码", "contract id received";
    ContractProposed = "contract.proposed", "合约提议", "terms proposed";
    ContractAccepted = "contract.accepted", "合约接受", "terms accepted";
    ContractSigned = "contract.signed", "合约签署", "contract signed";
    ContractPerforming = "contract.performing", "合约履行", "contract in force";
    ContractSigningFailed = "contract.signing-failed", "合约签署失败", "signing failed";
    ContractRejected = "contract.rejected", "合约拒绝", "contract rejected";
    ContractTerminated = "contract.terminated", "合约终止", "contract terminated";
    ContractExpired = "contract.expired", "合约到期", "contract expired";
    ContractIdGiven = "contract.id-given", "合约标识发放", "contract id given";
    UseOpened = "use.opened", "使用开始", "use opened";
    UseClosed = "use.closed", "使用完成", "use closed";
    UseIncomplete = "use.incomplete", "使用未完成", "use incomplete";
    UseRefused = "use.refused", "使用被拒", "use refused";
    WindowClosed = "window.closed", "计量窗口关闭", "usage window closed";
    WindowCountersigned = "window.countersigned", "计量窗口会签", "usage window counter-signed";
    WindowDisputed = "window.disputed", "计量窗口争议", "usage window disputed";
    KeyChanged = "key.changed", "密钥更换", "key changed";
    TrustChanged = "trust.changed", "信任变更", "trust changed";
    AdminAction = "admin.action", "管理操作", "administrator's action";
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use serde_json::json;

    use super::*;
    use crate::contract::{Contract, Input};
    use crate::testkit::{PRODUCT, contract_id, draft, now, terms};

    #[test]
    fn a_step_collects_in_order() {
        let delist = |reason: &str| Outbound::WithdrawProduct {
            product: ProductId::parse(PRODUCT).unwrap(),
            reason: reason.to_owned(),
        };
        let evidence = |kind| Evidence::new(kind, "k", json!({}));
        let step = Step::logged(7, evidence(EvidenceKind::KeyChanged))
            .send(delist("a"))
            .log(evidence(EvidenceKind::AdminAction))
            .send(delist("b"))
            .map(|number| number.to_string());
        assert_eq!(step.next, "7");
        assert_eq!(step.outbox, [delist("a"), delist("b")]);
        assert_eq!(
            step.evidence.iter().map(|e| e.kind.code()).collect::<Vec<_>>(),
            ["key.changed", "admin.action"]
        );
        assert!(!step.is_unchanged() && Step::unchanged(7).is_unchanged());
    }

    #[test]
    fn evidence_kinds_are_distinct_and_dotted() {
        let codes: std::collections::BTreeSet<_> = EvidenceKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), EvidenceKind::ALL.len());
        assert!(codes.iter().all(|code| code.split('.').count() == 2));
    }

    /// The outbox keeps messages as JSON until they are sent.
    #[test]
    fn messages_and_evidence_read_back_from_the_outbox() {
        let created = Contract::initiate(draft(Role::User), terms(), now()).unwrap();
        let proposed = created.next.clone().step(Input::IdAssigned { id: contract_id() }, now()).unwrap();
        let ended =
            proposed.next.clone().step(Input::Terminate { reason: "over".to_owned() }, now()).unwrap();
        let steps = [&created, &proposed, &ended];
        let names = ["createContract", "negotiate", "terminate"];
        for (step, name) in steps.into_iter().zip(names) {
            let json = serde_json::to_value(&step.outbox).unwrap();
            assert_eq!(json[0]["message"], name);
            assert_eq!(serde_json::from_value::<Vec<Outbound>>(json).unwrap(), step.outbox);
            let json = serde_json::to_string(&step.evidence).unwrap();
            assert_eq!(serde_json::from_str::<Vec<Evidence>>(&json).unwrap(), step.evidence);
        }
        let list = Outbound::ListProduct {
            product: ProductId::parse(PRODUCT).unwrap(),
            node: NodeId::parse(crate::testkit::NODE).unwrap(),
        };
        let json = serde_json::to_value(&list).unwrap();
        assert_eq!(json["message"], "listProduct");
        assert_eq!(serde_json::from_value::<Outbound>(json).unwrap(), list);
    }
}
