//! Many people who sign in at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use url::Url;

use crate::browser::{Person, Refusal};
use crate::failure::Outcome;
use crate::report::Durations;
use crate::time;

/// One sign-in, from the click to the landing.
#[derive(Debug)]
pub(crate) struct Visit {
    /// When it began, since the crowd came.
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    pub(crate) result: Result<(), Refusal>,
}

/// A crowd at work. It goes away when this is dropped.
#[derive(Debug)]
pub(crate) struct Crowd {
    state: Arc<State>,
    people: JoinSet<Vec<Visit>>,
}

#[derive(Debug)]
struct State {
    began: Instant,
    most: usize,
    begun: AtomicUsize,
    done: AtomicUsize,
    dismissed: AtomicBool,
}

impl Crowd {
    /// `size` people at a time, who sign in at the `gates` in turn and come back to another one than they began at, until `most` have done so.
    pub(crate) fn gather(person: &Person, gates: &[Url], size: usize, most: usize) -> Self {
        let state = Arc::new(State {
            began: time::start(),
            most,
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            dismissed: AtomicBool::new(false),
        });
        let mut people = JoinSet::new();
        for _ in 0..size {
            people.spawn(visit(person.clone(), gates.to_vec(), state.clone()));
        }
        Self { state, people }
    }

    /// How many are done.
    pub(crate) fn done(&self) -> usize {
        self.state.done.load(Ordering::SeqCst)
    }

    /// Since when it is there.
    pub(crate) fn age(&self) -> Duration {
        time::since(self.state.began)
    }

    /// Waits until so many are done, or nobody is left.
    pub(crate) async fn until_done(&self, count: usize) {
        while self.done() < count.min(self.state.most) {
            time::pause(Duration::from_millis(5)).await;
        }
    }

    /// Nobody begins any more.
    pub(crate) fn dismiss(&self) {
        self.state.dismissed.store(true, Ordering::SeqCst);
    }

    /// Waits for those who have begun, and gives every visit, in the order of their beginnings.
    pub(crate) async fn leave(mut self) -> Outcome<Vec<Visit>> {
        let mut visits = Vec::new();
        while let Some(person) = self.people.join_next().await {
            visits.extend(person?);
        }
        visits.sort_by_key(|visit: &Visit| visit.at);
        Ok(visits)
    }
}

async fn visit(person: Person, gates: Vec<Url>, state: Arc<State>) -> Vec<Visit> {
    let mut visits = Vec::new();
    loop {
        let number = state.begun.fetch_add(1, Ordering::SeqCst);
        if number >= state.most || state.dismissed.load(Ordering::SeqCst) {
            return visits;
        }
        let gate = |number: usize| gates.get(number % gates.len().max(1));
        let (Some(begin), Some(back)) = (gate(number), gate(number + 1)) else { return visits };
        let start = time::start();
        let at = time::since(state.began);
        let result = person.sign_in(begin, back).await;
        visits.push(Visit { at, took: time::since(start), result });
        state.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// How long those took who got in.
pub(crate) fn welcomed(visits: &[Visit]) -> Durations {
    visits.iter().filter(|visit| visit.result.is_ok()).map(|visit| visit.took).collect()
}

/// What those were told who did not.
pub(crate) fn refused(visits: &[Visit]) -> Vec<String> {
    let told =
        |visit: &Visit| visit.result.as_ref().err().map(|why| format!("at {:.1} s: {why}", visit.at.as_secs_f64()));
    visits.iter().filter_map(told).collect()
}
