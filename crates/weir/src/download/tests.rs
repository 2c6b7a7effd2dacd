//! Downloads that are cut, killed, spoilt, refused and repeated: one use each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::places::extension;
use super::sink::Sink;
use super::*;
use crate::term::Unit;
use crate::testing::{Reply, Request, Server, command, context, node};

pub(crate) const DATA: &[u8] = b"year,PM2.5\n2013,4\n2014,8\n2015,7\n";
pub(crate) const HASTE: Patience = Patience { tries_max: 3, pause: Duration::ZERO };

pub(crate) fn sha256() -> String {
    crypto::Sha256::of(DATA).to_string()
}

/// The bytes from the offset that was asked for, under the use that was asked for.
fn delivery(request: &Request) -> Reply {
    let offset: usize = request.query("offset").unwrap().parse().unwrap();
    let status = if offset > 0 { 206 } else { 200 };
    described(request, Reply { status, headers: vec![], body: DATA[offset..].to_vec(), cut: None })
}

fn described(request: &Request, reply: Reply) -> Reply {
    reply
        .with("weir-use", request.query("use").unwrap())
        .with("weir-digest", sha256())
        .with("weir-bytes", DATA.len())
        .with("weir-rows", 3)
        .with("content-type", "text/csv; charset=utf-8")
}

/// What is not data: what arrived is taken, the receipt is there.
fn rest(request: &Request) -> Reply {
    match request.method.as_str() {
        "POST" => Reply { status: 204, headers: vec![], body: vec![], cut: None },
        _ => Reply::json(200, &json!({"type": "weir.receipt/1"})),
    }
}

fn is_data(request: &Request) -> bool {
    request.route().ends_with("/data")
}

/// A folder, a node that answers as the test says, and a client of it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    pub server: Server,
    pub client: Client,
}

impl Desk {
    pub async fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(answer).await;
        let client = Client::new(&node(folder.path(), server.address), None).unwrap();
        Desk { folder, server, client }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    async fn get(&self, options: &[&str]) -> Result<Arrived> {
        let file = self.path("air.csv");
        let line = [&["get", "C1", "-o", file.to_str().unwrap()], options].concat();
        let crate::cli::Command::Get(args) = command(&line) else { panic!("not a download") };
        let order = Order {
            contract: &args.contract,
            use_id: args.use_id.as_deref(),
            file: args.output.as_deref(),
            force: args.force,
            patience: HASTE,
        };
        self.order(&order).await
    }

    async fn order(&self, order: &Order<'_>) -> Result<Arrived> {
        let (context, _) = context(&[]);
        to_file(&self.client, &context, order, &context.out.progress("", None, Unit::Bytes)).await
    }

    /// What a process leaves that was killed between giving the file its name and forgetting the use.
    pub fn left_named(&self) {
        let file = self.path("air.csv");
        std::fs::write(&file, DATA).unwrap();
        let state = State { complete: Some(file), ..state() };
        std::fs::write(self.path("air.csv.part.json"), serde_json::to_vec(&state).unwrap()).unwrap();
    }

    /// The uses under which data were asked for, and the offsets.
    pub fn asked(&self) -> Vec<(String, String)> {
        let asked = self.server.seen().into_iter().filter(is_data);
        asked.map(|request| (request.query("use").unwrap(), request.query("offset").unwrap())).collect()
    }

    /// What a killed process leaves: the beginning of the data, and the state.
    fn left_behind(&self, part: &[u8], state: &State) {
        std::fs::write(self.path("air.csv.part"), part).unwrap();
        std::fs::write(self.path("air.csv.part.json"), serde_json::to_vec(state).unwrap()).unwrap();
    }
}

fn state() -> State {
    State {
        sha256: Some(sha256()),
        bytes: Some(DATA.len() as u64),
        rows: Some(3),
        ..State::new("C1", "use-1".into())
    }
}

pub(crate) fn honest(request: &Request) -> Reply {
    if is_data(request) { delivery(request) } else { rest(request) }
}

#[tokio::test]
async fn a_whole_download_leaves_the_file_and_its_use_until_that_is_forgotten() {
    let desk = Desk::new(honest).await;
    let arrived = desk.get(&[]).await.unwrap();
    assert_eq!((arrived.bytes, arrived.rows, &arrived.sha256), (DATA.len() as u64, Some(3), &sha256()));
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
    assert!(!desk.has("air.csv.part") && desk.has("air.csv.part.json"));
    arrived.forget().unwrap();
    assert!(!desk.has("air.csv.part.json"));
    let seen = desk.server.seen();
    assert_eq!(seen[1].route(), format!("POST /manage/v1/contracts/C1/uses/{}/received", arrived.use_id));
    assert_eq!(seen[1].body, json!({"bytes": DATA.len(), "sha256": sha256()}));
    assert_eq!(arrived.use_id.len(), 32);
}

#[tokio::test]
async fn the_progress_goes_on_from_where_it_stands_and_gets_a_total_where_it_has_none() {
    let desk = Desk::new(honest).await;
    let (context, _) = context(&[]);
    let (file, length) = (desk.path("air.csv"), DATA.len() as u64);
    let order =
        Order { contract: "C1", use_id: Some("use-1"), file: Some(&file), force: true, patience: HASTE };
    let alone = context.out.progress("", None, Unit::Bytes);
    to_file(&desk.client, &context, &order, &alone).await.unwrap().forget().unwrap();
    assert_eq!((alone.position(), alone.total()), (length, Some(length)));
    let shared = context.out.progress("", Some(1000), Unit::Bytes);
    shared.add(100);
    to_file(&desk.client, &context, &order, &shared).await.unwrap();
    assert_eq!((shared.position(), shared.total()), (100 + length, Some(1000)));
}

#[tokio::test]
async fn a_broken_connection_is_taken_up_where_it_broke_under_the_same_use() {
    let requests = AtomicUsize::new(0);
    let desk = Desk::new(move |request| match is_data(request) {
        true if requests.fetch_add(1, Ordering::SeqCst) < 2 => Reply { cut: Some(10), ..delivery(request) },
        _ => honest(request),
    })
    .await;
    let got = desk.get(&[]).await.unwrap();
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
    let asked = desk.asked();
    assert!(asked.iter().all(|(use_id, _)| *use_id == got.use_id), "{asked:?}");
    assert_eq!(asked.iter().map(|(_, offset)| offset.as_str()).collect::<Vec<_>>(), ["0", "10", "20"]);
}

#[tokio::test]
async fn a_node_that_breaks_off_again_and_again_is_given_up_and_the_part_stays() {
    let desk = Desk::new(|request| match is_data(request) {
        true if request.query("offset").unwrap() == "0" => Reply { cut: Some(10), ..delivery(request) },
        true => Reply { cut: Some(0), ..delivery(request) },
        false => rest(request),
    })
    .await;
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unreachable, "get-interrupted"));
    assert_eq!(std::fs::read(desk.path("air.csv.part")).unwrap(), &DATA[..10]);
    let kept: State =
        serde_json::from_slice(&std::fs::read(desk.path("air.csv.part.json")).unwrap()).unwrap();
    assert_eq!(failure.message.arg("use"), Some(kept.use_id.as_str()));
    assert_eq!(kept.sha256, Some(sha256()));
    assert!(!desk.has("air.csv"));
}

#[tokio::test]
async fn a_killed_download_goes_on_under_its_use() {
    let desk = Desk::new(honest).await;
    desk.left_behind(&DATA[..7], &state());
    let got = desk.get(&[]).await.unwrap();
    assert_eq!(got.use_id, "use-1");
    assert_eq!(desk.asked(), [("use-1".to_owned(), "7".to_owned())]);
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
}

#[tokio::test]
async fn killed_before_the_first_answer_it_still_has_its_use() {
    let desk = Desk::new(honest).await;
    desk.left_behind(b"", &State::new("C1", "use-1".into()));
    assert_eq!(desk.get(&[]).await.unwrap().use_id, "use-1");
    assert_eq!(desk.asked(), [("use-1".to_owned(), "0".to_owned())]);
}

#[tokio::test]
async fn killed_after_the_last_byte_nothing_is_asked_for_again() {
    let desk = Desk::new(honest).await;
    desk.left_behind(DATA, &state());
    desk.get(&[]).await.unwrap();
    assert_eq!(desk.asked(), []);
    assert_eq!(desk.server.routes()[0], "POST /manage/v1/contracts/C1/uses/use-1/received");
}

#[tokio::test]
async fn killed_after_the_file_got_its_name_nothing_is_asked_for_again() {
    let desk = Desk::new(honest).await;
    desk.left_named();
    assert_eq!(desk.get(&[]).await.unwrap().use_id, "use-1");
    assert_eq!(desk.asked(), []);
}

#[tokio::test]
async fn a_spoilt_beginning_is_not_trusted_and_the_whole_comes_again_under_the_same_use() {
    let desk = Desk::new(honest).await;
    desk.left_behind(b"\0\0\0\0\0\0\0", &state());
    desk.get(&[]).await.unwrap();
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
    let expected =
        [("use-1", "7"), ("use-1", "0")].map(|(use_id, offset)| (use_id.to_owned(), offset.to_owned()));
    assert_eq!(desk.asked(), expected);
}

#[tokio::test]
async fn a_part_longer_than_the_whole_begins_anew() {
    let desk = Desk::new(honest).await;
    desk.left_behind(&[DATA, DATA].concat(), &state());
    desk.get(&[]).await.unwrap();
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
    assert_eq!(desk.asked(), [("use-1".to_owned(), "0".to_owned())]);
}

#[tokio::test]
async fn a_node_that_ignores_the_offset_sends_the_whole() {
    let desk = Desk::new(|request| match is_data(request) {
        true => described(request, Reply { status: 200, headers: vec![], body: DATA.to_vec(), cut: None }),
        false => rest(request),
    })
    .await;
    desk.left_behind(&DATA[..7], &state());
    desk.get(&[]).await.unwrap();
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
}

#[tokio::test]
async fn bytes_that_do_not_have_the_digest_get_no_name() {
    let desk = Desk::new(|request| match is_data(request) {
        true => {
            let mut body = DATA.to_vec();
            body[0] ^= 1;
            described(request, Reply { status: 200, headers: vec![], body, cut: None })
        }
        false => rest(request),
    })
    .await;
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unverified, "error-digest"));
    assert!(!desk.has("air.csv") && !desk.has("air.csv.part"));
    assert!(desk.has("air.csv.part.json"), "the use is spent and stays known");
    assert!(
        desk.server.routes().iter().all(|route| route.ends_with("/data")),
        "nothing was reported as received"
    );
}

#[tokio::test]
async fn more_bytes_than_announced_are_refused() {
    let desk = Desk::new(|request| match is_data(request) {
        true => {
            described(request, Reply { status: 200, headers: vec![], body: [DATA, b"x"].concat(), cut: None })
        }
        false => rest(request),
    })
    .await;
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unverified, "get-too-long"));
}

#[tokio::test]
async fn a_source_that_changed_in_between_is_refused() {
    let desk = Desk::new(honest).await;
    desk.left_behind(&DATA[..7], &State { sha256: Some("00".repeat(32)), ..state() });
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unverified, "get-changed"));
    assert_eq!(std::fs::read(desk.path("air.csv.part")).unwrap(), &DATA[..7], "nothing was added");
}

#[tokio::test]
async fn a_file_that_is_there_is_refused_before_a_use_is_spent() {
    let desk = Desk::new(honest).await;
    std::fs::write(desk.path("air.csv"), "mine").unwrap();
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Refused, "get-exists"));
    assert!(desk.server.seen().is_empty());
    assert!(!desk.has("air.csv.part.json"));
    desk.get(&["--force"]).await.unwrap();
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
}

#[tokio::test]
async fn without_a_name_the_file_is_called_after_the_contract() {
    let desk = Desk::new(honest).await;
    let base = desk.path("C1");
    let places = Places {
        name: base.clone(),
        given: false,
        part: desk.path("C1.part"),
        state: desk.path("C1.part.json"),
    };
    assert_eq!(
        places.names(),
        ["csv", "parquet", "bin"].map(|extension| desk.path(&format!("C1.{extension}")))
    );
    let begun = Begun { state: State::new("C1", "u".into()), fresh: true };
    let (context, _) = context(&[]);
    let progress = context.out.progress("", None, Unit::Bytes);
    let mut transfer = Transfer::to_part(&desk.client, &places, begun, HASTE, &progress).unwrap();
    transfer.run_checked().await.unwrap();
    let (file, state) = super::name(transfer, &places, false).unwrap();
    assert_eq!(file, desk.path("C1.csv"));
    assert_eq!(state.extension.as_deref(), Some("csv"));
    assert_eq!(extension("application/vnd.apache.parquet"), "parquet");
    assert_eq!(extension(""), "bin");
    assert_eq!(plain_name("C1/../x y•"), "C1----x-y-");
}

#[tokio::test]
async fn a_part_of_another_contract_or_use_is_left_alone() {
    let desk = Desk::new(honest).await;
    desk.left_behind(&DATA[..7], &State::new("C2", "use-2".into()));
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Refused, "get-other-part"));
    desk.left_behind(&DATA[..7], &state());
    assert_eq!(desk.get(&["--use", "use-9"]).await.unwrap_err().message.key, "get-other-part");
    assert!(desk.server.seen().is_empty());
    desk.get(&["--use", "use-1"]).await.unwrap();
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_named() {
    let desk = Desk::new(honest).await;
    for text in ["", "{}", "{\"type\": \"weir.part/2\"}"] {
        std::fs::write(desk.path("air.csv.part.json"), text).unwrap();
        let failure = desk.get(&[]).await.unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "get-state"));
    }
}

#[tokio::test]
async fn a_refused_use_leaves_nothing_behind() {
    let desk = Desk::new(|_| {
        Reply::json(409, &json!({"code": "use-refused", "detail": "count", "limit": 1, "actual": 2}))
    })
    .await;
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.problem_code()), (Exit::Refused, Some("use-refused")));
    assert!(!desk.has("air.csv.part") && !desk.has("air.csv.part.json"));
    // A use that had begun is another matter: it counts, so it stays known.
    desk.left_behind(&DATA[..7], &state());
    assert_eq!(desk.get(&[]).await.unwrap_err().exit, Exit::Refused);
    assert!(desk.has("air.csv.part") && desk.has("air.csv.part.json"));
}

#[tokio::test]
async fn a_use_whose_first_answer_is_not_known_stays_known() {
    let refused = || Reply::json(409, &json!({"code": "state", "detail": "ended"}));
    // The provider did not answer in time, and may have counted; then it refuses.
    let asked = AtomicUsize::new(0);
    let desk = Desk::new(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::json(504, &json!({"code": "peer-timeout", "detail": "late"})),
        _ => refused(),
    })
    .await;
    assert_eq!(desk.get(&[]).await.unwrap_err().exit, Exit::Refused);
    assert!(desk.has("air.csv.part.json"));
    // Another process asked before it was killed.
    let desk = Desk::new(move |_| refused()).await;
    desk.left_behind(b"", &State::new("C1", "use-1".into()));
    assert_eq!(desk.get(&[]).await.unwrap_err().exit, Exit::Refused);
    assert!(desk.has("air.csv.part.json"));
    // Away all the time: nothing is known about the use either.
    let desk = Desk::new(|_| Reply::json(502, &json!({"code": "peer-unreachable", "detail": "away"}))).await;
    assert_eq!(desk.get(&[]).await.unwrap_err().exit, Exit::Unreachable);
    assert_eq!(desk.asked().len(), 3, "tries_max");
    assert!(desk.has("air.csv.part.json"));
}

#[tokio::test]
async fn two_downloads_into_one_file_do_not_mix() {
    let desk = Desk::new(honest).await;
    desk.left_behind(&DATA[..7], &state());
    let held = Sink::open(&desk.path("air.csv.part")).unwrap();
    let failure = desk.get(&[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Refused, "get-busy"));
    drop(held);
    desk.get(&[]).await.unwrap();
}

#[test]
fn use_ids_are_well_formed_and_do_not_repeat() {
    let (a, b) = (new_use_id(), new_use_id());
    assert_ne!(a, b);
    assert!(a.len() <= 64 && a.bytes().all(|b| b.is_ascii_alphanumeric()));
}

#[tokio::test]
async fn what_could_cost_another_use_or_cannot_be_written_is_refused_before_anyone_is_asked() {
    let desk =
        Desk::new(|request: &Request| if is_data(request) { delivery(request) } else { rest(request) }).await;
    let (context, _) = context(&[]);
    let ask = async |name: &str| {
        let file = desk.path(name);
        let order = Order { contract: "C1", use_id: None, file: Some(&file), force: false, patience: HASTE };
        let progress = context.out.progress("", None, Unit::Bytes);
        to_file(&desk.client, &context, &order, &progress).await.unwrap_err()
    };
    std::fs::write(desk.path("air.csv.part"), "year").unwrap();
    let alone = ask("air.csv").await;
    assert_eq!((alone.exit, alone.message.key), (Exit::Refused, "get-part-alone"));
    assert_eq!(std::fs::read(desk.path("air.csv.part")).unwrap(), b"year", "it stays");
    let long = ask(&"y".repeat(250)).await;
    assert_eq!((long.exit, long.message.key), (Exit::BadInput, "get-name-too-long"));
    assert!(desk.server.routes().is_empty());
}
