//! What an installation can be told: by flag, by environment, by file, in this order; the rest has defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use vestibule::{AllowedHost, Error, PublicUrl, Result};

/// Under which heading the help of every command has these options.
const HEADING: &str = "Installation (the same for every command)";

/// The options of every command. The same names, in kebab-case, are the keys of the configuration file.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[command(next_help_heading = HEADING)]
pub struct Options {
    /// Configuration file (TOML); its keys are the names of these options
    #[arg(long, global = true, env = "VESTIBULE_CONFIG_FILE", value_name = "FILE")]
    #[serde(skip)]
    pub config_file: Option<PathBuf>,

    /// Folder of the embedded database and its master key [default: vestibule-data]
    #[arg(long, global = true, env = "VESTIBULE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Database: `sqlite:/path/file.db`, `postgres://user@host/name` or `mysql://user@host/name`. Other users of a machine can
    /// read a command line: a password belongs into the variable or the configuration file [default: vestibule.db in the
    /// data folder]
    #[arg(long, global = true, env = "VESTIBULE_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,

    /// File with the master keys, one a line, the one that seals first: 32 bytes as 64 hex digits or base64. The variable
    /// `VESTIBULE_MASTER_KEY` comes first [default: master.key in the data folder, made on first start]
    #[arg(long, global = true, env = "VESTIBULE_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Command that prints the master keys, as they would stand in a file; started without a shell. The variable
    /// `VESTIBULE_MASTER_KEY` comes first
    #[arg(long, global = true, env = "VESTIBULE_MASTER_KEY_COMMAND", value_name = "COMMAND", hide_env_values = true)]
    pub master_key_command: Option<String>,

    /// The URL under which browsers reach this server; callback URLs are made from it, never from a request
    /// [default: http:// and the address that --listen names, where that is loopback]
    #[arg(long, global = true, env = "VESTIBULE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Owner whose cert records every owner's rows may name [default: admin]
    #[arg(long, global = true, env = "VESTIBULE_SHARED_OWNER", value_name = "NAME")]
    pub shared_owner: Option<String>,

    /// Upstream host that may be private, loopback or plain http; may be given several times
    #[arg(long, global = true, env = "VESTIBULE_ALLOW_UPSTREAM", value_name = "HOST[:PORT]", value_delimiter = ',')]
    #[serde(deserialize_with = "hosts")]
    pub allow_upstream: Vec<String>,

    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "VESTIBULE_LISTEN", value_name = "ADDRESS:PORT", value_parser = address)]
    #[serde(deserialize_with = "listen_address")]
    pub listen: Option<SocketAddr>,

    /// Origin, such as `https://app.example.com`, to which a finished sign-in may return; may be given several times
    #[arg(long, global = true, env = "VESTIBULE_ALLOW_RETURN_TO", value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(deserialize_with = "origins")]
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
            master_key_command: self.master_key_command.or(file.master_key_command),
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

    /// The folder of an embedded database and its master key.
    pub fn data_dir(&self) -> &Path {
        self.data_dir.as_deref().unwrap_or(Path::new("vestibule-data"))
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected ADDRESS:PORT with an ip address, such as 127.0.0.1:8080".to_owned())
}

fn listen_address<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(value)?;
    address(&text).map(Some).map_err(|expected| D::Error::custom(format!("`listen`: {expected}")))
}

fn hosts<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    let expected = "`allow-upstream`: expected an array, such as [\"host:port\"]";
    Vec::deserialize(value).map_err(|_| D::Error::custom(expected))
}

fn origins<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<String>, D::Error> {
    let expected = "`allow-return-to`: expected an array, such as [\"https://app.example.com\"]";
    Vec::deserialize(value).map_err(|_| D::Error::custom(expected))
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
