//! Every step, figure and fault of a verification has its words in both languages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use axum::extract::FromRequestParts as _;
use axum::http::Request;
use crypto::{Sha256, Suite};
use ledger::contract::Party;
use ledger::receipt::StepKind;
use ledger::window::UseLeaf;

use super::*;

pub(crate) fn every_fault() -> Vec<Fault> {
    let reason = || "<b>hostile</b>".to_owned();
    vec![
        Fault::Differs { field: "rows", expected: "1".to_owned(), actual: reason() },
        Fault::Unreadable { reason: reason() },
        Fault::NotIncluded { size: 4096 },
        Fault::Untrusted { reason: reason() },
        Fault::BadSignature { reason: reason() },
        Fault::NotLogged,
        Fault::Unsigned { origin: reason() },
        Fault::Forged { origin: reason() },
        Fault::FromFuture { signed: 1_800_000_000, now: 1_700_000_000 },
        Fault::NotChecked { because: StepKind::Window },
    ]
}

fn digest() -> Sha256 {
    Sha256::of(b"file")
}

fn party(name: &str) -> Party {
    Party { subject: format!("{name}-subject"), connector: format!("{name}-connector") }
}

fn detail(step: StepKind) -> Detail {
    let origin = || "weir/00/evidence".to_owned();
    match step {
        StepKind::Use => Detail::Use {
            use_id: "use-1".to_owned(),
            sequence: 1,
            bytes: 2_835_916,
            rows: 35_064,
            complete: true,
            digest: Some(digest()),
            opened_at: 1_767_225_600_000_000,
            closed_at: 1_767_225_601_000_000,
        },
        StepKind::Window => {
            Detail::Window { number: 1, first: 1, last: 2, uses: 2, complete: 2, bytes: 9, rows: 3 }
        }
        StepKind::Contract => Detail::Contract {
            contract_id: "C-1".to_owned(),
            digest: digest(),
            provider: party("provider"),
            user: party("user"),
        },
        StepKind::ProviderContract
        | StepKind::UserContract
        | StepKind::ProviderSignature
        | StepKind::UserSignature => Detail::Signature {
            signer: "9111".to_owned(),
            organisation: "<script>alert(1)</script>".to_owned(),
            suite: Suite::Sm,
            at: 1_767_225_602_000_000,
        },
        StepKind::ProviderInclusion | StepKind::UserInclusion => {
            Detail::Inclusion { origin: origin(), index: 0, size: 12 }
        }
        StepKind::ProviderCheckpoint | StepKind::UserCheckpoint => {
            Detail::Checkpoint { origin: origin(), size: 12, root: digest(), sm2: true }
        }
    }
}

fn report(failing: Option<Fault>) -> Report {
    let record = UseLeaf {
        use_id: "use-1".to_owned(),
        contract_id: "C-1".to_owned(),
        sequence: 1,
        opened_at: 0,
        closed_at: 1,
        bytes: 9,
        rows: 3,
        digest: None,
        complete: false,
        fields: None,
    };
    let mut steps: Vec<StepResult> =
        StepKind::ALL.map(|step| StepResult { step, ok: true, detail: detail(step) }).into();
    if let (Some(fault), Some(last)) = (failing, steps.last_mut()) {
        *last = StepResult { step: last.step, ok: false, detail: Detail::Failed { fault } };
    }
    Report { record, steps }
}

async fn page(address: &str) -> Page {
    let (mut parts, ()) = Request::get(address).body(()).unwrap().into_parts();
    let network = Arc::new(Network::new(Vec::new()));
    Page::from_request_parts(&mut parts, &network).await.unwrap()
}

fn html(page: &Page, report: &Report) -> String {
    let view = ReceiptPage {
        page,
        use_id: "use-1".to_owned(),
        contract: "C-1".to_owned(),
        contract_href: "/contracts/C-1".to_owned(),
        product: "<i>air</i>".to_owned(),
        is_genuine: report.ok(),
        verdict: verdict(page, report),
        steps: steps(page, report),
        download: "/receipts/C-1/use-1/receipt.json".to_owned(),
        file: file_name("use-1"),
        trust: "/trust.pem".to_owned(),
        command: "weir verify receipt-use-1.json --trust trust.pem".to_owned(),
    };
    view.render().unwrap()
}

#[tokio::test]
async fn a_genuine_receipt_shows_each_step_with_its_figures() {
    let page = page("/receipts/C-1/use-1?lang=en").await;
    let html = html(&page, &report(None));
    assert!(html.contains("Genuine: all 11 steps hold."), "{html}");
    assert_eq!(html.matches("<h3 class=\"good\">").count(), 11);
    for shown in
        ["35,064", "2.8 MB (2,835,916 bytes)", "Ed25519 and SM2", "2026-01-01 08:00:00", "weir/00/evidence"]
    {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(html.contains("weir verify receipt-use-1.json --trust trust.pem"));
    assert!(!html.contains("<script") && !html.contains("<i>"), "names are escaped");
    crate::tests::check_html(&html);
}

#[tokio::test]
async fn each_fault_says_in_both_languages_why_a_step_does_not_hold() {
    for lang in ["en", "zh"] {
        let page = page(&format!("/receipts/C-1/use-1?lang={lang}")).await;
        for fault in every_fault() {
            let html = html(&page, &report(Some(fault.clone())));
            assert_eq!(html.matches("<h3 class=\"bad\">").count(), 1, "{fault:?}");
            assert_eq!(html.matches("<h3 class=\"good\">").count(), 10);
            assert!(!html.contains("<b>"), "{fault:?} is escaped");
            assert!(!html.contains("fault-") && !html.contains("step-u"), "{fault:?} has its words");
        }
    }
    let page = page("/receipts/C-1/use-1?lang=zh").await;
    let html = html(&page, &report(Some(Fault::NotLogged)));
    assert!(html.contains("回执不真实：11 步中有 1 步未通过。"), "{html}");
}
