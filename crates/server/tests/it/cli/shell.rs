//! A terminal: the program, run in a folder with a merchant's files.

use std::fs;

use tempfile::TempDir;
use vestibule_alipay_simulator::AppRegistration;

use crate::support::run_with;

/// A folder with a merchant's files and the data of an installation.
pub(super) struct Shell {
    pub(super) folder: TempDir,
    pub(super) app: AppRegistration,
}

/// What the program said.
pub(super) struct Said {
    code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

/// The merchant's files, by the names that Alipay's console gives them.
pub(super) const APP_CERT: &str = "appCertPublicKey.crt";
pub(super) const APP_KEY: &str = "appPrivateKey.txt";
pub(super) const ALIPAY_CERT: &str = "alipayCertPublicKey.crt";
pub(super) const ROOT_CERT: &str = "alipayRootCert.crt";

impl Shell {
    pub(super) fn new() -> Self {
        let shell = Self { folder: tempfile::tempdir().unwrap(), app: AppRegistration::simulated().unwrap() };
        let material = shell.app.material();
        shell.write(APP_CERT, &material.app_cert);
        shell.write(APP_KEY, &material.app_private_key);
        shell.write(ALIPAY_CERT, &material.alipay_cert);
        shell.write(ROOT_CERT, &material.alipay_root_cert);
        shell
    }

    /// With the two records of Casdoor's guide.
    pub(super) async fn with_records() -> Self {
        let shell = Self::new();
        shell.run(&["cert", "add", "admin/app", "--certificate", "@app.crt", "--private-key", "@app.key"]).await.done();
        shell
            .run(&["cert", "add", "admin/root", "--certificate", "@alipay.crt", "--private-key", "@roots.crt"])
            .await
            .done();
        shell
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.folder.path().join(name), content).unwrap();
        self.path(name)
    }

    pub(super) fn data(&self) -> String {
        self.path("data")
    }

    /// Runs the program with this folder's data. An argument `@name` stands for that file here; `@app.crt`, `@app.key`, `@alipay.crt` and `@roots.crt` for
    /// the merchant's.
    pub(super) async fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(&[], "", arguments).await
    }

    pub(super) async fn run_with(&self, environment: &[(&str, &str)], input: &str, arguments: &[&str]) -> Said {
        let data = self.data();
        let environment = [&[("VESTIBULE_DATA_DIR", data.as_str())], environment].concat();
        let arguments = arguments.iter().map(|argument| match argument.strip_prefix('@') {
            Some("app.crt") => self.path(APP_CERT),
            Some("app.key") => self.path(APP_KEY),
            Some("alipay.crt") => self.path(ALIPAY_CERT),
            Some("roots.crt") => self.path(ROOT_CERT),
            Some(name) => self.path(name),
            None => (*argument).to_owned(),
        });
        let output = run_with(&environment, input, arguments).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// `provider add acme/alipay` with a good config, some of it replaced or added.
    pub(super) async fn add_provider(&self, changes: &[&str]) -> Said {
        let mut arguments = vec!["provider", "add", "acme/alipay", "--type", "Alipay"];
        for field in ["appId=2021000000000001", "appCert=app", "rootCert=root", "subject=open_id"] {
            arguments.extend(["--set", field]);
        }
        arguments.extend(changes);
        self.run(&arguments).await
    }
}

impl Said {
    /// The answer; it must have worked.
    pub(super) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// All that was said; it must have been refused, and not by a panic or as a mistyped command (2).
    pub(super) fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{}{}", self.out, self.err);
        assert!(self.err.contains("error: "), "{}", self.err);
        format!("{}{}", self.out, self.err)
    }

    /// What was said of a command line that is none.
    pub(super) fn mistyped(self) -> String {
        assert_eq!(self.code, Some(2), "{}{}", self.out, self.err);
        self.err
    }
}

/// Every one of `words` is in `text`.
pub(super) fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}
