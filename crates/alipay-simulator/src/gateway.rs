//! The gateway: judges a request in the order in which the real one does, performs it, and signs the answer.
//!
//! First the charset, without which nothing can be read; then the application, because without it nothing can be signed; then form, time,
//! certificates and signature; and only then the method's own parameters.

pub(crate) mod answer;
pub(crate) mod error;
pub(crate) mod methods;
pub(crate) mod spoil;

use std::{sync::Arc, time::Duration};

use crate::{
    beijing_time,
    certificate::Certificate,
    fault::{INFO_METHOD, TOKEN_METHOD},
    gateway::{
        answer::Verdict,
        error::{ApiError, escape_html},
    },
    key::verify_rsa2,
    parameters::{ParameterFault, Parameters},
    registration::AppRegistration,
    state::World,
};

/// How far a request's timestamp may be from the gateway's clock.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(600);

/// A request as it came over HTTP, decoded as far as that was possible.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) content_type: Option<String>,
    pub(crate) query: Result<Vec<(String, String)>, ParameterFault>,
    pub(crate) body: Result<Vec<(String, String)>, ParameterFault>,
}

/// The application that asks, where it is known, and what it is to be told.
pub(crate) struct Judgement {
    pub(crate) app: Option<Arc<AppRegistration>>,
    pub(crate) method: Option<Method>,
    pub(crate) verdict: Verdict,
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
    let parameters = match read(incoming) {
        Ok(parameters) => parameters,
        Err(error) => return Judgement { app: None, method: None, verdict: Verdict::Error(error) },
    };
    let method = parameters.get("method").and_then(Method::named);
    let app = match find_app(world, &parameters) {
        Ok(app) => app,
        Err(error) => return Judgement { app: None, method, verdict: Verdict::Error(error) },
    };
    let verdict = match check_and_perform(world, &app, method, &parameters) {
        Ok(node) => Verdict::Success(node),
        Err(error) => Verdict::Error(error),
    };
    Judgement { app: Some(app), method, verdict }
}

/// The judgement of a request that is refused with `error` whatever it says; the application is looked up, so that the answer can be signed.
pub(crate) fn not_judged(
    world: &World,
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
    }
}

fn read(incoming: &Incoming) -> Result<Parameters, ApiError> {
    let unreadable = |fault: &ParameterFault| {
        ApiError::invalid("isv.invalid-parameter", format!("参数无效：{fault}")).in_error_response()
    };
    let query = incoming.query.clone().map_err(|fault| unreadable(&fault))?;
    check_charset(&query, incoming.content_type.as_deref())?;
    let body = incoming.body.clone().map_err(|fault| unreadable(&fault))?;
    if !body.is_empty()
        && media_type(incoming.content_type.as_deref()) != Some("application/x-www-form-urlencoded".to_owned())
    {
        return Err(ApiError::invalid(
            "isv.invalid-parameter",
            "Content-Type 必须为 application/x-www-form-urlencoded",
        )
        .in_error_response());
    }
    Parameters::gather(query.into_iter().chain(body)).map_err(|fault| unreadable(&fault))
}

/// The charset must be known before the body is read. The real gateway falls back to GBK when neither query nor Content-Type names one, and then
/// misreads and answers in GBK; the simulator does not speak GBK and says instead what is wrong, with the documented code.
fn check_charset(query: &[(String, String)], content_type: Option<&str>) -> Result<(), ApiError> {
    let in_query = query.iter().find(|(name, _)| name == "charset").map(|(_, value)| value.to_ascii_lowercase());
    let in_header = content_type.and_then(header_charset);
    let refuse = |message: &str| {
        Err(ApiError::invalid("isv.invalid-charset", format!("字符集错误，{message}")).in_error_response())
    };
    match (in_query, in_header) {
        (None, None) => refuse("charset 必须放在 URL 或 Content-Type 中（未指定时按 GBK 处理，模拟器不支持 GBK）"),
        (Some(query), Some(header)) if query != header => refuse("URL 与 Content-Type 的 charset 不一致"),
        (Some(charset), _) | (None, Some(charset)) if charset == "utf-8" => Ok(()),
        _ => refuse("模拟器仅支持 UTF-8"),
    }
}

fn header_charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

fn media_type(content_type: Option<&str>) -> Option<String> {
    Some(content_type?.split(';').next()?.trim().to_ascii_lowercase())
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
    check_form(parameters)?;
    check_timestamp(world, parameters)?;
    check_signature(check_certificates(world, app, parameters)?, parameters)?;
    match method {
        Method::Token => methods::token(world, app, parameters),
        Method::Info => methods::info(world, app, parameters),
    }
}

fn check_form(parameters: &Parameters) -> Result<(), ApiError> {
    if !matches!(parameters.get("format"), None | Some("JSON" | "json")) {
        return Err(ApiError::invalid("isv.invalid-format", "无效的数据格式"));
    }
    match parameters.get("version") {
        Some("1.0") => {}
        None => return Err(ApiError::missing("isv.missing-version", "缺少版本参数")),
        Some(_) => return Err(ApiError::invalid("isv.invalid-parameter", "无效的版本参数，固定为 1.0")),
    }
    // A charset in the body besides the one that was announced must not contradict it.
    if parameters.get("charset").is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        return Err(ApiError::invalid("isv.invalid-charset", "字符集错误"));
    }
    match parameters.get("sign_type") {
        Some("RSA2") => Ok(()),
        None => Err(ApiError::missing("isv.missing-signature-type", "缺少签名类型参数")),
        Some("RSA") => {
            Err(ApiError::conditions("isv.missing-signature-config", "应用未配置对应签名算法的公钥或者证书"))
        }
        Some(_) => Err(ApiError::invalid("isv.invalid-signature-type", "无效的签名类型")),
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

fn check_signature(certificate: &Certificate, parameters: &Parameters) -> Result<(), ApiError> {
    let signature = parameters.get("sign").ok_or_else(|| ApiError::missing("isv.missing-signature", "缺少签名参数"))?;
    let string_to_sign = parameters.string_to_sign();
    if verify_rsa2(certificate.public_key(), string_to_sign.as_bytes(), signature) {
        return Ok(());
    }
    // The real one tells what it would have signed, code and token included.
    Err(ApiError::invalid(
        "isv.invalid-signature",
        format!(
            "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：{}",
            escape_html(&string_to_sign)
        ),
    ))
}
