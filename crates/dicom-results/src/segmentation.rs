//! Structures as a DICOM segmentation (PS3.3 A.51).

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use fabrica_geometry::VoxelPoint;
use fabrica_plan::{Author, UtcTime};
use fabrica_volume::{Rgb, Structure};
use rayon::prelude::*;

use crate::code::Coded;
use crate::object::{clean, code, decimals, file, longs, object, pointer, sequence, short, text, uid};
use crate::source::{NewObject, Source};
use crate::{DicomFile, ResultError};

/// How voxels are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentationKind<'a> {
    /// One bit a voxel.
    Binary,
    /// One byte a voxel: how much of it is filled, of each structure.
    Fractional(&'a [FilledPart<'a>]),
}

/// How much of each voxel a structure fills; voxels outside the part are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilledPart<'a> {
    /// The part's first voxel.
    pub first: [usize; 3],
    /// The part's voxels along i, j, k.
    pub size: [usize; 3],
    /// 0 (nothing) to 255 (all), i fastest: 128 or more just where the structure's mask holds.
    pub values: &'a [u8],
}

impl FilledPart<'_> {
    /// The values of a row; nothing beyond the part.
    fn row(&self, j: usize, k: usize) -> &[u8] {
        let place = j.checked_sub(self.first[1]).zip(k.checked_sub(self.first[2]));
        let place = place.filter(|(j, k)| *j < self.size[1] && *k < self.size[2]);
        let start = place.map(|(j, k)| self.size[0] * (j + self.size[1] * k));
        start.and_then(|start| self.values.get(start..start + self.size[0])).unwrap_or_default()
    }

    fn value(&self, [i, j, k]: [usize; 3]) -> u8 {
        i.checked_sub(self.first[0]).and_then(|i| self.row(j, k).get(i).copied()).unwrap_or(0)
    }

    /// Whether it lies on the structure's grid, and is filled half or more just where the mask holds.
    fn agrees(&self, structure: &Structure) -> bool {
        let [nx, ny, nz] = structure.mask.grid().dims();
        let end: [usize; 3] = std::array::from_fn(|a| self.first[a].saturating_add(self.size[a]));
        let fits = end[0] <= nx && end[1] <= ny && end[2] <= nz;
        let row = |(j, k): (usize, usize)| {
            let words = structure.mask.row(j, k);
            (0..nx).all(|i| (self.value([i, j, k]) >= 128) == (words[i / 64] >> (i % 64) & 1 == 1))
        };
        fits && (0..nz).into_par_iter().all(|k| (0..ny).all(|j| row((j, k))))
    }
}

/// The structures as one segmentation: a segment each, a frame for each slice that one has voxels in. Frames lie on the
/// scan's own grid and name the image that they lie on, where the scan came as one image a slice.
///
/// # Errors
/// When there is no voxel, a structure lies on another grid, what it fills is not what its mask holds, or the object would be
/// too large.
pub fn segmentation(
    source: &Source<'_>,
    structures: &[Structure],
    kind: SegmentationKind<'_>,
    by: &Author,
    at: UtcTime,
) -> Result<DicomFile, ResultError> {
    let [columns, rows, slices] = source.grid.dims();
    let most = usize::from(u16::MAX);
    for (what, count) in [("rows", rows), ("columns", columns), ("segments", structures.len())] {
        if count > most {
            return Err(ResultError::TooMany { what, count, most });
        }
    }
    source.check_grids(structures)?;
    if let SegmentationKind::Fractional(parts) = kind {
        let other = (0..structures.len()).find(|&n| !parts.get(n).is_some_and(|p| p.agrees(&structures[n])));
        if let Some(other) = other {
            return Err(ResultError::Filled(structures[other].name.clone()));
        }
    }
    // Segment and slice of each frame, from 0.
    let holds = |n: usize, k: usize| match kind {
        SegmentationKind::Binary => has_voxel(&structures[n], k),
        SegmentationKind::Fractional(parts) => (0..rows).any(|j| parts[n].row(j, k).iter().any(|v| *v > 0)),
    };
    let frames: Vec<(usize, usize)> =
        (0..structures.len()).flat_map(|n| (0..slices).map(move |k| (n, k))).filter(|&(n, k)| holds(n, k)).collect();
    if frames.is_empty() {
        return Err(ResultError::Nothing("voxel of a structure"));
    }
    let pixels = pixels(structures, &frames, kind);
    if pixels.len() > 0xFFFF_FFFE {
        return Err(ResultError::TooMany { what: "bytes of pixels", count: pixels.len(), most: 0xFFFF_FFFE });
    }
    let sop_instance = uid(
        "segmentation",
        &[source.sha256.as_bytes(), &pixels, names(structures).as_bytes(), at.to_string().as_bytes()],
    );
    let new = NewObject {
        sop_class: uids::SEGMENTATION_STORAGE,
        sop_instance: &sop_instance,
        modality: "SEG",
        series_number: "9002",
        description: "Segmentation",
        series: None,
        number: 1,
        at,
    };
    let mut o = InMemDicomObject::new_empty();
    source.header(&mut o, &new);
    text(&mut o, tags::FRAME_OF_REFERENCE_UID, VR::UI, &source.frame_of_reference());
    text(&mut o, tags::POSITION_REFERENCE_INDICATOR, VR::LO, "");
    text(&mut o, tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY");
    text(&mut o, tags::CONTENT_LABEL, VR::CS, "SEGMENTATION");
    text(&mut o, tags::CONTENT_DESCRIPTION, VR::LO, "Structures made with Fabrica");
    text(&mut o, tags::CONTENT_CREATOR_NAME, VR::PN, &clean(by.name(), 64).replace(['^', '='], " "));
    text(&mut o, tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00");
    image_pixel(&mut o, [columns, rows], frames.len(), kind);
    let segments = structures.iter().enumerate().map(|(n, s)| segment(n, s)).collect();
    sequence(&mut o, tags::SEGMENT_SEQUENCE, segments);
    if let Some(evidence) = source.evidence() {
        let series = evidence.element(tags::REFERENCED_SERIES_SEQUENCE).ok().and_then(|e| e.items());
        let series = series.and_then(<[InMemDicomObject]>::first).map(|s| {
            object(|i| {
                if let Ok(uid) = s.element(tags::SERIES_INSTANCE_UID) {
                    i.put(uid.clone());
                }
                sequence(i, tags::REFERENCED_INSTANCE_SEQUENCE, source.images());
            })
        });
        sequence(&mut o, tags::REFERENCED_SERIES_SEQUENCE, series.into_iter().collect());
    }
    dimensions(&mut o, &sop_instance);
    sequence(&mut o, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared(source)]);
    let per_frame = frames.iter().map(|&(n, k)| frame(source, n, k)).collect();
    sequence(&mut o, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, per_frame);
    o.put(DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(pixels.into())));
    file(o, uids::SEGMENTATION_STORAGE, &sop_instance)
}

fn names(structures: &[Structure]) -> String {
    structures.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("\n")
}

fn has_voxel(structure: &Structure, k: usize) -> bool {
    let [_, ny, _] = structure.mask.grid().dims();
    (0..ny).any(|j| structure.mask.row(j, k).iter().any(|w| *w != 0))
}

/// The frames one after the other: bits run on from frame to frame without padding, the lowest first (PS3.5 8.1.1).
fn pixels(structures: &[Structure], frames: &[(usize, usize)], kind: SegmentationKind<'_>) -> Vec<u8> {
    let Some(first) = structures.first() else { return Vec::new() };
    let [nx, ny, _] = first.mask.grid().dims();
    let count = nx * ny * frames.len();
    let mut bytes = match kind {
        SegmentationKind::Binary => vec![0u8; count.div_ceil(8)],
        SegmentationKind::Fractional(_) => vec![0u8; count],
    };
    for (number, &(n, k)) in frames.iter().enumerate() {
        for j in 0..ny {
            let start = (number * ny + j) * nx;
            match kind {
                SegmentationKind::Binary => {
                    let words = structures[n].mask.row(j, k);
                    for i in (0..nx).filter(|i| words[i / 64] >> (i % 64) & 1 == 1) {
                        bytes[(start + i) / 8] |= 1 << ((start + i) % 8);
                    }
                }
                SegmentationKind::Fractional(parts) => {
                    let row = parts[n].row(j, k);
                    bytes[start + parts[n].first[0]..][..row.len()].copy_from_slice(row);
                }
            }
        }
    }
    // An even number of bytes (PS3.5 8.1.1).
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn image_pixel(o: &mut InMemDicomObject, [columns, rows]: [usize; 2], frames: usize, kind: SegmentationKind<'_>) {
    short(o, tags::SAMPLES_PER_PIXEL, 1);
    text(o, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    text(o, tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    // Checked to fit.
    short(o, tags::ROWS, rows as u16);
    short(o, tags::COLUMNS, columns as u16);
    short(o, tags::PIXEL_REPRESENTATION, 0);
    let bits = if kind == SegmentationKind::Binary { 1 } else { 8 };
    short(o, tags::BITS_ALLOCATED, bits);
    short(o, tags::BITS_STORED, bits);
    short(o, tags::HIGH_BIT, bits - 1);
    match kind {
        SegmentationKind::Binary => text(o, tags::SEGMENTATION_TYPE, VR::CS, "BINARY"),
        SegmentationKind::Fractional(_) => {
            text(o, tags::SEGMENTATION_TYPE, VR::CS, "FRACTIONAL");
            text(o, tags::SEGMENTATION_FRACTIONAL_TYPE, VR::CS, "OCCUPANCY");
            short(o, tags::MAXIMUM_FRACTIONAL_VALUE, 255);
        }
    }
}

fn segment(n: usize, structure: &Structure) -> InMemDicomObject {
    object(|i| {
        short(i, tags::SEGMENT_NUMBER, n as u16 + 1);
        text(i, tags::SEGMENT_LABEL, VR::LO, &clean(&structure.name, 64));
        text(i, tags::SEGMENT_DESCRIPTION, VR::ST, &clean(&structure.origin, 1024));
        text(i, tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "SEMIAUTOMATIC");
        text(i, tags::SEGMENT_ALGORITHM_NAME, VR::LO, "Fabrica");
        code(i, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, &Coded::sct("123037004", "Anatomical Structure"));
        let what = structure.code.as_ref().map_or_else(
            || Coded::sct("123037004", "Anatomical Structure"),
            |c| Coded::new(&c.value, &c.scheme, &c.meaning),
        );
        code(i, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, &what);
        let colour = cielab(structure.colour);
        i.put(DataElement::new(
            tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
            VR::US,
            PrimitiveValue::U16(colour.into_iter().collect()),
        ));
    })
}

/// sRGB as the standard's scaled CIELab (PS3.3 C.10.7.1.1). The standard means a white of D50, but the toolkits that write
/// and read segmentations take D65, and so does our reader.
fn cielab(Rgb(r, g, b): Rgb) -> [u16; 3] {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let (r, g, b) = (linear(r), linear(g), linear(b));
    // IEC 61966-2-1 to XYZ, each over the white point's.
    let x = (0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47;
    let y = 0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b;
    let z = (0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b) / 1.088_83;
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let (l, a, b) = (116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z)));
    let scaled = |v: f64, low: f64, high: f64| ((v - low) / (high - low) * 65535.0).round().clamp(0.0, 65535.0) as u16;
    [scaled(l, 0.0, 100.0), scaled(a, -128.0, 127.0), scaled(b, -128.0, 127.0)]
}

/// Frames are ordered by segment, then by position.
fn dimensions(o: &mut InMemDicomObject, sop_instance: &str) {
    let organisation = uid("dimensions", &[sop_instance.as_bytes()]);
    let item = object(|i| text(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organisation));
    sequence(o, tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![item]);
    let indices = [
        (tags::REFERENCED_SEGMENT_NUMBER, tags::SEGMENT_IDENTIFICATION_SEQUENCE, "Segment"),
        (tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Position"),
    ];
    let items = indices.into_iter().map(|(index, group, label)| {
        object(|i| {
            text(i, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &organisation);
            pointer(i, tags::DIMENSION_INDEX_POINTER, index);
            pointer(i, tags::FUNCTIONAL_GROUP_POINTER, group);
            text(i, tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
        })
    });
    sequence(o, tags::DIMENSION_INDEX_SEQUENCE, items.collect());
}

fn shared(source: &Source<'_>) -> InMemDicomObject {
    let [x, y, z] = source.grid.spacing();
    object(|o| {
        let measures = object(|i| {
            // Between rows first.
            decimals(i, tags::PIXEL_SPACING, &[y, x]);
            decimals(i, tags::SLICE_THICKNESS, &[z]);
            decimals(i, tags::SPACING_BETWEEN_SLICES, &[z]);
        });
        sequence(o, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        let way = object(|i| {
            let (along, down) = (source.grid.axis(0).0, source.grid.axis(1).0);
            decimals(i, tags::IMAGE_ORIENTATION_PATIENT, &[along.to_array(), down.to_array()].concat());
        });
        sequence(o, tags::PLANE_ORIENTATION_SEQUENCE, vec![way]);
    })
}

fn frame(source: &Source<'_>, n: usize, k: usize) -> InMemDicomObject {
    object(|o| {
        // One image a slice: the frame lies on it.
        let derived = source.image_of_slice(k).map(|mut from| {
            object(|i| {
                code(i, tags::DERIVATION_CODE_SEQUENCE, &Coded::dcm("113076", "Segmentation"));
                let purpose = Coded::dcm("121322", "Source image for image processing operation");
                code(&mut from, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, &purpose);
                text(&mut from, tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
                sequence(i, tags::SOURCE_IMAGE_SEQUENCE, vec![from]);
            })
        });
        sequence(o, tags::DERIVATION_IMAGE_SEQUENCE, derived.into_iter().collect());
        let content = object(|i| longs(i, tags::DIMENSION_INDEX_VALUES, &[n as u32 + 1, k as u32 + 1]));
        sequence(o, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        let place = object(|i| {
            let origin = source.grid.to_patient(VoxelPoint::new(0.0, 0.0, k as f64)).0;
            decimals(i, tags::IMAGE_POSITION_PATIENT, &origin.to_array());
        });
        sequence(o, tags::PLANE_POSITION_SEQUENCE, vec![place]);
        let of = object(|i| short(i, tags::REFERENCED_SEGMENT_NUMBER, n as u16 + 1));
        sequence(o, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![of]);
    })
}
