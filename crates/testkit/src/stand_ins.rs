//! Stand-ins for the services of the house.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use vestibule_oauth_provider::{
    CertRecord, CertResolver, CertVersion, Error, HttpClient, HttpRequest, HttpResponse, KeyGrant, PrivateKeyField,
    Result, Secret, Services, Url, Uuid, VersionState,
};

use crate::{FixedClock, SeededRandom};

/// Cert records held in memory, found by name whatever the owner who asks.
#[derive(Debug, Default)]
pub struct StaticCerts(BTreeMap<String, CertRecord>);

impl StaticCerts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the record `name` of `admin`, for every owner. In the Private key field, certificates are public material and everything else may be a key;
    /// an empty one is none.
    #[must_use]
    pub fn with(mut self, name: &str, certificate: &str, private_key: &str) -> Self {
        let record = CertRecord {
            id: Uuid::from_u128(self.0.len() as u128 + 1),
            owner: "admin".to_owned(),
            name: name.to_owned(),
            version: 1,
            certificate: certificate.to_owned(),
            private_key: match beside(private_key) {
                Some(text) => PrivateKeyField::public(text),
                None if private_key.trim().is_empty() => PrivateKeyField::EMPTY,
                None => PrivateKeyField::secret(Secret::new(private_key), KeyGrant::every_owner()),
            },
            others: Vec::new(),
        };
        self.0.insert(name.to_owned(), record);
        self
    }

    /// Changes the record `name`, which is there.
    #[must_use]
    pub fn changed(mut self, name: &str, change: impl FnOnce(&mut CertRecord)) -> Self {
        change(self.0.get_mut(name).expect("a test changes records that it added"));
        self
    }

    /// Adds a version to the record `name`, which is there; its number is one more than the newest one's.
    #[must_use]
    pub fn with_version(self, name: &str, state: VersionState, certificate: &str, private_key: &str) -> Self {
        self.changed(name, |record| {
            let newest = record.others.iter().map(|version| version.number).chain([record.version]).max();
            let number = newest.unwrap_or_default() + 1;
            let beside = beside(private_key).map(str::to_owned);
            record.others.insert(0, CertVersion { number, state, certificate: certificate.to_owned(), beside });
        })
    }
}

fn beside(private_key: &str) -> Option<&str> {
    private_key.contains("BEGIN CERTIFICATE").then_some(private_key)
}

#[async_trait]
impl CertResolver for StaticCerts {
    async fn resolve(&self, _owner: &str, name: &str) -> Result<CertRecord> {
        self.0.get(name).cloned().ok_or_else(|| Error::configuration(format!("there is no cert record \"{name}\"")))
    }
}

/// An HTTP client that answers from a script and remembers what it was asked. It permits every URL and vouches for all but the hosts named.
#[derive(Debug, Default)]
pub struct ScriptedHttp {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<HttpRequest>>,
    unknown_hosts: Vec<String>,
}

/// One answer of a [`ScriptedHttp`].
#[derive(Debug)]
pub enum Answer {
    /// This answer.
    Response(HttpResponse),
    /// This failure.
    Failure(Error),
}

impl ScriptedHttp {
    /// Answers with these, in order, and fails when they are used up.
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            requests: Mutex::default(),
            unknown_hosts: Vec::new(),
        }
    }

    /// Of this host the person who runs the installation knows nothing; all others are vouched for.
    #[must_use]
    pub fn not_vouching_for(mut self, host: &str) -> Self {
        self.unknown_hosts.push(host.to_owned());
        self
    }

    /// What it was asked, in order.
    pub fn requests(&self) -> Vec<HttpRequest> {
        self.requests.lock().expect("no test panics with the list in hand").clone()
    }
}

impl Answer {
    /// Status 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Response(HttpResponse { status: 200, headers: Vec::new(), body: body.into() })
    }
}

#[async_trait]
impl HttpClient for ScriptedHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        self.requests.lock().expect("no test panics with the list in hand").push(request);
        match self.answers.lock().expect("no test panics with the script in hand").pop_front() {
            Some(Answer::Response(response)) => Ok(response),
            Some(Answer::Failure(error)) => Err(error),
            None => panic!("the script has no answer for this request"),
        }
    }

    fn permit(&self, _url: &Url) -> Result<()> {
        Ok(())
    }

    fn is_vouched_for(&self, url: &Url) -> bool {
        !self.unknown_hosts.iter().any(|host| url.host_str() == Some(host))
    }
}

/// Services for a test: these certs and this client, a clock that stands still, random numbers that repeat.
pub fn services(certs: impl CertResolver, http: impl HttpClient) -> Services {
    Services {
        http: Arc::new(http),
        certs: Arc::new(certs),
        clock: Arc::new(FixedClock::new()),
        random: Arc::new(SeededRandom::new(1)),
    }
}
