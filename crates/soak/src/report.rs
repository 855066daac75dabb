//! What a scenario says.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

/// Prints a line, at once.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    // With nobody to read it, the checks still run, and the exit code tells.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// How long many of the same took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durations(Vec<Duration>);

impl Durations {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The duration that `percent` of 100 did not exceed; zero when there is none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        let last = sorted.len().saturating_sub(1);
        sorted.get(last * percent / 100).copied().unwrap_or_default()
    }

    pub(crate) fn longest(&self) -> Duration {
        self.percentile(100)
    }
}

impl Extend<Duration> for Durations {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, durations: I) {
        self.0.extend(durations);
    }
}

impl FromIterator<Duration> for Durations {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        Self(durations.into_iter().collect())
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_secs_f64() * 1000.0;
        write!(f, "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms of {}", ms(50), ms(99), ms(100), self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_durations() {
        let durations: Durations = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(durations.percentile(50), Duration::from_millis(50));
        assert_eq!(durations.longest(), Duration::from_millis(100));
        assert_eq!(Durations::default().longest(), Duration::ZERO);
    }
}
