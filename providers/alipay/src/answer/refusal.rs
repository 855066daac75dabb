//! Whether a node is a success or a refusal, by its codes.
//!
//! Source: <https://opendocs.alipay.com/common/02km9f>.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::answer::AnswerFault;
use crate::answer::envelope::NodeName;
use crate::errors::plain_word;

/// The code of a success. The token method leaves it out.
const SUCCESS: &str = "10000";

/// The gateway's refusal, by its codes. Its messages are not kept: `sub_msg` of `isv.invalid-signature` repeats what was signed, code and token included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    /// For example `40002`; `unreadable` when it is no code.
    pub code: String,
    /// For example `isv.code-invalid`.
    pub sub_code: Option<String>,
    /// Whether Alipay's key has signed it. Errors before the app is known are unsigned.
    pub verified: bool,
}

impl fmt::Display for GatewayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "code {}", self.code)?;
        if let Some(sub_code) = &self.sub_code {
            write!(formatter, ", sub_code {sub_code}")?;
        }
        formatter.write_str(if self.verified { ", signature verified" } else { ", not signed, so unverified" })
    }
}

/// Whether somebody vouches for a node.
#[derive(Clone, Copy)]
pub(crate) enum Signed {
    Yes,
    No,
}

/// The members that say whether a node is a success.
#[derive(Deserialize)]
pub(crate) struct Head {
    code: Option<Value>,
    sub_code: Option<Value>,
}

impl Head {
    pub(crate) fn read(node: &str) -> Result<Self, AnswerFault> {
        serde_json::from_str(node).map_err(|error| AnswerFault::Malformed { offset: error.column() })
    }

    /// The refusal that this is, unless it is a success.
    pub(crate) fn error(&self, name: NodeName, signed: Signed) -> Option<GatewayError> {
        let code = self.code.as_ref().map(code_of);
        let sub_code = self.sub_code.as_ref().filter(|sub_code| !is_blank(sub_code)).map(code_of);
        let success =
            name == NodeName::Method && sub_code.is_none() && code.as_deref().is_none_or(|code| code == SUCCESS);
        if success {
            return None;
        }
        let code = code.unwrap_or_else(|| "unreadable".to_owned());
        Some(GatewayError { code, sub_code, verified: matches!(signed, Signed::Yes) })
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

/// A code as it may be logged and shown.
fn code_of(value: &Value) -> String {
    let code = match value {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    };
    plain_word(&code).unwrap_or_else(|| "unreadable".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_repeated_only_when_they_are_codes() {
        assert_eq!(code_of(&Value::from("isv.code-invalid")), "isv.code-invalid");
        assert_eq!(code_of(&Value::from(40002)), "40002");
        for other in [Value::from("<script>"), Value::from(""), Value::from("x".repeat(65)), Value::Null] {
            assert_eq!(code_of(&other), "unreadable");
        }
    }

    #[test]
    fn a_node_is_a_success_only_without_error_codes_and_under_its_own_name() {
        let outcome = |node: &str, name| Head::read(node).unwrap().error(name, Signed::Yes);
        for node in
            ["{}", r#"{"code":"10000"}"#, r#"{"code":10000,"sub_code":""}"#, r#"{"code":"10000","sub_code":null}"#]
        {
            assert_eq!(outcome(node, NodeName::Method), None, "{node}");
            assert!(outcome(node, NodeName::Error).is_some(), "{node}");
        }
        for node in
            [r#"{"code":"40002"}"#, r#"{"code":"10000","sub_code":"isv.x"}"#, r#"{"sub_code":1}"#, r#"{"code":[]}"#]
        {
            assert!(outcome(node, NodeName::Method).is_some(), "{node}");
        }
    }
}
