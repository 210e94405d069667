//! Who did something, and when.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::PlanError;

/// Who does something: a name, as the audit log will show it. Not empty, at most 200 characters, no line breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Author(String);

impl Author {
    /// The author of this name; spaces at its ends are left out.
    ///
    /// # Errors
    /// When the name is empty, longer than 200 characters, or holds control characters.
    pub fn new(name: impl AsRef<str>) -> Result<Self, PlanError> {
        let name = name.as_ref().trim();
        crate::operation::check_name("author", name)?;
        Ok(Self(name.to_owned()))
    }

    /// Fabrica itself, for what it does unasked, such as clearing up after a crash.
    pub fn program() -> Self {
        Self("Fabrica (program)".into())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Author {
    type Error = PlanError;
    fn try_from(name: String) -> Result<Self, PlanError> {
        Self::new(name)
    }
}

impl From<Author> for String {
    fn from(author: Author) -> Self {
        author.0
    }
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A moment in UTC to the millisecond, written as RFC 3339: `2026-11-22T17:05:00.123Z`. From 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcTime {
    milliseconds: u64,
}

/// The last millisecond of the year 9999.
const LAST: u64 = 253_402_300_799_999;

impl UtcTime {
    /// Now, by this machine's clock.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// Milliseconds since the start of 1970.
    pub fn unix_milliseconds(self) -> u64 {
        self.milliseconds
    }
}

impl From<SystemTime> for UtcTime {
    /// Moments before 1970 or after 9999, which only a wrong clock shows, become the nearest that can be written.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { milliseconds: u64::try_from(since.as_millis()).unwrap_or(LAST).min(LAST) }
    }
}

impl From<UtcTime> for SystemTime {
    fn from(time: UtcTime) -> Self {
        SystemTime::UNIX_EPOCH + Duration::from_millis(time.milliseconds)
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_millis((*self).into()).fmt(f)
    }
}

impl From<UtcTime> for String {
    fn from(time: UtcTime) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for UtcTime {
    type Error = PlanError;
    fn try_from(text: String) -> Result<Self, PlanError> {
        humantime::parse_rfc3339(&text)
            .map(Self::from)
            .map_err(|e| PlanError::invalid("time", format!("`{text}` is no RFC 3339 time in UTC ({e})")))
    }
}
