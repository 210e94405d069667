//! Real-world values: rescale, sign, byte order, padding, photometric interpretation, transfer syntaxes without compression.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where it fails"
)]

mod common;

use common::{
    BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, Slice, folder, issues, load_only, load_strictly, scan_folder, sequence,
    short, text, write_object,
};
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use fabrica_dicom::SeriesKind;
use fabrica_volume::{GeometryIssue, Samples, ValueUnit};
use glam::DVec3;

fn three(change: impl Fn(&mut Slice, usize)) -> Vec<Slice> {
    let made = (0..3).map(|k| {
        let mut slice = Slice::new(k, DVec3::Z * 2.0 * k as f64);
        change(&mut slice, k);
        slice
    });
    made.collect()
}

#[test]
fn every_native_transfer_syntax_gives_the_same() {
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED] {
        let folder = tempfile::tempdir().unwrap();
        for (k, slice) in three(|s, _| s.signed = true).iter().enumerate() {
            if syntax == DEFLATED {
                // dicom-object writes no deflate here: deflate the data set by hand, after the meta information.
                let plain = folder.path().join("plain");
                slice.write(&plain);
                let bytes = std::fs::read(&plain).unwrap();
                std::fs::remove_file(&plain).unwrap();
                std::fs::write(folder.path().join(format!("{k}")), deflated(&bytes)).unwrap();
            } else {
                slice.write_as(&folder.path().join(format!("{k}")), syntax);
            }
        }
        let volume = load_strictly(folder.path()).unwrap_or_else(|e| panic!("{syntax}: {e}"));
        assert_eq!(volume.value([3, 2, 1]), Some(1123.0 - 1024.0), "{syntax}");
        assert_eq!(volume.grid().spacing()[2], 2.0);
    }
}

/// The same file with its data set deflated.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let meta_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let (meta, data_set) = (bytes[144..144 + meta_length].to_vec(), &bytes[144 + meta_length..]);
    let from = [b"\x10\x00UI\x14\x00", EXPLICIT.as_bytes(), b"\0"].concat();
    let to = [b"\x10\x00UI\x16\x00", DEFLATED.as_bytes()].concat();
    let at = meta.windows(from.len()).position(|w| w == from).expect("the transfer syntax is there");
    let meta = [&meta[..at], &to, &meta[at + from.len()..]].concat();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data_set).unwrap();
    [&bytes[..140], &(meta.len() as u32).to_le_bytes(), &meta, &encoder.finish().unwrap()].concat()
}

#[test]
fn without_preamble_and_meta_information() {
    for syntax in [EXPLICIT, IMPLICIT, BIG_ENDIAN] {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        for (k, slice) in three(|_, _| {}).iter().enumerate() {
            slice.write_as(&plain, syntax);
            let bytes = std::fs::read(&plain).unwrap();
            let meta_length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
            std::fs::write(folder.path().join(format!("{k}")), &bytes[144 + meta_length..]).unwrap();
        }
        std::fs::remove_file(&plain).unwrap();
        assert_eq!(load_strictly(folder.path()).unwrap().value([3, 2, 1]), Some(1123.0 - 1024.0), "{syntax}");
    }
}

#[test]
fn signed_values_of_sixteen_and_twelve_bits() {
    for bits in [16, 12] {
        let slices = three(|s, k| {
            (s.signed, s.bits_stored, s.rescale) = (true, bits, Some((1.0, 0.0)));
            let value = if bits == 16 { -2000 - k as i16 } else { -1000 - k as i16 };
            // Only the stored bits count; the others may hold an overlay.
            let word = if bits == 16 { value as u16 } else { (value as u16 & 0x0FFF) | 0x5000 };
            s.words = vec![word; 20];
        });
        let volume = load_only(folder(&slices).path());
        let expected = if bits == 16 { -2002.0 } else { -1002.0 };
        assert_eq!(volume.value([4, 3, 2]), Some(expected));
        assert!(matches!(volume.samples(), Samples::I16(_)));
    }
}

#[test]
fn rescale_of_each_slice() {
    let slices = three(|s, k| {
        s.modality = "PT";
        s.sop_class = uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE;
        s.rescale = Some((0.5 * (k + 1) as f64, 0.0));
        *s = s.clone().with(text(tags::UNITS, VR::CS, "BQML"));
        s.words = vec![10; 20];
    });
    let volume = load_only(folder(&slices).path());
    assert_eq!([0, 1, 2].map(|k| volume.value([0, 0, k])), [Some(5.0), Some(10.0), Some(15.0)]);
    assert!(matches!(volume.samples(), Samples::F32(_)));
    assert_eq!(volume.unit, ValueUnit::BecquerelPerMillilitre);
    assert!(volume.provenance.steps.iter().any(|s| s.contains("own rescale")));
}

#[test]
fn whole_rescales_stay_integers_of_the_narrowest_type() {
    let wide = |words: Vec<u16>, intercept: f64| {
        let slices = three(|s, _| {
            (s.bits_stored, s.rescale) = (16, Some((1.0, intercept)));
            s.words = words.iter().copied().cycle().take(20).collect();
        });
        load_only(folder(&slices).path())
    };
    // Sixteen bits and an offset: the header allows more than int16, the values do not need it ...
    let volume = wide(vec![0, 3000], -1024.0);
    assert!(matches!(volume.samples(), Samples::I16(_)));
    assert_eq!(volume.range(), (-1024.0, 1976.0));
    // ... or they do.
    let volume = wide(vec![0, 60_000], -1024.0);
    assert!(matches!(volume.samples(), Samples::I32(_)));
    assert_eq!(volume.range(), (-1024.0, 58_976.0));
    let volume = wide(vec![0, 60_000], 0.0);
    assert!(matches!(volume.samples(), Samples::U16(_)));
    assert_eq!(volume.range(), (0.0, 60_000.0));
}

#[test]
fn padding_value_and_range() {
    let slices = three(|s, _| {
        (s.signed, s.bits_stored) = (true, 16);
        *s = s.clone().with(short(tags::PIXEL_PADDING_VALUE, -2000i16 as u16));
        *s = s.clone().with(short(tags::PIXEL_PADDING_RANGE_LIMIT, -1990i16 as u16));
    });
    assert_eq!(load_only(folder(&slices).path()).padding, Some(-3024.0..=-3014.0));
}

#[test]
fn monochrome1_keeps_its_values_and_says_so() {
    let slices = three(|s, _| s.photometric = "MONOCHROME1");
    let folder = folder(&slices);
    assert_eq!(scan_folder(folder.path()).series[0].photometric_interpretation, "MONOCHROME1");
    let volume = load_only(folder.path());
    assert_eq!(volume.value([3, 2, 1]), Some(1123.0 - 1024.0));
    assert!(volume.provenance.steps.iter().any(|s| s.contains("MONOCHROME1")));
}

#[test]
fn a_missing_sop_class_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for (k, slice) in three(|_, _| {}).iter().enumerate() {
        let mut object = slice.object();
        object.remove_element(tags::SOP_CLASS_UID);
        let meta = dicom_object::FileMetaTableBuilder::new()
            .transfer_syntax(EXPLICIT)
            .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
            .media_storage_sop_instance_uid("1.2");
        object.with_exact_meta(meta.build().unwrap()).write_to_file(folder.path().join(format!("{k}"))).unwrap();
    }
    assert_eq!(load_strictly(folder.path()).unwrap().grid().dims(), [5, 4, 3]);
}

#[test]
fn colour_tables_and_radiographs_are_no_volumes() {
    let slices = three(|s, _| s.photometric = "PALETTE COLOR");
    assert!(load_strictly(folder(&slices).path()).unwrap_err().to_string().contains("colour"));
    let mut radiograph = Slice::new(0, DVec3::ZERO);
    radiograph.sop_class = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    radiograph.modality = "DX";
    (radiograph.position, radiograph.orientation, radiograph.spacing, radiograph.rescale) = (None, None, None, None);
    let radiograph = radiograph.with(text(tags::IMAGER_PIXEL_SPACING, VR::DS, "0.2\\0.2"));
    let folder = folder(&[radiograph]);
    assert_eq!(scan_folder(folder.path()).series[0].kind, SeriesKind::Projection);
    let volume = load_strictly(folder.path()).unwrap();
    assert_eq!(volume.unit, ValueUnit::Arbitrary);
    let found = issues(&volume);
    assert!(found.iter().any(|i| matches!(i, GeometryIssue::PixelSpacingUncertain { .. })), "{found:?}");
    assert!(found.iter().any(|i| matches!(i, GeometryIssue::LateralityAssumed { .. })), "{found:?}");
}

#[test]
fn names_in_other_alphabets() {
    let folder = tempfile::tempdir().unwrap();
    let mut object = Slice::new(0, DVec3::ZERO).object();
    object.put(text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"));
    object.put(text(tags::PATIENT_NAME, VR::PN, "Müller^Łucja"));
    write_object(object, &folder.path().join("a"), EXPLICIT);
    assert_eq!(load_only(folder.path()).provenance.patient_name, "Müller^Łucja");
}

#[test]
fn contradictions_about_sides() {
    let with = |element: dicom_object::mem::InMemElement| {
        let slices = three(|s, _| *s = s.clone().with(element.clone()));
        issues(&load_only(folder(&slices).path()))
    };
    assert!(with(text(tags::PATIENT_ORIENTATION, VR::CS, "L\\P")).is_empty());
    let mirrored = with(text(tags::PATIENT_ORIENTATION, VR::CS, "R\\P"));
    assert!(
        matches!(&mirrored[..], [GeometryIssue::Contradiction { reason }] if reason.contains("rows")),
        "{mirrored:?}"
    );
    let animal = with(text(tags::ANATOMICAL_ORIENTATION_TYPE, VR::CS, "QUADRUPED"));
    assert!(matches!(&animal[..], [GeometryIssue::LateralityAssumed { .. }]), "{animal:?}");
}

/// A Modality LUT: stored 10, 11, 12, 13 mean 5, 50, 500, 65535; below and above the ends hold.
#[test]
fn a_modality_lut_stands_in_place_of_a_rescale() {
    let table = |data: dicom_object::mem::InMemElement| {
        let descriptor = PrimitiveValue::U16([4, 10, 16].as_slice().into());
        sequence(
            tags::MODALITY_LUT_SEQUENCE,
            vec![vec![
                DataElement::new(tags::LUT_DESCRIPTOR, VR::US, descriptor),
                text(tags::MODALITY_LUT_TYPE, VR::LO, "US"),
                data,
            ]],
        )
    };
    let whole = DataElement::new(tags::LUT_DATA, VR::OW, PrimitiveValue::U16([5, 50, 500, 65535].as_slice().into()));
    let mut slice = Slice::new(0, DVec3::ZERO).with(table(whole));
    slice.words = (0..20).map(|n| n as u16).collect();
    slice.rescale = None;
    let volume = load_only(folder(&[slice.clone()]).path());
    let values: Vec<f64> = (0..20).map(|n| volume.samples().get(n)).collect();
    assert_eq!(values[..11], [5.0; 11]);
    assert_eq!(values[11..14], [50.0, 500.0, 65535.0]);
    assert_eq!(values[14..], [65535.0; 6]);

    let short = DataElement::new(tags::LUT_DATA, VR::OW, PrimitiveValue::U16([5, 50].as_slice().into()));
    let found = scan_folder(folder(&[slice.with(table(short))]).path());
    assert!(found.series.is_empty());
    assert!(found.passed_over.iter().any(|p| p.reason.contains("4 entries")), "{:?}", found.passed_over);
}

#[test]
fn floating_point_pixels() {
    for wide in [false, true] {
        let mut object = Slice { rescale: None, ..Slice::new(0, DVec3::ZERO) }.object();
        object.remove_element(tags::PIXEL_DATA);
        for tag in [tags::BITS_STORED, tags::HIGH_BIT, tags::PIXEL_REPRESENTATION] {
            object.remove_element(tag);
        }
        let values: Vec<f64> = (0..20).map(|n| f64::from(n) * 0.125 - 1.0).collect();
        object.put(short(tags::BITS_ALLOCATED, if wide { 64 } else { 32 }));
        object.put(if wide {
            DataElement::new(tags::DOUBLE_FLOAT_PIXEL_DATA, VR::OD, PrimitiveValue::F64(values.as_slice().into()))
        } else {
            let single: Vec<f32> = values.iter().map(|v| *v as f32).collect();
            DataElement::new(tags::FLOAT_PIXEL_DATA, VR::OF, PrimitiveValue::F32(single.as_slice().into()))
        });
        let folder = tempfile::tempdir().unwrap();
        write_object(object, &folder.path().join("a"), EXPLICIT);
        let volume = load_only(folder.path());
        let read: Vec<f64> = (0..20).map(|n| volume.samples().get(n)).collect();
        assert_eq!(read, values, "{} bits", if wide { 64 } else { 32 });
    }
}
