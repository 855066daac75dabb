//! From a row's type and config to a provider.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Config, Context, Error, OAuthProvider, ProviderConfig, Result, Schema};

/// Makes the providers of one type. It is an object, so that types can also come from data; an author who has a struct for the config implements
/// [`ProviderType`] instead and gets this for free.
#[async_trait]
pub trait Factory: fmt::Debug + Send + Sync + 'static {
    /// The row's type, for example `Alipay`. Compared letter by letter.
    fn kind(&self) -> &str;

    /// What the row's config holds.
    fn schema(&self) -> &Schema;

    /// Makes the provider: reads the config, resolves cert records. No network: whatever has to be discovered is discovered when it is needed.
    /// A provider stays open for as long as what is stored of its row and records is the same, which may be longer than a certificate lasts: what
    /// depends on the time is judged again, by the clock of `cx`, when it is used.
    ///
    /// # Errors
    /// `Configuration`, naming the record, the field and the remedy; `Internal` when a store fails.
    async fn open(&self, config: &Config, cx: &Context) -> Result<Arc<dyn OAuthProvider>>;

    /// Every fault of a row, not just the first; no network. An empty list means that [`Factory::open`] would succeed.
    async fn check(&self, config: &Config, cx: &Context) -> Vec<Finding> {
        match self.open(config, cx).await {
            Ok(_) => Vec::new(),
            Err(error) => vec![Finding::fatal(error.report())],
        }
    }

    /// What this vendor knows about a text that an administrator holds in hands, for example Alipay's serial numbers of certificates. Must not fail: what
    /// it does not recognise it leaves out.
    fn describe(&self, _text: &str) -> Vec<Fact> {
        Vec::new()
    }
}

/// A provider type with a typed config. Implementing it makes a [`Factory`].
#[async_trait]
pub trait ProviderType: fmt::Debug + Send + Sync + 'static {
    /// The config, made with [`provider_config!`](crate::provider_config).
    type Config: ProviderConfig;

    /// The row's type, for example `Alipay`.
    const KIND: &'static str;

    /// As [`Factory::open`], with the config read.
    ///
    /// # Errors
    /// As [`Factory::open`].
    async fn open(&self, config: Self::Config, cx: &Context) -> Result<Arc<dyn OAuthProvider>>;

    /// As [`Factory::check`], with the config read.
    async fn check(&self, config: Self::Config, cx: &Context) -> Vec<Finding> {
        match self.open(config, cx).await {
            Ok(_) => Vec::new(),
            Err(error) => vec![Finding::fatal(error.report())],
        }
    }

    /// As [`Factory::describe`].
    fn describe(&self, _text: &str) -> Vec<Fact> {
        Vec::new()
    }
}

/// A [`ProviderType`] as a [`Factory`].
#[derive(Debug)]
struct Typed<T> {
    provider_type: T,
    schema: Schema,
}

#[async_trait]
impl<T: ProviderType> Factory for Typed<T> {
    fn kind(&self) -> &str {
        T::KIND
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn open(&self, config: &Config, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
        self.provider_type.open(config.parse()?, cx).await
    }

    async fn check(&self, config: &Config, cx: &Context) -> Vec<Finding> {
        match config.parse() {
            Ok(config) => self.provider_type.check(config, cx).await,
            Err(error) => vec![Finding::fatal(error.report())],
        }
    }

    fn describe(&self, text: &str) -> Vec<Fact> {
        self.provider_type.describe(text)
    }
}

/// The provider types of an installation. Injected, never global.
#[derive(Debug, Default, Clone)]
pub struct Registry {
    factories: BTreeMap<String, Arc<dyn Factory>>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a type whose config is a struct.
    ///
    /// # Errors
    /// As [`Registry::add_factory`].
    pub fn add<T: ProviderType>(&mut self, provider_type: T) -> Result<()> {
        self.add_factory(Arc::new(Typed { provider_type, schema: T::Config::schema() }))
    }

    /// Adds a type.
    ///
    /// # Errors
    /// `Configuration`, when there is one of that name already: which of the two a row means would depend on their order.
    pub fn add_factory(&mut self, factory: Arc<dyn Factory>) -> Result<()> {
        let kind = factory.kind().to_owned();
        if self.factories.contains_key(&kind) {
            return Err(Error::configuration(format!("provider type \"{kind}\" is registered twice")));
        }
        self.factories.insert(kind, factory);
        Ok(())
    }

    /// The factory of a row's type.
    ///
    /// # Errors
    /// `Configuration`, listing the types that exist.
    pub fn get(&self, kind: &str) -> Result<&Arc<dyn Factory>> {
        self.factories.get(kind).ok_or_else(|| {
            let known = self.kinds().map(|kind| format!("\"{kind}\"")).collect::<Vec<_>>().join(", ");
            Error::configuration(format!("provider type {kind:?} is not known here; known types: {known}"))
        })
    }

    /// The names of all types, in order.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.factories.keys().map(String::as_str)
    }

    /// All factories, by name.
    pub fn factories(&self) -> impl Iterator<Item = &Arc<dyn Factory>> {
        self.factories.values()
    }
}

/// A fault, or something to know, that was found in a row or a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, where, and what would be right. Never a secret.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// It works, and will not for ever or not for everybody.
    Warning,
    /// No sign-in works while it stands.
    Fatal,
}

impl Finding {
    /// No sign-in works while it stands.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self { severity: Severity::Fatal, message: message.into() }
    }

    /// It works, and will not for ever or not for everybody.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, message: message.into() }
    }

    /// Good to know.
    pub fn note(message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, message: message.into() }
    }
}

/// Something a vendor knows about a text, see [`Factory::describe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub about: About,
    /// Its name, a word for programs, for example `cert_sn`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: String,
}

/// What a [`Fact`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The text as a whole.
    Text,
    /// The certificate at this place in the text, counted from 0.
    Certificate(usize),
}
