//! The shape of an answer: `{"<node name>":<node>,"alipay_cert_sn":"…","sign":"…"}`, signed over the exact bytes of the node.

use serde_json::{Value, json};

use crate::{
    charset::Charset,
    gateway::{
        Judgement, Method,
        error::{ApiError, ErrorNode},
    },
    key::RsaKey,
    registration::{AppRegistration, Mode},
};

/// What the gateway made of a request.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// Performed; the node.
    Success(String),
    /// Refused.
    Error(ApiError),
}

impl Verdict {
    pub(crate) fn outcome(&self) -> &str {
        match self {
            Self::Success(_) => "ok",
            Self::Error(error) => &error.sub_code,
        }
    }
}

/// An answer before it is written: node, and signature where the application is known.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) node_name: &'static str,
    pub(crate) node: String,
    pub(crate) seal: Option<Seal>,
    pub(crate) charset: Charset,
}

/// What makes an answer Alipay's.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    pub(crate) alipay_cert_sn: Option<String>,
    pub(crate) sign: String,
}

impl Answer {
    /// The answer to a judgement. Without an application there is no certificate to sign with, so that answer is unsigned, as in production.
    pub(crate) fn to_judgement(judgement: &Judgement) -> Self {
        let (node_name, node) = match &judgement.verdict {
            Verdict::Success(node) => (judgement.method.map_or("error_response", Method::node), node.clone()),
            Verdict::Error(error) => (error_node(error, judgement.method), error_object(error)),
        };
        let seal = judgement.app.as_deref().and_then(|app| Seal::by(app, app.alipay_key(), judgement.charset, &node));
        Self { node_name, node, seal, charset: judgement.charset }
    }

    /// The JSON text in its charset.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.object(&self.members())
    }

    /// These members as a JSON text in the answer's charset.
    pub(crate) fn object(&self, members: &[String]) -> Vec<u8> {
        self.charset.encode(&format!("{{{}}}", members.join(",")))
    }

    /// The members of the outer object, in Alipay's usual order.
    pub(crate) fn members(&self) -> Vec<String> {
        let mut members = vec![format!("\"{}\":{}", self.node_name, self.node)];
        if let Some(seal) = &self.seal {
            if let Some(sn) = &seal.alipay_cert_sn {
                members.push(format!("\"alipay_cert_sn\":\"{sn}\""));
            }
            members.push(format!("\"sign\":\"{}\"", seal.sign));
        }
        members
    }
}

impl Seal {
    /// Signs the bytes of the node with `key`, in certificate mode in the name of the application's Alipay certificate.
    pub(crate) fn by(app: &AppRegistration, key: &RsaKey, charset: Charset, node: &str) -> Option<Self> {
        let alipay_cert_sn = match app.mode() {
            Mode::Certificate => Some(app.alipay_certificate().certificate().sn().to_owned()),
            Mode::PublicKey => None,
        };
        Some(Self { alipay_cert_sn, sign: key.sign(app.sign_type(), &charset.encode(node)).ok()? })
    }
}

/// A JSON object with its members in this order, slashes written `\/` as the real gateway does.
pub(crate) fn object(members: &[(&str, Value)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    // A slash can only stand inside a text: nothing else in JSON has one.
    format!("{{{}}}", members.join(",")).replace('/', "\\/")
}

pub(crate) fn error_object(error: &ApiError) -> String {
    object(&[
        ("code", json!(error.code)),
        ("msg", json!(error.msg)),
        ("sub_code", json!(error.sub_code)),
        ("sub_msg", json!(error.sub_msg)),
    ])
}

fn error_node(error: &ApiError, method: Option<Method>) -> &'static str {
    match (error.node, method) {
        (ErrorNode::Method, Some(method)) => method.node(),
        (ErrorNode::Error, _) | (ErrorNode::Method, None) => "error_response",
    }
}
