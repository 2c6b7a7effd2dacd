//! Commands as a whole: a command line in, requests and exit codes and output out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::json;

use super::*;
use crate::i18n::Lang;
use crate::testing::{Reply, Request, Server, context_in, node};
pub(crate) use crate::testing::{command, context};

/// Runs a command line against a server; the end, standard output, standard error, and what the server saw.
async fn run_against(
    args: &[&str],
    options: &[&str],
    answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> (Exit, String, String, Vec<Request>) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(answer).await;
    node(folder.path(), server.address);
    let config = folder.path().join("weir.toml");
    let (context, captured) = context(&[&["--config", config.to_str().unwrap()], options].concat());
    let exit = match dispatch(command(args), &context).await {
        Ok(exit) => exit,
        Err(failure) => report(&context, &failure),
    };
    (exit, captured.out(), captured.err(), server.seen())
}

#[tokio::test]
async fn a_registration_gives_the_code_alone_on_standard_output() {
    let answer =
        |_: &Request| Reply::json(201, &json!({"subject": "91", "name": "Station", "code": "weir1.abc"}));
    let (exit, out, err, seen) = run_against(
        &["org", "register", "91", "--name", "Station", "--runs", "region", "--area", "3100"],
        &[],
        answer,
    )
    .await;
    assert_eq!((exit, out.as_str()), (Exit::Ok, "weir1.abc\n"));
    assert!(err.contains("Station"), "{err}");
    assert_eq!(seen[0].route(), "POST /manage/v1/organisations");
    assert_eq!(seen[0].body, json!({"subject": "91", "name": "Station", "runs": "region", "area": "3100"}));
    assert_eq!(seen[0].authorization.as_deref(), Some("Bearer s3cret"));
}

#[tokio::test]
async fn programs_get_one_document_and_nothing_else() {
    let answer = |_: &Request| Reply::json(200, &json!([{"connector": "5A"}]));
    let (exit, out, err, seen) = run_against(&["connector", "list"], &["--json", "--as", "5A"], answer).await;
    assert_eq!((exit, out.as_str(), err.as_str()), (Exit::Ok, "[{\"connector\":\"5A\"}]\n", ""));
    assert_eq!(seen[0].query("as").as_deref(), Some("5A"));
}

#[tokio::test]
async fn each_refusal_has_its_exit_code_and_leaves_standard_output_empty() {
    let table = [
        (401, "unauthorised", Exit::Unauthorised),
        (404, "not-found", Exit::NotFound),
        (409, "contract-state", Exit::Refused),
        (503, "unavailable", Exit::Unreachable),
        (500, "internal", Exit::Failure),
    ];
    for (status, code, expected) in table {
        let answer = move |_: &Request| {
            Reply::json(
                status,
                &json!({"code": code, "title": "no", "detail": "not like this", "status": status}),
            )
        };
        let (exit, out, err, _) = run_against(&["contract", "sign", "C1"], &[], answer).await;
        assert_eq!((exit, out.as_str()), (expected, ""), "{status}");
        assert!(err.starts_with("error: "), "{err}");
        assert!(status == 401 || err.contains("not like this"), "{err}");
        assert!(!err.contains("s3cret"), "the token must not be shown: {err}");
    }
}

#[tokio::test]
async fn a_node_with_several_connectors_asks_for_the_option_that_names_one() {
    let answer = |_: &Request| {
        let (detail, case) = ("2 are hosted here", "several-connectors");
        Reply::json(400, &json!({"code": "input", "case": case, "count": 2, "field": "as", "detail": detail}))
    };
    let (exit, _, err, _) = run_against(&["resource", "list"], &[], answer).await;
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("--as") && err.contains("2 connectors are hosted here"), "{err}");
}

#[tokio::test]
async fn a_changed_source_is_told_once() {
    let answer = |_: &Request| {
        let twice = "5A refused: the source changed since it was catalogued: the source of `6A` changed since it was catalogued (300107)";
        Reply::json(
            409,
            &json!({"code": "source-changed", "title": "changed", "detail": twice, "case": "product-changed",
                "product": "6A", "peer": "5A", "peerCode": "300107", "reason": "twice over"}),
        )
    };
    let (exit, _, err, _) = run_against(&["contract", "sign", "C1"], &[], answer).await;
    assert_eq!((exit, err.matches("changed since").count()), (Exit::Refused, 1), "{err}");
}

#[tokio::test]
async fn a_status_as_a_connector_that_is_not_there_is_refused() {
    let answer = |request: &Request| match request.route().as_str() {
        "GET /manage/v1/status" => Reply::json(200, &json!({"id": "2A"})),
        _ => Reply::json(404, &json!({"code": "not-found", "detail": "there is no connector `zz`"})),
    };
    let (exit, out, err, _) = run_against(&["status"], &["--as", "zz"], answer).await;
    assert_eq!((exit, out.as_str()), (Exit::NotFound, ""), "{err}");
}

#[tokio::test]
async fn a_search_beyond_the_last_hit_says_how_many_there_are() {
    let answer = |_: &Request| Reply::json(200, &json!({"total": 7, "items": []}));
    let (exit, _, err, _) = run_against(&["search", "ozone", "--offset", "99"], &[], answer).await;
    assert_eq!(exit, Exit::Ok);
    assert!(err.contains("7 products are found") && !err.contains("Nothing"), "{err}");
}

#[tokio::test]
async fn programs_get_failures_as_json_on_standard_error() {
    let answer =
        |_: &Request| Reply::json(409, &json!({"code": "terms-refused", "detail": "count", "limit": 1}));
    let (exit, out, err, _) = run_against(&["contract", "accept", "C1"], &["--json"], answer).await;
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    let document: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(document["error"]["exit"], 6);
    assert_eq!(document["error"]["problem"]["code"], "terms-refused");
    assert_eq!(document["error"]["problem"]["limit"], 1);
}

#[tokio::test]
async fn a_node_that_does_not_run_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    node(folder.path(), free);
    let config = folder.path().join("weir.toml");
    for lang in Lang::ALL {
        let (context, captured) = context_in(lang, &["--config", config.to_str().unwrap()]);
        let failure = dispatch(command(&["status"]), &context).await.unwrap_err();
        assert_eq!(report(&context, &failure), Exit::Unreachable);
        assert!(
            captured.err().contains(&free.to_string()) && captured.err().contains("serve"),
            "{}",
            captured.err()
        );
    }
}

#[tokio::test]
async fn without_a_configuration_the_sentence_says_how_to_get_one() {
    let (context, _) = context(&["--config", "/nowhere/weir.toml"]);
    let failure = dispatch(command(&["status"]), &context).await.unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    let sentence = failure_sentence(&context, &failure);
    assert!(sentence.contains("/nowhere/weir.toml") && sentence.contains("init"), "{sentence}");
}

#[tokio::test]
async fn a_proposal_takes_the_offer_and_changes_what_the_flags_say() {
    let answer = |request: &Request| match request.route().as_str() {
        "GET /manage/v1/products/6A" => Reply::json(
            200,
            &json!({"id": "6A", "offer": {"action": "read", "count": 2, "from": "a", "to": "b"}}),
        ),
        "POST /manage/v1/contracts" => {
            Reply::json(201, &json!({"key": "k1", "contractId": null, "state": "01"}))
        }
        "GET /manage/v1/contracts/k1/wait" => Reply::json(200, &json!({"contractId": "C1", "state": "05"})),
        other => panic!("{other}"),
    };
    let args = ["contract", "propose", "6A", "--count", "1", "--sign", "on-agreement", "--wait", "5"];
    let (exit, out, _, seen) = run_against(&args, &[], answer).await;
    assert_eq!(exit, Exit::Ok);
    assert!(out.contains("C1") && out.contains("05 in force"), "{out}");
    let sent = &seen[1].body;
    assert_eq!(sent["terms"], json!({"action": "read", "count": 1, "from": "a", "to": "b"}));
    assert_eq!((&sent["sign"], &sent["product"]), (&json!("on_agreement"), &json!("6A")));
    assert_eq!(seen[2].query("state").as_deref(), Some("05"));
}

#[tokio::test]
async fn a_counter_proposal_starts_from_the_last_round() {
    let answer = |request: &Request| match request.route().as_str() {
        "GET /manage/v1/contracts/C1" => Reply::json(
            200,
            &json!({"terms": {"count": 9},
            "rounds": [{"terms": {"count": 3}}, {"terms": {"count": 2, "action": "read"}}]}),
        ),
        _ => Reply::json(
            200,
            &json!({"key": "k", "state": "02", "rounds": [{"by": "user", "terms": {"count": 1}}]}),
        ),
    };
    let (exit, out, _, seen) = run_against(&["contract", "counter", "C1", "--count", "1"], &[], answer).await;
    assert_eq!(exit, Exit::Ok);
    assert!(out.contains("round 1 user: at most 1 use"), "{out}");
    assert_eq!(seen[1].body, json!({"terms": {"count": 1, "action": "read"}}));
    let (exit, _, err, seen) =
        run_against(&["contract", "counter", "C1"], &[], |_| Reply::json(200, &json!({}))).await;
    assert_eq!((exit, seen.len()), (Exit::Usage, 0));
    assert!(err.contains("--count"), "{err}");
}

#[tokio::test]
async fn waiting_ends_when_the_contract_does() {
    for (state, timeout, expected) in
        [("06", "30", Exit::Refused), ("0302", "30", Exit::Refused), ("02", "0", Exit::Failure)]
    {
        let answer = move |_: &Request| Reply::json(200, &json!({"state": state}));
        let (exit, out, err, seen) =
            run_against(&["contract", "wait", "C1", "--timeout", timeout], &[], answer).await;
        assert_eq!((exit, out.as_str(), seen.len()), (expected, "", 1), "{state}");
        assert!(err.contains(state), "{err}");
    }
}

#[tokio::test]
async fn a_bad_file_is_named_and_the_rest_goes_on() {
    let data = tempfile::tempdir().unwrap();
    for name in ["a.csv", "b.csv", "c.csv"] {
        std::fs::write(data.path().join(name), "x\n").unwrap();
    }
    let answer = |request: &Request| {
        let path = request.body["path"].as_str().unwrap();
        if path.ends_with("b.csv") {
            return Reply::json(422, &json!({"code": "source", "detail": "line 3 has 2 fields"}));
        }
        Reply::json(201, &json!({"id": "7", "profile": {"columns": [{}], "rows": 1}}))
    };
    let (exit, out, err, seen) =
        run_against(&["resource", "add", data.path().to_str().unwrap(), "--encoding", "gbk"], &[], answer)
            .await;
    assert_eq!((exit, seen.len()), (Exit::BadInput, 3));
    assert!(err.contains("b.csv") && err.contains("line 3"), "{err}");
    assert_eq!(out.lines().count(), 3, "a heading and two resources: {out}");
    assert!(seen.iter().all(|request| request.body["encoding"] == "gbk"));
}

#[tokio::test]
async fn a_search_says_how_much_it_found() {
    let answer = |_: &Request| {
        Reply::json(200, &json!({"total": 12, "items": [{"id": "6A", "title": {"en": "Ozone"}}]}))
    };
    let (exit, out, err, seen) = run_against(&["search", "臭氧", "PM2.5", "--limit", "1"], &[], answer).await;
    assert_eq!(exit, Exit::Ok);
    assert!(out.contains("Ozone") && err.contains("1 of 12"), "{out}{err}");
    assert_eq!(seen[0].query("q").as_deref(), Some("%E8%87%AD%E6%B0%A7%20PM2.5"));
    let nothing = |_: &Request| Reply::json(200, &json!({"total": 0, "items": []}));
    let (exit, out, err, _) = run_against(&["search", "x"], &[], nothing).await;
    assert_eq!((exit, out.as_str()), (Exit::Ok, ""));
    assert!(err.contains("“x”"), "{err}");
}

#[tokio::test]
async fn simple_commands_ask_their_route() {
    let table: [(&[&str], &str); 9] = [
        (&["org", "list"], "GET /manage/v1/organisations"),
        (&["resource", "list"], "GET /manage/v1/resources"),
        (&["product", "list"], "GET /manage/v1/products"),
        (&["product", "show", "6A"], "GET /manage/v1/products/6A"),
        (&["contract", "list"], "GET /manage/v1/contracts"),
        (&["contract", "terminate", "C1", "--reason", "over"], "POST /manage/v1/contracts/C1/terminate"),
        (&["usage"], "GET /manage/v1/usage"),
        (&["nodes"], "GET /manage/v1/nodes"),
        (&["status"], "GET /manage/v1/status"),
    ];
    for (args, route) in table {
        let (exit, _, _, seen) = run_against(args, &[], |_| Reply::json(200, &json!({}))).await;
        assert_eq!((exit, seen.len()), (Exit::Ok, 1), "{args:?}");
        assert_eq!(seen[0].route(), route);
    }
}

/// The end, standard output and standard error of a command line that clap does not let through.
fn refused(lang: Lang, args: &[&str]) -> (Exit, String, String) {
    let args: Vec<_> = ["weir"].iter().chain(args).map(Into::into).collect();
    let messages = Messages::new(lang);
    let error = crate::cli::parse(&args, &messages).unwrap_err();
    let (out, captured) = Out::captured(crate::term::Mode::Human);
    (refuse(&error, &messages, &out), captured.out(), captured.err())
}

#[test]
fn help_and_version_go_to_standard_output_and_end_well() {
    let (exit, out, err) = refused(Lang::En, &["--help"]);
    assert_eq!((exit, err.as_str()), (Exit::Ok, ""));
    assert!(out.contains("contract"), "{out}");
    assert_eq!(refused(Lang::En, &["--version"]).0, Exit::Ok);
    let (_, out, _) = refused(Lang::Zh, &["contract", "--help"]);
    assert!(out.contains("weir contract [选项] <命令>"), "{out}");
}

#[test]
fn a_mistyped_command_line_gets_its_nearest_known_word_in_both_languages() {
    let table: [(&[&str], [&str; 2]); 12] = [
        (&["demo", "--data", "", "--once"], ["`--data <DIR>` needs a value", "`--data <DIR>` 需要一个值"]),
        (&["--lang", "fr", "status"], ["possible are en, zh", "可用 en，zh"]),
        (&["serch", "x"], ["`serve`, `search`", "`serve`，`search`"]),
        (&["search", "x", "--limit", "x"], ["give a whole number", "请给出整数"]),
        (&["contract", "--json"], ["`weir contract`"; 2]),
        (&["contract", "propse", "6A"], ["propose"; 2]),
        (&["search", "x", "--limt", "3"], ["--limit"; 2]),
        (&["init", "--role", "regio", "--name", "a", "--listen", "127.0.0.1:1"], ["region"; 2]),
        (&["contract", "terminate", "C1"], ["--reason"; 2]),
        (&["search", "x", "--limit", "101"], ["101"; 2]),
        (&["demo", "--data", "d", "--seed", "2"], ["--data"; 2]),
        (&["init", "--role", "region", "--name", "a", "--listen", "localhost"], ["localhost"; 2]),
    ];
    for (args, [en, zh]) in table {
        let (exit, out, err) = refused(Lang::En, args);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(en), "{args:?}: {err}");
        let (_, _, err) = refused(Lang::Zh, args);
        assert!(err.starts_with("错误：") && err.contains(zh), "{args:?}: {err}");
    }
    assert_eq!(refused(Lang::En, &[]).0, Exit::Usage);
}

#[test]
fn a_command_line_that_cannot_be_used_is_json_for_programs() {
    for args in
        [&["serach", "--json"][..], &["contract", "propose", "--json"], &["--lang", "fr", "--json", "status"]]
    {
        let args: Vec<_> = ["weir"].iter().chain(args).map(Into::into).collect();
        assert!(crate::cli::wants_json(&args));
        let messages = Messages::new(Lang::Zh);
        let error = crate::cli::parse(&args, &messages).unwrap_err();
        let (out, captured) = Out::captured(crate::term::Mode::Json);
        assert_eq!(refuse(&error, &messages, &out), Exit::Usage);
        let document: Value = serde_json::from_str(&captured.err()).unwrap();
        assert_eq!((&document["error"]["exit"], captured.out().as_str()), (&json!(2), ""), "{document}");
        assert!(document["error"]["code"].as_str().unwrap().starts_with("usage-"), "{document}");
        assert!(!document["error"]["message"].as_str().unwrap().is_ascii(), "{document}");
    }
    let after: Vec<_> = ["weir", "search", "--", "--json"].iter().map(Into::into).collect();
    assert!(!crate::cli::wants_json(&after), "a word to be searched for");
}
