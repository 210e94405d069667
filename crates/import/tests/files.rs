//! Cases from files that are no DICOM.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use fabrica_formats::{Compression, write_nrrd, write_segmentation};
use fabrica_geometry::{Grid, LpsPoint};
use fabrica_import::{ReadOptions, find, make_case};
use fabrica_plan::Author;
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};

fn grid() -> Grid {
    Grid::axis_aligned([8, 6, 4], LpsPoint::default(), [1.0, 1.0, 2.0]).unwrap()
}

fn write_scan(path: &Path) {
    let samples = Samples::I16((0..grid().len()).map(|i| i as i16).collect());
    let volume = Volume::new(grid(), samples, ValueUnit::Arbitrary).unwrap();
    write_nrrd(&volume, path, Compression::None, &Progress::new()).unwrap();
}

fn write_structure(path: &Path) {
    let bone = Structure {
        name: "bone".into(),
        colour: Rgb(230, 210, 180),
        mask: Mask::from_fn(grid(), |index| index % 3 == 0),
        code: None,
        origin: String::new(),
        isovalue: None,
    };
    write_segmentation(&[bone], path, &Progress::new()).unwrap();
}

#[test]
fn a_segmentation_that_names_no_scan_goes_with_the_only_one() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    write_scan(&files.join("a.nrrd"));
    write_structure(&files.join("bone.seg.nrrd"));
    let by = Author::new("Anna").unwrap();
    let import = |case: &str| {
        let progress = Progress::new();
        let found = find(std::slice::from_ref(&files), &progress).unwrap();
        let to = folder.path().join(case);
        make_case(&to, &found, &found.scans[0], &[0], true, ReadOptions::default(), &by, &progress).unwrap()
    };
    let made = import("one");
    assert_eq!((made.case.structures().len(), made.notes.len()), (1, 0));
    // On the grid of both: of which scan is it?
    write_scan(&files.join("b.nrrd"));
    let made = import("two");
    assert_eq!((made.case.structures().len(), made.notes.len()), (0, 1));
    assert!(made.notes[0].contains("bone.seg.nrrd"), "{:?}", made.notes);
}
