//! DICOM dates and times as seconds that can be ordered (PS3.5 6.2, DA, TM and DT).

use crate::frame::KeyValue;

/// Seconds of a DT value, `YYYYMMDDHHMMSS.FFFFFF` with parts at the end left out. Time zones are ignored: within a
/// series there is one.
pub(crate) fn date_time(text: &str) -> Option<KeyValue> {
    let date = text.get(..8)?;
    date_and_time(Some(date), text.get(8..).filter(|t| !t.is_empty()).unwrap_or("00"))
}

/// Seconds of a DA and a TM value. Without a date, seconds of the day.
pub(crate) fn date_and_time(date: Option<&str>, time: &str) -> Option<KeyValue> {
    let seconds = seconds_of_day(time)?;
    let days = date.and_then(days).unwrap_or(0);
    Some(KeyValue { order: days as f64 * 86_400.0 + seconds, text: time.into() })
}

/// `HHMMSS.FFFFFF`, or with colons as before DICOM 3.
fn seconds_of_day(time: &str) -> Option<f64> {
    let time = time.split(['+', '-']).next()?.replace(':', "");
    let part = |range: std::ops::Range<usize>| match time.get(range) {
        Some(digits) if !digits.is_empty() => digits.parse::<u32>().ok().map(f64::from),
        _ => Some(0.0),
    };
    if !time.is_ascii() || time.len() < 2 {
        return None;
    }
    let seconds = match time.get(4..) {
        Some(seconds) if !seconds.is_empty() => seconds.parse::<f64>().ok()?,
        _ => 0.0,
    };
    Some(part(0..2)? * 3600.0 + part(2..4)? * 60.0 + seconds)
}

/// A number that grows by one each day of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let date = date.replace('.', "");
    let number = |range: std::ops::Range<usize>| date.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    // Years that begin in March put the leap day at the end.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_and_leap_days_keep_the_order() {
        let late = date_and_time(Some("20240228"), "235959.5").unwrap();
        let leap = date_and_time(Some("20240229"), "000000.0").unwrap();
        let march = date_time("20240301000000").unwrap();
        assert_eq!(leap.order - late.order, 0.5);
        assert_eq!(march.order - leap.order, 86_400.0);
    }

    #[test]
    fn short_and_old_forms() {
        assert_eq!(seconds_of_day("10"), Some(36_000.0));
        assert_eq!(seconds_of_day("10:30:15.25"), Some(37_815.25));
        assert_eq!(seconds_of_day("x"), None);
        assert_eq!(seconds_of_day("1é0"), None);
    }
}
