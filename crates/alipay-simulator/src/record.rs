//! What the gateway was asked.

use std::time::SystemTime;

use crate::parameters::Pairs;

/// One request to the gateway, recorded before it was judged. It holds codes and tokens, and they are worth nothing outside the simulator.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    pub(crate) at: SystemTime,
    pub(crate) content_type: Option<String>,
    pub(crate) query: Pairs,
    pub(crate) body: Pairs,
    pub(crate) outcome: String,
}

impl RecordedRequest {
    /// When it came, by the simulator's clock.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// The Content-Type header.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The parameters of the query, decoded, in order of arrival; empty if they were not readable.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The parameters of the body, decoded, in order of arrival; empty if they were not readable.
    #[must_use]
    pub fn body(&self) -> &[(String, String)] {
        &self.body
    }

    /// What the gateway made of it: `ok` or the `sub_code` of the refusal. A fault that was ordered shows in the answer, not here, unless it
    /// stood in for the judgement.
    #[must_use]
    pub fn outcome(&self) -> &str {
        &self.outcome
    }

    /// The parameter, wherever it stood.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query_parameter(name).or_else(|| self.body_parameter(name))
    }

    /// The parameter of the query.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    /// The parameter of the body.
    #[must_use]
    pub fn body_parameter(&self, name: &str) -> Option<&str> {
        find(&self.body, name)
    }

    /// The parameter `method`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.parameter("method")
    }
}

fn find<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
}
