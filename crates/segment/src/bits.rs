//! Spans of bits in the words of a row.

/// The bits of one word from `from` (0 to 63) up to, not including, `to` (1 to 64).
#[inline]
fn between(from: usize, to: usize) -> u64 {
    (u64::MAX << from) & (u64::MAX >> (64 - to))
}

/// Calls `at(word, bits)` for each word that the span `start..end` touches; `bits` are those inside.
#[inline]
fn for_each_word(start: usize, end: usize, mut at: impl FnMut(usize, u64)) {
    if start >= end {
        return;
    }
    let (first, last) = (start / 64, (end - 1) / 64);
    for word in first..=last {
        let from = if word == first { start % 64 } else { 0 };
        let to = if word == last { (end - 1) % 64 + 1 } else { 64 };
        at(word, between(from, to));
    }
}

/// Sets the bits `start..end`.
#[inline]
pub(crate) fn set_span(row: &mut [u64], start: usize, end: usize) {
    for_each_word(start, end, |word, bits| row[word] |= bits);
}

/// Clears the bits `start..end`.
#[inline]
pub(crate) fn clear_span(row: &mut [u64], start: usize, end: usize) {
    for_each_word(start, end, |word, bits| row[word] &= !bits);
}

/// Whether any of the bits `start..end` is set.
#[inline]
pub(crate) fn any_in_span(row: &[u64], start: usize, end: usize) -> bool {
    let mut any = 0;
    for_each_word(start, end, |word, bits| any |= row[word] & bits);
    any != 0
}

/// The first set (or, with `wanted` false, clear) bit in `from..end`.
#[inline]
pub(crate) fn next_bit(row: &[u64], from: usize, end: usize, wanted: bool) -> Option<usize> {
    if from >= end {
        return None;
    }
    let flip = if wanted { 0 } else { u64::MAX };
    let mut word = from / 64;
    let mut bits = (row[word] ^ flip) & (u64::MAX << (from % 64));
    loop {
        if bits != 0 {
            let at = word * 64 + bits.trailing_zeros() as usize;
            return (at < end).then_some(at);
        }
        word += 1;
        if word * 64 >= end {
            return None;
        }
        bits = row[word] ^ flip;
    }
}

/// The start of the run of set bits that holds the set bit `at`.
#[inline]
pub(crate) fn run_start(row: &[u64], at: usize) -> usize {
    let mut word = at / 64;
    let mut clear = !row[word] & (u64::MAX >> (63 - at % 64));
    loop {
        if clear != 0 {
            return word * 64 + 64 - clear.leading_zeros() as usize;
        }
        if word == 0 {
            return 0;
        }
        word -= 1;
        clear = !row[word];
    }
}

/// The 64 bits from bit `at` on. Bits beyond the end are 0.
#[inline]
pub(crate) fn word_at(row: &[u64], at: usize) -> u64 {
    let (word, shift) = (at / 64, at % 64);
    let low = row.get(word).copied().unwrap_or(0) >> shift;
    if shift == 0 { low } else { low | row.get(word + 1).copied().unwrap_or(0) << (64 - shift) }
}

/// Clears the bits from `nx` on.
#[inline]
pub(crate) fn trim(row: &mut [u64], nx: usize) {
    if !nx.is_multiple_of(64)
        && let Some(last) = row.last_mut()
    {
        *last &= between(0, nx % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_agree_with_single_bits() {
        for start in [0, 1, 63, 64, 65, 127, 130] {
            for end in [0, 1, 63, 64, 65, 128, 129, 192] {
                let mut row = [0u64; 3];
                set_span(&mut row, start, end);
                let set: Vec<usize> = (0..192).filter(|&i| row[i / 64] >> (i % 64) & 1 == 1).collect();
                assert_eq!(set, (start..end.max(start)).collect::<Vec<_>>());
                assert_eq!(any_in_span(&row, 0, 192), start < end);
                assert_eq!(next_bit(&row, 0, 192, true), (start < end).then_some(start));
                if start < end {
                    assert_eq!(run_start(&row, end - 1), start);
                    assert_eq!(next_bit(&row, start, 192, false), (end < 192).then_some(end));
                    assert_eq!(word_at(&row, start) & 1, 1);
                }
                clear_span(&mut row, start, end);
                assert_eq!(row, [0; 3]);
            }
        }
    }
}
