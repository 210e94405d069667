//! The Modality LUT (PS3.3 C.11.1): a table from stored values to real-world values, in place of a rescale.

use dicom_dictionary_std::tags;
use fabrica_dicom_pixels::FrameLayout;

use crate::dataset::DataSet;

/// A table of real-world values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lut {
    /// The stored value of the first entry; what lies below has that entry's value too, what lies above the last has that.
    first: i32,
    /// One value or more.
    values: Vec<u16>,
}

impl Lut {
    /// The image's table, if it has one.
    pub(crate) fn read(data: &DataSet<'_>, layout: &FrameLayout) -> Result<Option<Self>, String> {
        let Some(item) = data.item(tags::MODALITY_LUT_SEQUENCE) else { return Ok(None) };
        let [entries, first, bits] = <[u16; 3]>::try_from(item.shorts(tags::LUT_DESCRIPTOR))
            .map_err(|_| "LUT Descriptor (0028,3002) does not have three values".to_owned())?;
        let entries = if entries == 0 { 65536 } else { usize::from(entries) };
        let first = if layout.signed { i32::from(first as i16) } else { i32::from(first) };
        let bytes = item.bytes(tags::LUT_DATA).unwrap_or_default();
        // Eight bits may lie in bytes of their own or in words.
        let values: Vec<u16> = if bits <= 8 && bytes.len() < 2 * entries {
            bytes.iter().copied().map(u16::from).collect()
        } else {
            item.shorts(tags::LUT_DATA)
        };
        match values.get(..entries) {
            Some(values) => Ok(Some(Self { first, values: values.to_vec() })),
            None => Err(format!("the Modality LUT promises {entries} entries and has {}", values.len())),
        }
    }

    /// The real-world value of a stored one.
    #[inline]
    pub(crate) fn value(&self, stored: i32) -> i32 {
        let last = self.values.len() as i64 - 1;
        let index = (i64::from(stored) - i64::from(self.first)).clamp(0, last.max(0));
        self.values.get(index as usize).copied().map_or(0, i32::from)
    }

    /// The least and the greatest value of the table.
    pub(crate) fn range(&self) -> (i64, i64) {
        let least = self.values.iter().min().copied().unwrap_or(0);
        let greatest = self.values.iter().max().copied().unwrap_or(0);
        (least.into(), greatest.into())
    }
}
