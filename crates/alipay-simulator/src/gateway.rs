//! The gateway: judges a request in the order in which the real one does, performs it, and signs the answer.
//!
//! First the charset, without which nothing can be read; then the application, because without it nothing can be signed; then form, time,
//! certificates and signature; and only then the method's own parameters.

pub(crate) mod answer;
pub(crate) mod error;
pub(crate) mod incoming;
pub(crate) mod methods;
pub(crate) mod spoil;

use std::{sync::Arc, time::Duration};

use crate::{
    beijing_time,
    certificate::Certificate,
    charset::Charset,
    fault::{INFO_METHOD, TOKEN_METHOD},
    gateway::{
        answer::Verdict,
        error::{ApiError, escape_html},
        incoming::Incoming,
    },
    key::verify,
    parameters::Parameters,
    registration::{AppRegistration, Mode},
    sign_type::SignType,
    state::World,
};

/// How far a request's timestamp may be from the gateway's clock.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(600);

/// The application that asks, where it is known, and what it is to be told.
pub(crate) struct Judgement {
    pub(crate) app: Option<Arc<AppRegistration>>,
    pub(crate) method: Option<Method>,
    pub(crate) verdict: Verdict,
    /// In which the answer is written.
    pub(crate) charset: Charset,
}

/// The methods that the simulator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// `alipay.system.oauth.token`
    Token,
    /// `alipay.user.info.share`
    Info,
}

impl Method {
    fn named(name: &str) -> Option<Self> {
        match name {
            TOKEN_METHOD => Some(Self::Token),
            INFO_METHOD => Some(Self::Info),
            _ => None,
        }
    }

    /// Name of the node that answers it.
    pub(crate) fn node(self) -> &'static str {
        match self {
            Self::Token => "alipay_system_oauth_token_response",
            Self::Info => "alipay_user_info_share_response",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Token => Self::Info,
            Self::Info => Self::Token,
        }
    }
}

/// Judges a request and performs it if it is in order.
pub(crate) fn judge(world: &World, incoming: &Incoming) -> Judgement {
    let charset = incoming.charset();
    let parameters = match incoming.parameters() {
        Ok(parameters) => parameters,
        Err(error) => return Judgement { app: None, method: None, verdict: Verdict::Error(error), charset },
    };
    let method = parameters.get("method").and_then(Method::named);
    let app = match find_app(world, &parameters) {
        Ok(app) => app,
        Err(error) => return Judgement { app: None, method, verdict: Verdict::Error(error), charset },
    };
    let verdict = match check_and_perform(world, &app, method, &parameters) {
        Ok(node) => Verdict::Success(node),
        Err(error) => Verdict::Error(error),
    };
    Judgement { app: Some(app), method, verdict, charset }
}

/// The judgement of a request that is refused with `error` whatever it says; the application is looked up, so that the answer can be signed.
pub(crate) fn not_judged(
    world: &World,
    incoming: &Incoming,
    query: &[(String, String)],
    body: &[(String, String)],
    error: ApiError,
) -> Judgement {
    let find =
        |wanted: &str| query.iter().chain(body).find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    Judgement {
        app: find("app_id").and_then(|app_id| world.app(app_id)),
        method: find("method").and_then(Method::named),
        verdict: Verdict::Error(error),
        charset: incoming.charset(),
    }
}

fn find_app(world: &World, parameters: &Parameters) -> Result<Arc<AppRegistration>, ApiError> {
    let app_id = parameters.get("app_id").ok_or_else(|| ApiError::missing("isv.missing-app-id", "缺少appId参数"))?;
    world.app(app_id).ok_or_else(|| ApiError::invalid("isv.invalid-app-id", "无效的AppID参数"))
}

fn check_and_perform(
    world: &World,
    app: &AppRegistration,
    method: Option<Method>,
    parameters: &Parameters,
) -> Result<String, ApiError> {
    if parameters.get("method").is_none() {
        return Err(ApiError::missing("isv.missing-method", "缺少方法名参数").in_error_response());
    }
    let method = method.ok_or_else(|| ApiError::invalid("isv.invalid-method", "不存在的方法名").in_error_response())?;
    check_form(app, parameters)?;
    check_timestamp(world, parameters)?;
    let key = match app.mode() {
        Mode::Certificate => check_certificates(world, app, parameters)?.public_key().to_vec(),
        Mode::PublicKey => check_no_certificates(app, parameters)?,
    };
    check_signature(app.sign_type(), &key, parameters)?;
    match method {
        Method::Token => methods::token(world, app, parameters),
        Method::Info => methods::info(world, app, parameters),
    }
}

fn check_form(app: &AppRegistration, parameters: &Parameters) -> Result<(), ApiError> {
    if !matches!(parameters.get("format"), None | Some("JSON" | "json")) {
        return Err(ApiError::invalid("isv.invalid-format", "无效的数据格式"));
    }
    match parameters.get("version") {
        Some("1.0") => {}
        None => return Err(ApiError::missing("isv.missing-version", "缺少版本参数")),
        Some(_) => return Err(ApiError::invalid("isv.invalid-parameter", "无效的版本参数，固定为 1.0")),
    }
    let name = parameters
        .get("sign_type")
        .ok_or_else(|| ApiError::missing("isv.missing-signature-type", "缺少签名类型参数"))?;
    match SignType::named(name) {
        Some(sign_type) if sign_type == app.sign_type() => Ok(()),
        Some(_) => Err(ApiError::conditions("isv.missing-signature-config", "应用未配置对应签名算法的公钥或者证书")),
        None => Err(ApiError::invalid("isv.invalid-signature-type", "无效的签名类型")),
    }
}

fn check_timestamp(world: &World, parameters: &Parameters) -> Result<(), ApiError> {
    let text =
        parameters.get("timestamp").ok_or_else(|| ApiError::missing("isv.missing-timestamp", "缺少时间戳参数"))?;
    let invalid = || ApiError::invalid("isv.invalid-timestamp", "非法的时间戳参数");
    let sent = beijing_time::parse(text).ok_or_else(invalid)?;
    let now = world.now();
    let distance = now.duration_since(sent).or_else(|_| sent.duration_since(now)).unwrap_or(Duration::MAX);
    if distance > CLOCK_TOLERANCE { Err(invalid()) } else { Ok(()) }
}

/// The certificate of the application that the request names.
fn check_certificates<'a>(
    world: &World,
    app: &'a AppRegistration,
    parameters: &Parameters,
) -> Result<&'a Certificate, ApiError> {
    let app_cert_sn = parameters
        .get("app_cert_sn")
        .ok_or_else(|| ApiError::missing("isv.missing-app-cert-sn", "缺少应用公钥证书SN"))?;
    let root_cert_sn = parameters
        .get("alipay_root_cert_sn")
        .ok_or_else(|| ApiError::missing("isv.missing-alipay-root-cert-sn", "缺少支付宝根证书SN"))?;
    let certificate =
        app.registered(app_cert_sn).ok_or_else(|| ApiError::invalid("isv.app-cert-not-exist", "应用公钥证书不存在"))?;
    if certificate.is_expired(world.now()) {
        return Err(ApiError::invalid("isv.app-cert-expired", "应用公钥证书已过期"));
    }
    if root_cert_sn != app.root_cert_sn() {
        return Err(ApiError::invalid("isv.invalid-alipay-root-cert-sn", "无效的支付宝根证书SN"));
    }
    Ok(certificate)
}

/// An application in public-key mode has no certificates that a request could name.
fn check_no_certificates(app: &AppRegistration, parameters: &Parameters) -> Result<Vec<u8>, ApiError> {
    match parameters.get("app_cert_sn") {
        Some(_) => Err(ApiError::invalid("isv.app-cert-not-exist", "应用公钥证书不存在")),
        None => Ok(app.app_key().public_key()),
    }
}

fn check_signature(sign_type: SignType, key: &[u8], parameters: &Parameters) -> Result<(), ApiError> {
    let signature = parameters.get("sign").ok_or_else(|| ApiError::missing("isv.missing-signature", "缺少签名参数"))?;
    if verify(sign_type, key, &parameters.bytes_to_sign(), signature) {
        return Ok(());
    }
    // The real one tells what it would have signed, code and token included.
    Err(ApiError::invalid(
        "isv.invalid-signature",
        format!(
            "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{}",
            escape_html(&parameters.string_to_sign())
        ),
    ))
}
