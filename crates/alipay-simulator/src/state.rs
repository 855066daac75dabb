//! What a running simulator knows: its applications and people, and the codes and tokens it has issued.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokio::sync::watch;
use url::Url;

use crate::{
    authority::AuthorityError,
    authorize::Scope,
    enrolment::{Enrolment, UnknownApp},
    fault::{Fault, FaultPlan},
    kept::Kept,
    random,
    record::RecordedRequest,
    registration::AppRegistration,
    simulator::Clock,
    user::TestUser,
};

/// How long a code may be redeemed. Alipay says three minutes to a day, depending on the scene; this is the hard end.
pub(crate) const CODE_LIFETIME: Duration = Duration::from_secs(180);
/// Lifetime of an access token, from Alipay's sample answer.
pub(crate) const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(1_296_000);
/// Lifetime of a refresh token, from Alipay's sample answer.
pub(crate) const REFRESH_TOKEN_LIFETIME: Duration = Duration::from_secs(2_592_000);

/// How many codes, tokens of each kind and requests are remembered: some thousands of sign-ins, whatever their number.
pub(crate) const REMEMBERED: usize = 10_000;

/// Everything the handlers share.
pub(crate) struct World {
    pub(crate) enrolments: Mutex<Vec<Enrolment>>,
    pub(crate) redirect_domain: String,
    pub(crate) users: Vec<TestUser>,
    pub(crate) base: Url,
    pub(crate) clock: Clock,
    /// Becomes true, or loses its sender, when the simulator shuts down.
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) elsewhere_visits: AtomicU32,
    pub(crate) ledger: Mutex<Ledger>,
}

/// What changes with every sign-in.
pub(crate) struct Ledger {
    pub(crate) codes: Kept<Grant>,
    pub(crate) access_tokens: Kept<Grant>,
    pub(crate) refresh_tokens: Kept<Grant>,
    pub(crate) used_refresh_tokens: Kept<()>,
    pub(crate) requests: VecDeque<RecordedRequest>,
    pub(crate) fault: Option<FaultPlan>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            codes: Kept::at_most(REMEMBERED),
            access_tokens: Kept::at_most(REMEMBERED),
            refresh_tokens: Kept::at_most(REMEMBERED),
            used_refresh_tokens: Kept::at_most(REMEMBERED),
            requests: VecDeque::new(),
            fault: None,
        }
    }

    /// Records a request; of more than [`REMEMBERED`] the oldest are forgotten.
    pub(crate) fn record(&mut self, request: RecordedRequest) {
        if self.requests.len() >= REMEMBERED {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}

/// What a code or token stands for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) app_id: String,
    pub(crate) user: String,
    pub(crate) scope: Scope,
    pub(crate) expires: SystemTime,
}

impl World {
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// The application as it is registered at this moment.
    pub(crate) fn app(&self, app_id: &str) -> Option<Arc<AppRegistration>> {
        let now = self.now();
        self.change(app_id, |enrolment| enrolment.at(now)).ok()
    }

    /// Changes an application, or what is to become of it.
    pub(crate) fn change<T>(&self, app_id: &str, change: impl FnOnce(&mut Enrolment) -> T) -> Result<T, UnknownApp> {
        let mut enrolments = self.enrolments.lock().unwrap_or_else(PoisonError::into_inner);
        let enrolment = enrolments.iter_mut().find(|enrolment| enrolment.app_id() == app_id);
        Ok(change(enrolment.ok_or_else(|| UnknownApp(app_id.to_owned()))?))
    }

    pub(crate) fn user(&self, key: &str) -> Option<&TestUser> {
        self.users.iter().find(|user| user.key == key)
    }

    /// A panic elsewhere does not make the ledger wrong: each change of it is a single step.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Issues a code of 32 characters, alike Alipay's: 28 hexadecimal digits and four more, here `sim0`.
    pub(crate) fn issue_code(&self, app_id: &str, user: &str, scope: Scope) -> Result<String, AuthorityError> {
        let code = format!("{}sim0", random::hex(14)?);
        let grant =
            Grant { app_id: app_id.to_owned(), user: user.to_owned(), scope, expires: self.now() + CODE_LIFETIME };
        self.ledger().codes.insert(code.clone(), grant);
        Ok(code)
    }

    /// The fault that spoils the answer to this request, if one is ordered.
    pub(crate) fn take_fault(&self, method: Option<&str>) -> Option<Fault> {
        let mut ledger = self.ledger();
        let (fault, left) = ledger.fault.take()?.take(method);
        ledger.fault = left;
        fault
    }

    /// Resolves when the simulator shuts down.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.clone();
        // An error means that the sender is gone, which is the same news.
        let _either = closing.wait_for(|closing| *closing).await;
    }

    pub(crate) fn visit_elsewhere(&self) {
        self.elsewhere_visits.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("World")
            .field("enrolments", &self.enrolments)
            .field("redirect_domain", &self.redirect_domain)
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_requests_than_are_remembered_the_oldest_are_forgotten() {
        let mut ledger = Ledger::new();
        for number in 0..REMEMBERED + 5 {
            ledger.record(RecordedRequest {
                at: SystemTime::UNIX_EPOCH,
                content_type: None,
                query: Vec::new(),
                body: Vec::new(),
                outcome: number.to_string(),
            });
        }
        assert_eq!(ledger.requests.len(), REMEMBERED);
        assert_eq!(ledger.requests[0].outcome(), "5");
    }
}
