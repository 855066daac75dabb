//! A small IAM server with its own users table that signs people in through Vestibule.
//!
//! ```sh
//! cargo run -p vestibule-embed-axum            # everything in a temporary folder
//! cargo run -p vestibule-embed-axum -- FOLDER  # kept in FOLDER
//! ```
//!
//! It brings its own Alipay, a simulator, so that it runs at once. Yours has real provider rows instead: leave out [`fill`] and the simulator.
//!
//! What is Vestibule's: the routes `/login/…` and `/callback/…`, the tables `vestibule_…`, all that an upstream wants. What is the host's, and therefore
//! here: who is a user ([`Iam::user_of`]), which identities lead to them ([`Iam::link`]), and what a session is ([`Iam::start_session`]). Both meet in
//! [`Host::on_login`], which is asked when the upstream has vouched for somebody.
//!
//! An identity is the provider row's id with the subject's kind and value. Names and e-mail addresses are shown and never looked up: people change
//! them, and some upstreams let anybody choose them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use async_trait::async_trait;
use axum::Router;
use axum::extract::{Path as UrlPath, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::net::TcpListener;
use vestibule::certs_store::NewCert;
use vestibule::login::routes::{Host, Landing};
use vestibule::login::{Begin, SignedIn};
use vestibule::provider_store::NewProvider;
use vestibule::{
    Config, Database, Digest, Error, Intent, KeyFile, KeySource, Keyring, PublicUrl, Registry, Result, ReturnTo,
    Secret, Setup, SystemClock, SystemRandom, Vestibule, unix_seconds,
};
use vestibule_alipay_simulator::Simulator;

#[cfg(test)]
mod tests;

/// The most buttons on the front page.
const MOST_WAYS: u32 = 20;

/// The host's own tables. They may stand in the same database: all of Vestibule's begin with `vestibule_`.
///
/// AUTOINCREMENT: the id of a deleted user is not given to the next one, who would inherit whatever still names it.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS identities (
    row_id TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL, -- for people to read
    PRIMARY KEY (row_id, subject_kind, subject)
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    token_digest TEXT NOT NULL PRIMARY KEY, -- a copy of the table lets nobody in
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;";

/// How long somebody stays signed in.
const SESSION_LIFETIME: Duration = Duration::from_secs(8 * 60 * 60);

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // Without a log nobody learns what is behind the number on an error page.
    tracing_subscriber::fmt().init();
    let temporary = tempfile::tempdir()?;
    let kept = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;

    // The usual port, or else any that is free.
    let addresses = [8080, 0].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let listener = TcpListener::bind(addresses.as_slice()).await?;
    let public_url = PublicUrl::parse(&format!("http://{}", listener.local_addr()?))?;
    let simulator = Simulator::builder().start().await?;
    let iam = Iam::open(folder, public_url, &simulator).await?;
    fill(&iam.vestibule, &simulator).await?;

    // Sweeps attempts that are over, seals what plain SQL put into rows in the clear. It ends when the handle is dropped.
    let upkeep = iam.vestibule.start_upkeep();
    tracing::info!("open http://{}", listener.local_addr()?);
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, iam.router()).with_graceful_shutdown(stop).await?;
    drop(upkeep);
    iam.accounts.close().await;
    iam.vestibule.database().close().await;
    Ok(())
}

/// The host: its accounts, and Vestibule.
#[derive(Debug, Clone)]
struct Iam {
    vestibule: Vestibule,
    accounts: SqlitePool,
}

/// A row of `users`.
#[derive(Debug)]
struct User {
    id: i64,
    name: String,
}

impl Iam {
    /// Opens the database in `folder`, with Vestibule's tables and ours in it.
    async fn open(folder: &Path, public_url: PublicUrl, simulator: &Simulator) -> Result<Self> {
        let file = folder.join("iam.db");
        let database = Database::open(&format!("sqlite:{}", file.display())).await?;
        // In production: from your secret store, apart from the database.
        let key_file = folder.join("master.key");
        KeyFile::at(&key_file).make_if_absent(&SystemRandom::new()).await?;
        let keyring = Keyring::load(KeySource::File(key_file), Arc::new(SystemClock)).await?;
        let mut registry = Registry::new();
        registry.add(vestibule::alipay::Alipay)?;

        let mut setup = Setup::new(database, keyring, registry, public_url.clone());
        setup.return_to = ReturnTo::this_site(&public_url).with_home("/account")?;
        // Upstreams are reached by https at public addresses; the simulator is the exception.
        setup.http.allow = vec![simulator.gateway_url().authority().parse()?];
        let vestibule = Vestibule::new(setup)?;

        let options = SqliteConnectOptions::new().filename(&file).foreign_keys(true);
        let accounts = SqlitePool::connect_with(options).await.map_err(accounts_failed)?;
        sqlx::raw_sql(TABLES).execute(&accounts).await.map_err(accounts_failed)?;
        Ok(Self { vestibule, accounts })
    }

    /// Our pages, and Vestibule's routes beside them.
    fn router(&self) -> Router {
        Router::new()
            .route("/", get(home))
            .route("/account", get(account))
            .route("/link/{owner}/{provider}", post(begin_link))
            .route("/logout", post(logout))
            .layer(middleware::from_fn_with_state(self.clone(), refuse_other_sites))
            .with_state(self.clone())
            .merge(self.vestibule.router(Arc::new(self.clone())))
    }
}

#[async_trait]
impl Host for Iam {
    async fn on_login(&self, login: SignedIn, headers: &HeaderMap) -> Result<Landing> {
        match &login.intent {
            Intent::SignIn => {
                let user = self.user_of(&login).await.map_err(accounts_failed)?;
                self.end_session(headers).await.map_err(accounts_failed)?;
                Ok(Landing::return_to().set_cookie(self.start_session(user).await?))
            }
            // Minutes may have passed since the click: on a shared computer somebody else may be signed in by now.
            Intent::Link { host_user } => match self.signed_in(headers).await.map_err(accounts_failed)? {
                Some(user) if user.id.to_string() == *host_user => {
                    let leads_to = self.link(&user, &login).await.map_err(accounts_failed)?;
                    Ok(if leads_to == user.id { Landing::return_to() } else { Landing::at("/account?notice=taken") })
                }
                _ => Ok(Landing::at("/?notice=session-changed")),
            },
            Intent::DryRun => Err(Error::unsupported("nobody begins a dry run here")),
        }
    }
}

/// Accounts.
impl Iam {
    /// The user to whom this identity leads, made at first sight.
    async fn user_of(&self, login: &SignedIn) -> sqlx::Result<i64> {
        // IMMEDIATE: of two first sign-ins at the same moment the second waits, and finds what the first made.
        let mut transaction = self.accounts.begin_with("BEGIN IMMEDIATE").await?;
        let known: Option<i64> =
            sqlx::query_scalar("SELECT user_id FROM identities WHERE row_id = ? AND subject_kind = ? AND subject = ?")
                .bind(login.row.id.to_string())
                .bind(login.user.subject.kind.as_str())
                .bind(&login.user.subject.value)
                .fetch_optional(&mut *transaction)
                .await?;
        if let Some(user) = known {
            return Ok(user);
        }
        let user: i64 = sqlx::query_scalar("INSERT INTO users (name) VALUES (?) RETURNING id")
            .bind(login.user.name.as_deref().unwrap_or("Somebody"))
            .fetch_one(&mut *transaction)
            .await?;
        insert_identity(&mut transaction, user, login).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Adds an identity to a user who is signed in, and says to whom it leads now. One that leads to another user stays theirs: moving it would take a
    /// way in from them, unasked.
    async fn link(&self, user: &User, login: &SignedIn) -> sqlx::Result<i64> {
        insert_identity(&mut *self.accounts.acquire().await?, user.id, login).await
    }

    async fn identities_of(&self, user: &User) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("SELECT label FROM identities WHERE user_id = ? ORDER BY label")
            .bind(user.id)
            .fetch_all(&self.accounts)
            .await
    }
}

/// Inserts the identity unless it is there, and says to whom it leads.
async fn insert_identity(accounts: &mut SqliteConnection, user: i64, login: &SignedIn) -> sqlx::Result<i64> {
    let (subject, name) = (&login.user.subject, login.user.name.as_deref().unwrap_or("no name"));
    // An update that changes nothing, so that RETURNING speaks of the row that was there too.
    sqlx::query_scalar(
        "INSERT INTO identities (row_id, subject_kind, subject, user_id, label) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET user_id = user_id RETURNING user_id",
    )
    .bind(login.row.id.to_string())
    .bind(subject.kind.as_str())
    .bind(&subject.value)
    .bind(user)
    .bind(format!("{}: {name} ({} {})", login.display_name, subject.kind, subject.value))
    .fetch_one(accounts)
    .await
}

/// Sessions: a random token in a cookie, its digest in the table.
impl Iam {
    /// Starts a session; the answer is its `Set-Cookie`. Always a fresh token, never one that the browser brought.
    async fn start_session(&self, user: i64) -> Result<String> {
        let token = self.vestibule.services().random.token()?;
        sqlx::query("INSERT INTO sessions (token_digest, user_id, expires_at) VALUES (?, ?, ?)")
            .bind(Digest::of(token.expose()).to_string())
            .bind(user)
            .bind(self.now().saturating_add_unsigned(SESSION_LIFETIME.as_secs()))
            .execute(&self.accounts)
            .await
            .map_err(accounts_failed)?;
        Ok(self.session_cookie(token.expose(), SESSION_LIFETIME))
    }

    /// Who is signed in, in the browser that sent these headers.
    async fn signed_in(&self, headers: &HeaderMap) -> sqlx::Result<Option<User>> {
        let Some(token) = self.session_token(headers) else { return Ok(None) };
        let found: Option<(i64, String)> = sqlx::query_as(
            "SELECT users.id, name FROM sessions JOIN users ON users.id = user_id WHERE token_digest = ? AND expires_at > ?",
        )
        .bind(Digest::of(token).to_string())
        .bind(self.now())
        .fetch_optional(&self.accounts)
        .await?;
        Ok(found.map(|(id, name)| User { id, name }))
    }

    /// Ends the session of these headers, and removes those that are over.
    async fn end_session(&self, headers: &HeaderMap) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM sessions WHERE token_digest = ? OR expires_at <= ?")
            .bind(self.session_token(headers).map(|token| Digest::of(token).to_string()))
            .bind(self.now())
            .execute(&self.accounts)
            .await
            .map(drop)
    }

    /// `Lax`, not `Strict`: the callback is a navigation that another site begins, and linking must see the session there.
    fn session_cookie(&self, token: &str, lifetime: Duration) -> String {
        let secure = if self.is_https() { "; Secure" } else { "" };
        let (name, seconds) = (self.session_name(), lifetime.as_secs());
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    fn session_token<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.session_name()).map(|(_, token)| token)
    }

    /// With `__Host-` no other host of the domain can plant a session; browsers take it over https only.
    fn session_name(&self) -> &'static str {
        if self.is_https() { "__Host-session" } else { "session" }
    }

    fn is_https(&self) -> bool {
        self.vestibule.logins().settings().public_url.is_https()
    }

    fn now(&self) -> i64 {
        i64::try_from(unix_seconds(self.vestibule.services().clock.now())).unwrap_or(i64::MAX)
    }
}

/// Adds a way to sign in to the user who is signed in: a login like any other, with another intent.
async fn begin_link(
    State(iam): State<Iam>,
    UrlPath((owner, provider)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(user) = iam.signed_in(&headers).await? else { return Ok(Redirect::to("/").into_response()) };
    let intent = Intent::Link { host_user: user.id.to_string() };
    let begin = Begin::sign_in(&owner, &provider).intent(intent).return_to("/account");
    let begun = iam.vestibule.logins().begin(begin).await?;
    Ok(([(SET_COOKIE, begun.cookie.set_cookie())], Redirect::to(begun.authorize_url.as_str())).into_response())
}

async fn logout(State(iam): State<Iam>, headers: HeaderMap) -> Result<Response, Failure> {
    iam.end_session(&headers).await?;
    Ok(([(SET_COOKIE, iam.session_cookie("", Duration::ZERO))], Redirect::to("/")).into_response())
}

/// A form on another site must not change anything here.
async fn refuse_other_sites(State(iam): State<Iam>, request: Request, next: Next) -> Response {
    if !request.method().is_safe() && !iam.is_from_here(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

impl Iam {
    /// Browsers say where a request comes from: `Sec-Fetch-Site` over https and on loopback, `Origin` with every form.
    fn is_from_here(&self, headers: &HeaderMap) -> bool {
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match said("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => {
                let origin = self.vestibule.logins().settings().public_url.as_url().origin();
                said("origin") == Some(origin.ascii_serialization().as_str())
            }
        }
    }
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title><h1>Sign in</h1>
{% if let Some(notice) = notice %}<p role="alert">{{ notice }}</p>{% endif %}
{% for way in ways %}<p><a href="{{ way.login }}">Sign in with {{ way.label }}</a></p>
{% endfor %}</html>"#
)]
struct HomePage {
    notice: Option<&'static str>,
    ways: Vec<Way>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>{{ user.name }}</title><h1>{{ user.name }}</h1>
{% if let Some(notice) = notice %}<p role="alert">{{ notice }}</p>{% endif %}
<p>User <span id="user">{{ user.id }}</span>, who can sign in as:</p>
<ul>{% for identity in identities %}<li>{{ identity }}</li>
{% endfor %}</ul>
{% for way in ways %}<form method="post" action="{{ way.link }}"><button>Add an account of {{ way.label }}</button></form>
{% endfor %}<form method="post" action="/logout"><button>Sign out</button></form></html>"#
)]
struct AccountPage {
    notice: Option<&'static str>,
    user: User,
    identities: Vec<String>,
    ways: Vec<Way>,
}

/// A provider row as a button.
struct Way {
    label: String,
    login: String,
    link: String,
}

async fn home(State(iam): State<Iam>, Query(query): Query<BTreeMap<String, String>>) -> Result<Response, Failure> {
    page(&HomePage { notice: notice(&query), ways: iam.ways().await? })
}

async fn account(
    State(iam): State<Iam>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(user) = iam.signed_in(&headers).await? else { return Ok(Redirect::to("/").into_response()) };
    let (identities, ways) = (iam.identities_of(&user).await?, iam.ways().await?);
    page(&AccountPage { notice: notice(&query), user, identities, ways })
}

/// Anybody can write a link with a notice in it, so the words are ours.
fn notice(query: &BTreeMap<String, String>) -> Option<&'static str> {
    match query.get("notice")?.as_str() {
        "session-changed" => Some("Nothing was linked: you were signed out, or somebody else signed in meanwhile."),
        "taken" => Some("Nothing was linked: that account signs in another user here."),
        _ => None,
    }
}

impl Iam {
    async fn ways(&self) -> Result<Vec<Way>> {
        let rows = self.vestibule.providers().sign_in_options(MOST_WAYS).await?;
        let ways = rows.into_iter().filter_map(|row| {
            // A row that plain SQL gave the name ".." has no address, and no button.
            let login = self.vestibule.logins().login_url(&row.owner, &row.name).ok()?;
            let link = login.path().replacen("/login/", "/link/", 1);
            Some(Way { label: row.display_name, link, login: login.into() })
        });
        Ok(ways.collect())
    }
}

/// No `form-action` in the policy: browsers hold redirects of a form to it as well, and linking redirects to the upstream.
fn page(template: &impl Template) -> Result<Response, Failure> {
    let html = template.render().map_err(|error| Error::internal("a page could not be made").caused_by(error))?;
    let headers = [
        (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
        // Not "no-referrer", with which the `Origin` of our own forms would be "null".
        (REFERRER_POLICY, "same-origin"),
    ];
    Ok((headers, Html(html)).into_response())
}

/// An error of a page: the log gets the report, the browser what is meant for it.
struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self(accounts_failed(error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        tracing::error!(report = %self.0.report(), "a page failed");
        let disclosure = self.0.disclosure();
        let status = StatusCode::from_u16(disclosure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, disclosure.advice).into_response()
    }
}

fn accounts_failed(error: sqlx::Error) -> Error {
    Error::internal("the database of the accounts failed").caused_by(error)
}

/// Who changes rows here, as the history has it. In production: the administrator.
const BY: &str = "embed-axum";

/// Makes the simulator's application known: what an administrator does with `vestibule cert add` and `vestibule provider add`, or with plain SQL.
async fn fill(vestibule: &Vestibule, simulator: &Simulator) -> Result<()> {
    let material = simulator.app().material();
    for (name, certificate, private_key) in [
        ("alipay-app", material.app_cert, material.app_private_key),
        ("alipay-root", material.alipay_cert, material.alipay_root_cert),
    ] {
        let cert = NewCert {
            owner: vestibule.shared_owner().to_owned(),
            name: name.to_owned(),
            display_name: String::new(),
            certificate,
            private_key: Some(Secret::new(private_key)),
            sharing: None,
        };
        // In a folder that was kept, the keys of an earlier simulator stand there.
        match vestibule.certs().get(&cert.owner, &cert.name).await {
            Ok(_) => vestibule.certs().replace(cert, None, BY).await?,
            Err(_) => vestibule.certs().save(cert, BY).await?,
        };
    }
    let config = serde_json::json!({
        "appId": simulator.app().app_id(),
        "appCert": "alipay-app",
        "rootCert": "alipay-root",
        "environment": "custom",
        "authorizeUrl": simulator.authorize_url(),
        "gatewayUrl": simulator.gateway_url(),
        "subject": "open_id",
    });
    let row = NewProvider {
        owner: "demo".to_owned(),
        name: "alipay".to_owned(),
        display_name: "Alipay".to_owned(),
        category: "OAuth".to_owned(),
        kind: "Alipay".to_owned(),
        enabled: true,
        config: Config::new(config.to_string()),
    };
    // Replaced and not deleted: the row's id is half of everybody's identity.
    match vestibule.providers().get(&row.owner, &row.name).await {
        Ok(_) => vestibule.providers().replace(row, None, BY).await?,
        Err(_) => vestibule.providers().add(row, BY).await?,
    };
    Ok(())
}
