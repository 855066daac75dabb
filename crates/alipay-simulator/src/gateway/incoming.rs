//! A request as it came over HTTP, and in which charset it is to be read.
//!
//! Query or `Content-Type` tell the charset, since it must be known before anything else can be read. The real gateway takes GBK when neither does, also for
//! its answer, and so does this.

use crate::{
    charset::Charset,
    gateway::error::ApiError,
    parameters::{self, Pairs, ParameterFault, Parameters, RawPairs},
};

/// A request, taken apart as far as that was possible.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) content_type: Option<String>,
    query: Result<RawPairs, ParameterFault>,
    body: Result<RawPairs, ParameterFault>,
    charset: Result<Charset, ApiError>,
}

impl Incoming {
    pub(crate) fn new(content_type: Option<String>, query: &[u8], body: &[u8]) -> Self {
        let query = parameters::split(query);
        let charset = announced(query.as_deref().unwrap_or_default(), content_type.as_deref());
        Self { content_type, query, body: parameters::split(body), charset }
    }

    /// The charset of the answer: what was announced, or UTF-8 where that is nothing.
    pub(crate) fn charset(&self) -> Charset {
        self.charset.as_ref().copied().unwrap_or_default()
    }

    /// The parameters of query and body, empty where they cannot be read.
    pub(crate) fn legible(&self) -> (Pairs, Pairs) {
        let pairs = |raw: &Result<RawPairs, ParameterFault>| {
            raw.as_ref().ok().and_then(|raw| parameters::decode(raw, self.charset()).ok()).unwrap_or_default()
        };
        (pairs(&self.query), pairs(&self.body))
    }

    /// All parameters.
    pub(crate) fn parameters(&self) -> Result<Parameters, ApiError> {
        let charset = self.charset.clone()?;
        let (query, body) = (self.query.as_ref().map_err(unreadable)?, self.body.as_ref().map_err(unreadable)?);
        if !body.is_empty()
            && media_type(self.content_type.as_deref()) != Some("application/x-www-form-urlencoded".to_owned())
        {
            return Err(ApiError::invalid(
                "isv.invalid-parameter",
                "Content-Type 必须为 application/x-www-form-urlencoded",
            )
            .in_error_response());
        }
        let pairs = [query.as_slice(), body.as_slice()].concat();
        Parameters::gather(&pairs, charset).map_err(|fault| unreadable(&fault))
    }
}

fn unreadable(fault: &ParameterFault) -> ApiError {
    ApiError::invalid("isv.invalid-parameter", format!("参数无效：{fault}")).in_error_response()
}

fn announced(query: &[(Vec<u8>, Vec<u8>)], content_type: Option<&str>) -> Result<Charset, ApiError> {
    let in_query = query.iter().find(|(name, _)| name == b"charset");
    let in_query = in_query.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    let in_header = content_type.and_then(header_charset);
    let refusal = |message: &str| ApiError::invalid("isv.invalid-charset", message).in_error_response();
    let read = |name: Option<String>| match name {
        Some(name) => Charset::named(&name).map(Some).ok_or_else(|| refusal("字符集错误，目前支持GBK，UTF-8")),
        None => Ok(None),
    };
    match (read(in_query)?, read(in_header)?) {
        (Some(query), Some(header)) if query != header => {
            Err(refusal("字符集错误，URL 与 Content-Type 的 charset 不一致"))
        }
        (Some(charset), _) | (None, Some(charset)) => Ok(charset),
        (None, None) => Ok(Charset::Gbk),
    }
}

fn header_charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn media_type(content_type: Option<&str>) -> Option<String> {
    Some(content_type?.split(';').next()?.trim().to_ascii_lowercase())
}
