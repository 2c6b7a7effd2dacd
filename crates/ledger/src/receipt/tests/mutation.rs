//! Every value of a genuine receipt is changed, left out and replaced, one at a time: none may go unnoticed, and the
//! step that notices must be the one that is meant to.

use serde_json::{Value, json};

use super::super::*;
use super::failing;
use super::world::{NOW, World};

/// Paths of all values below a value, as JSON pointers, containers included.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    let mut below = |key: &str, item: &Value| {
        let path = format!("{path}/{key}");
        pointers(item, &path, found);
        found.push(path);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| below(&i.to_string(), item)),
        Value::Object(members) => members.iter().for_each(|(key, item)| below(key, item)),
        _ => {}
    }
}

/// The steps that must notice a change below a path, and those that may notice it too.
fn expected(path: &str) -> (&'static [StepKind], &'static [StepKind]) {
    use StepKind::*;
    /// Whatever a window or a contract says, others refer to it.
    const WINDOW: &[StepKind] = &[Use, Window, Contract, UserInclusion, ProviderCheckpoint];
    const CONTRACT: &[StepKind] = &[Contract, ProviderContract, UserContract];
    let rules: [(&str, &[StepKind], &[StepKind]); 15] = [
        ("/use", &[Use], &[]),
        ("/path", &[Use], &[]),
        ("/window/object/body", &[ProviderSignature, UserSignature, ProviderInclusion], WINDOW),
        ("/window/object", &[ProviderSignature, ProviderInclusion], &[]),
        ("/window/chain", &[ProviderSignature], &[]),
        ("/window/log/checkpoint", &[ProviderCheckpoint], &[ProviderInclusion]),
        ("/window/log", &[ProviderInclusion], &[]),
        ("/countersignature/object/body", &[UserSignature, UserInclusion], &[UserCheckpoint]),
        ("/countersignature/object", &[UserSignature, UserInclusion], &[]),
        ("/countersignature/chain", &[UserSignature], &[]),
        ("/countersignature/log/checkpoint", &[UserCheckpoint], &[UserInclusion]),
        ("/countersignature/log", &[UserInclusion], &[]),
        ("/contract/body", CONTRACT, &[ProviderSignature, UserSignature]),
        ("/contract/provider", &[ProviderContract], &[]),
        ("/contract/user", &[UserContract], &[]),
    ];
    let rule = rules.into_iter().find(|(prefix, ..)| path.starts_with(prefix));
    rule.map(|(_, must, may)| (must, may)).unwrap_or_else(|| panic!("no rule for {path}"))
}

/// Verifies a changed document; it is refused on reading, or by the right steps.
fn must_be_noticed(verifier: &mut Verifier<'_>, document: &Value, path: &str) -> bool {
    let Ok(receipt) = Receipt::from_json(document.to_string().as_bytes()) else { return false };
    let found = failing(&verifier.verify(&receipt));
    let (must, may) = expected(path);
    assert!(!found.is_empty(), "{path} went unnoticed");
    assert!(must.iter().all(|step| found.contains(step)), "{path}: {found:?} lack some of {must:?}");
    assert!(found.iter().all(|step| must.contains(step) || may.contains(step)), "{path}: {found:?}");
    true
}

fn document(world: &World) -> (Value, Vec<String>) {
    let document = serde_json::to_value(world.receipt()).unwrap();
    assert!(verify(&serde_json::from_value(document.clone()).unwrap(), &world.roots, NOW).ok());
    let mut paths = Vec::new();
    pointers(&document, "", &mut paths);
    assert!(paths.len() > 120, "{paths:?}");
    (document, paths)
}

/// Changes one character of a text into another of its kind.
fn flip(text: &str, at: usize) -> String {
    let change = |c: char| match c {
        '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from_u32(c as u32 + 1).unwrap(),
        '9' => '0',
        'z' => 'a',
        'Z' => 'A',
        _ => 'x',
    };
    text.chars().enumerate().map(|(i, c)| if i == at { change(c) } else { c }).collect()
}

#[test]
fn every_changed_value_is_noticed_by_its_step() {
    let world = World::new();
    let (genuine, paths) = document(&world);
    let mut verifier = Verifier::new(&world.roots, NOW);
    let mut read = 0;
    for path in &paths {
        let changes: Vec<Value> = match genuine.pointer(path).unwrap() {
            Value::Bool(flag) => vec![json!(!flag)],
            Value::Number(number) => {
                let number = number.as_i64().unwrap();
                vec![json!(number + 1), json!(number - 1), json!(number ^ 0x40)]
            }
            // Not every character of long texts.
            Value::String(text) => {
                let step = 1 + text.len() / 25;
                let places = 0..text.chars().count();
                places.step_by(step).map(|at| json!(flip(text, at))).collect()
            }
            _ => continue,
        };
        for change in changes {
            let mut document = genuine.clone();
            *document.pointer_mut(path).unwrap() = change;
            read += u32::from(must_be_noticed(&mut verifier, &document, path));
        }
    }
    assert!(read > 500, "most changes pass reading and must be noticed by a step: {read}");
}

#[test]
fn every_member_left_out_is_noticed() {
    let world = World::new();
    let (genuine, paths) = document(&world);
    let mut verifier = Verifier::new(&world.roots, NOW);
    for path in &paths {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut document = genuine.clone();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(key).unwrap()),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            other => panic!("{other}"),
        }
        must_be_noticed(&mut verifier, &document, path);
    }
}

#[test]
fn every_value_replaced_by_a_hostile_one_is_noticed() {
    let world = World::new();
    let (genuine, paths) = document(&world);
    let mut verifier = Verifier::new(&world.roots, NOW);
    let long = json!(vec!["00".repeat(32); 200]);
    let hostile = [
        json!(null),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("x".repeat(10_000)),
        json!("\u{0}\u{202e}—+ \n\n"),
        json!({}),
        (0..100).fold(json!(1), |inner, _| json!([inner])),
        long,
    ];
    for path in paths.iter().filter(|path| !path.starts_with("/type")) {
        for value in &hostile {
            let mut document = genuine.clone();
            *document.pointer_mut(path).unwrap() = value.clone();
            must_be_noticed(&mut verifier, &document, path);
        }
    }
}

#[test]
fn an_added_member_is_refused_or_noticed() {
    let world = World::new();
    let (genuine, mut paths) = document(&world);
    let mut verifier = Verifier::new(&world.roots, NOW);
    paths.push(String::new());
    for path in &paths {
        let mut document = genuine.clone();
        let Some(members) = document.pointer_mut(path).and_then(Value::as_object_mut) else { continue };
        members.insert("hidden".into(), json!(1));
        must_be_noticed(&mut verifier, &document, path);
    }
}

#[test]
fn parts_exchanged_between_the_two_sides_are_noticed() {
    let world = World::new();
    let (genuine, _) = document(&world);
    for (from, to) in [("window", "countersignature"), ("countersignature", "window")] {
        for part in ["object", "chain", "log"] {
            let mut document = genuine.clone();
            document[to][part] = genuine[from][part].clone();
            let receipt = Receipt::from_json(document.to_string().as_bytes()).unwrap();
            assert!(!verify(&receipt, &world.roots, NOW).ok(), "{part} of the {from} in the {to}");
        }
    }
}

#[test]
fn a_count_written_as_a_fraction_is_no_count() {
    let world = World::new();
    let (mut document, _) = document(&world);
    // 3.0 has the canonical form of 3, and so its signature; a count is an integer all the same.
    document["window"]["object"]["body"]["uses"] = json!(3.0);
    let receipt = Receipt::from_json(document.to_string().as_bytes()).unwrap();
    assert!(failing(&verify(&receipt, &world.roots, NOW)).contains(&StepKind::Window));
}

/// A sequence of numbers that looks random and is the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn bytes_changed_anywhere_never_panic_and_never_pass_as_another_receipt() {
    let world = World::new();
    let (genuine, _) = document(&world);
    let text = genuine.to_string().into_bytes();
    let mut verifier = Verifier::new(&world.roots, NOW);
    let mut numbers = Numbers(20_261_124);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..3000 {
        let mut bytes = text.clone();
        let at = numbers.below(bytes.len());
        match numbers.below(4) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, b"0Aa\"{}[],:-+ \\"[numbers.below(14)]),
            _ => bytes.truncate(at),
        }
        let Ok(receipt) = Receipt::from_json(&bytes) else {
            refused += 1;
            continue;
        };
        read += 1;
        // White space, or a signature's digit in upper case: another text of the same receipt.
        let same = serde_json::to_value(&receipt).unwrap() == genuine;
        let around = String::from_utf8_lossy(&bytes[at.saturating_sub(40)..bytes.len().min(at + 40)]);
        assert_eq!(verifier.verify(&receipt).ok(), same, "byte {at}: {around}");
    }
    assert!(refused > 1000 && read > 100, "{refused} refused, {read} read");
}
