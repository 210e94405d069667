//! Records in an append-only file: each with its length and a checksum.
//!
//! The file begins with [`HEADER`]. A record is the four bytes `FREC`, the payload's length and the CRC-32 of length
//! and payload, both little-endian, and the payload.

use std::ops::Range;

/// The first bytes of the file. The digit is the version of this layout.
pub(crate) const HEADER: &[u8] = b"fabrica-plan-log-1\n";
const MARK: &[u8; 4] = b"FREC";
const HEAD: usize = 12;

/// What a file of records holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Scan {
    /// Where the payloads lie.
    pub records: Vec<Range<usize>>,
    /// Where the last whole record of the unbroken series ends.
    pub end: usize,
    /// Where a whole record lies behind damage: then this is no torn tail, and cutting would lose saved data.
    pub beyond: Option<usize>,
}

/// One record as bytes, or nothing when the payload is 4 GiB or more.
pub(crate) fn frame(payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok()?.to_le_bytes();
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(MARK);
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&checksum(length, payload).to_le_bytes());
    bytes.extend_from_slice(payload);
    Some(bytes)
}

/// Finds the records of a file. Nothing when it does not begin with [`HEADER`].
pub(crate) fn scan(bytes: &[u8]) -> Option<Scan> {
    if !bytes.starts_with(HEADER) {
        return None;
    }
    let mut records = Vec::new();
    let mut end = HEADER.len();
    while let Some(payload) = record_at(bytes, end) {
        end = payload.end;
        records.push(payload);
    }
    let beyond = bytes
        .get(end + 1..)
        .into_iter()
        .flat_map(|rest| rest.windows(MARK.len()).enumerate())
        .filter(|(_, window)| window == MARK)
        .map(|(at, _)| end + 1 + at)
        .find(|&at| record_at(bytes, at).is_some());
    Some(Scan { records, end, beyond })
}

/// Where the payload of a whole record that begins at `at` lies.
fn record_at(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let head: &[u8; HEAD] = bytes.get(at..)?.first_chunk()?;
    let [m0, m1, m2, m3, l0, l1, l2, l3, c0, c1, c2, c3] = *head;
    if [m0, m1, m2, m3] != *MARK {
        return None;
    }
    let length = [l0, l1, l2, l3];
    let start = at + HEAD;
    let end = start.checked_add(u32::from_le_bytes(length) as usize)?;
    let payload = bytes.get(start..end)?;
    (checksum(length, payload) == u32::from_le_bytes([c0, c1, c2, c3])).then_some(start..end)
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&length);
    crc.update(payload);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(payloads: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        payloads.iter().for_each(|p| bytes.extend(frame(p).unwrap()));
        bytes
    }

    proptest! {
        #[test]
        fn a_torn_file_gives_exactly_its_whole_records(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let whole = file(&payloads);
            let kept = HEADER.len() + cut.index(whole.len() - HEADER.len() + 1);
            let scan = scan(&whole[..kept]).unwrap();
            let mut end = HEADER.len();
            let expected: Vec<_> =
                payloads.iter().take_while(|p| { end += HEAD + p.len(); end <= kept }).cloned().collect();
            let found: Vec<_> = scan.records.iter().map(|r| whole[r.clone()].to_vec()).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(scan.beyond, None);
        }

        #[test]
        fn damage_before_a_whole_record_is_told_from_a_torn_tail(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 2..8),
            at in any::<prop::sample::Index>(),
            flip in 1u8..,
        ) {
            let mut bytes = file(&payloads);
            let last = HEAD + payloads.last().unwrap().len();
            let place = HEADER.len() + at.index(bytes.len() - last - HEADER.len());
            bytes[place] ^= flip;
            let scan = scan(&bytes).unwrap();
            prop_assert!(scan.records.len() < payloads.len());
            prop_assert!(scan.beyond.is_some());
        }

        #[test]
        fn any_bytes_are_scanned_without_a_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = HEADER.to_vec();
            bytes.extend(noise);
            prop_assert!(scan(&bytes).unwrap().end <= bytes.len());
        }
    }

    #[test]
    fn another_file_is_refused() {
        assert_eq!(scan(b"fabrica-plan-log-2\n"), None);
        assert_eq!(scan(b""), None);
    }
}
