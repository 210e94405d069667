//! `dicom-pixeldata` as a second implementation: what it writes is read here, and what both read is the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod common;

use common::{data, read};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::{DefaultDicomObject, FileMetaTableBuilder, InMemDicomObject, OpenFileOptions};
use dicom_pixeldata::{PixelDecoder, Transcode};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use fabrica_dicom_pixels::{OffsetTables, codec_for, decode_frame, frame_fragments, join_fragments};

const ROWS: usize = 37;
const COLUMNS: usize = 52;

/// A native image with every kind of neighbour: steps, slopes, noise.
fn image(bits: u16) -> (DefaultDicomObject, Vec<u16>) {
    let most = (1u32 << bits) - 1;
    let mut noise = 0x1234_5678u32;
    let values: Vec<u16> = (0..ROWS * COLUMNS)
        .map(|n| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (row, column) = ((n / COLUMNS) as u32, (n % COLUMNS) as u32);
            let value = match row % 3 {
                0 => column * most / COLUMNS as u32,
                1 => noise >> 8,
                _ => (column / 9 % 2) * most,
            };
            (value & most) as u16
        })
        .collect();
    let bytes: Vec<u8> = match bits {
        ..=8 => values.iter().map(|v| *v as u8).collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    let allocated = if bits <= 8 { 8u16 } else { 16 };
    let number = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let object = InMemDicomObject::from_element_iter([
        text(tags::SOP_CLASS_UID, VR::UI, uids::SECONDARY_CAPTURE_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "2.25.7"),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        number(tags::SAMPLES_PER_PIXEL, 1),
        number(tags::ROWS, ROWS as u16),
        number(tags::COLUMNS, COLUMNS as u16),
        number(tags::BITS_ALLOCATED, allocated),
        number(tags::BITS_STORED, bits),
        number(tags::HIGH_BIT, bits - 1),
        number(tags::PIXEL_REPRESENTATION, 0),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::from(bytes)),
    ]);
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    (object.with_meta(meta).unwrap(), values)
}

#[test]
fn what_it_writes_is_read_bit_for_bit() {
    let syntaxes = [
        uids::DEFLATED_IMAGE_FRAME_COMPRESSION,
        uids::JPEGXL_LOSSLESS,
        uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN,
    ];
    for uid in syntaxes {
        for bits in [8, 12, 16] {
            let (mut object, values) = image(bits);
            object.transcode(TransferSyntaxRegistry.get(uid).unwrap()).unwrap();
            let layout = common::layout(&object).unwrap();
            let codec = codec_for(object.meta().transfer_syntax()).unwrap();
            let fragments = object.element(tags::PIXEL_DATA).unwrap().fragments().unwrap();
            let ranges = frame_fragments(codec, 1, fragments, OffsetTables::default()).unwrap();
            let bytes = join_fragments(&fragments[ranges[0].clone()]);
            let mut read = vec![0u16; layout.pixels()];
            decode_frame(codec, &layout, &bytes, &mut read).unwrap_or_else(|e| panic!("{uid}, {bits} bits: {e}"));
            assert!(read == values, "{uid}, {bits} bits");
        }
    }
}

#[test]
fn both_read_real_files_alike() {
    let Some(folder) = data("ct_dicom/transfer_syntaxes_WG04") else { return };
    let mut compared = 0;
    for syntax in ["RLE", "JPLL"] {
        for image in ["CT1", "MR1", "MR3", "NM1"] {
            let path = folder.join(format!("{syntax}/{image}_{syntax}.dcm"));
            if !path.exists() {
                continue;
            }
            let ours: Vec<u16> = read(&path).decode_all().unwrap().iter().map(|v| *v as u16).collect();
            let object = OpenFileOptions::new().open_file(&path).unwrap();
            let theirs = object.decode_pixel_data().unwrap_or_else(|e| panic!("{path:?}: {e}"));
            assert!(theirs.data_ow() == ours, "{path:?}");
            compared += 1;
        }
    }
    assert!(compared >= 6, "{compared} files");
}

#[test]
fn htj2k_is_refused_by_name() {
    for uid in [uids::HTJ2K_LOSSLESS, uids::HTJ2K_LOSSLESS_RPCL, uids::HTJ2K] {
        let refusal = codec_for(uid).unwrap_err().to_string();
        assert!(refusal.contains("High-Throughput JPEG 2000") && refusal.contains("convert"), "{refusal}");
    }
}
