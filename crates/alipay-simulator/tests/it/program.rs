//! The program: what it prints and writes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use vestibule_alipay_simulator::cert_sn;
use x509_parser::pem::Pem;

#[test]
fn the_program_takes_orders_only_where_it_is_told_to() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_alipay-simulator"))
        .args(["--control", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines[4].starts_with("control   http://127.0.0.1:"), "{lines:?}");

    let refused =
        Command::new(env!("CARGO_BIN_EXE_alipay-simulator")).args(["--control", "0.0.0.0:0"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("on loopback only"), "{refused:?}");
}

#[test]
fn the_program_prints_prints_its_addresses_and_writes_the_four_files() {
    let folder = tempfile::tempdir().unwrap();
    let material = folder.path().join("material");
    fs::create_dir(&material).unwrap();
    // Left by an earlier start, and readable to all.
    fs::write(material.join("appPrivateKey.txt"), "old").unwrap();

    let mut child = Command::new(env!("CARGO_BIN_EXE_alipay-simulator"))
        .args(["--redirect-domain", "login.example", "--app-id", "2021000000000007", "--write-material"])
        .arg(&material)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();

    assert!(
        lines[0].starts_with("authorize http://127.0.0.1:") && lines[0].ends_with("/oauth2/publicAppAuthorize.htm"),
        "{lines:?}"
    );
    assert!(lines[1].ends_with("/gateway.do"), "{lines:?}");
    assert_eq!(lines[2], "app_id    2021000000000007");

    let certificates = |name: &str| {
        let text = fs::read(material.join(name)).unwrap();
        let numbers: Vec<String> =
            Pem::iter_from_buffer(&text).map(|pem| cert_sn(&pem.unwrap().contents).unwrap()).collect();
        numbers.len()
    };
    assert_eq!(certificates("appCertPublicKey.crt"), 1);
    assert_eq!(certificates("alipayCertPublicKey.crt"), 2);
    assert_eq!(certificates("alipayRootCert.crt"), 2);
    let key = fs::read_to_string(material.join("appPrivateKey.txt")).unwrap();
    assert!(key.starts_with("MII") && key.len() > 1500 && !key.contains('\n'));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(material.join("appPrivateKey.txt")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn in_public_key_mode_the_program_writes_three_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_alipay-simulator"))
        .args(["--mode", "public-key", "--sign-type", "RSA", "--write-material"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(5).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines[4].starts_with("material  "), "{lines:?}");
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["alipayPublicKey.txt", "appPrivateKey.txt", "appPublicKey.txt"]);
    let refused = Command::new(env!("CARGO_BIN_EXE_alipay-simulator")).args(["--sign-type", "RSA"]).output().unwrap();
    assert!(!refused.status.success());
}
