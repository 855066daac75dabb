//! Alipay's common error codes. Source: <https://opendocs.alipay.com/common/02km9f>.

/// An error as the gateway tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    pub(crate) msg: &'static str,
    pub(crate) sub_code: String,
    pub(crate) sub_msg: String,
    pub(crate) node: ErrorNode,
}

/// Under which name the error stands in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorNode {
    /// `<method>_response`; `error_response` where the method is not known.
    Method,
    /// `error_response`
    Error,
}

impl ApiError {
    /// 40001: a required parameter is missing.
    pub(crate) fn missing(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("40001", sub_code, sub_msg)
    }

    /// 40002: a parameter is wrong.
    pub(crate) fn invalid(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("40002", sub_code, sub_msg)
    }

    /// 40003: a condition is not met.
    pub(crate) fn conditions(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("40003", sub_code, sub_msg)
    }

    /// 20001: the token does not allow it.
    pub(crate) fn token(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("20001", sub_code, sub_msg)
    }

    /// 20000: the gateway is at fault; a retry may help.
    pub(crate) fn unavailable() -> Self {
        Self::new("20000", "isp.unknow-error", "系统繁忙").in_error_response()
    }

    /// An error with the message that belongs to its code.
    pub(crate) fn new(code: &str, sub_code: &str, sub_msg: impl Into<String>) -> Self {
        let msg = match code {
            "20000" => "Service Currently Unavailable",
            "20001" => "Insufficient Token Permissions",
            "40001" => "Missing Required Arguments",
            "40002" => "Invalid Arguments",
            "40003" => "Insufficient Conditions",
            "40005" => "Call Limited",
            "40006" => "Insufficient Permissions",
            _ => "Business Failed",
        };
        Self {
            code: code.to_owned(),
            msg,
            sub_code: sub_code.to_owned(),
            sub_msg: sub_msg.into(),
            node: ErrorNode::Method,
        }
    }

    /// The same, told under `error_response`.
    pub(crate) fn in_error_response(mut self) -> Self {
        self.node = ErrorNode::Error;
        self
    }
}

/// Escapes for HTML, as the real gateway does before it echoes the string to sign.
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
