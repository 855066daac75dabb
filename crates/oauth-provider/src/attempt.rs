//! One try to sign in, from the click to the callback: what keeps it safe, in one place.
//!
//! The engine mints a [`NewAttempt`] (state, PKCE, nonce, a secret for the browser), hands it to the provider, and stores the [`Attempt`] that
//! remains. [`Attempt::admit`] is the only way to a [`Callback`]: no provider sees parameters whose state, browser, row, upstream and time were not
//! checked, and tests come through the same door.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::browser::sha256;
use crate::{
    AttemptFault, BrowserSecret, Callback, Digest, Error, Flow, Parameters, Random, Result, RowRef, Secret, Step,
    Upstream,
};

/// What a login is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    /// Somebody wants in.
    SignIn,
    /// A user of the host wants to add this way to sign in. The host must see at the end that the same user is still there.
    Link {
        /// The host's own id of that user.
        host_user: String,
    },
    /// An administrator tries the row; nobody is signed in.
    DryRun,
}

/// What a provider makes its authorization request from.
#[expect(missing_debug_implementations, reason = "every part of it is a secret between browser, engine and upstream")]
pub struct NewAttempt {
    state: Secret,
    redirect_uri: Url,
    pkce: Option<Pkce>,
    nonce: Option<Secret>,
}

struct Pkce {
    verifier: Secret,
    challenge: String,
}

impl NewAttempt {
    /// Mints what `flow` takes: a `state` of 64 hex digits (256 bits; every vendor's alphabet, and below the 100 characters that the shortest allows), a
    /// PKCE verifier (RFC 7636 section 4.1), a nonce.
    ///
    /// # Errors
    /// `Internal`, when there are no random bytes.
    pub fn mint(flow: Flow, redirect_uri: Url, random: &dyn Random) -> Result<Self> {
        let pkce = if flow.pkce {
            let verifier = random.token()?;
            let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.expose()));
            Some(Pkce { verifier, challenge })
        } else {
            None
        };
        let nonce = if flow.nonce { Some(random.token()?) } else { None };
        Ok(Self { state: random.token()?, redirect_uri, pkce, nonce })
    }

    /// The `state` parameter, to be sent as it is.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// The `redirect_uri` parameter, to be sent as it is.
    pub fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// The `code_challenge` parameter, with `code_challenge_method=S256`, when the flow takes PKCE.
    pub fn code_challenge(&self) -> Option<&str> {
        self.pkce.as_ref().map(|pkce| pkce.challenge.as_str())
    }

    /// The `nonce` parameter, when the flow takes one.
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_ref().map(Secret::expose)
    }

    /// Adds the parameters that the engine minted to an authorization request, by their names in RFC 6749 section 4.1.1, RFC 7636 section 4.3 and OpenID
    /// Connect Core section 3.1.2.1: `redirect_uri`, `state`, and where the flow takes them `code_challenge` and `nonce`.
    #[must_use]
    pub fn add_to(&self, mut url: Url) -> Url {
        let mut query = url.query_pairs_mut();
        query.append_pair("redirect_uri", self.redirect_uri.as_str()).append_pair("state", self.state());
        if let Some(challenge) = self.code_challenge() {
            query.append_pair("code_challenge_method", "S256").append_pair("code_challenge", challenge);
        }
        if let Some(nonce) = self.nonce() {
            query.append_pair("nonce", nonce);
        }
        drop(query);
        url
    }

    /// What is stored until the callback.
    pub fn into_attempt(self, binding: Binding) -> Attempt {
        Attempt {
            state: self.state,
            redirect_uri: self.redirect_uri,
            code_verifier: self.pkce.map(|pkce| pkce.verifier),
            nonce: self.nonce,
            binding,
        }
    }
}

/// To whom and what an attempt is bound.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "what the provider wants to see again is sealed until then")]
pub struct Binding {
    /// The row for which it was begun.
    pub row: RowRef,
    /// The application and upstream that the row stood for then.
    pub upstream: Upstream,
    /// The digest of the secret that the browser keeps, see [`BrowserSecret`].
    pub browser: Digest,
    /// What it is for.
    pub intent: Intent,
    /// Where the browser goes when it is done; judged when the attempt was begun.
    pub return_to: String,
    /// What the provider wants to see again.
    pub remember: BTreeMap<String, String>,
    /// When it is over. Whole seconds are kept.
    pub expires_at: SystemTime,
}

/// A stored attempt. It leaves memory only through [`Attempt::to_json`], to be sealed.
#[expect(missing_debug_implementations, reason = "it holds the PKCE verifier and the nonce")]
pub struct Attempt {
    state: Secret,
    redirect_uri: Url,
    code_verifier: Option<Secret>,
    nonce: Option<Secret>,
    binding: Binding,
}

impl Attempt {
    /// The digest under which the attempt is stored and found; the `state` itself is not in the database.
    pub fn key(&self) -> Digest {
        Digest::of(self.state.expose())
    }

    /// When it is over.
    pub fn expires_at(&self) -> SystemTime {
        self.binding.expires_at
    }

    /// Admits a callback, or says why not. `stored` was taken from the store, which hands each attempt out once; `row` and `upstream` are the row as it
    /// is now.
    ///
    /// # Errors
    /// `Attempt`, with the fault.
    pub fn admit(
        stored: Self,
        parameters: Parameters,
        browser: Option<&BrowserSecret>,
        row: &RowRef,
        upstream: &Upstream,
        now: SystemTime,
    ) -> Result<Callback> {
        let refuse = |fault, message: &str| Err(Error::attempt(fault, message).at(Step::Callback));
        let Self { state, redirect_uri, code_verifier, nonce, binding } = stored;
        match parameters.single("state")? {
            Some(given) if state.same_as(given) => {}
            _ => return refuse(AttemptFault::Unknown, "the callback's \"state\" is not this attempt's"),
        }
        if !browser.is_some_and(|secret| secret.digest().same_as(&binding.browser)) {
            return refuse(
                AttemptFault::OtherBrowser,
                "the callback came from another browser than the one that began the sign-in, or its cookie was lost",
            );
        }
        if binding.row.id != row.id || binding.row.owner != row.owner {
            return refuse(AttemptFault::OtherProvider, "the sign-in was begun for another provider row");
        }
        if now >= binding.expires_at {
            return refuse(AttemptFault::Expired, "the sign-in was not finished in time");
        }
        if binding.upstream != *upstream {
            return refuse(
                AttemptFault::Repointed,
                "the provider row was pointed at another application or upstream while the sign-in was under way",
            );
        }
        Ok(Callback {
            parameters,
            redirect_uri,
            code_verifier,
            nonce,
            intent: binding.intent,
            return_to: binding.return_to,
            remember: binding.remember,
        })
    }

    /// The attempt as JSON, to be sealed at once.
    ///
    /// # Errors
    /// `Internal`, when it cannot be written.
    pub fn to_json(&self) -> Result<Secret> {
        let stored = Stored {
            state: Zeroizing::new(self.state.expose().to_owned()),
            redirect_uri: self.redirect_uri.clone(),
            code_verifier: self.code_verifier.as_ref().map(|verifier| Zeroizing::new(verifier.expose().to_owned())),
            nonce: self.nonce.as_ref().map(|nonce| Zeroizing::new(nonce.expose().to_owned())),
            row_id: self.binding.row.id,
            row_owner: self.binding.row.owner.clone(),
            row_name: self.binding.row.name.clone(),
            upstream: self.binding.upstream.clone(),
            browser: self.binding.browser.to_string(),
            intent: self.binding.intent.clone(),
            return_to: self.binding.return_to.clone(),
            remember: self.binding.remember.clone(),
            expires_at: unix_seconds(self.binding.expires_at),
        };
        serde_json::to_string(&stored)
            .map(Secret::new)
            .map_err(|error| Error::internal("a sign-in attempt cannot be written").caused_by(error))
    }

    /// Reads back what [`Attempt::to_json`] wrote.
    ///
    /// # Errors
    /// `Internal`: the store handed out something else.
    pub fn from_json(json: &Secret) -> Result<Self> {
        let damaged = || Error::internal("a stored sign-in attempt is damaged");
        let stored: Stored = serde_json::from_str(json.expose()).map_err(|_| damaged())?;
        Ok(Self {
            state: Secret::new(stored.state.as_str()),
            redirect_uri: stored.redirect_uri,
            code_verifier: stored.code_verifier.map(|verifier| Secret::new(verifier.as_str())),
            nonce: stored.nonce.map(|nonce| Secret::new(nonce.as_str())),
            binding: Binding {
                row: RowRef { id: stored.row_id, owner: stored.row_owner, name: stored.row_name },
                upstream: stored.upstream,
                browser: Digest::parse(&stored.browser).ok_or_else(damaged)?,
                intent: stored.intent,
                return_to: stored.return_to,
                remember: stored.remember,
                expires_at: UNIX_EPOCH + Duration::from_secs(stored.expires_at),
            },
        })
    }
}

/// Whole seconds since 1970-01-01T00:00:00Z; 0 for earlier times.
pub fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[derive(Serialize, Deserialize)]
struct Stored {
    state: Zeroizing<String>,
    redirect_uri: Url,
    code_verifier: Option<Zeroizing<String>>,
    nonce: Option<Zeroizing<String>>,
    row_id: Uuid,
    row_owner: String,
    row_name: String,
    upstream: Upstream,
    browser: String,
    intent: Intent,
    return_to: String,
    remember: BTreeMap<String, String>,
    expires_at: u64,
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;
    use crate::{ErrorKind, UpstreamCode};

    /// Every byte differs from the one before.
    #[derive(Debug, Default)]
    struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<()> {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }

    struct Case {
        stored: Attempt,
        browser: BrowserSecret,
        row: RowRef,
        upstream: Upstream,
        state: String,
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn case(intent: Intent) -> Case {
        let random = Counting::default();
        let redirect_uri = Url::parse("https://id.example/callback/acme/alipay").unwrap();
        let new = NewAttempt::mint(Flow::OPENID, redirect_uri, &random).unwrap();
        let state = new.state().to_owned();
        let browser = BrowserSecret::mint(&random).unwrap();
        let row = RowRef { id: Uuid::from_u128(1), owner: "acme".into(), name: "alipay".into() };
        let upstream = Upstream { authority: "https://up.example".into(), client_id: "app".into() };
        let stored = new.into_attempt(Binding {
            row: row.clone(),
            upstream: upstream.clone(),
            browser: browser.digest(),
            intent,
            return_to: "/me".into(),
            remember: BTreeMap::from([("region".to_owned(), "cn".to_owned())]),
            expires_at: at(600),
        });
        Case { stored, browser, row, upstream, state }
    }

    fn query(state: &str) -> Parameters {
        [("state", state), ("code", "c0de")].into_iter().collect()
    }

    fn fault(result: Result<Callback>) -> AttemptFault {
        match result.err().expect("refused").kind() {
            ErrorKind::Attempt(fault) => *fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_browser_that_left_is_admitted_after_a_round_trip_through_the_store() {
        let case = case(Intent::Link { host_user: "7".into() });
        let json = case.stored.to_json().unwrap();
        let stored = Attempt::from_json(&json).unwrap();
        let callback =
            Attempt::admit(stored, query(&case.state), Some(&case.browser), &case.row, &case.upstream, at(599))
                .unwrap();
        assert_eq!(callback.authorization_code("code").unwrap(), "c0de");
        assert_eq!(callback.remembered("region"), Some("cn"));
        assert_eq!(*callback.intent(), Intent::Link { host_user: "7".into() });
        assert_eq!(callback.return_to(), "/me");
        assert!(callback.nonce().is_some() && callback.code_verifier().is_some());
        assert!(callback.refusal().is_ok());
    }

    #[test]
    fn another_state_is_refused() {
        let case = case(Intent::SignIn);
        let result = Attempt::admit(case.stored, query("00"), Some(&case.browser), &case.row, &case.upstream, at(0));
        assert_eq!(fault(result), AttemptFault::Unknown);
    }

    #[test]
    fn another_browser_and_no_browser_are_refused() {
        for browser in [None, Some(BrowserSecret::received("x"))] {
            let case = case(Intent::SignIn);
            let result =
                Attempt::admit(case.stored, query(&case.state), browser.as_ref(), &case.row, &case.upstream, at(0));
            assert_eq!(fault(result), AttemptFault::OtherBrowser);
        }
    }

    #[test]
    fn a_row_of_the_same_name_with_another_id_is_refused() {
        let case = case(Intent::SignIn);
        let row = RowRef { id: Uuid::from_u128(2), ..case.row.clone() };
        let result = Attempt::admit(case.stored, query(&case.state), Some(&case.browser), &row, &case.upstream, at(0));
        assert_eq!(fault(result), AttemptFault::OtherProvider);
    }

    #[test]
    fn an_attempt_ends_at_its_second() {
        let case = case(Intent::SignIn);
        let result =
            Attempt::admit(case.stored, query(&case.state), Some(&case.browser), &case.row, &case.upstream, at(600));
        assert_eq!(fault(result), AttemptFault::Expired);
    }

    #[test]
    fn a_row_that_was_pointed_elsewhere_is_refused() {
        let case = case(Intent::SignIn);
        let upstream = Upstream { client_id: "another".into(), ..case.upstream };
        let result = Attempt::admit(case.stored, query(&case.state), Some(&case.browser), &case.row, &upstream, at(0));
        assert_eq!(fault(result), AttemptFault::Repointed);
    }

    #[test]
    fn the_challenge_is_the_s256_of_the_verifier() {
        // RFC 7636 appendix B.
        let challenge = URL_SAFE_NO_PAD.encode(sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_nothing_else() {
        let cases = [
            ("access_denied", ErrorKind::Denied),
            ("server_error", upstream("server_error")),
            ("<b>", upstream("of another kind")),
        ];
        for (code, kind) in cases {
            let case = case(Intent::SignIn);
            let parameters: Parameters =
                [("state", case.state.as_str()), ("error", code), ("error_description", "<script>")]
                    .into_iter()
                    .collect();
            let callback =
                Attempt::admit(case.stored, parameters, Some(&case.browser), &case.row, &case.upstream, at(0)).unwrap();
            let error = callback.refusal().unwrap_err();
            assert_eq!(*error.kind(), kind);
            assert!(!error.message().contains("script"));
        }
    }

    fn upstream(code: &str) -> ErrorKind {
        ErrorKind::Upstream(UpstreamCode { code: code.to_owned(), ..UpstreamCode::default() })
    }
}
