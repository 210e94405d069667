//! Siemens' mosaics, written here and unpacked by the importer.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Slice, folder, issues, load_only, load_phase, scan_folder, text};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use fabrica_geometry::VoxelPoint;
use glam::DVec3;

/// A CSA image header with these values.
fn csa(values: &[(&str, &[&str])]) -> Vec<u8> {
    let mut bytes = b"SV10\x04\x03\x02\x01".to_vec();
    bytes.extend((values.len() as u32).to_le_bytes());
    bytes.extend(77u32.to_le_bytes());
    for (name, items) in values {
        let mut head = [0; 84];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[76..80].copy_from_slice(&(items.len() as u32).to_le_bytes());
        bytes.extend(head);
        for item in *items {
            let length = item.len() as u32 + 1;
            [length, length, 77, length].iter().for_each(|n| bytes.extend(n.to_le_bytes()));
            bytes.extend(item.as_bytes());
            bytes.push(0);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
    }
    bytes
}

/// Five slices of 4×3 pixels as 3×3 tiles; the value is 100 slice + 10 row + column. Slices run along `normal`.
fn mosaic(time: usize, normal: &[&str]) -> Slice {
    let (columns, rows, across) = (4, 3, 3);
    let mut words = vec![0u16; 12 * 9];
    for slice in 0..5 {
        for row in 0..rows {
            for column in 0..columns {
                let at = (slice / across * rows + row) * 12 + slice % across * columns + column;
                words[at] = (1000 * time + 100 * slice + 10 * row + column) as u16;
            }
        }
    }
    let header = csa(&[("NumberOfImagesInMosaic", &["5"]), ("SliceNormalVector", normal)]);
    // The first slice begins at (10, 20, 30): the position of the mosaic is half of the difference in size before it.
    let position = DVec3::new(10.0 - 4.0 * 2.0, 20.0 - 3.0 * 1.5, 30.0);
    Slice {
        words,
        size: [12, 9],
        spacing: Some([1.5, 2.0]),
        image_type: "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC",
        modality: "MR",
        sop_class: "1.2.840.10008.5.1.4.1.1.4",
        rescale: None,
        ..Slice::new(time, position)
    }
    .with(text(Tag(0x0029, 0x10), VR::LO, "SIEMENS CSA HEADER"))
    .with(DataElement::new(Tag(0x0029, 0x1010), VR::OB, PrimitiveValue::from(header)))
    .with(text(tags::SPACING_BETWEEN_SLICES, VR::DS, "3.5"))
    .with(text(tags::ACQUISITION_NUMBER, VR::IS, &(time + 1).to_string()))
}

#[test]
fn tiles_become_slices_at_their_places() {
    let volume = load_only(folder(&[mosaic(0, &["0", "0", "1"])]).path());
    assert_eq!(volume.grid().dims(), [4, 3, 5]);
    let spacing = volume.grid().spacing();
    assert!((spacing[0] - 2.0).abs() + (spacing[1] - 1.5).abs() + (spacing[2] - 3.5).abs() < 1e-9, "{spacing:?}");
    for (voxel, place) in [([0, 0, 0], [10.0, 20.0, 30.0]), ([3, 2, 4], [16.0, 23.0, 44.0])] {
        let at = volume.grid().to_patient(VoxelPoint(DVec3::from_array(voxel.map(|v| v as f64))));
        assert!((at.0 - DVec3::from_array(place)).length() < 1e-9, "{at:?}");
        let [column, row, slice] = voxel;
        assert_eq!(volume.value(voxel), Some((100 * slice + 10 * row + column) as f64));
    }
    assert_eq!(issues(&volume), []);
}

#[test]
fn slices_may_run_against_the_normal() {
    let volume = load_only(folder(&[mosaic(0, &["0", "0", "-1"])]).path());
    // The fifth slice lies lowest.
    assert_eq!(volume.value([0, 0, 0]), Some(400.0));
    let lowest = volume.grid().to_patient(VoxelPoint(DVec3::ZERO));
    assert!((lowest.0 - DVec3::new(10.0, 20.0, 16.0)).length() < 1e-9, "{lowest:?}");
}

#[test]
fn times_are_phases() {
    let folder = folder(&[mosaic(1, &["0", "0", "1"]), mosaic(0, &["0", "0", "1"])]);
    let found = scan_folder(folder.path());
    assert_eq!(found.series[0].phases.len(), 2, "{:#?}", found.series[0].phases);
    for (phase, value) in [(0, 0.0), (1, 1000.0)] {
        assert_eq!(load_phase(&found, 0, phase).value([0, 0, 0]), Some(value));
    }
}

#[test]
fn without_its_private_header_it_is_refused() {
    let mut slice = mosaic(0, &["0", "0", "1"]);
    slice.extra.retain(|e| e.header().tag.0 != 0x0029);
    let found = scan_folder(folder(&[slice.clone()]).path());
    let obstacle = found.series[0].phases[0].obstacle.clone().unwrap();
    assert!(obstacle.contains("mosaic"), "{obstacle}");

    let foreign = mosaic(0, &["0", "0", "1"]).with(text(Tag(0x0029, 0x10), VR::LO, "SOMEBODY ELSE"));
    assert!(scan_folder(folder(&[foreign]).path()).series[0].phases[0].obstacle.is_some());

    let contradicting = mosaic(0, &["0", "1", "0"]);
    let found = scan_folder(folder(&[contradicting]).path());
    let obstacle = found.series[0].phases[0].obstacle.clone().unwrap();
    assert!(obstacle.contains("contradicts"), "{obstacle}");
}

#[test]
fn b_values_of_the_private_header_tell_volumes_apart() {
    let with_b = |time: usize, b: &str| {
        let header =
            csa(&[("NumberOfImagesInMosaic", &["5"]), ("SliceNormalVector", &["0", "0", "1"]), ("B_value", &[b])]);
        mosaic(time, &["0", "0", "1"]).with(DataElement::new(Tag(0x0029, 0x1010), VR::OB, PrimitiveValue::from(header)))
    };
    let found = scan_folder(folder(&[with_b(0, "0"), with_b(1, "1000")]).path());
    let labels: Vec<&str> = found.series[0].phases.iter().map(|p| p.label.as_str()).collect();
    assert!(labels.len() == 2 && labels[0].contains("b = 0") && labels[1].contains("b = 1000"), "{labels:?}");
}
