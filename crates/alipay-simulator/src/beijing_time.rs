//! Alipay's timestamps: `yyyy-MM-dd HH:mm:ss` in GMT+8, whatever the place.

use std::time::SystemTime;

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// The moment as text.
pub(crate) fn format(moment: SystemTime) -> String {
    let local = OffsetDateTime::from(moment).to_offset(gmt_8());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        local.year(),
        u8::from(local.month()),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    )
}

/// The text as a moment; `None` unless it has exactly the nineteen characters of the form and is a real date.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(' ')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let small = |number: u16| u8::try_from(number).ok();
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(small(month)?).ok()?, small(day)?).ok()?;
    let time = Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
    Some(SystemTime::from(PrimitiveDateTime::new(date, time).assume_offset(gmt_8())))
}

fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn gmt_8() -> UtcOffset {
    UtcOffset::from_hms(8, 0, 0).unwrap_or(UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_told_in_beijing_time_across_midnight() {
        // 2026-11-21T16:00:01Z
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_276_801);
        assert_eq!(format(moment), "2026-11-22 00:00:01");
        assert_eq!(parse("2026-11-22 00:00:01"), Some(moment));
    }

    #[test]
    fn any_other_form_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T00:00:01",
            "2026-11-22 0:00:01",
            "2026-02-30 00:00:00",
            "2026-11-22 24:00:00",
            "2026-11-22 00:00:01 ",
            "+026-11-22 00:00:01",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
