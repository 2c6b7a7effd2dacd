use super::*;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pace() {
    let world = World::started(Negotiation::Automatic).await;
    if std::env::var("NOSEQ").is_err() { for site in [&world.user, &world.provider, &world.service] {
        site.node.spawn("sequencer", crate::log::sequence(site.node.clone()));
    } }
    let user = world.user.speaker();
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
        let done = wait(&world.user.node, &user, &proposed.key, "05", LONG).await.unwrap();
        let id = done.contract_id.unwrap();
        wait(&world.provider.node, &world.provider.speaker(), &id, "05", LONG).await.unwrap();
        times.push(begun.elapsed().as_micros());
    }
    times.sort_unstable();
    eprintln!("one by one: p50 {} us, p99 {} us, min {}", times[50], times[98], times[0]);
    let cpu = || { let t = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = t.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<u64>().unwrap(), f[12].parse::<u64>().unwrap()) };
    let before = cpu();
    let begun = Instant::now();
    let worker = |_| {
        let (world, user) = (&world, &user);
        async move {
            for _ in 0..20 {
                let proposed = propose_at(world, &offer(), Sign::OnAgreement).await;
                wait(&world.user.node, user, &proposed.key, "05", LONG).await.unwrap();
            }
        }
    };
    futures_util::future::join_all((0..32).map(worker)).await;
    let after = cpu();
    eprintln!("cpu ticks user {} sys {}", after.0 - before.0, after.1 - before.1);
    eprintln!("32 at once: {} per s", 640.0 / begun.elapsed().as_secs_f64());
}

#[test]
fn crypto_pace() {
    for suite in [crypto::Suite::Sm, crypto::Suite::Intl] {
        let key = crypto::SigningKey::generate(suite).unwrap();
        let begun = Instant::now();
        for _ in 0..50 { std::hint::black_box(key.sign(b"abc").unwrap()); }
        let signed = begun.elapsed() / 50;
        let s = key.sign(b"abc").unwrap();
        let begun = Instant::now();
        for _ in 0..50 { key.public_key().verify(b"abc", &s).unwrap(); }
        eprintln!("{suite}: sign {signed:?} verify {:?}", begun.elapsed() / 50);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn store_pace() {
    let world = World::new(Negotiation::Automatic).await;
    let store = world.user.node.store().clone();
    let begun = Instant::now();
    for _ in 0..200 {
        store.read("x", |read| Box::pin(async move { Ok::<_, Error>(read.next_message_at().await?) })).await.unwrap();
    }
    eprintln!("read {:?}", begun.elapsed() / 200);
    let begun = Instant::now();
    for _ in 0..200 {
        store.run_tx("x", |tx| Box::pin(async move { Ok::<_, Error>(tx.lease_due(1, 5, 5).await.map(drop)?) })).await.unwrap();
    }
    eprintln!("empty lease tx {:?}", begun.elapsed() / 200);
    let begun = Instant::now();
    for i in 0..200 {
        store.run_tx("x", move |tx| Box::pin(async move {
            let m = store::NewMessage { tenant: "t".into(), stream: format!("s{i}"), destination: "d".into(), kind: "k".into(), body: "x".repeat(1500), at: 10 };
            Ok::<_, Error>(tx.add_messages(&[m]).await?) })).await.unwrap();
    }
    eprintln!("add tx {:?}", begun.elapsed() / 200);
}
