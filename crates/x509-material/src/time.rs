//! The two time types of a certificate (RFC 5280 section 4.1.2.5), read with more patience than RFC 5280 asks for: seconds may be missing, and an offset
//! may stand in place of `Z`.

use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::der::{GENERALIZED_TIME, Tlv, UTC_TIME};

/// In UTC. A civil date, since jiff's `Timestamp` ends a day before RFC 5280's "no expiration", 9999-12-31.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The moment a `UTCTime` or `GeneralizedTime` names; `None` where it cannot be read.
pub(crate) fn read(value: Tlv<'_>) -> Option<SystemTime> {
    let text = std::str::from_utf8(value.content).ok()?;
    let year_digits = match value.tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    };
    let (digits, zone) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    let (year, digits) = digits.split_at_checked(year_digits)?;
    let mut year: i16 = year.parse().ok()?;
    if value.tag == UTC_TIME {
        // RFC 5280 section 4.1.2.5.1: 50 to 99 are of the last century.
        year += if year >= 50 { 1900 } else { 2000 };
    }
    let (month, digits) = two_digits(digits)?;
    let (day, digits) = two_digits(digits)?;
    let (hour, digits) = two_digits(digits)?;
    let (minute, digits) = two_digits(digits)?;
    let (second, digits) = if digits.is_empty() { (0, digits) } else { two_digits(digits)? };
    if !digits.is_empty() {
        return None;
    }
    let zone = match zone.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => zone,
    };
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let seconds = civil.duration_since(EPOCH).as_secs().checked_sub(offset_seconds(zone)?)?;
    from_unix_seconds(seconds)
}

fn two_digits(text: &str) -> Option<(i8, &str)> {
    let (digits, rest) = text.split_at_checked(2)?;
    Some((digits.parse().ok()?, rest))
}

/// `Z`, `+hhmm` or `-hhmm`, in seconds east of Greenwich.
fn offset_seconds(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = zone.get(1..)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, digits) = two_digits(digits)?;
    let (minutes, digits) = two_digits(digits)?;
    digits.is_empty().then_some(sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

fn from_unix_seconds(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// A moment as error messages write it: `2027-04-19 08:09:45 UTC`.
pub(crate) fn written(at: SystemTime) -> String {
    let seconds = match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(i64::wrapping_neg),
    };
    match seconds.and_then(|seconds| EPOCH.checked_add(SignedDuration::from_secs(seconds)).ok()) {
        Some(civil) => civil.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        None => "a time outside the calendar".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tag: u8, text: &str) -> Option<String> {
        read(Tlv { tag, content: text.as_bytes(), full: &[] }).map(written)
    }

    #[test]
    fn both_time_types_are_read() {
        assert_eq!(shown(UTC_TIME, "270419080945Z").as_deref(), Some("2027-04-19 08:09:45 UTC"));
        assert_eq!(shown(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01 00:00:00 UTC"));
        assert_eq!(shown(GENERALIZED_TIME, "20490420162044Z").as_deref(), Some("2049-04-20 16:20:44 UTC"));
        assert_eq!(shown(GENERALIZED_TIME, "99991231235959Z").as_deref(), Some("9999-12-31 23:59:59 UTC"));
    }

    #[test]
    fn missing_seconds_fractions_and_offsets_are_read() {
        assert_eq!(shown(UTC_TIME, "2704190809Z").as_deref(), Some("2027-04-19 08:09:00 UTC"));
        assert_eq!(shown(UTC_TIME, "2704190809+0800").as_deref(), Some("2027-04-19 00:09:00 UTC"));
        assert_eq!(shown(GENERALIZED_TIME, "20270419080945.25Z").as_deref(), Some("2027-04-19 08:09:45 UTC"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "Z",
            "271319080945Z",
            "270419080945",
            "27041908094Z",
            "270419080945X",
            "270419080945+08:00",
            "２70419080945Z",
        ] {
            assert_eq!(shown(UTC_TIME, text), None, "{text}");
        }
        assert_eq!(shown(4, "270419080945Z"), None);
    }
}
