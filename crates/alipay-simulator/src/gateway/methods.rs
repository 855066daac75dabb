//! The two methods of a sign-in. Sources: <https://opendocs.alipay.com/open/02xtl7> (token) and <https://opendocs.alipay.com/open/02xtlf> (profile).

use serde_json::{Value, json};

use crate::{
    authorize::Scope,
    beijing_time,
    gateway::{answer::object, error::ApiError},
    parameters::Parameters,
    random,
    registration::AppRegistration,
    state::{ACCESS_TOKEN_LIFETIME, Grant, REFRESH_TOKEN_LIFETIME, World},
    user::{Avatar, TestUser},
};

/// `alipay.system.oauth.token`: redeems a code or a refresh token, each once.
pub(crate) fn token(world: &World, app: &AppRegistration, parameters: &Parameters) -> Result<String, ApiError> {
    let grant = match parameters.get("grant_type") {
        Some("authorization_code") => redeem_code(world, app, parameters.get("code"))?,
        Some("refresh_token") => redeem_refresh_token(world, app, parameters.get("refresh_token"))?,
        _ => return Err(ApiError::invalid("isv.grant-type-invalid", "grant_type 参数不正确")),
    };
    let user = world.user(&grant.user).ok_or_else(ApiError::unavailable)?;
    let access_token = format!("authusrB{}", random::hex(16).map_err(|_| ApiError::unavailable())?);
    let refresh_token = format!("authusrB{}", random::hex(16).map_err(|_| ApiError::unavailable())?);
    let now = world.now();
    let mut ledger = world.ledger();
    ledger.access_tokens.insert(access_token.clone(), Grant { expires: now + ACCESS_TOKEN_LIFETIME, ..grant.clone() });
    ledger.refresh_tokens.insert(refresh_token.clone(), Grant { expires: now + REFRESH_TOKEN_LIFETIME, ..grant });
    drop(ledger);

    // No `code` and `msg`: the classic gateway sends none with a token. Lifetimes are numbers, though the documentation says strings.
    let mut members = vec![("access_token", json!(access_token))];
    members.extend(ids(user));
    members.extend([
        ("auth_start", json!(beijing_time::format(now))),
        ("expires_in", json!(ACCESS_TOKEN_LIFETIME.as_secs())),
        ("re_expires_in", json!(REFRESH_TOKEN_LIFETIME.as_secs())),
        ("refresh_token", json!(refresh_token)),
    ]);
    Ok(object(&members))
}

/// `alipay.user.info.share`: the profile of whoever the token was issued for.
pub(crate) fn info(world: &World, app: &AppRegistration, parameters: &Parameters) -> Result<String, ApiError> {
    let refused = || ApiError::token("aop.invalid-auth-token", "无效的访问令牌");
    let token = parameters.get("auth_token").ok_or_else(refused)?;
    let grant = world.ledger().access_tokens.get(token).cloned().ok_or_else(refused)?;
    if grant.app_id != app.app_id() {
        return Err(ApiError::invalid("isv.invalid-app-id", "app_id与令牌授权的应用不相符"));
    }
    if grant.expires <= world.now() {
        return Err(ApiError::token("aop.auth-token-time-out", "访问令牌已过期"));
    }
    // A token for the scope auth_base does not tell the profile.
    if grant.scope != Scope::User {
        return Err(refused());
    }
    let user = world.user(&grant.user).ok_or_else(ApiError::unavailable)?;

    let mut members = vec![("code", json!("10000")), ("msg", json!("Success"))];
    members.extend(ids(user));
    if user.avatar == Avatar::Initial {
        let picture = world.base.join(&format!("avatars/{}.svg", user.key)).map_err(|_| ApiError::unavailable())?;
        members.push(("avatar", json!(picture.as_str())));
    }
    let optional =
        [("nick_name", &user.nick_name), ("province", &user.province), ("city", &user.city), ("gender", &user.gender)];
    members.extend(optional.into_iter().filter_map(|(name, value)| Some((name, json!(value.as_ref()?)))));
    Ok(object(&members))
}

fn redeem_code(world: &World, app: &AppRegistration, code: Option<&str>) -> Result<Grant, ApiError> {
    let refused = || ApiError::invalid("isv.code-invalid", "授权码code无效").in_error_response();
    let code = code.ok_or_else(refused)?;
    let now = world.now();
    let mut ledger = world.ledger();
    let grant = ledger
        .codes
        .get(code)
        .filter(|grant| grant.app_id == app.app_id() && grant.expires > now)
        .cloned()
        .ok_or_else(refused)?;
    ledger.codes.remove(code);
    Ok(grant)
}

fn redeem_refresh_token(world: &World, app: &AppRegistration, token: Option<&str>) -> Result<Grant, ApiError> {
    let refused = || ApiError::invalid("isv.refresh-token-invalid", "刷新令牌refresh_token无效");
    let token = token.ok_or_else(refused)?;
    let now = world.now();
    let mut ledger = world.ledger();
    if ledger.used_refresh_tokens.get(token).is_some() {
        return Err(ApiError::invalid("isv.refreshed-token-invalid", "刷新令牌已被使用"));
    }
    let grant =
        ledger.refresh_tokens.get(token).filter(|grant| grant.app_id == app.app_id()).cloned().ok_or_else(refused)?;
    if grant.expires <= now {
        return Err(ApiError::invalid("isv.refresh-token-time-out", "刷新令牌refresh_token过期"));
    }
    ledger.refresh_tokens.remove(token);
    ledger.used_refresh_tokens.insert(token.to_owned(), ());
    Ok(grant)
}

fn ids(user: &TestUser) -> Vec<(&'static str, Value)> {
    let mut ids = Vec::new();
    if let Some(user_id) = &user.user_id {
        ids.push(("user_id", json!(user_id)));
    }
    ids.push(("open_id", json!(user.open_id)));
    if let Some(union_id) = &user.union_id {
        ids.push(("union_id", json!(union_id)));
    }
    ids
}
