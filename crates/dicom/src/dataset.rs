//! A bounded reader of the DICOM data element structure (PS3.5 chapter 7).
//!
//! Lengths in a file may lie and sequences may nest without end. This reader never copies or allocates by a length that
//! it read: values are borrowed from the bytes that are there, nesting and the number of elements are limited, and what
//! does not fit is an error with its tag and byte.

use std::fmt;

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};

/// Deepest nesting of sequences. Real files stay below ten; structured reports may reach a few tens.
const MAX_DEPTH: usize = 64;
/// Most elements in a header: an enhanced image of ten thousand frames has about one million.
const MAX_ELEMENTS: usize = 2_000_000;
/// Length that stands for "until the delimiter".
const UNDEFINED: u32 = 0xFFFF_FFFF;

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Siemens: b-value.
pub(crate) const SIEMENS_B_VALUE: Tag = Tag(0x0019, 0x100C);
/// Siemens: number of images in a mosaic.
pub(crate) const SIEMENS_MOSAIC: Tag = Tag(0x0019, 0x100A);
/// Siemens: the CSA image header.
pub(crate) const SIEMENS_CSA: Tag = Tag(0x0029, 0x1010);
/// GE: b-value, first of several numbers.
pub(crate) const GE_B_VALUE: Tag = Tag(0x0043, 0x1039);
/// Philips: b-value.
pub(crate) const PHILIPS_B_VALUE: Tag = Tag(0x2001, 0x1003);
/// United Imaging: b-value.
pub(crate) const UIH_B_VALUE: Tag = Tag(0x0065, 0x1009);
/// United Imaging: gradient direction.
pub(crate) const UIH_DIRECTION: Tag = Tag(0x0065, 0x1037);
/// What United Imaging calls its private elements.
pub(crate) const UIH: &str = "IMAGE PRIVATE HEADER";
/// United Imaging: number of images in a grid, and the item of each.
pub(crate) const UIH_GRID: Tag = Tag(0x0065, 0x1050);
pub(crate) const UIH_GRID_SEQUENCE: Tag = Tag(0x0065, 0x1051);
/// Who the private elements belong to (PS3.5 7.8.1). All makers use block 10; where it is another's, nothing is read.
const CREATORS: [Tag; 5] =
    [Tag(0x0019, 0x10), Tag(0x0029, 0x10), Tag(0x0043, 0x10), Tag(0x2001, 0x10), Tag(0x0065, 0x10)];
const PRIVATE_KEPT: [Tag; 8] =
    [SIEMENS_MOSAIC, SIEMENS_B_VALUE, SIEMENS_CSA, GE_B_VALUE, PHILIPS_B_VALUE, UIH_B_VALUE, UIH_GRID, UIH_DIRECTION];

/// The sequences whose items are read; others are stepped over.
const SEQUENCES_KEPT: [Tag; 32] = [
    UIH_GRID_SEQUENCE,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::FRAME_CONTENT_SEQUENCE,
    tags::CT_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::MR_IMAGE_FRAME_TYPE_SEQUENCE,
    tags::PET_FRAME_TYPE_SEQUENCE,
    tags::MR_ECHO_SEQUENCE,
    tags::MR_DIFFUSION_SEQUENCE,
    tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE,
    tags::CARDIAC_SYNCHRONIZATION_SEQUENCE,
    tags::TEMPORAL_POSITION_SEQUENCE,
    tags::CTX_RAY_DETAILS_SEQUENCE,
    tags::CT_RECONSTRUCTION_SEQUENCE,
    tags::CT_POSITION_SEQUENCE,
    tags::CT_ACQUISITION_DETAILS_SEQUENCE,
    tags::MR_AVERAGES_SEQUENCE,
    tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE,
    tags::DETECTOR_INFORMATION_SEQUENCE,
    tags::MODALITY_LUT_SEQUENCE,
    tags::REAL_WORLD_VALUE_MAPPING_SEQUENCE,
    tags::DIMENSION_INDEX_SEQUENCE,
    tags::REFERENCED_SERIES_SEQUENCE,
    tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
    tags::RT_REFERENCED_STUDY_SEQUENCE,
    tags::RT_REFERENCED_SERIES_SEQUENCE,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::PIXEL_INTENSITY_RELATIONSHIP_LUT_SEQUENCE,
];

/// How elements are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub(crate) explicit_vr: bool,
    pub(crate) big_endian: bool,
}

impl Encoding {
    pub(crate) const IMPLICIT: Self = Self { explicit_vr: false, big_endian: false };
    pub(crate) const EXPLICIT: Self = Self { explicit_vr: true, big_endian: false };
    pub(crate) const BIG_ENDIAN: Self = Self { explicit_vr: true, big_endian: true };

    fn u16(self, b: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
    }

    fn u32(self, b: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    }

    /// What the first element shows, whatever the transfer syntax says: some writers disagree with themselves.
    pub(crate) fn corrected(self, data: &[u8]) -> Self {
        match data.get(4..6) {
            Some(vr) if !self.big_endian => Self { explicit_vr: is_vr([vr[0], vr[1]]), ..self },
            _ => self,
        }
    }
}

/// Where the pixel data of a data set lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelElement {
    pub(crate) tag: Tag,
    /// Byte of the first value byte, or of the first item if encapsulated.
    pub(crate) start: usize,
    /// Bytes of native data; none if encapsulated.
    pub(crate) length: Option<usize>,
}

/// Why reading ended before the pixel data or the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// This many bytes, counted from the beginning, must be there to go on.
    NeedsBytes(usize),
    /// The structure is broken.
    Broken(String),
}

/// An element's value.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    Bytes(&'a [u8]),
    Items(Vec<DataSet<'a>>),
}

/// The elements of a data set or of an item, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct DataSet<'a> {
    elements: Vec<(Tag, Value<'a>)>,
    encoding: Encoding,
}

/// A data set as far as it could be read.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    pub(crate) data_set: DataSet<'a>,
    pub(crate) pixels: Option<PixelElement>,
    pub(crate) stop: Option<Stop>,
}

/// Reads a data set up to its pixel data.
///
/// `available` are the bytes at hand, `total` how many the data set has at most (the rest of the file), if known.
pub(crate) fn parse(available: &[u8], total: Option<usize>, encoding: Encoding) -> Parsed<'_> {
    let mut reader =
        Reader { data: available, at: 0, total: total.unwrap_or(usize::MAX), encoding, elements_left: MAX_ELEMENTS };
    let mut elements = Vec::new();
    let (pixels, stop) = match reader.top_level(&mut elements) {
        Ok(pixels) => (pixels, None),
        Err(stop) => (None, Some(stop)),
    };
    Parsed { data_set: DataSet { elements, encoding }, pixels, stop }
}

/// Reads the file meta information (group 0002, always explicit little endian). Gives it and the bytes that it takes.
pub(crate) fn parse_meta(available: &[u8], total: usize) -> (DataSet<'_>, usize, Option<Stop>) {
    let encoding = Encoding::EXPLICIT;
    let mut reader = Reader { data: available, at: 0, total, encoding, elements_left: 1000 };
    let mut elements = Vec::new();
    let stop = reader.meta(&mut elements).err();
    (DataSet { elements, encoding }, reader.at, stop)
}

/// The fragments of encapsulated pixel data; the first is the Basic Offset Table.
pub(crate) fn fragments(data: &[u8], encoding: Encoding) -> Result<Vec<&[u8]>, String> {
    let mut reader = Reader { data, at: 0, total: data.len(), encoding, elements_left: usize::MAX };
    let mut found = Vec::new();
    loop {
        let at = reader.at;
        let broken =
            |what: &str| format!("the encapsulated pixel data {what} (fragment {}, byte {at} of it)", found.len());
        if reader.left() < 8 {
            return Err(broken("is cut off before its end mark"));
        }
        let tag = reader.tag().map_err(|_| broken("is cut off"))?;
        let length = reader.u32().map_err(|_| broken("is cut off"))?;
        match tag {
            SEQUENCE_END => return Ok(found),
            ITEM if length != UNDEFINED => {
                found.push(reader.take(length as usize, tag).map_err(|_| broken("is cut off"))?);
            }
            _ => return Err(broken(&format!("holds {tag} where a fragment should begin"))),
        }
    }
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    total: usize,
    encoding: Encoding,
    elements_left: usize,
}

impl<'a> Reader<'a> {
    fn left(&self) -> usize {
        self.data.len() - self.at
    }

    fn broken<T>(&self, what: impl fmt::Display) -> Result<T, Stop> {
        Err(Stop::Broken(format!("the DICOM structure is broken at byte {} of the data set: {what}", self.at)))
    }

    /// The next `length` bytes.
    fn take(&mut self, length: usize, tag: Tag) -> Result<&'a [u8], Stop> {
        let end = match self.at.checked_add(length) {
            Some(end) if end <= self.total => end,
            _ => {
                let rest = self.total.saturating_sub(self.at);
                return self.broken(format!("{tag} claims {length} bytes, {rest} are left"));
            }
        };
        match self.data.get(self.at..end) {
            Some(bytes) => {
                self.at = end;
                Ok(bytes)
            }
            None => Err(Stop::NeedsBytes(end)),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N, Tag(0, 0))?;
        let mut array = [0; N];
        array.copy_from_slice(bytes);
        Ok(array)
    }

    fn u32(&mut self) -> Result<u32, Stop> {
        Ok(self.encoding.u32(self.array()?))
    }

    fn tag(&mut self) -> Result<Tag, Stop> {
        let [a, b, c, d] = self.array()?;
        Ok(Tag(self.encoding.u16([a, b]), self.encoding.u16([c, d])))
    }

    /// Tag, whether it is a sequence (if the VR tells), and length of the next element.
    fn element_head(&mut self) -> Result<(Tag, Option<[u8; 2]>, u32), Stop> {
        if self.elements_left == 0 {
            return self.broken(format!("there are more than {MAX_ELEMENTS} elements"));
        }
        self.elements_left -= 1;
        let tag = self.tag()?;
        if tag.0 == 0xFFFE || !self.encoding.explicit_vr {
            return Ok((tag, None, self.u32()?));
        }
        let vr: [u8; 2] = self.array()?;
        if !is_vr(vr) {
            return self.broken(format!("{tag} has no value representation but the bytes {vr:02X?}"));
        }
        let length = if has_long_length(vr) {
            let _reserved: [u8; 2] = self.array()?;
            self.u32()?
        } else {
            u32::from(self.encoding.u16(self.array()?))
        };
        Ok((tag, Some(vr), length))
    }

    fn meta(&mut self, into: &mut Vec<(Tag, Value<'a>)>) -> Result<(), Stop> {
        while self.at < self.total {
            let start = self.at;
            let next = self.tag()?;
            self.at = start;
            if next.0 != 2 {
                return Ok(());
            }
            let (tag, _, length) = self.element_head()?;
            let bytes = self.take(length as usize, tag)?;
            into.push((tag, Value::Bytes(bytes)));
        }
        Ok(())
    }

    fn top_level(&mut self, into: &mut Vec<(Tag, Value<'a>)>) -> Result<Option<PixelElement>, Stop> {
        loop {
            if self.at >= self.total || self.at == self.data.len() && self.total == usize::MAX {
                return Ok(None);
            }
            if self.at == self.data.len() {
                return Err(Stop::NeedsBytes(self.at + 8));
            }
            // Writers pad files with zeros to a block size.
            let rest = self.data.get(self.at..).unwrap_or_default();
            if self.total - self.at < 8 {
                return Ok(None);
            }
            if rest.starts_with(&[0; 8]) {
                return match rest.iter().position(|b| *b != 0) {
                    None => Ok(None),
                    Some(zeros) => self.broken(format!("{zeros} zeros stand where an element should begin")),
                };
            }
            let (tag, vr, length) = self.element_head()?;
            if matches!(tag, tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA) {
                let length = (length != UNDEFINED).then_some(length as usize);
                return Ok(Some(PixelElement { tag, start: self.at, length }));
            }
            if tag.0 == 0xFFFE {
                return self.broken(format!("{tag} stands outside a sequence"));
            }
            if let Some(value) = self.value(tag, vr, length, 0)? {
                into.push((tag, value));
            }
        }
    }

    /// The value of an element whose head was just read, if it is one of those kept.
    fn value(&mut self, tag: Tag, vr: Option<[u8; 2]>, length: u32, depth: usize) -> Result<Option<Value<'a>>, Stop> {
        let keep_sequence = SEQUENCES_KEPT.contains(&tag);
        if length == UNDEFINED {
            // A sequence of undefined length under UN is always implicit little endian (PS3.5 6.2.2 note 2).
            let outside = self.encoding;
            if vr == Some(*b"UN") {
                self.encoding = Encoding::IMPLICIT;
            }
            let items = self.sequence(tag, None, keep_sequence, depth);
            self.encoding = outside;
            return Ok(items?.map(Value::Items));
        }
        if keep_sequence && matches!(vr, None | Some([b'S', b'Q'])) {
            return self.bounded(tag, length, depth).map(Some);
        }
        if keep_sequence && vr == Some(*b"UN") {
            // Software that does not know a sequence keeps it like this, implicit little endian.
            let (start, outside) = (self.at, self.encoding);
            self.encoding = Encoding::IMPLICIT;
            let items = self.bounded(tag, length, depth);
            self.encoding = outside;
            match items {
                // It is something else.
                Err(Stop::Broken(_)) => self.at = start,
                items => return items.map(Some),
            }
        }
        let bytes = self.take(length as usize, tag)?;
        let keep =
            vr != Some(*b"SQ") && (tag.0.is_multiple_of(2) || PRIVATE_KEPT.contains(&tag) || CREATORS.contains(&tag));
        Ok(keep.then_some(Value::Bytes(bytes)))
    }

    /// The items of a kept sequence of `length` bytes.
    fn bounded(&mut self, tag: Tag, length: u32, depth: usize) -> Result<Value<'a>, Stop> {
        let end = self.at.saturating_add(length as usize);
        if end > self.total {
            let rest = self.total - self.at;
            return self.broken(format!("the sequence {tag} claims {length} bytes, {rest} are left"));
        }
        if end > self.data.len() {
            return Err(Stop::NeedsBytes(end));
        }
        Ok(Value::Items(self.sequence(tag, Some(end), true, depth)?.unwrap_or_default()))
    }

    /// The items of a sequence up to `end` or its delimiter, if they are to be kept.
    fn sequence(
        &mut self,
        tag: Tag,
        end: Option<usize>,
        keep: bool,
        depth: usize,
    ) -> Result<Option<Vec<DataSet<'a>>>, Stop> {
        if depth >= MAX_DEPTH {
            return self.broken(format!("sequences are nested more than {MAX_DEPTH} deep in {tag}"));
        }
        let mut items = Vec::new();
        while end.is_none_or(|end| self.at < end) {
            let (item, _, length) = self.element_head()?;
            match item {
                SEQUENCE_END => break,
                ITEM => {
                    let item_end = (length != UNDEFINED).then(|| self.at.saturating_add(length as usize));
                    let limit = end.unwrap_or(self.total);
                    if item_end.is_some_and(|e| e > limit) {
                        return self.broken(format!("an item of {tag} claims {length} bytes, more than its sequence"));
                    }
                    match item_end {
                        Some(_) if !keep => {
                            self.take(length as usize, item)?;
                        }
                        _ => {
                            let elements = self.item(tag, item_end, keep, depth)?;
                            if keep {
                                items.push(DataSet { elements, encoding: self.encoding });
                            }
                        }
                    }
                }
                other => {
                    return self.broken(format!("{other} stands in the sequence {tag} where an item should begin"));
                }
            }
        }
        if end.is_some_and(|end| self.at > end) {
            return self.broken(format!("an item reaches beyond the end of its sequence {tag}"));
        }
        Ok(keep.then_some(items))
    }

    fn item(
        &mut self,
        sequence: Tag,
        end: Option<usize>,
        keep: bool,
        depth: usize,
    ) -> Result<Vec<(Tag, Value<'a>)>, Stop> {
        let mut elements = Vec::new();
        while end.is_none_or(|end| self.at < end) {
            let (tag, vr, length) = self.element_head()?;
            if tag == ITEM_END {
                break;
            }
            if tag.0 == 0xFFFE {
                return self.broken(format!("{tag} stands inside an item of {sequence}"));
            }
            if let Some(value) = self.value(tag, vr, length, depth + 1)?
                && keep
            {
                elements.push((tag, value));
            }
        }
        if end.is_some_and(|end| self.at > end) {
            return self.broken(format!("an element reaches beyond the end of its item in {sequence}"));
        }
        Ok(elements)
    }
}

impl<'a> DataSet<'a> {
    /// The raw bytes of an element.
    pub(crate) fn bytes(&self, tag: Tag) -> Option<&'a [u8]> {
        self.elements.iter().find_map(|(t, value)| match value {
            Value::Bytes(bytes) if *t == tag => Some(*bytes),
            _ => None,
        })
    }

    /// The items of a sequence; none if it is absent.
    pub(crate) fn items(&self, tag: Tag) -> &[DataSet<'a>] {
        let found = self.elements.iter().find_map(|(t, value)| match value {
            Value::Items(items) if *t == tag => Some(items.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }

    /// The first item of a sequence.
    pub(crate) fn item(&self, tag: Tag) -> Option<&DataSet<'a>> {
        self.items(tag).first()
    }

    /// Whether the element is there and not empty.
    pub(crate) fn has(&self, tag: Tag) -> bool {
        self.bytes(tag).is_some_and(|b| !b.is_empty()) || !self.items(tag).is_empty()
    }

    /// An ASCII value (UI, CS, DA, TM ...) without padding; none if empty.
    pub(crate) fn ascii(&self, tag: Tag) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(tag)?);
        let text = text.trim_matches([' ', '\0']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The values of a multi-valued ASCII element.
    pub(crate) fn ascii_values(&self, tag: Tag) -> Vec<String> {
        let all = self.ascii(tag).unwrap_or_default();
        if all.is_empty() { Vec::new() } else { all.split('\\').map(|v| v.trim().to_owned()).collect() }
    }

    /// A text in the data set's character set; empty if absent.
    pub(crate) fn text(&self, tag: Tag) -> String {
        let Some(bytes) = self.bytes(tag) else { return String::new() };
        let sets = self.ascii_values(tags::SPECIFIC_CHARACTER_SET);
        let set = sets.iter().rev().find(|s| !s.is_empty());
        let set = set.and_then(|s| SpecificCharacterSet::from_code(s)).unwrap_or_default();
        let text = set.decode(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned());
        text.trim_matches([' ', '\0']).to_owned()
    }

    /// All numbers of a DS or IS element; none if absent, empty or if any is not a finite number.
    pub(crate) fn decimals(&self, tag: Tag) -> Option<Vec<f64>> {
        let text = self.ascii(tag)?;
        text.split('\\').map(|v| v.trim_matches([' ', '\0']).parse::<f64>().ok().filter(|v| v.is_finite())).collect()
    }

    /// Exactly `N` numbers of a DS element.
    pub(crate) fn decimals_exactly<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.decimals(tag)?.try_into().ok()
    }

    /// The first number of a DS or IS element.
    pub(crate) fn decimal(&self, tag: Tag) -> Option<f64> {
        self.decimals(tag)?.first().copied()
    }

    /// A binary unsigned integer (US or UL, told by its length).
    pub(crate) fn unsigned(&self, tag: Tag) -> Option<u32> {
        match *self.bytes(tag)? {
            [a, b] => Some(self.encoding.u16([a, b]).into()),
            [a, b, c, d] => Some(self.encoding.u32([a, b, c, d])),
            _ => None,
        }
    }

    /// All unsigned integers of an element whose values have two bytes (US).
    pub(crate) fn shorts(&self, tag: Tag) -> Vec<u16> {
        self.bytes(tag).unwrap_or_default().as_chunks().0.iter().map(|b| self.encoding.u16(*b)).collect()
    }

    /// All floating-point values of an FD element; non-finite ones make none.
    pub(crate) fn doubles(&self, tag: Tag) -> Option<Vec<f64>> {
        let bytes = self.bytes(tag)?;
        let order =
            |b: &[u8; 8]| if self.encoding.big_endian { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) };
        let values: Vec<f64> = bytes.as_chunks().0.iter().map(order).collect();
        (!values.is_empty() && values.iter().all(|v| v.is_finite())).then_some(values)
    }

    /// The first value of an FL element.
    pub(crate) fn single(&self, tag: Tag) -> Option<f64> {
        let bytes = *self.bytes(tag)?.first_chunk::<4>()?;
        let value = if self.encoding.big_endian { f32::from_be_bytes(bytes) } else { f32::from_le_bytes(bytes) };
        value.is_finite().then_some(f64::from(value))
    }

    /// Whether the private elements of a tag's block belong to this maker.
    pub(crate) fn is_private_of(&self, tag: Tag, maker: &str) -> bool {
        self.ascii(Tag(tag.0, tag.1 >> 8)).is_some_and(|creator| creator.to_uppercase().starts_with(maker))
    }

    /// The first value of an FD element.
    pub(crate) fn double(&self, tag: Tag) -> Option<f64> {
        self.doubles(tag)?.first().copied()
    }
}

/// Siemens' number of images in a mosaic, where it is theirs.
pub(crate) fn siemens(data: &DataSet<'_>, tag: Tag) -> Option<u32> {
    data.is_private_of(tag, "SIEMENS").then(|| data.unsigned(tag)).flatten()
}

fn has_long_length(vr: [u8; 2]) -> bool {
    const LONG: [&[u8; 2]; 13] =
        [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
    LONG.contains(&&vr)
}

/// Whether two bytes are a value representation of PS3.5 6.2.
pub(crate) fn is_vr(vr: [u8; 2]) -> bool {
    const SHORT: [&[u8; 2]; 21] = [
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
        b"ST", b"TM", b"UI", b"UL", b"US",
    ];
    has_long_length(vr) || SHORT.contains(&&vr)
}
