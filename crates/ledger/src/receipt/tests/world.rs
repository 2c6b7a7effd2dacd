//! A small world with real keys and certificates: a provider in a region of suite `sm`, a user in one of suite `intl`,
//! one root above both, and an evidence log for each.

use crypto::cert::{Authority, Chain, Roots, Subject, Validity, self_signed_ca};
use crypto::{LogKey, Sha256, SigningKey, Suite};
use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, LogIdentity};
use crate::contract::{ContractSignature, contract_digest};
use crate::leaf::{Entry, Salt};
use crate::note::NoteSigner;
use crate::receipt::{Endorsed, LogProof, Logged, Receipt, ReceiptKind, SignedContract};
use crate::tree::{Tree, leaf_hash};
use crate::window::{Countersignature, UseLeaf, Window, WindowStart, window_hash};

/// When certificates begin, in seconds.
pub(super) const BEGIN: i64 = 1_690_000_000;
/// When the first use was opened, in microseconds.
pub(super) const OPENED: i64 = 1_700_000_000_000_000;
/// When windows are closed, in microseconds.
pub(super) const CLOSED: i64 = 1_700_000_100_000_000;
/// When receipts are verified, in seconds.
pub(super) const NOW: i64 = 1_700_000_200;

/// Where the object stands among six entries of its log.
const INDEX: u64 = 3;

/// The providing organisation and its connector, of area 1100.
pub(super) const PROVIDER: (&str, &str) = ("911100006000373411", "5911100006000373411110000000001X");
/// The using organisation and its connector, of area 3100.
pub(super) const USER: (&str, &str) = ("913100001322105077", "5913100001322105077310000000002Y");

pub(super) struct World {
    pub roots: Roots,
    pub provider_region: Authority,
    pub user_region: Authority,
    pub provider: Member,
    pub user: Member,
}

/// An organisation with its connector and that connector's log.
#[derive(Clone)]
pub(super) struct Member {
    company: &'static str,
    org: &'static str,
    connector: &'static str,
    pub org_key: SigningKey,
    pub org_chain: Chain,
    pub connector_key: SigningKey,
    pub connector_chain: Chain,
    log: Vec<NoteSigner>,
}

pub(super) fn year() -> Validity {
    Validity::days(BEGIN, 365).unwrap()
}

fn subject(ou: &str, o: &str) -> Subject {
    Subject { cn: format!("{ou}.example"), ou: ou.into(), o: o.into() }
}

impl World {
    pub fn new() -> Self {
        let key = SigningKey::generate(Suite::Sm).unwrap();
        let certificate = self_signed_ca(&key, &subject("global", "Global"), year()).unwrap();
        let roots = Roots::new(vec![certificate.clone()]).unwrap();
        let root = Authority::root(key, certificate).unwrap();
        let region = |area, suite| {
            let name = &format!("2911100000000000011{area}000000000");
            let key = SigningKey::generate(suite).unwrap();
            let chain = root.issue_ca(&subject(name, area), key.public_key(), year(), 0).unwrap();
            Authority::intermediate(key, chain).unwrap()
        };
        let provider_region = region("1100", Suite::Sm);
        let user_region = region("3100", Suite::Intl);
        let provider = Member::new(("provider", "Provider Ltd"), PROVIDER, &provider_region);
        let user = Member::new(("user", "User Ltd"), USER, &user_region);
        Self { roots, provider_region, user_region, provider, user }
    }

    pub fn receipt(&self) -> Receipt {
        Draft::default().seal(self)
    }
}

impl Member {
    fn new(
        (name, company): (&'static str, &'static str),
        (org, connector): (&'static str, &'static str),
        region: &Authority,
    ) -> Self {
        let suite = region.key().suite();
        let certified = |id| {
            let key = SigningKey::generate(suite).unwrap();
            let subject = subject(id, company);
            let chain = region.issue_leaf(&subject, key.public_key(), year(), &[]).unwrap();
            (key, chain)
        };
        let (org_key, org_chain) = certified(org);
        let (connector_key, connector_chain) = certified(connector);
        let origin = format!("weir/{name}/evidence");
        let mut log = vec![NoteSigner::ed25519(&origin, LogKey::generate().unwrap()).unwrap()];
        if suite == Suite::Sm {
            log.push(NoteSigner::sm2(&origin, SigningKey::generate(Suite::Sm).unwrap()).unwrap());
        }
        Self { company, org, connector, org_key, org_chain, connector_key, connector_chain, log }
    }

    /// Certifies the connector's key anew, by this region and for this time.
    pub fn recertify_connector(&mut self, region: &Authority, validity: Validity) {
        let subject = subject(self.connector, self.company);
        let key = self.connector_key.public_key();
        self.connector_chain = region.issue_leaf(&subject, key, validity, &[]).unwrap();
    }

    /// Certifies the organisation's key anew, by this region.
    pub fn recertify_organisation(&mut self, region: &Authority) {
        let key = self.org_key.public_key();
        self.org_chain = region.issue_leaf(&subject(self.org, self.company), key, year(), &[]).unwrap();
    }

    /// Gives the connector a new key.
    pub fn renew_connector(&mut self, region: &Authority) {
        self.connector_key = SigningKey::generate(region.key().suite()).unwrap();
        self.recertify_connector(region, year());
    }

    pub fn log_identity(&self) -> LogIdentity {
        let mut keys = self.log.iter().map(|signer| signer.verifier().clone());
        LogIdentity::new(keys.next().unwrap(), keys.next()).unwrap()
    }

    /// Logs an entry among others, and proves it.
    pub fn log(&self, entry: Entry) -> LogProof {
        let mut leaves: Vec<_> = (0..5_u8).map(|i| leaf_hash(&[i])).collect();
        leaves.insert(usize::try_from(INDEX).unwrap(), entry.leaf_hash().unwrap());
        let tree = Tree::from_leaves(leaves).unwrap();
        let origin = self.log_identity().origin().to_owned();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        let signers: Vec<&NoteSigner> = self.log.iter().collect();
        LogProof {
            entry,
            index: INDEX,
            proof: tree.inclusion_proof(INDEX).unwrap(),
            checkpoint: checkpoint.sign(&signers).unwrap(),
        }
    }

    fn logged(&self, kind: &str, object: crypto::SignedObject) -> Logged {
        let entry = Entry::evidence(Salt::from_bytes([0xa5; 32]), kind, &object).unwrap();
        Logged { object, chain: self.connector_chain.clone(), log: self.log(entry) }
    }

    fn endorse(&self, contract: &Value) -> Endorsed {
        let signature = ContractSignature::of(contract, self.org, "2023-11-14T22:00:00+08:00").unwrap();
        Endorsed { object: signature.sign(&self.org_key).unwrap(), chain: self.org_chain.clone() }
    }
}

/// A receipt before anything in it is signed.
pub(super) struct Draft {
    pub contract: Value,
    pub uses: Vec<UseLeaf>,
    pub sequence: u64,
    pub closed_at: i64,
    /// What the provider writes into its window against better knowledge.
    pub lie: Option<fn(&mut Window)>,
}

impl Default for Draft {
    fn default() -> Self {
        let contract = json!({
            "type": "weir.contract/1",
            "contractId": "contract-1",
            "contractName": "空气质量 2013–2017",
            "provider": {"subject": PROVIDER.0, "connector": PROVIDER.1},
            "user": {"subject": USER.0, "connector": USER.1},
            "terms": {"action": "read", "count": 3, "fields": ["PM2.5", "O3"]},
        });
        Self { contract, uses: (1..=3).map(record).collect(), sequence: 2, closed_at: CLOSED, lie: None }
    }
}

fn record(sequence: u64) -> UseLeaf {
    let opened_at = OPENED + 1000 * i64::try_from(sequence).unwrap();
    UseLeaf {
        use_id: format!("use-{sequence}"),
        contract_id: "contract-1".into(),
        sequence,
        opened_at,
        closed_at: opened_at + 500,
        bytes: 100 * sequence,
        rows: 10 * sequence,
        digest: Some(Sha256::of(&sequence.to_be_bytes())),
        complete: true,
        fields: Some(vec!["PM2.5".into(), "O3".into()]),
    }
}

impl Draft {
    fn close(&self, world: &World) -> (Window, Tree) {
        let digest = contract_digest(&self.contract).unwrap();
        let start = WindowStart::first("contract-1", digest, world.provider.log_identity());
        let (mut window, tree) = Window::close(start, &self.uses, self.closed_at).unwrap();
        if let Some(lie) = self.lie {
            lie(&mut window);
        }
        (window, tree)
    }

    pub fn window(&self, world: &World) -> Window {
        self.close(world).0
    }

    /// Signs, counter-signs and logs everything properly.
    pub fn seal(&self, world: &World) -> Receipt {
        let (window, tree) = self.close(world);
        let signed = window.sign(&world.provider.connector_key).unwrap();
        let hash = window_hash(&signed).unwrap();
        let counter = Countersignature::of(&window, hash, self.closed_at + 1000, world.user.log_identity());
        let countersigned = counter.sign(&world.user.connector_key).unwrap();
        let position = self.sequence - 1;
        Receipt {
            kind: ReceiptKind::V1,
            record: self.uses[usize::try_from(position).unwrap()].clone(),
            path: tree.inclusion_proof(position).unwrap(),
            window: world.provider.logged("window.closed", signed),
            countersignature: world.user.logged("window.countersigned", countersigned),
            contract: SignedContract {
                body: self.contract.clone(),
                provider: world.provider.endorse(&self.contract),
                user: world.user.endorse(&self.contract),
            },
        }
    }
}
