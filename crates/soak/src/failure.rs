//! What ends a scenario.

use std::error::Error;

/// What a step gives, or why it could not be taken.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A sentence for whoever runs the scenario.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Ends the scenario when a promise does not hold; `said` is what was seen.
pub(crate) fn hold(holds: bool, said: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(said().into()) }
}
