//! A small scan and structures for the tests.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::path::Path;

use fabrica_case::Case;
use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_volume::{
    GeometryIssue, GeometryWarning, Mask, Modality, Provenance, Rgb, Samples, Source, Structure, ValueUnit, Volume,
};

pub fn anna() -> Author {
    Author::new("Anna").unwrap()
}

/// An oblique, anisotropic, left-handed grid with numbers that no short decimal holds.
pub fn grid() -> Grid {
    let axes = [LpsVector::new(0.6, 0.8, 0.0), LpsVector::new(-0.8, 0.6, 0.0), LpsVector::new(0.0, 0.0, -1.0)];
    Grid::new([70, 12, 8], LpsPoint::new(1.0 / 3.0, -170.1, 1_234.567_890_123), axes, [0.7, 0.7, 1.0 / 0.3]).unwrap()
}

/// A synthetic scan with two geometry warnings.
pub fn scan() -> Volume {
    let grid = grid();
    let samples = (0..grid.len()).map(|i| (i % 3000) as i16 - 1000).collect();
    let mut volume = Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield).unwrap();
    volume.provenance = Provenance {
        sources: ["a", "b"]
            .map(|n| Source {
                file_name: format!("{n}.dcm"),
                sha256: n.repeat(64),
                sop_instance_uid: Some(format!("1.2.{n}")),
                rescale: None,
            })
            .into(),
        modality: Modality::ct(),
        description: "synthetic ramp".into(),
        patient_name: "Doe^Jane".into(),
        patient_id: "4711".into(),
        study_date: "20261122".into(),
        study_uid: Some("1.2.3".into()),
        series_uid: Some("1.2.3.4".into()),
        frame_of_reference_uid: Some("1.2.3.5".into()),
        simulated: true,
        steps: vec!["made by a formula".into()],
    };
    volume.warnings = vec![
        GeometryWarning::new(GeometryIssue::GantryTilt { degrees: 18.1 / 3.0 }),
        GeometryWarning::new(GeometryIssue::LateralityAssumed { reason: "no orientation given".into() }),
    ];
    volume
}

/// A structure of every `step`-th voxel.
pub fn structure(name: &str, step: usize) -> Structure {
    Structure {
        name: name.into(),
        colour: Rgb(230, 210, 180),
        mask: Mask::from_fn(grid(), |index| index % step == 0),
        code: None,
        origin: format!("every voxel of {step}"),
        isovalue: Some(199.5),
    }
}

pub fn make(folder: &Path) -> Case {
    Case::create(folder, &scan(), &anna(), &Progress::new()).unwrap()
}

/// The files in a folder of the case, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|i| i.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
