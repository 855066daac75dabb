//! What a row of type "Alipay" holds, and what is made of it.

use vestibule_oauth_provider::{Context, Error, Field, Result, Secret, SubjectKind, provider_config};

use crate::charset::Charset;
use crate::environment::{Endpoints, Environment};
use crate::findings::Findings;
use crate::sign_type::SignType;

/// The scope that asks for the profile (昵称, 头像 …) and for the user's consent.
pub(crate) const SCOPE_PROFILE: &str = "auth_user";

/// 证书模式
const CERTIFICATE_MODE: &str = "certificate mode";
/// 公钥模式
const PUBLIC_KEY_MODE: &str = "public-key mode";

provider_config! {
    /// What a row of type "Alipay" holds. In certificate mode `app_cert` and `root_cert` are required, in public-key mode `private_key` and
    /// `alipay_public_key`; a row with fields of both, or of neither, is refused.
    pub struct AlipayConfig {
        /// The app's id in Alipay's console: 16 digits.
        pub app_id: String = Field::text("App ID").required().in_column("clientId"),
        /// Name of the cert record with `appCertPublicKey.crt` and the app's private key.
        pub app_cert: Option<String> = Field::cert("App cert").required_in(CERTIFICATE_MODE).in_column("cert"),
        /// Name of the cert record with the root bundle `alipayRootCert.crt`: in its Certificate field, or, with `alipayCertPublicKey.crt` there, in its
        /// Private key field.
        pub root_cert: Option<String> = Field::cert("Root cert").required_in(CERTIFICATE_MODE).in_column("metadata"),
        /// Name of the cert record with `alipayCertPublicKey.crt`; without it, that certificate stands in the record of `root_cert`.
        pub alipay_cert: Option<String> = Field::cert("Alipay cert"),
        /// The app's private key (应用私钥), PKCS#8 or PKCS#1.
        pub private_key: Option<Secret> = Field::secret("Private key").required_in(PUBLIC_KEY_MODE).in_column("clientSecret"),
        /// Alipay's public key (支付宝公钥), as its console shows it.
        pub alipay_public_key: Option<String> = Field::text("Alipay public key").required_in(PUBLIC_KEY_MODE),
        /// With which algorithm requests and answers are signed: `RSA2` unless given. `RSA` is SHA-1.
        pub sign_type: Option<String> = Field::choice("Sign type", &["RSA2", "RSA"]).or("RSA2"),
        /// The charset of requests and answers: `utf-8` (also written `utf8`) unless given.
        pub charset: Option<String> = Field::choice("Charset", &["utf-8", "gbk", "gb2312"]).or("utf-8"),
        /// Which Alipay; production unless given.
        pub environment: Option<Environment> = Field::choice("Environment", &["production", "sandbox", "global", "custom"]).or("production"),
        /// The address of the page on which people agree; for `custom` only.
        pub authorize_url: Option<String> = Field::url("Authorize URL"),
        /// The address of the gateway; for `custom` only.
        pub gateway_url: Option<String> = Field::url("Gateway URL"),
        /// The scopes to ask for, separated by commas; `auth_user` unless given.
        pub scope: Option<String> = Field::text("Scope").or("auth_user"),
        /// Which of Alipay's ids identifies a person: `open_id`, `user_id` or `union_id`. No default: another choice later makes other people of all.
        pub subject: Option<String> = Field::choice("Subject", &["open_id", "user_id", "union_id"]).required(),
    }
}

/// A config that was read, without its keys.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) app_id: String,
    pub(crate) environment: Environment,
    pub(crate) endpoints: Endpoints,
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    pub(crate) scope: String,
    pub(crate) subject: SubjectName,
}

/// Which of Alipay's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "the names are Alipay's")]
pub(crate) enum SubjectName {
    OpenId,
    UserId,
    UnionId,
}

impl SubjectName {
    pub(crate) const ALL: [Self; 3] = [Self::OpenId, Self::UserId, Self::UnionId];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OpenId => "open_id",
            Self::UserId => "user_id",
            Self::UnionId => "union_id",
        }
    }

    pub(crate) fn kind(self) -> SubjectKind {
        SubjectKind::new(self.as_str())
    }
}

/// The parts of a config, each where it could be read.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) app_id: Option<String>,
    pub(crate) environment: Environment,
    pub(crate) endpoints: Option<Endpoints>,
    pub(crate) sign_type: Option<SignType>,
    pub(crate) charset: Option<Charset>,
    scope: Option<String>,
    subject: Option<SubjectName>,
}

impl Parts {
    /// Reads `config`, and says all that is wrong with it.
    pub(crate) fn read(config: &AlipayConfig, cx: &Context, findings: &mut Findings) -> Self {
        let environment = config.environment.unwrap_or_default();
        let custom = (given(config.authorize_url.as_deref()), given(config.gateway_url.as_deref()));
        let mut keep = |fault| findings.error(fault);
        Self {
            app_id: app_id(&config.app_id).map(str::to_owned).map_err(&mut keep).ok(),
            environment,
            sign_type: SignType::read(config.sign_type.as_deref()).map_err(&mut keep).ok(),
            charset: Charset::read(config.charset.as_deref()).map_err(&mut keep).ok(),
            subject: subject(config.subject.as_deref()).map_err(&mut keep).ok(),
            scope: scope(config.scope.as_deref()).map_err(&mut keep).ok(),
            endpoints: Endpoints::of(environment, custom, cx)
                .map_err(|faults| faults.into_iter().for_each(&mut keep))
                .ok(),
        }
    }

    /// The settings, where every part of them could be read.
    pub(crate) fn into_settings(self) -> Option<Settings> {
        let Self { app_id, environment, endpoints, sign_type, charset, scope, subject } = self;
        Some(Settings {
            app_id: app_id?,
            environment,
            endpoints: endpoints?,
            sign_type: sign_type?,
            charset: charset?,
            scope: scope?,
            subject: subject?,
        })
    }
}

/// A text of a form: an empty one was not given.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The app id, without the space around it that people paste.
pub(crate) fn app_id(text: &str) -> Result<&str> {
    let text = text.trim();
    if (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text);
    }
    Err(Error::configuration(
        "\"appId\" is not an app id: expected 16 digits, such as 2021000000000001, as Alipay's console shows it",
    ))
}

fn subject(text: Option<&str>) -> Result<SubjectName> {
    let advice = "set it to \"open_id\" for apps made since 2023 (Alipay sends them nothing else), to \"user_id\" for older apps whose users are known by it already, \
                  or to \"union_id\" for a group of apps that share their users; it is the key of every identity and cannot be changed later without making other people of all";
    let Some(text) = given(text) else {
        return Err(Error::configuration(format!("\"subject\" is missing; {advice}")));
    };
    SubjectName::ALL
        .into_iter()
        .find(|name| name.as_str() == text)
        .ok_or_else(|| Error::configuration(format!("\"subject\" is none of Alipay's ids; {advice}")))
}

/// Scopes joined with commas, as Alipay wants them.
fn scope(text: Option<&str>) -> Result<String> {
    let scopes: Vec<&str> =
        given(text).unwrap_or(SCOPE_PROFILE).split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
    let plain =
        |scope: &&str| scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if scopes.is_empty() || !scopes.iter().all(plain) {
        return Err(Error::configuration(
            "\"scope\" is not a list of scopes: expected \"auth_user\" (profile), \"auth_base\" (id only, no page), or several with commas between them",
        ));
    }
    Ok(scopes.join(","))
}

#[cfg(test)]
mod tests {
    use vestibule_oauth_provider::ProviderConfig as _;

    use super::*;

    #[test]
    fn an_app_id_is_digits_with_the_space_around_them_taken_off() {
        assert_eq!(app_id(" 2021000000000001\n").unwrap(), "2021000000000001");
        for wrong in ["", "  ", "wx1234", "2021 0000", &"1".repeat(33), "２０２１"] {
            assert!(app_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_missing_subject_says_which_to_set_and_why() {
        assert_eq!(subject(Some("union_id")).unwrap(), SubjectName::UnionId);
        for text in [None, Some(""), Some("openid")] {
            let error = subject(text).unwrap_err();
            for word in ["\"subject\"", "\"open_id\"", "\"user_id\"", "\"union_id\"", "cannot be changed later"] {
                assert!(error.message().contains(word), "{error}");
            }
        }
    }

    #[test]
    fn scopes_are_joined_with_commas() {
        assert_eq!(scope(None).unwrap(), "auth_user");
        assert_eq!(scope(Some(" auth_base, auth_user ")).unwrap(), "auth_base,auth_user");
        assert!(scope(Some("auth_user&app_id=1")).is_err());
        assert!(scope(Some(",")).is_err());
    }

    #[test]
    fn a_row_is_finished_in_either_mode() {
        let schema = AlipayConfig::schema();
        let missing = |given: &[&str]| schema.missing(|name| given.contains(&name));
        assert_eq!(missing(&["appId", "subject", "appCert", "rootCert"]), [""; 0]);
        assert_eq!(missing(&["appId", "subject", "privateKey", "alipayPublicKey"]), [""; 0]);
        assert_eq!(missing(&["appId", "subject", "privateKey"]), ["alipayPublicKey"]);
        assert_eq!(missing(&["appCert"]), ["appId", "rootCert", "subject"]);
    }

    #[test]
    fn fields_have_the_columns_in_which_casdoor_keeps_them() {
        let schema = AlipayConfig::schema();
        let columns = schema.fields().iter().filter_map(|field| Some((field.name(), field.column()?)));
        assert_eq!(
            columns.collect::<Vec<_>>(),
            [("appId", "clientId"), ("appCert", "cert"), ("rootCert", "metadata"), ("privateKey", "clientSecret")]
        );
    }
}
