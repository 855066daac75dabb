//! What an installation can be told: by flag, by environment, by file, in this order; the rest has defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use vestibule::{AllowedHost, Database, Error, KeyOrigin, MasterKey, PublicUrl, Result, Secret, SystemRandom};

/// Where the master key may stand in the environment. It is no command-line option: other users of a machine can read those.
const MASTER_KEY: &str = "VESTIBULE_MASTER_KEY";

/// The embedded database's file in the data folder.
const DATABASE: &str = "vestibule.db";

/// The options of every command. The same names, in kebab-case, are the keys of the configuration file.
#[expect(clippy::doc_markdown, reason = "these comments are the help text of a terminal")]
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Options {
    /// Configuration file (TOML); its keys are the names of these options
    #[arg(long, global = true, env = "VESTIBULE_CONFIG_FILE", value_name = "FILE")]
    #[serde(skip)]
    pub config_file: Option<PathBuf>,

    /// Folder of the embedded database and its master key [default: vestibule-data]
    #[arg(long, global = true, env = "VESTIBULE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Database, such as sqlite:/var/lib/vestibule/vestibule.db [default: vestibule.db in the data folder]
    #[arg(long, global = true, env = "VESTIBULE_DATABASE", value_name = "URL")]
    pub database: Option<String>,

    /// File with the master key: 32 bytes as 64 hex digits or base64. The variable `VESTIBULE_MASTER_KEY` comes first
    /// [default: master.key in the data folder, made on first start]
    #[arg(long, global = true, env = "VESTIBULE_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// The URL under which browsers reach this server; callback URLs are made from it, never from a request
    /// [default: http:// and the address that --listen names, where that is loopback]
    #[arg(long, global = true, env = "VESTIBULE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Owner whose cert records every owner's rows may name [default: admin]
    #[arg(long, global = true, env = "VESTIBULE_SHARED_OWNER", value_name = "NAME")]
    pub shared_owner: Option<String>,

    /// Upstream host that may be private, loopback or plain http; may be given several times
    #[arg(long, global = true, env = "VESTIBULE_ALLOW_UPSTREAM", value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub allow_upstream: Vec<String>,

    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "VESTIBULE_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,

    /// Origin, such as https://app.example.com, to which a finished sign-in may return; may be given several times
    #[arg(long, global = true, env = "VESTIBULE_ALLOW_RETURN_TO", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_return_to: Vec<String>,

    /// What is logged, such as `info` or `warn,vestibule_login=debug` [default: info for serve, less for the others]
    #[arg(long, global = true, env = "VESTIBULE_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// How it is logged [default: text]
    #[arg(long, global = true, env = "VESTIBULE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Options {
    /// Fills what no flag and no variable said from the configuration file.
    ///
    /// # Errors
    /// `Configuration`, naming the file and the line.
    pub fn with_file(self) -> Result<Self> {
        let Some(path) = self.config_file.clone() else { return Ok(self) };
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::configuration(format!("configuration file \"{shown}\": {error}")))?;
        let file: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or_else(String::new, |span| format!(", line {}", line_of(&text, span.start)));
            Error::configuration(format!("configuration file \"{shown}\"{line}: {}", error.message()))
        })?;
        Ok(self.or(file))
    }

    fn or(self, file: Self) -> Self {
        let either = |first: Vec<String>, second| if first.is_empty() { second } else { first };
        Self {
            config_file: self.config_file,
            data_dir: self.data_dir.or(file.data_dir),
            database: self.database.or(file.database),
            master_key_file: self.master_key_file.or(file.master_key_file),
            public_url: self.public_url.or(file.public_url),
            shared_owner: self.shared_owner.or(file.shared_owner),
            allow_upstream: either(self.allow_upstream, file.allow_upstream),
            listen: self.listen.or(file.listen),
            allow_return_to: either(self.allow_return_to, file.allow_return_to),
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
        }
    }

    /// Where the server listens.
    pub fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)))
    }

    /// The public URL for a server that listens on `bound`.
    ///
    /// # Errors
    /// `Configuration`, when it is missing for an address that others can reach, or is not one.
    pub fn public_url(&self, bound: SocketAddr) -> Result<PublicUrl> {
        match &self.public_url {
            Some(url) => PublicUrl::parse(url).map_err(|error| error.within("--public-url")),
            None if bound.ip().is_loopback() => PublicUrl::parse(&format!("http://{bound}")),
            None => Err(Error::configuration(format!(
                "--public-url is needed because the server listens on {bound}, which is not loopback: say under which \
                 url browsers reach it, such as https://login.example.com"
            ))),
        }
    }

    /// The upstreams that may be private or plain http.
    ///
    /// # Errors
    /// `Configuration`, naming the one that is no host.
    pub fn allowed_upstreams(&self) -> Result<Vec<AllowedHost>> {
        // What was given may be a URL with a password in it, so only the option is named.
        let parse = |host: &String| host.parse().map_err(|error: Error| error.within("--allow-upstream"));
        self.allow_upstream.iter().map(parse).collect()
    }

    fn data_dir(&self) -> &Path {
        self.data_dir.as_deref().unwrap_or(Path::new("vestibule-data"))
    }

    /// Opens the database, making data folder, database and master key on the first start of an embedded installation.
    ///
    /// # Errors
    /// `Configuration` or `Internal`, naming the file.
    pub async fn open_database(&self) -> Result<(Database, MasterKey)> {
        let url = match &self.database {
            Some(url) => url.clone(),
            None => {
                make_private_folder(self.data_dir())?;
                format!("sqlite:{}", self.data_dir().join(DATABASE).display())
            }
        };
        let key = self.master_key().await?;
        Ok((Database::open(&url).await?, key))
    }

    async fn master_key(&self) -> Result<MasterKey> {
        if let Ok(text) = std::env::var(MASTER_KEY) {
            return MasterKey::from_text(&Secret::new(text)).map_err(|error| Error::from(error).within(MASTER_KEY));
        }
        if let Some(path) = &self.master_key_file {
            return Ok(MasterKey::read_file(path)?);
        }
        if self.database.is_some() {
            return Err(Error::configuration(format!(
                "a database of your own needs a master key of your own: set {MASTER_KEY} or --master-key-file to 32 random \
                 bytes, for example the output of `openssl rand -base64 32`"
            )));
        }
        let path = self.data_dir().join("master.key");
        let database = self.data_dir().join(DATABASE);
        if database.exists() && !path.exists() {
            // A new key would open nothing that is sealed in there.
            return Err(Error::configuration(format!(
                "there is a database \"{}\" and no master key \"{}\" to open what is sealed in it: put the key file back, or set \
                 {MASTER_KEY} to what it held; to begin anew, move the database away",
                database.display(),
                path.display()
            )));
        }
        let (key, origin) = MasterKey::read_or_create(&path, &SystemRandom::new())?;
        if origin == KeyOrigin::Made {
            tracing::warn!(
                path = %path.display(),
                "made a master key, readable by its owner only. It seals private keys and secrets in the database: a copy of the \
                 database alone, such as a dump or a backup, does not reveal them. It does not protect against somebody who can read \
                 this file too. Back it up apart from the database, or set {MASTER_KEY} instead; without it sealed values are lost"
            );
        }
        Ok(key)
    }
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        let remedy = "--data-dir takes a folder that can be made or written to";
        Error::configuration(format!("data folder \"{}\": {remedy}", folder.display())).caused_by(error)
    })
}

/// In which line the byte at `offset` stands, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_comes_before_the_file_and_the_file_before_the_default() {
        let file: Options = toml::from_str("listen = \"127.0.0.1:9000\"\nshared-owner = \"built-in\"").unwrap();
        let flags = Options { shared_owner: Some("admin".into()), ..Options::default() };
        let options = flags.or(file);
        assert_eq!(options.listen().port(), 9000);
        assert_eq!(options.shared_owner.as_deref(), Some("admin"));
        assert_eq!(Options::default().listen().port(), 8080);
    }

    #[test]
    fn a_misspelt_key_of_the_file_is_refused() {
        assert!(toml::from_str::<Options>("listn = \"127.0.0.1:9000\"").is_err());
    }

    #[test]
    fn an_address_that_others_can_reach_needs_a_public_url() {
        let bound: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        assert!(Options::default().public_url(bound).unwrap_err().message().contains("--public-url is needed"));
        assert!(Options::default().public_url("127.0.0.1:8080".parse().unwrap()).is_ok());
    }
}
