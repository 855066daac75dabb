//! A whole installation: database, master key, an Alipay, and the program's command line.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;
use vestibule_alipay_simulator::{Authority, Simulator};

use crate::browser::{Person, Web};
use crate::failure::{Outcome, hold};
use crate::free_port::free_port;
use crate::material;
use crate::program::Program;
use crate::servers::{Kind, Server};

/// The records and the row of an installation, in names as the command line takes them.
pub(crate) const APP_CERT: &str = "admin/app-cert";
pub(crate) const ROOT_CERT: &str = "admin/root-cert";
pub(crate) const ROW: &str = "acme/alipay";

/// An installation in a folder of its own, which goes with it.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) web: Web,
    /// Dropped, and so ended, before its folder.
    pub(crate) server: Server,
    program: PathBuf,
    /// What `--database` says.
    database: String,
    folder: TempDir,
}

impl Installation {
    /// Database and Alipay are started, rows are not written yet.
    pub(crate) async fn start(program: &Path, kind: Kind) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("vestibule-soak-").tempdir()?;
        // The servers' users must be able to enter.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
        let server = Server::start(kind, folder.path()).await?;
        let authority = Authority::shared()?;
        let simulator = Simulator::builder().app(material::registration(authority)?).start().await?;
        let mut key = [0; 32];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let installation = Self {
            simulator: Arc::new(simulator),
            web: Web::new(),
            database: server.url(),
            server,
            program: program.to_owned(),
            folder,
        };
        installation.write("master.key", &format!("{key}\n"))?;
        std::fs::set_permissions(installation.file("master.key"), std::fs::Permissions::from_mode(0o600))?;
        Ok(installation)
    }

    /// The same, with the records and a row with which people can sign in.
    pub(crate) async fn furnished(program: &Path, kind: Kind) -> Outcome<Self> {
        let installation = Self::start(program, kind).await?;
        installation.furnish().await?;
        Ok(installation)
    }

    /// Writes the records and the row through the command line.
    pub(crate) async fn furnish(&self) -> Outcome {
        let texts = self.simulator.app().material();
        let app = (self.write("app.crt", &texts.app_cert)?, self.write("app.key", &texts.app_private_key)?);
        let root = (self.write("alipay.crt", &texts.alipay_cert)?, self.write("root.crt", &texts.alipay_root_cert)?);
        for (record, (certificate, key)) in [(APP_CERT, app), (ROOT_CERT, root)] {
            let files = ["--certificate", &certificate, "--private-key", &key];
            self.succeed(&[&["cert", "add", record][..], &files].concat()).await?;
        }
        let config = self.write("config.json", &self.config().to_string())?;
        self.succeed(&["provider", "add", ROW, "--type", "Alipay", "--config", &config]).await?;
        Ok(())
    }

    /// The config of a row that uses the records.
    pub(crate) fn config(&self) -> serde_json::Value {
        json!({
            "appId": self.simulator.app().app_id(),
            "appCert": "app-cert",
            "rootCert": "root-cert",
            "environment": "custom",
            "authorizeUrl": self.simulator.authorize_url(),
            "gatewayUrl": self.simulator.gateway_url(),
            "subject": "open_id",
        })
    }

    /// From here on the database is reached by way of `port`.
    pub(crate) fn reach_database_by(&mut self, port: u16) {
        self.database = self.server.url_by(port);
    }

    /// Somebody who signs in with the row `owner/name`.
    pub(crate) fn person(&self, row: &str) -> Person {
        Person { web: self.web.clone(), simulator: self.simulator.clone(), row: row.to_owned() }
    }

    /// A server of the installation. Several may run; browsers know all of them under one URL, that of the first.
    pub(crate) async fn serve(&self, public_url: Option<&Url>) -> Outcome<Program> {
        let port = free_port()?;
        let own = Url::parse(&format!("http://127.0.0.1:{port}"))?;
        let mut command = self.command(&["serve", "--listen", &format!("127.0.0.1:{port}")]);
        command.args(["--public-url", public_url.unwrap_or(&own).as_str()]);
        Program::start(command, port, &self.file(&format!("server-{port}.log")), &self.web).await
    }

    /// The program with `arguments` and what it needs to find this installation.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().args(arguments).args(["--database", &self.database]).kill_on_drop(true);
        command.arg("--master-key-file").arg(self.file("master.key"));
        command.current_dir(self.folder.path());
        let gateway = self.simulator.gateway_url();
        if let (Some(host), Some(port)) = (gateway.host_str(), gateway.port()) {
            command.args(["--allow-upstream", &format!("{host}:{port}")]);
        }
        command
    }

    /// The ids of the master keys and how many values are sealed with each, the one that seals first.
    pub(crate) async fn master_keys(&self) -> Outcome<Vec<(String, u64)>> {
        let listed = self.succeed(&["keys", "list"]).await?;
        let read = |line: &str| {
            let count = line.split(", ").nth(1)?.split(' ').next()?.parse().ok()?;
            Some((line.split(' ').next()?.to_owned(), count))
        };
        listed
            .lines()
            .map(|line| read(line).ok_or_else(|| format!("`vestibule keys list` said: {line}").into()))
            .collect()
    }

    /// Sees that everything is sealed with the first master key, and takes the others away.
    pub(crate) async fn remove_former_keys(&self) -> Outcome {
        let keys = self.master_keys().await?;
        let former = keys.iter().skip(1);
        hold(former.clone().all(|(_, count)| *count == 0), || {
            format!("after a rotation values are sealed so: {keys:?}")
        })?;
        hold(keys.first().is_some_and(|(_, count)| *count > 0), || format!("nothing is sealed: {keys:?}"))?;
        for (id, _) in former {
            self.succeed(&["keys", "remove", id]).await?;
        }
        Ok(())
    }

    /// Runs the program to its end: what it printed.
    pub(crate) async fn succeed(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!("`vestibule {}` ended with {}:\n{printed}{complaint}", arguments.join(" "), output.status).into())
    }

    /// A file in the installation's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes such a file, and gives its path for a command line.
    pub(crate) fn write(&self, name: &str, text: &str) -> Outcome<String> {
        let path = self.file(name);
        std::fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }
}
