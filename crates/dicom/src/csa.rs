//! Siemens' CSA header: named values in a private element (as read by NiBabel's `csareader` and dcm2niix).

use std::collections::HashMap;

/// Most named values and most items of one: real headers have about a hundred and a few.
const MOST: u32 = 4096;
/// Bytes of a tag's head and of an item's.
const TAG_HEAD: usize = 84;
const ITEM_HEAD: usize = 16;

/// The values of a CSA header, each with its items that are not empty.
#[derive(Debug, Default)]
pub(crate) struct Csa(HashMap<String, Vec<String>>);

impl Csa {
    /// Reads a header of either version; none if it is damaged anywhere.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let second = bytes.starts_with(b"SV10");
        let mut reader = Reader { bytes, at: if second { 8 } else { 0 } };
        let count = reader.number()?;
        reader.number()?;
        if count == 0 || count > MOST {
            return None;
        }
        let mut values = HashMap::new();
        // The first version counts the length of an item from this.
        let mut base = None;
        for _ in 0..count {
            let head = reader.take(TAG_HEAD)?;
            let name = text(head.get(..64)?);
            let items = u32::from_le_bytes(head.get(76..80)?.try_into().ok()?);
            let base = *base.get_or_insert(if second { 0 } else { items });
            if items > MOST {
                return None;
            }
            let mut found = Vec::new();
            for _ in 0..items {
                let head = reader.take(ITEM_HEAD)?;
                let field = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
                let length = if second { field(4)? } else { field(0)?.checked_sub(base)? } as usize;
                let value = text(reader.take(length)?);
                // Items lie at multiples of four bytes; the last need not be filled up.
                let padding = (length.next_multiple_of(4) - length).min(reader.left());
                reader.take(padding)?;
                if !value.is_empty() {
                    found.push(value);
                }
            }
            values.insert(name, found);
        }
        Some(Self(values))
    }

    /// The numbers of a value; none if it is absent, empty or not numbers.
    pub(crate) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let items = self.0.get(name)?;
        let numbers: Option<Vec<f64>> = items.iter().map(|v| v.parse::<f64>().ok().filter(|v| v.is_finite())).collect();
        numbers.filter(|n| !n.is_empty())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }
}

/// Text up to its zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of the second version.
    pub(crate) fn second(values: &[(&str, &[&str])]) -> Vec<u8> {
        let mut bytes = b"SV10\x04\x03\x02\x01".to_vec();
        bytes.extend((values.len() as u32).to_le_bytes());
        bytes.extend(77u32.to_le_bytes());
        for (name, items) in values {
            let mut head = [0; TAG_HEAD];
            head[..name.len()].copy_from_slice(name.as_bytes());
            head[76..80].copy_from_slice(&(items.len() as u32).to_le_bytes());
            bytes.extend(head);
            for item in *items {
                let length = item.len() as u32 + 1;
                for number in [length, length, 77, length] {
                    bytes.extend(number.to_le_bytes());
                }
                bytes.extend(item.as_bytes());
                bytes.push(0);
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
        }
        bytes
    }

    #[test]
    fn named_numbers() {
        let bytes =
            second(&[("NumberOfImagesInMosaic", &["36", ""]), ("SliceNormalVector", &["0.0", "-0.5", "0.866"])]);
        let csa = Csa::read(&bytes).unwrap();
        assert_eq!(csa.numbers("NumberOfImagesInMosaic").unwrap(), [36.0]);
        assert_eq!(csa.numbers("SliceNormalVector").unwrap(), [0.0, -0.5, 0.866]);
        assert!(csa.numbers("B_value").is_none());
        for length in 0..bytes.len() - 3 {
            assert!(Csa::read(&bytes[..length]).is_none(), "cut to {length}");
        }
    }
}
