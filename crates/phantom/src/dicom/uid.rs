//! Deterministic UIDs.

use sha2::{Digest, Sha256};

/// A UID under 2.25 (PS3.5 B.2: a UUID as one decimal number), from the SHA-256 of a purpose and its key.
pub fn uid(purpose: &str, key: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"fabrica-phantom 1");
    for part in [purpose.as_bytes()].iter().chain(key) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    // RFC 9562: version 8 (custom), variant 10.
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::uid;

    #[test]
    fn uids_are_valid_stable_and_distinct() {
        let a = uid("study", &[b"1"]);
        assert_eq!(a, uid("study", &[b"1"]));
        assert_ne!(a, uid("study", &[b"2"]));
        assert_ne!(uid("x", &[b"ab", b"c"]), uid("x", &[b"a", b"bc"]));
        assert!(a.len() <= 64 && a.starts_with("2.25.") && a.bytes().all(|b| b == b'.' || b.is_ascii_digit()));
    }
}
