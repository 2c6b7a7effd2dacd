//! Messages between nodes, right and wrong (docs/WIRE.md, 1): what each gets, and that a repeat gets what it got before.

use app::member::Speaker;
use crypto::{SigningKey, Suite};
use domain::id::{AreaCode, IdKind, NodeId, ProductId, SubjectCode};
use it::data;
use it::letter::{Answer, Draft, Letter, Voice};
use it::market;
use it::network::{Network, credit_code};
use ndi::envelope::Sender;
use serde_json::{Value, json};

const RESOLVE: &str = "/weir/v1/resolve";

/// A provider's connector that writes to its region.
struct Desk {
    network: Network,
    speaker: std::sync::Arc<Speaker>,
    region: NodeId,
}

impl Desk {
    async fn open() -> Desk {
        let network = Network::small().with_manual_clock().start().await;
        let speaker = network.node("providers").tenants()[0].clone();
        let region = network.node("region-1100").speaker().unwrap().id().clone();
        Desk { network, speaker, region }
    }

    fn voice(&self) -> Voice {
        Voice::of(&self.speaker)
    }

    fn address(&self) -> &str {
        self.network.site("region-1100").local()
    }

    /// A right message: who am I?
    fn draft(&self) -> Draft {
        self.draft_with(json!({"id": self.speaker.id()}))
    }

    fn draft_with(&self, body: Value) -> Draft {
        Draft::new(&self.voice(), &self.region, RESOLVE, body, self.network.now())
    }

    /// The answer without what differs from run to run.
    fn shown(&self, answer: &Answer, stranger: &Voice) -> String {
        let mut text = answer.to_string();
        let names = [
            (self.speaker.id().to_string(), "‹provider›"),
            (self.region.to_string(), "‹region›"),
            (stranger.from.to_string(), "‹stranger›"),
            (self.speaker.key.key_ref().to_string(), "‹provider's key›"),
            (stranger.key.key_ref().to_string(), "‹stranger's key›"),
            (spoilt(self.speaker.id().as_str()), "‹provider with a wrong check character›"),
        ];
        for (name, shown) in names {
            text = text.replace(&name, shown);
        }
        for before in ["check character `", "computed `"] {
            if let Some(at) = text.find(before).map(|at| at + before.len()) {
                text.replace_range(at..=at, "‹c›");
            }
        }
        text
    }
}

/// Somebody whom nobody certified.
fn stranger() -> Voice {
    let subject = SubjectCode::uscc(&credit_code(900)).unwrap();
    let area = AreaCode::parse("1100").unwrap();
    let id = NodeId::mint(IdKind::Connector, &subject, area, rand::random::<u64>).unwrap();
    Voice { from: Sender::Node(id), key: SigningKey::generate(Suite::Sm).unwrap() }
}

/// An identifier whose check character is another one.
fn spoilt(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

fn wrong_letters(desk: &Desk, stranger: &Voice) -> Vec<(&'static str, Letter)> {
    let right = || desk.draft();
    let signed = || desk.draft().sign();
    let other_key = Voice { key: stranger.key.clone(), ..desk.voice() };
    let subject = Voice { from: Sender::Subject(desk.speaker.subject().clone()), ..desk.voice() };
    let provider = desk.speaker.id();
    let product =
        ProductId::mint(desk.speaker.subject(), AreaCode::parse("1100").unwrap(), rand::random::<u64>)
            .unwrap();
    let deep = format!(r#"{{"id": {}1{}}}"#, "[".repeat(40), "]".repeat(40));
    let large = format!(r#"{{"id": "{}"}}"#, "x".repeat(1 << 20));
    let ahead = right().timestamp_ms + 301_000;
    let behind = right().timestamp_ms - 301_000;
    vec![
        ("right", signed()),
        ("clock five minutes ahead", Draft { timestamp_ms: ahead, ..right() }.sign()),
        ("clock five minutes behind", Draft { timestamp_ms: behind, ..right() }.sign()),
        ("timestamp in seconds", signed().with("timestamp", "1772366400")),
        ("signature changed", signed().with_spoilt_signature()),
        ("signature of another body", signed().with_body(json!({"id": desk.region}).to_string())),
        ("signature that is none", signed().with("signValue", "zzzz")),
        ("signed with another key, named as such", Draft { voice: other_key, ..right() }.sign()),
        ("signed with another key, named as the right one", {
            let forged = Draft { voice: stranger.clone(), ..right() }.sign();
            let key = desk.speaker.key.key_ref().to_string();
            forged.with("weir-from", provider.as_str()).with("weir-key", &key)
        }),
        ("unknown sender", Draft { voice: stranger.clone(), ..right() }.sign()),
        ("a subject as sender", Draft { voice: subject, ..right() }.sign()),
        ("sender with a wrong check character", signed().with("weir-from", &spoilt(provider.as_str()))),
        ("no addressee", Draft { to: None, ..right() }.sign()),
        ("another addressee", Draft { to: Some(provider.clone()), ..right() }.sign()),
        ("another message's name", Draft { msgcode: Some("search".into()), ..right() }.sign()),
        ("another version", Draft { version: "2.0.0".into(), ..right() }.sign()),
        ("no sequence number", signed().without("sequenceNum")),
        ("a sequence number with a blank", signed().with("sequenceNum", "a b")),
        ("no timestamp", signed().without("timestamp")),
        ("no signature", signed().without("signValue")),
        ("no message name", signed().without("msgcode")),
        ("header too long", signed().with("sequenceNum", &"7".repeat(100))),
        ("headers too large", signed().with("signValue", &"7".repeat(9000))),
        ("no body", signed().with_body("")),
        ("body cut off", signed().with_body(r#"{"id": "5"#)),
        ("body that is no object", signed().with_body("[]")),
        ("body that is no JSON", signed().with_body("<id/>")),
        ("body not UTF-8", signed().with_body(b"{\"id\": \"\xff\"}".to_vec())),
        ("a key twice", signed().with_body(format!(r#"{{"id": "5", "id": "{provider}"}}"#))),
        ("nested too deep", signed().with_body(deep)),
        ("body too large", signed().with_body(large)),
        ("a field missing", desk.draft_with(json!({"name": "x"})).sign()),
        (
            "identifier with a wrong check character",
            desk.draft_with(json!({"id": spoilt(provider.as_str())})).sign(),
        ),
        ("identifier that is none", desk.draft_with(json!({"id": "5"})).sign()),
        ("identifier that nobody has", desk.draft_with(json!({"id": stranger.from.to_string()})).sign()),
        ("a message that nobody knows", Draft { path: "/weir/v1/sing".into(), ..right() }.sign()),
        ("a message for another kind of node", {
            let body = json!({"productId": product});
            Draft { path: "/weir/v1/productList".into(), ..desk.draft_with(body) }.sign()
        }),
    ]
}

/// The values of a refusal's case are those that stand in its sentence.
fn says_no_more_than_its_sentence(answer: &Answer) -> bool {
    let members = answer.data.as_object().unwrap();
    let stands = |value: &Value| match value {
        Value::String(text) => answer.message.contains(text.as_str()),
        other => answer.message.contains(&other.to_string()),
    };
    members.iter().all(|(name, value)| name == "case" || stands(value))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_wrong_message_gets_its_code_and_a_sentence() {
    let desk = Desk::open().await;
    let stranger = stranger();
    let mut table = String::new();
    for (what, letter) in wrong_letters(&desk, &stranger) {
        let answer = letter.send(desk.address()).await;
        table.push_str(&format!("{what}\n    {}\n", desk.shown(&answer, &stranger)));
        assert!(
            what == "right" || says_no_more_than_its_sentence(&answer),
            "{what}: a refusal gives nothing away, {answer:?}"
        );
    }
    insta::assert_snapshot!(table);
    let after = desk.draft().sign().send(desk.address()).await;
    assert_eq!(
        (after.code.as_str(), &after.data["kind"]),
        ("000000", &json!("connector")),
        "the node lives on"
    );
    desk.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_breaks_off_leaves_nothing_behind() {
    let desk = Desk::open().await;
    let letter = desk.draft().sign();
    let half = letter.send_cut(desk.address(), letter.body.len() / 2).await;
    assert!(half.is_empty() || half.starts_with("HTTP/1.1 4"), "{half}");
    let whole = letter.send(desk.address()).await;
    assert_eq!(whole.code, "000000", "the same message is still new: {whole}");
    desk.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_gets_the_same_answer_and_changes_nothing() {
    let desk = Desk::open().await;
    let provider = desk.network.member("provider");
    let file = data::csv(desk.network.folder(), "dongsi", 50);
    let product = market::register(&provider, &file, market::terms(None), "automatic").await;
    let region = desk.network.site("region-1100");
    let passed = region.proxy.passed("/weir/v1/productRegister");
    let [passed] = passed.as_slice() else { panic!("{} messages", passed.len()) };
    let replayed = Letter {
        path: passed.path.clone(),
        headers: passed.headers.iter().filter(|(name, _)| is_of_envelope(name)).cloned().collect(),
        body: passed.body.clone(),
    };

    let entries = async || region.manage().get("/status").await.ok()["logs"].clone();
    // Organisation, connector, resource and product: all have their number in the log.
    it::wait::wait_until("the product's entry", async || (entries().await[0]["size"] == 4).then_some(()))
        .await;
    let before = entries().await;
    let first = replayed.send(desk.address()).await;
    let second = replayed.send(desk.address()).await;
    assert_eq!(first.code, "000000");
    assert_eq!((&first, first.data["productId"].as_str()), (&second, Some(product.as_str())));
    assert_eq!(entries().await[0]["size"], before[0]["size"], "a repeat publishes nothing");

    // Signed anew under the same number it is a retry; with another body it is refused; a recording grows too old.
    let body: Value = serde_json::from_slice(&passed.body).unwrap();
    let retry = Draft {
        sequence: passed.header("sequenceNum").unwrap().to_owned(),
        ..Draft::new(&desk.voice(), &desk.region, &passed.path, body.clone(), desk.network.now())
    };
    desk.network.advance_secs(1);
    let again = Draft { timestamp_ms: desk.network.now().millis(), ..retry.clone() }
        .sign()
        .send(desk.address())
        .await;
    assert_eq!(again, first);
    let mut other = retry.clone();
    other.body["title"] = json!({"en": "Another title"});
    let refused = other.sign().send(desk.address()).await;
    assert_eq!((refused.status, refused.code.as_str()), (409, "300101"), "{refused}");
    desk.network.advance_secs(301);
    let stale = replayed.send(desk.address()).await;
    assert_eq!((stale.status, stale.code.as_str()), (400, "200006"), "{stale}");
    desk.network.end().await;
}

fn is_of_envelope(name: &str) -> bool {
    ndi::envelope::HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_kept_for_repeats_as_well() {
    let desk = Desk::open().await;
    let unknown = stranger();
    let draft = desk.draft_with(json!({"id": unknown.from.to_string()}));
    let first = draft.sign().send(desk.address()).await;
    assert_eq!((first.status, first.code.as_str()), (404, "300103"), "{first}");
    assert_eq!(draft.sign().send(desk.address()).await, first);
    let mut other = draft.clone();
    other.body = json!({"id": desk.speaker.id()});
    assert_eq!(
        other.sign().send(desk.address()).await.code,
        "300101",
        "the number is used up by a refusal too"
    );
    desk.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_five_minutes_off_is_named_with_its_seconds() {
    let desk = Desk::open().await;
    desk.network.site("providers").skew_clock(301);
    let file = data::csv(desk.network.folder(), "tiantan", 20);
    let provider = desk.network.member("provider");
    let problem = provider.post("/resources", json!({"path": file})).await.problem();
    assert!(
        problem.contains("301 s ahead of")
            && problem.contains("at most 300 s")
            && problem.contains("set the clock"),
        "{problem}"
    );
    let doctor = provider.get("/doctor").await.ok();
    assert!(doctor.to_string().contains("301"), "the doctor sees it too: {doctor:#}");

    desk.network.site("providers").skew_clock(-301);
    let resource = provider.post("/resources", json!({"path": file})).await.ok();
    assert_eq!(resource["state"], "registered", "with the clock set, the same works: {resource:#}");
    desk.network.end().await;
}
