//! OpenSSL as the judge of what this crate writes, and as the author of what it reads. Skipped where the command is
//! absent, unless `WEIR_REQUIRE` is `all`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::Path;
use std::process::{Command, Output};

use crypto::cert::{Authority, Certificate, Chain, Csr, Roots, San, Subject, Validity, self_signed_ca};
use crypto::{LogKey, PublicKey, Signature, SigningKey, Suite};
use tempfile::TempDir;

const SUITES: [Suite; 2] = [Suite::Sm, Suite::Intl];
const NOW: i64 = 1_795_478_400;
const SM2_ID: &str = "distid:1234567812345678";

/// A folder to work in, or nothing where there is no OpenSSL that knows SM2.
fn workshop(test: &str) -> Option<TempDir> {
    let listed = Command::new("openssl").args(["list", "-public-key-algorithms"]).output();
    if listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("SM2")) {
        return Some(TempDir::new().unwrap());
    }
    let required = std::env::var("WEIR_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "{test}: WEIR_REQUIRE=all, but there is no `openssl` command that knows SM2");
    eprintln!("skipped: {test}: there is no `openssl` command that knows SM2");
    None
}

fn openssl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).current_dir(folder).output().unwrap()
}

fn accepts(folder: &Path, arguments: &[&str]) {
    let output = openssl(folder, arguments);
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "openssl {}: {said}", arguments.join(" "));
}

fn refuses(folder: &Path, arguments: &[&str]) {
    let output = openssl(folder, arguments);
    assert!(!output.status.success(), "openssl {} should have failed", arguments.join(" "));
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// `openssl dgst` for a suite; SM2 takes its identifier along.
fn dgst<'a>(suite: Suite, rest: &[&'a str]) -> Vec<&'a str> {
    let head: &[&str] = match suite {
        Suite::Sm => &["dgst", "-sm3", "-sigopt", SM2_ID],
        Suite::Intl => &["dgst", "-sha256"],
    };
    [head, rest].concat()
}

fn subject(cn: &str) -> Subject {
    Subject { cn: cn.to_owned(), ou: "1".repeat(32), o: "上海数据公司".to_owned() }
}

fn days(days: u32) -> Validity {
    Validity::days(NOW - 10, days).unwrap()
}

#[test]
fn openssl_verifies_our_signatures() {
    let Some(folder) = workshop("openssl_verifies_our_signatures") else { return };
    let folder = folder.path();
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        write(folder, "message", "可管 可控 可计量");
        write(folder, "public.pem", key.public_key().to_pem());
        let signature = key.sign("可管 可控 可计量".as_bytes()).unwrap();
        write(folder, "signature", signature.to_der().unwrap());
        let check = dgst(suite, &["-verify", "public.pem", "-signature", "signature", "message"]);
        accepts(folder, &check);
        write(folder, "message", "可管 可控 不可计量");
        refuses(folder, &check);
        // The raw form of messages is not what OpenSSL reads.
        write(folder, "message", "可管 可控 可计量");
        write(folder, "signature", signature.as_raw());
        refuses(folder, &check);
    }
}

#[test]
fn we_verify_openssls_signatures_with_its_keys() {
    let Some(folder) = workshop("we_verify_openssls_signatures_with_its_keys") else { return };
    let folder = folder.path();
    for suite in SUITES {
        let generate: &[&str] = match suite {
            Suite::Sm => &["genpkey", "-algorithm", "SM2", "-out", "key.pem"],
            Suite::Intl => {
                &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem"]
            }
        };
        accepts(folder, generate);
        accepts(folder, &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]);
        write(folder, "message", "weir");
        accepts(folder, &dgst(suite, &["-sign", "key.pem", "-out", "signature", "message"]));
        let public = PublicKey::from_pem(&read(folder, "public.pem")).unwrap();
        let der = std::fs::read(folder.join("signature")).unwrap();
        let signature = Signature::from_der(suite, &der).unwrap();
        public.verify(b"weir", &signature).unwrap();
        assert!(public.verify(b"Weir", &signature).is_err());
        // And its private key is one of ours.
        let key = SigningKey::from_pkcs8_pem(&read(folder, "key.pem")).unwrap();
        assert_eq!(key.public_key(), &public);
        public.verify(b"weir", &key.sign(b"weir").unwrap()).unwrap();
    }
}

#[test]
fn openssl_reads_our_private_keys() {
    let Some(folder) = workshop("openssl_reads_our_private_keys") else { return };
    let folder = folder.path();
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        write(folder, "key.pem", key.to_pkcs8_pem().unwrap().as_bytes());
        accepts(folder, &["pkey", "-in", "key.pem", "-check", "-noout"]);
        accepts(folder, &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]);
        assert_eq!(&PublicKey::from_pem(&read(folder, "public.pem")).unwrap(), key.public_key());
    }
    let log = LogKey::generate().unwrap();
    write(folder, "log.pem", log.to_pem().unwrap().as_bytes());
    accepts(folder, &["pkey", "-in", "log.pem", "-pubout", "-outform", "DER", "-out", "log.der"]);
    let der = std::fs::read(folder.join("log.der")).unwrap();
    assert!(der.ends_with(&log.public().to_bytes()));
}

/// Root, region and leaf of three suites, written to files.
fn write_chain(folder: &Path, [root, region, leaf]: [Suite; 3]) {
    let root_key = SigningKey::generate(root).unwrap();
    let root = self_signed_ca(&root_key, &subject("global.test"), days(100)).unwrap();
    write(folder, "root.pem", root.to_pem());
    let root = Authority::root(root_key, root).unwrap();
    let region_key = SigningKey::generate(region).unwrap();
    let chain = root.issue_ca(&subject("1100.test"), region_key.public_key(), days(90), 0).unwrap();
    write(folder, "region.pem", chain.to_pem());
    let region = Authority::intermediate(region_key, chain).unwrap();
    let leaf_key = SigningKey::generate(leaf).unwrap();
    let sans: Vec<San> = vec!["node.test".parse().unwrap(), "10.0.0.7".parse().unwrap()];
    let chain = region.issue_leaf(&subject("node.test"), leaf_key.public_key(), days(80), &sans).unwrap();
    write(folder, "leaf.pem", chain.leaf().to_pem());
    write(folder, "chain.pem", chain.to_pem());
}

/// The arguments that verify a certificate which an issuer of a suite signed. The command hands SM2's identifier to the
/// last certificate of a chain only, so SM2 links are verified one by one.
fn verify<'a>(issuer: Suite, at: &'a str, files: &[&'a str]) -> Vec<&'a str> {
    let option: &[&str] = if issuer == Suite::Sm { &["-vfyopt", SM2_ID] } else { &[] };
    [&["verify", "-x509_strict", "-attime", at][..], option, files].concat()
}

#[test]
fn openssl_verifies_our_chains_of_both_suites_and_mixed() {
    let Some(folder) = workshop("openssl_verifies_our_chains_of_both_suites_and_mixed") else { return };
    let folder = folder.path();
    let (now, late) = (NOW.to_string(), (NOW + 95 * 86_400).to_string());
    for root in SUITES {
        for region in SUITES {
            for leaf in SUITES {
                write_chain(folder, [root, region, leaf]);
                let upper = ["-CAfile", "root.pem", "region.pem"];
                let lower = ["-partial_chain", "-CAfile", "region.pem", "leaf.pem"];
                let whole = ["-CAfile", "root.pem", "-untrusted", "region.pem", "leaf.pem"];
                accepts(folder, &verify(root, &now, &upper));
                accepts(folder, &verify(region, &now, &lower));
                if root == Suite::Intl {
                    accepts(folder, &verify(region, &now, &whole));
                }
                refuses(folder, &verify(root, &late, &upper));
                refuses(folder, &verify(region, &late, &lower));
            }
        }
    }
}

#[test]
fn openssl_shows_what_our_certificates_say() {
    let Some(folder) = workshop("openssl_shows_what_our_certificates_say") else { return };
    let folder = folder.path();
    write_chain(folder, [Suite::Intl, Suite::Sm, Suite::Intl]);
    let output = openssl(folder, &["x509", "-in", "leaf.pem", "-noout", "-text", "-nameopt", "utf8"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for said in [
        "SM2-with-SM3",
        "上海数据公司",
        "DNS:node.test, IP Address:10.0.0.7",
        "CA:FALSE",
        "Digital Signature, Non Repudiation",
    ] {
        assert!(text.contains(said), "`{said}` is not in {text}");
    }
}

#[test]
fn openssl_verifies_our_requests() {
    let Some(folder) = workshop("openssl_verifies_our_requests") else { return };
    let folder = folder.path();
    for suite in SUITES {
        let key = SigningKey::generate(suite).unwrap();
        let request = Csr::new(&key, &subject("node.test"), &["node.test".parse().unwrap()]).unwrap();
        write(folder, "request.pem", request.to_pem());
        let option: &[&str] = if suite == Suite::Sm { &["-vfyopt", SM2_ID] } else { &[] };
        let verify = [&["req", "-in", "request.pem", "-verify", "-noout"][..], option].concat();
        let said = openssl(folder, &verify);
        assert!(String::from_utf8_lossy(&said.stderr).contains("verify OK"), "{suite}: {said:?}");
    }
}

#[test]
fn we_verify_chains_and_requests_that_openssl_wrote() {
    let Some(folder) = workshop("we_verify_chains_and_requests_that_openssl_wrote") else { return };
    let folder = folder.path();
    for suite in SUITES {
        let root_key = SigningKey::generate(suite).unwrap();
        write(folder, "root.key", root_key.to_pkcs8_pem().unwrap().as_bytes());
        let leaf_key = SigningKey::generate(suite).unwrap();
        write(folder, "leaf.key", leaf_key.to_pkcs8_pem().unwrap().as_bytes());
        let (digest, sign, check): (&str, &[&str], &[&str]) = match suite {
            Suite::Sm => ("-sm3", &["-sigopt", SM2_ID], &["-vfyopt", SM2_ID]),
            Suite::Intl => ("-sha256", &[], &[]),
        };
        let root =
            ["req", "-x509", "-new", "-key", "root.key", "-subj", "/O=o/OU=1/CN=r.test", "-days", "30"];
        accepts(folder, &[&root[..], &[digest, "-out", "root.pem"], sign].concat());
        let leaf = ["req", "-new", "-key", "leaf.key", "-subj", "/O=o/OU=5/CN=l.test", "-out", "leaf.csr"];
        accepts(folder, &[&leaf[..], &[digest], sign].concat());
        assert_eq!(Csr::from_pem(&read(folder, "leaf.csr")).unwrap().public_key(), leaf_key.public_key());
        write(folder, "leaf.ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\n");
        let issue =
            ["x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "20"];
        let files = ["-set_serial", "77", "-extfile", "leaf.ext", "-out", "leaf.pem", digest];
        accepts(folder, &[&issue[..], &files[..], sign, check].concat());
        let roots = Roots::from_pem(&read(folder, "root.pem")).unwrap();
        let leaf = Certificate::from_pem(&read(folder, "leaf.pem")).unwrap();
        assert_eq!((leaf.subject_ou(), leaf.serial()), (Some("5"), "4d"));
        let chain = Chain::new(vec![leaf]).unwrap();
        let inside = chain.leaf().not_before() + 60;
        roots.verify(&chain, inside).unwrap();
        assert!(roots.verify(&chain, inside + 25 * 86_400).is_err());
    }
}
