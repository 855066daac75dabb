//! Times as the tables have them.

use std::time::SystemTime;

use vestibule_oauth_provider::unix_seconds;

/// Whole seconds since 1970-01-01T00:00:00Z, as they stand in an INTEGER column; 0 for earlier times.
pub fn unix_time(time: SystemTime) -> i64 {
    i64::try_from(unix_seconds(time)).unwrap_or(i64::MAX)
}
