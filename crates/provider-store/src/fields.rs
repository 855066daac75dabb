//! Which fields of a type's config are secrets, and which name cert records.

use vestibule_oauth_provider::{Registry, Schema};

/// What is known of the fields of a type's config.
#[derive(Clone, Copy)]
pub(crate) enum Fields<'r> {
    /// What its type's schema tells.
    Of(&'r Schema),
    /// Nothing: the registry does not know the type.
    UnknownType,
}

impl<'r> Fields<'r> {
    pub(crate) fn of(registry: &'r Registry, kind: &str) -> Self {
        registry.get(kind).map_or(Self::UnknownType, |factory| Self::Of(factory.schema()))
    }

    /// Whether it holds a secret.
    pub(crate) fn is_secret(self, field: &str) -> bool {
        matches!(self, Self::Of(schema) if schema.secrets().any(|name| name == field))
    }

    /// Whether it must not be shown: it is a secret, or nobody can say what it is, such as a misspelt one.
    pub(crate) fn may_be_secret(self, field: &str) -> bool {
        match self {
            Self::UnknownType => true,
            Self::Of(schema) => self.is_secret(field) || !schema.fields().iter().any(|known| known.name() == field),
        }
    }

    /// Whether it holds the name of a cert record.
    pub(crate) fn is_cert(self, field: &str) -> bool {
        matches!(self, Self::Of(schema) if schema.certs().any(|name| name == field))
    }
}
