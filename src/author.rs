//! Who is at the keyboard.

use anyhow::{Context, Result};
use fabrica_plan::Author;

/// The author of this name, or of the login name.
pub fn author(name: Option<&str>) -> Result<Author> {
    if let Some(name) = name {
        return Author::new(name).context("the author's name");
    }
    let login =
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok().filter(|n| !n.trim().is_empty()));
    Author::new(login.as_deref().unwrap_or("unknown user")).context("the login name")
}
