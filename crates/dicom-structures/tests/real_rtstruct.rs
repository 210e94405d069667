//! RT structure sets of real scans against their voxel truth.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

mod common;

use common::{data, scan};
use fabrica_dicom_structures::{StructureKind, StructureOptions, read_rtstruct, referenced_series};
use fabrica_formats::read_labels;
use fabrica_geometry::Mm;
use fabrica_progress::Progress;
use fabrica_volume::Mask;

/// The truth on the scan's grid: the same places, perhaps with other axis directions.
fn truth(path: &std::path::Path, on: &Mask) -> Mask {
    let labels = read_labels(path, &Progress::new()).unwrap();
    assert_eq!(labels.len(), 1);
    let mask = &labels[0].mask;
    let (grid, other) = (on.grid().clone(), mask.grid().clone());
    assert!(grid.spacing().iter().zip(other.spacing()).all(|(a, b)| (a - b).abs() < 0.01));
    Mask::from_fn(grid.clone(), |index| {
        let at = grid.position(index).map(|n| n as f64);
        let there = other.to_voxel(grid.to_patient(fabrica_geometry::VoxelPoint::new(at[0], at[1], at[2]))).0.round();
        there.min_element() >= 0.0 && mask.get(there.to_array().map(|v| v as usize))
    })
}

fn dice_of(folder: &str, modality: &str) -> Option<f64> {
    let folder = data(folder)?;
    let (grid, identity) = scan(&folder.join(format!("dicom/{modality}/image")));
    let file = folder.join(format!("dicom/{modality}/mask/RS.dcm"));
    let progress = Progress::new();
    let set = read_rtstruct(&file, &grid, &identity, &StructureOptions::default(), &progress).unwrap();
    assert_eq!(set.skipped, []);
    assert_eq!(set.structures.len(), 1);
    let structure = &set.structures[0];
    assert_eq!(structure.name, format!("GTV_Mass_{modality}"));
    assert_eq!(structure.colour, fabrica_volume::Rgb(255, 0, 0));
    assert!(structure.mask.grid().coincides(&grid, Mm(1e-9)));
    let references = referenced_series(&file).unwrap();
    assert_eq!(references.kind, StructureKind::RtStructureSet);
    assert_eq!(references.series_uids, [identity.series_uid.unwrap()]);
    let truth = truth(&folder.join(format!("nifti_truth/{modality}_mask.nii.gz")), &structure.mask);
    let dice = structure.mask.dice(&truth).unwrap();
    println!("{modality}: Dice {dice:.4}, {} voxels, truth {}", structure.mask.count(), truth.count());
    Some(dice)
}

#[test]
fn tumour_on_ct_pet_and_mr_matches_the_truth() {
    for modality in ["CT", "PET", "MR_T1"] {
        let Some(dice) = dice_of("ct_dicom/rtstruct_petctmr_STS_001", modality) else { return };
        assert!(dice >= 0.98, "{modality}: Dice {dice}");
    }
}

#[test]
fn tumour_of_the_radiomics_phantom_matches_the_truth() {
    let Some(folder) = data("ibsi/ibsi_1_ct_radiomics_phantom_CC-BY-NC-3.0") else { return };
    let (grid, identity) = scan(&folder.join("dicom/image"));
    let file = folder.join("dicom/mask/DCM_RS_00060.dcm");
    let set = read_rtstruct(&file, &grid, &identity, &StructureOptions::default(), &Progress::new()).unwrap();
    assert_eq!(set.structures.len(), 1);
    let structure = &set.structures[0];
    let truth = truth(&folder.join("nifti/mask/mask.nii.gz"), &structure.mask);
    let dice = structure.mask.dice(&truth).unwrap();
    println!("Dice {dice:.4}, {} voxels, truth {}; {:?}", structure.mask.count(), truth.count(), set.skipped);
    assert!(dice >= 0.98, "Dice {dice}");
}
