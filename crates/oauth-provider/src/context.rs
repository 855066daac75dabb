//! What a provider is handed when it is opened: its row's name, and the services of the house.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use ring::rand::SecureRandom;
use uuid::Uuid;

use crate::{CertRecord, CertResolver, Destination, Error, HttpClient, Result, Secret};

/// The time, so that tests can hold it still.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// Unpredictable bytes, so that tests can predict them.
pub trait Random: fmt::Debug + Send + Sync + 'static {
    /// Fills `buffer` with bytes that nobody can guess.
    ///
    /// # Errors
    /// `Internal`, when the operating system gives none.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

impl dyn Random {
    /// 32 fresh bytes as 64 lower-case hex digits: 256 bits in an alphabet that every vendor takes.
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn token(&self) -> Result<Secret> {
        let mut bytes = [0; 32];
        self.fill(&mut bytes)?;
        Ok(Secret::new(hex::encode(bytes)))
    }

    /// A fresh version 4 UUID (RFC 9562 section 5.4).
    ///
    /// # Errors
    /// As [`Random::fill`].
    pub fn uuid(&self) -> Result<Uuid> {
        let mut bytes = [0; 16];
        self.fill(&mut bytes)?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Which provider row something is about. The id never changes and is never used again; owner and name are what people say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowRef {
    /// The row's immutable id.
    pub id: Uuid,
    /// The tenant whose row it is.
    pub owner: String,
    /// The row's name, unique for its owner.
    pub name: String,
}

impl fmt::Display for RowRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// The services that every provider of an installation shares.
#[derive(Debug, Clone)]
pub struct Services {
    /// The way to upstreams.
    pub http: Arc<dyn HttpClient>,
    /// Cert records by name.
    pub certs: Arc<dyn CertResolver>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub random: Arc<dyn Random>,
}

/// What one provider is opened with.
#[derive(Debug, Clone)]
pub struct Context {
    row: RowRef,
    services: Services,
}

impl Context {
    /// The context of the provider that `row` describes.
    pub fn new(row: RowRef, services: Services) -> Self {
        Self { row, services }
    }

    /// The row that is being opened.
    pub fn row(&self) -> &RowRef {
        &self.row
    }

    /// The way to upstreams.
    pub fn http(&self) -> &Arc<dyn HttpClient> {
        &self.services.http
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.services.clock
    }

    /// Unpredictable bytes.
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.services.random
    }

    /// The cert record `name` of the row's owner, or else the shared owner's.
    ///
    /// # Errors
    /// As [`CertResolver::resolve`].
    pub async fn cert(&self, name: &str) -> Result<CertRecord> {
        self.services.certs.resolve(&self.row.owner, name).await
    }

    /// The private key of a record that [`Context::cert`] found, to sign what is sent to `destinations` and nothing else; nothing where its Private key
    /// field holds none. A record of the row's own owner signs wherever the row points. A shared one signs for the owners that it names, and towards the
    /// hosts that it names; where it names no hosts, towards those that are the vendor's own or that the installation vouches for. So no tenant can point a
    /// row at a server of its own and have requests signed for it with a key that is not its own.
    ///
    /// # Errors
    /// `Configuration`, naming the record and what has to be written into it.
    pub fn signing_key<'r>(
        &self,
        record: &'r CertRecord,
        destinations: &[Destination<'_>],
    ) -> Result<Option<&'r Secret>> {
        let vouched = |destination: &Destination<'_>| self.http().is_vouched_for(destination.url);
        record.private_key.for_signing(record, &self.row.owner, destinations, vouched)
    }
}

/// The machine's clock: the one place that reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The operating system's random source: the one place that reads it.
#[derive(Debug, Clone)]
pub struct SystemRandom(ring::rand::SystemRandom);

impl SystemRandom {
    /// The source; nothing is read before it is asked.
    #[expect(clippy::disallowed_methods, reason = "this is the one home of the random source")]
    pub fn new() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Default for SystemRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        self.0.fill(buffer).map_err(|_| Error::internal("the operating system gives no random bytes"))
    }
}
