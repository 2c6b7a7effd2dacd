//! Contract messages from and to the domain: TC609-6-2025-14, annex B; docs/WIRE.md, 5.
//!
//! A refusal gets the path of the field that caused it, such as `strategy.constraints[2].constraintValue`. The triples of
//! terms are the domain's ([`domain::terms::constraint`]).

use crypto::{PublicKey, Signature, SigningKey};
use domain::contract::{ContractBody, Input, PartyRef, PartySignature, ProductRef, SignatureBody};
use domain::id::{NodeId, SubjectCode};
use domain::terms::{self, Terms, TermsRefusal};
use domain::{CreateContract, Negotiate, Terminate};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Constraint, ContractNegotiate, ExecutionNodeInfo, PolicyExpansion, SignMode, SignatureEntry, Strategy,
    SubjectInfo,
};
use crate::read::{refused, terms_refused};
use crate::{Error, IsoTime, Path};

const NAME: &str = "constraintName";
const OPERATOR: &str = "constraintOperator";
const VALUE: &str = "constraintValue";

/// The fields of a create message but its signature (table B.3). Without an abstract the contract's name stands for it, since
/// the table requires one. Sign with [`sign_fields`].
///
/// # Errors
/// [`Error::Write`] where a value has no JSON form, which does not happen.
pub fn create_fields(create: &CreateContract) -> Result<Value, Error> {
    let issuer = match create.issuer {
        domain::contract::Role::Provider => &create.provider,
        domain::contract::Role::User => &create.user,
    };
    let summary = if create.abstract_.is_empty() { &create.name } else { &create.abstract_ };
    Ok(json!({
        "contractName": create.name,
        "contractAbstract": summary,
        "issueTime": text(&IsoTime(create.issued_at))?,
        "activationTime": text(&IsoTime(create.terms.time.start()))?,
        "endTime": text(&IsoTime(create.terms.time.end()))?,
        "signMode": SignMode::PeerToPeer.code(),
        "issuerId": issuer.connector.to_string(),
        "issuerEntityId": issuer.subject.to_string(),
    }))
}

/// The fields of a terminate message but its signature (table B.7). The table has no field for the reason. Sign with
/// [`sign_fields`].
///
/// # Errors
/// [`Error::Write`] where a value has no JSON form, which does not happen.
pub fn terminate_fields(terminate: &Terminate) -> Result<Value, Error> {
    let mut fields = json!({
        "contractName": terminate.name,
        "contractId": terminate.contract.to_string(),
        "issueTime": text(&IsoTime(terminate.issued_at))?,
        "erminateType": terminate.kind.code(),
        "activationTime": text(&IsoTime(terminate.activation))?,
        "scheduledEndTime": text(&IsoTime(terminate.scheduled_end))?,
        "issuerId": terminate.issuer.to_string(),
        "issuerEntityId": terminate.issuer_entity.to_string(),
    });
    if let (Some(end), Some(map)) = (terminate.agreed_end, fields.as_object_mut()) {
        map.insert("agreedEndTime".to_owned(), text(&IsoTime(end))?);
    }
    Ok(fields)
}

/// Adds `signature` to the fields of a create or terminate message: the organisation's, over [`signed_fields`].
///
/// # Errors
/// [`Error::Write`] where the key cannot sign.
pub fn sign_fields(mut fields: Value, key: &SigningKey) -> Result<Value, Error> {
    let signature = key.sign(&signed_fields(&fields)?).map_err(|error| Error::Write(error.to_string()))?;
    if let Some(map) = fields.as_object_mut() {
        map.insert("signature".to_owned(), Value::String(signature.to_string()));
    }
    Ok(fields)
}

/// Whether the organisation's key signed a create or terminate message, given as it was received.
///
/// # Errors
/// [`Error::Signature`].
pub fn verify_fields(body: &Value, signature: &Signature, key: &PublicKey) -> Result<(), Error> {
    let refused = || Error::Signature { field: "signature", key: key.key_ref().to_string() };
    key.verify(&signed_fields(body)?, signature).map_err(|_| refused())
}

/// The bytes that `signature` covers in create and terminate: the RFC 8785 form of every other field, as sent.
///
/// # Errors
/// [`Error::Write`] where the body has a number that RFC 8785 cannot write.
pub fn signed_fields(body: &Value) -> Result<Vec<u8>, Error> {
    let mut body = body.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("signature");
    }
    crypto::jcs::to_vec(&body).map_err(|error| Error::Write(error.to_string()))
}

fn text<T: Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::Write(error.to_string()))
}

impl TryFrom<&Negotiate> for ContractNegotiate {
    type Error = Error;

    fn try_from(negotiate: &Negotiate) -> Result<Self, Error> {
        let time = negotiate.terms.time;
        let expansion = PolicyExpansion {
            contract_abstract: present(&negotiate.abstract_),
            activation_time: Some(IsoTime(time.start())),
            end_time: Some(IsoTime(time.end())),
            user: Some(negotiate.user.subject.clone()),
            provider: Some(negotiate.provider.subject.clone()),
            user_name: present(&negotiate.user.name),
            provider_name: present(&negotiate.provider.name),
        };
        let strategy = Strategy {
            subject_info: SubjectInfo {
                data_product_id: negotiate.product.id.clone(),
                data_product_name: present(&negotiate.product.name),
            },
            execution_node_info: ExecutionNodeInfo {
                provider_node_id: negotiate.provider.connector.clone(),
                provider_node_name: None,
                consumer_node_id: Some(negotiate.user.connector.clone()),
                consumer_node_name: None,
            },
            actions: vec![negotiate.terms.action.code().to_owned()],
            constraints: constraints_of(&negotiate.terms)?,
            policy_expansion: Some(expansion.to_text()?),
        };
        Ok(Self {
            contract_name: negotiate.name.clone(),
            contract_id: negotiate.contract.clone(),
            strategy,
            signature_list: negotiate.signatures.iter().map(SignatureEntry::from).collect(),
        })
    }
}

impl ContractNegotiate {
    /// What the message says, as sent to the connector `to`. Signatures are taken as signatures of exactly this contract
    /// with these terms; whether they hold is for the caller to verify.
    ///
    /// # Errors
    /// [`Error::Terms`] for terms that cannot be kept; the path of a field that the document lets out and a contract between
    /// connectors needs; parties that contradict each other.
    pub fn to_domain(&self, to: NodeId) -> Result<Negotiate, Error> {
        let at = Path::ROOT.key("strategy");
        let terms = self.strategy.terms(&at)?;
        let expansion = self.strategy.expansion(&at)?;
        expansion.check_times(&terms, &at)?;
        let (provider, user) = self.strategy.parties(&expansion, &at)?;
        let product = &self.strategy.subject_info;
        let mut negotiate = Negotiate {
            contract: self.contract_id.clone(),
            to,
            name: self.contract_name.clone(),
            abstract_: expansion.contract_abstract.unwrap_or_default(),
            product: ProductRef {
                id: product.data_product_id.clone(),
                name: product.data_product_name.clone().unwrap_or_default(),
            },
            provider,
            user,
            terms,
            signatures: Vec::new(),
        };
        negotiate.signatures = self.signatures(&negotiate)?;
        Ok(negotiate)
    }

    fn signatures(&self, negotiate: &Negotiate) -> Result<Vec<PartySignature>, Error> {
        let at = Path::ROOT.key("signatureList");
        let contract = contract_body(negotiate);
        let entries = self.signature_list.iter().enumerate();
        entries.map(|(index, entry)| entry.to_domain(&contract, &at.index(index))).collect()
    }
}

/// The contract that a negotiation's message is about, as both organisations sign it.
pub fn contract_body(negotiate: &Negotiate) -> ContractBody {
    ContractBody {
        type_: Default::default(),
        contract_id: negotiate.contract.clone(),
        contract_name: negotiate.name.clone(),
        product: negotiate.product.clone(),
        provider: negotiate.provider.clone(),
        user: negotiate.user.clone(),
        terms: negotiate.terms.clone(),
    }
}

/// What a peer's message means for the contract: signatures if there are any, else terms.
pub fn peer_input(negotiate: &Negotiate) -> Input {
    if negotiate.signatures.is_empty() {
        Input::PeerProposed { terms: negotiate.terms.clone() }
    } else {
        Input::PeerSigned(negotiate.signatures.clone())
    }
}

impl From<&PartySignature> for SignatureEntry {
    fn from(signature: &PartySignature) -> Self {
        Self {
            entity_id: Some(signature.body.entity_id.clone()),
            signature: Some(signature.signature),
            signatory_time: Some(IsoTime(signature.body.signatory_time)),
        }
    }
}

impl SignatureEntry {
    /// The signature of a party under `contract`. The table has all three fields optional; a signature needs them.
    fn to_domain(&self, contract: &ContractBody, at: &Path<'_>) -> Result<PartySignature, Error> {
        let entity = needed(self.entity_id.as_ref(), at, "entityId")?;
        let signature = needed(self.signature.as_ref(), at, "signature")?;
        let time = needed(self.signatory_time.as_ref(), at, "signatoryTime")?;
        let body: SignatureBody =
            contract.signature_body(entity.clone(), time.0).map_err(|refusal| refused(at, refusal))?;
        Ok(PartySignature { body, signature: *signature })
    }
}

impl Strategy {
    /// The terms that actions and constraints say.
    ///
    /// # Errors
    /// [`Error::Terms`] with the path of the action or constraint that cannot be understood or enforced.
    pub fn terms(&self, at: &Path<'_>) -> Result<Terms, Error> {
        let triples: Vec<terms::Constraint> = self.constraints.iter().map(terms::Constraint::from).collect();
        Terms::from_constraints(&self.actions, &triples).map_err(|refusal| self.locate(at, &refusal))
    }

    fn locate(&self, at: &Path<'_>, refusal: &TermsRefusal) -> Error {
        let (name, part) = match refusal {
            TermsRefusal::UnknownAction(_)
            | TermsRefusal::UnsupportedAction(_)
            | TermsRefusal::ActionCount(_) => {
                return terms_refused(&at.key("actions"), refusal.clone());
            }
            TermsRefusal::UnknownConstraint(_) => (None, NAME),
            TermsRefusal::UnsupportedConstraint(name) | TermsRefusal::Duplicate(name) => (Some(*name), NAME),
            TermsRefusal::UnsupportedOperator { name, .. } => (Some(*name), OPERATOR),
            TermsRefusal::BadValue { name, .. } => (Some(*name), VALUE),
            other => match other.dimension().and_then(terms::Dimension::constraint) {
                Some(name) => (Some(name), VALUE),
                None => return terms_refused(&at.key("constraints"), refusal.clone()),
            },
        };
        let parse = |constraint: &Constraint| terms::ConstraintName::parse(&constraint.constraint_name).ok();
        // The last one: of two with one name, the second is the one too many.
        match self.constraints.iter().rposition(|constraint| parse(constraint) == name) {
            Some(index) => terms_refused(&at.key("constraints").index(index).key(part), refusal.clone()),
            None => terms_refused(&at.key("constraints"), refusal.clone()),
        }
    }

    /// Provider and user: connectors from the execution nodes, subjects and names from the extension. A subject that the
    /// extension does not name is the connector's own.
    fn parties(&self, expansion: &PolicyExpansion, at: &Path<'_>) -> Result<(PartyRef, PartyRef), Error> {
        let nodes = &self.execution_node_info;
        let consumer =
            needed(nodes.consumer_node_id.as_ref(), &at.key("executionNodeInfo"), "consumerNodeId")?;
        let at = at.key("policyExpansion");
        let provider = party(
            &nodes.provider_node_id,
            &expansion.provider,
            &expansion.provider_name,
            &at.key("provider"),
        )?;
        let user = party(consumer, &expansion.user, &expansion.user_name, &at.key("user"))?;
        Ok((provider, user))
    }
}

fn party(
    connector: &NodeId,
    subject: &Option<SubjectCode>,
    name: &Option<String>,
    at: &Path<'_>,
) -> Result<PartyRef, Error> {
    let owner = connector.subject();
    match subject {
        Some(subject) if *subject != owner => {
            Err(refused(at, format!("`{subject}` does not own the connector `{connector}`, `{owner}` does")))
        }
        _ => Ok(PartyRef {
            connector: connector.clone(),
            name: name.clone().unwrap_or_else(|| owner.to_string()),
            subject: owner,
        }),
    }
}

impl PolicyExpansion {
    /// Activation and end, where they are named, are those of the time constraint: two truths would be one too many.
    fn check_times(&self, terms: &Terms, at: &Path<'_>) -> Result<(), Error> {
        let at = at.key("policyExpansion");
        let times = [
            ("activationTime", self.activation_time, terms.time.start()),
            ("endTime", self.end_time, terms.time.end()),
        ];
        for (name, named, meant) in times {
            if let Some(named) = named.filter(|named| named.0 != meant) {
                let reason =
                    format_args!("`{named}` is not `{meant}`, which the time constraint says").to_string();
                return Err(terms_refused(&at.key(name), reason));
            }
        }
        Ok(())
    }
}

impl From<&Constraint> for terms::Constraint {
    fn from(constraint: &Constraint) -> Self {
        Self {
            name: constraint.constraint_name.clone(),
            operator: constraint.constraint_operator.code().to_owned(),
            value: constraint.constraint_value.clone(),
        }
    }
}

/// The constraints of these terms, as they are written.
///
/// # Errors
/// [`Error::Terms`] for an operator outside table 5.2, which the domain does not produce.
pub fn constraints_of(terms: &Terms) -> Result<Vec<Constraint>, Error> {
    let constraint = |(index, triple): (usize, terms::Constraint)| {
        let list = Path::ROOT.key("constraints");
        let operator = terms::Operator::parse(&triple.operator)
            .map_err(|refusal| terms_refused(&list.index(index).key(OPERATOR), refusal))?;
        Ok(Constraint {
            constraint_name: triple.name,
            constraint_operator: operator,
            constraint_value: triple.value,
        })
    };
    terms.to_constraints().into_iter().enumerate().map(constraint).collect()
}

fn present(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn needed<'v, T>(value: Option<&'v T>, at: &Path<'_>, name: &str) -> Result<&'v T, Error> {
    value.ok_or_else(|| Error::Empty { field: at.key(name).to_string() })
}
