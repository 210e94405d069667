//! Path strings and the atoms that stand for them (xr spec 6).

use std::collections::HashMap;

use openxr_sys::{MAX_PATH_LENGTH, Path};

use crate::refusal::{Answer, refuse};

/// The paths of an instance.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    strings: Vec<String>,
    atoms: HashMap<String, u64>,
}

impl Paths {
    /// The atom of a well-formed path.
    pub(crate) fn atom(&mut self, string: &str) -> Answer<Path> {
        check_format(string)?;
        Ok(self.intern(string))
    }

    /// As [`Paths::atom`], for strings of our own.
    pub(crate) fn intern(&mut self, string: &str) -> Path {
        if let Some(atom) = self.atoms.get(string) {
            return Path::from_raw(*atom);
        }
        self.strings.push(string.to_owned());
        let atom = self.strings.len() as u64;
        self.atoms.insert(string.to_owned(), atom);
        Path::from_raw(atom)
    }

    /// The string of an atom: `XR_ERROR_PATH_INVALID` for `XR_NULL_PATH` and for atoms of nobody.
    pub(crate) fn string(&self, path: Path) -> Answer<&str> {
        let index = path.into_raw().checked_sub(1);
        match index.and_then(|index| self.strings.get(usize::try_from(index).ok()?)) {
            Some(string) => Ok(string),
            None => refuse!(ERROR_PATH_INVALID, "{} is no path of this instance", path.into_raw()),
        }
    }
}

fn check_format(string: &str) -> Answer<()> {
    let fault = if string.len() + 1 > MAX_PATH_LENGTH {
        "it is too long"
    } else if !string.starts_with('/') {
        "it does not begin with '/'"
    } else if string.ends_with('/') {
        "it ends with '/'"
    } else if string.contains("//") {
        "it has an empty component"
    } else if string.split('/').skip(1).any(|component| component.bytes().all(|byte| byte == b'.')) {
        "a component is all dots"
    } else if !string.split('/').all(is_component) {
        "it has a character other than a-z, 0-9, '-', '_', '.' and '/'"
    } else {
        return Ok(());
    };
    refuse!(ERROR_PATH_FORMAT_INVALID, "\"{string}\" is no path: {fault}");
}

/// Whether all characters may stand in a component of a path (and so in the name of an action).
pub(crate) fn is_component(string: &str) -> bool {
    string.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_and_are_interned() {
        let mut paths = Paths::default();
        let path = paths.atom("/user/hand/left").unwrap();
        assert_eq!(path, paths.atom("/user/hand/left").unwrap());
        assert_eq!(paths.string(path).unwrap(), "/user/hand/left");
        assert_eq!(paths.string(Path::NULL).unwrap_err().code, openxr_sys::Result::ERROR_PATH_INVALID);
        assert!(paths.string(Path::from_raw(99)).is_err());
    }

    #[test]
    fn ill_formed_paths_are_refused() {
        let mut paths = Paths::default();
        for bad in ["", "/", "user", "/user/", "/user//hand", "/user/..", "/User", "/user/hand left", "/a/."] {
            let refusal = paths.atom(bad).unwrap_err();
            assert_eq!(refusal.code, openxr_sys::Result::ERROR_PATH_FORMAT_INVALID, "{bad}");
        }
        assert!(paths.atom(&format!("/{}", "a".repeat(254))).is_ok());
        assert!(paths.atom(&format!("/{}", "a".repeat(255))).is_err());
    }
}
