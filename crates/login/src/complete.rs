//! A callback: who comes back, and what comes of it.

use std::fmt;

use vestibule_oauth_provider::{Attempt, Error, Intent, Parameters, Result, RowRef, Step, Tokens, UserInfo};

use crate::Logins;
use crate::handover::NotReceived;
use crate::logins::label;

/// A callback.
#[expect(missing_debug_implementations, reason = "it holds the authorization code")]
pub struct Complete<'a> {
    /// The owner in the callback's path.
    pub owner: &'a str,
    /// The provider's name in the callback's path.
    pub provider: &'a str,
    /// The callback's parameters.
    pub parameters: Parameters,
    /// The value of the cookie that [`Logins::cookie_name`] names, when the browser sent it, once.
    pub cookie: Option<&'a str>,
}

/// A login that the upstream vouches for. Accounts and sessions are the host's.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The row. An identity is its id together with the user's subject; owner and name may change.
    pub row: RowRef,
    /// The row's provider type, for example `Alipay`.
    pub kind: String,
    /// What people see on the row's button.
    pub display_name: String,
    /// Who signed in.
    pub user: UserInfo,
    /// The tokens. They are not kept anywhere else.
    pub tokens: Tokens,
    /// What the login is for. For [`Intent::Link`] the host must see that the same user is still signed in, and for [`Intent::DryRun`] it signs nobody in.
    pub intent: Intent,
    /// Where the browser goes when it is done; judged when the login was begun.
    pub return_to: String,
}

/// A login that was not completed, and what is known for another try.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub error: Error,
    /// What was asked for, once it is certain that this browser asked for it.
    pub again: Option<Again>,
    /// Whether the attempt is over. If not, nothing of it was used: the browser keeps its cookie, and the same callback may come again.
    pub is_over: bool,
}

/// What a stopped login had asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// What it was for.
    pub intent: Intent,
    /// Where the browser would have gone; judged.
    pub return_to: String,
}

impl Logins {
    /// Completes a login. The attempt is over, whatever comes of this, with one exception: when the storage fails before the attempt is claimed, nothing is
    /// used, and [`Stopped::is_over`] says so. When it fails after that, the attempt is over, as it is when the storage claimed it and could not say so any
    /// more: what was begun at the upstream must not be begun twice.
    ///
    /// # Errors
    /// `Attempt`, with the fault; `Denied` or `Upstream`, when the upstream sent the browser back with an error; `Unavailable`, when the storage does not
    /// answer; what opening the provider, the exchange and asking for the user can fail with; `Internal`. The message names the row of the callback's
    /// path.
    pub async fn complete(&self, complete: Complete<'_>) -> Result<SignedIn, Stopped> {
        let label = label(complete.owner, complete.provider);
        let mut again = None;
        let (error, is_over) = match self.receive_and_complete(complete, &mut again).await {
            Ok(signed_in) => return Ok(signed_in),
            Err(NotReceived::Over(error)) => (error, true),
            Err(NotReceived::Unused(error)) => (error, false),
        };
        Err(Stopped { error: error.at(Step::Callback).within(label), again, is_over })
    }

    async fn receive_and_complete(
        &self,
        complete: Complete<'_>,
        again: &mut Option<Again>,
    ) -> Result<SignedIn, NotReceived> {
        let Complete { owner, provider, parameters, cookie } = complete;
        // Claimed before anything of it is looked at: what fails below cannot be tried a second time.
        let received = self.handover().receive(&parameters, cookie).await?;
        let open = self.providers().open(owner, provider).await?;
        let callback = Attempt::admit(
            received.attempt,
            parameters,
            Some(&received.browser),
            &open.row,
            &open.provider.upstream(),
            self.services().clock.now(),
        )?;
        *again = Some(Again { intent: callback.intent().clone(), return_to: callback.return_to().to_owned() });
        callback.refusal()?;
        let tokens = open.provider.exchange(&callback).await.map_err(|error| error.at(Step::Exchange))?;
        let user = open.provider.user_info(&tokens, &callback).await.map_err(|error| error.at(Step::UserInfo))?;
        Ok(SignedIn {
            row: open.row,
            kind: open.kind,
            display_name: open.display_name,
            user,
            tokens,
            intent: callback.intent().clone(),
            return_to: callback.return_to().to_owned(),
        })
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        stopped.error
    }
}
