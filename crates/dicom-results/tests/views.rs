//! Measurements drawn on images, pictures of views, and key images: written and read back, and held against independent
//! tools where they are installed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod common;

use fabrica_dicom_results::{
    Key, Picture, Presented, ResultError, Source, captured, key_objects, presentation_state, read_captured,
    read_key_objects, read_presentation_state, to_bytes,
};
use fabrica_geometry::{LpsPoint, Mm, VoxelPoint};
use fabrica_plan::{
    Annotation, AnnotationMark, ErrorPart, ErrorSource, MeasuredData, Measurement, MeasurementKind,
    MeasurementOperation, NamedMeasurement, Operation, Plan, Quantity, QuantityKind, Region, StrokePath, Unit, Window,
};
use fabrica_volume::Rgb;

use common::{SHA, author, grid, is_valid, now, provenance, saved, tool};

fn at(i: f64, j: f64, k: f64) -> LpsPoint {
    grid().to_patient(VoxelPoint::new(i, j, k))
}

fn measured(all: Vec<(&str, MeasurementKind)>) -> Vec<NamedMeasurement> {
    let mut plan = Plan::new();
    for (name, kind) in all {
        let error = vec![ErrorPart { source: ErrorSource::Voxels, standard: 0.5 }];
        let measurement = Measurement {
            kind,
            volume: "volume-1".into(),
            quantities: vec![Quantity { what: QuantityKind::Length, value: 12.25, unit: Unit::Millimetre, error }],
            method: "as the test says".into(),
            data: vec![MeasuredData { name: "volume-1".into(), sha256: SHA.into() }],
        };
        let add = MeasurementOperation::Add { name: name.into(), measurement: Box::new(measurement) };
        plan.apply_at(Operation::Measurement(add), &author(), now()).unwrap();
    }
    plan.state().measurements.clone()
}

fn close(found: &[[f64; 2]], expected: &[[f64; 2]]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f[0] - e[0]).abs() < 1e-4 && (f[1] - e[1]).abs() < 1e-4, "{found:?} {expected:?}");
    }
}

const WINDOW: Window = Window { centre: 40.0, width: 400.0 };

#[test]
fn what_lies_on_a_slice_is_drawn_on_its_image() {
    let (provenance, grid) = (provenance(6), grid());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let measurements = measured(vec![
        ("width, längs", MeasurementKind::Distance { points: [at(2.0, 3.0, 4.2), at(7.5, 3.0, 3.8)] }),
        ("through", MeasurementKind::Distance { points: [at(2.0, 3.0, 1.0), at(2.0, 3.0, 4.0)] }),
        ("window", MeasurementKind::Area { polygon: vec![at(1.0, 1.0, 0.0), at(4.0, 1.0, 0.0), at(4.0, 5.0, 0.0)] }),
        ("all of it", MeasurementKind::Volume { structure: "liver".into() }),
        (
            "roi",
            MeasurementKind::RegionStatistics { region: Region::Sphere { centre: at(6.0, 4.0, 4.0), radius: Mm(1.5) } },
        ),
        ("outside", MeasurementKind::Probe { at: at(-4.0, 4.0, 4.0) }),
        ("value", MeasurementKind::Probe { at: at(0.0, 0.0, 4.0) }),
    ]);
    let label = Annotation {
        mark: AnnotationMark::Label,
        points: StrokePath::new([at(3.0, 3.0, 4.0)]).unwrap(),
        text: "look here".into(),
        colour: Rgb(1, 2, 3),
    };
    let annotations = [("note".to_owned(), label)];
    let what = Presented { measurements: &measurements, annotations: &annotations, window: WINDOW };
    let made = presentation_state(&source, &what, &author(), now()).unwrap();
    assert_eq!(made.slices, [0, 4]);
    let left_out: Vec<_> = made.left_out.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left_out, ["through", "all of it", "outside"]);

    let bytes = to_bytes(&made.file).unwrap();
    let read = read_presentation_state(bytes.as_slice()).unwrap();
    let image = |n: usize| format!("1.2.826.0.1.3680043.8.498.{n}");
    assert_eq!(read.images, [("1.2.3.4.5".to_owned(), image(1)), ("1.2.3.4.5".to_owned(), image(5))]);
    assert_eq!(read.rescale, Some([1.0, -1024.0]));
    // Black at -160 HU and white at 240 HU by DICOM's linear function, as by ours.
    let [c, w] = read.window.unwrap();
    assert_eq!([c - 0.5 - (w - 1.0) / 2.0, c - 0.5 + (w - 1.0) / 2.0], WINDOW.range());
    assert_eq!(read.displayed, Some([[1, 1], [13, 9]]));
    assert_eq!((&read.drawn[0].images, &read.drawn[1].images), (&vec![image(1)], &vec![image(5)]));
    // The centre of the pixel in column 1 and row 1, from 0, is (1.5, 1.5); the outline is closed.
    close(&read.drawn[0].graphics[0].points, &[[1.5, 1.5], [4.5, 1.5], [4.5, 5.5], [1.5, 1.5]]);
    let on = &read.drawn[1];
    close(&on.graphics[0].points, &[[2.5, 3.5], [8.0, 3.5]]);
    let ball = &on.graphics[1].points;
    // 1.5 mm are 2 columns of 0.75 mm, and 1.7143 rows of 0.875 mm.
    close(&[ball[0], ball[12]], &[[8.5, 4.5], [6.5, 4.5 + 1.5 / 0.875]]);
    assert_eq!((on.graphics[2].kind.as_str(), on.graphics[2].points[0]), ("POINT", [0.5, 0.5]));
    assert_eq!(on.texts[0].text, "width, längs\r\nlength: 12.2 ± 1.0 mm");
    assert_eq!(on.texts[3].text, "look here");

    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "presentation.dcm", &bytes);
    is_valid(&path);
}

#[test]
fn nothing_is_drawn_where_it_would_lie_wrong() {
    let (mut provenance, grid) = (provenance(6), grid());
    let measurements =
        measured(vec![("through", MeasurementKind::Distance { points: [at(2.0, 3.0, 1.0), at(2.0, 3.0, 4.0)] })]);
    let what = Presented { measurements: &measurements, annotations: &[], window: WINDOW };
    let made = |provenance: &fabrica_volume::Provenance| {
        let source = Source { provenance, grid: &grid, sha256: SHA };
        presentation_state(&source, &what, &author(), now()).map(|_| ())
    };
    assert!(matches!(made(&provenance), Err(ResultError::Nothing(_))));
    provenance.sources[2].rescale = None;
    assert!(matches!(made(&provenance), Err(ResultError::NoImages(_))));
    provenance.sources[2].rescale = provenance.sources[1].rescale;
    provenance.steps = vec!["resampled slices 1.000 to 2.000 mm apart to 13×9×6 voxels".into()];
    assert!(matches!(made(&provenance), Err(ResultError::NoImages(_))));
    for wrong in [&b"nonsense"[..], &[]] {
        assert!(read_presentation_state(wrong).is_err());
        assert!(read_key_objects(wrong).is_err());
        assert!(read_captured(wrong).is_err());
    }
}

#[test]
fn pictures_and_slices_are_key_images() {
    let (provenance, grid) = (provenance(6), grid());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let rgb: Vec<u8> = (0..5 * 3 * 3).map(|n| n as u8 * 5).collect();
    let picture = |caption| Picture { caption, size: [5, 3], rgb: &rgb };
    let all = [
        captured(&source, &picture("View 1"), 1, now()).unwrap(),
        captured(&source, &picture("von links"), 2, now()).unwrap(),
    ];
    let measurements =
        measured(vec![("width", MeasurementKind::Distance { points: [at(2.0, 3.0, 4.0), at(7.5, 3.0, 4.0)] })]);
    let what = Presented { measurements: &measurements, annotations: &[], window: WINDOW };
    let state = presentation_state(&source, &what, &author(), now()).unwrap();
    let keys: Vec<Key> = all.iter().map(|file| Key::of(file).unwrap()).collect();
    let of_state = Key::of(&state.file).unwrap();
    let made =
        key_objects(&source, &keys, Some((&of_state, &state.slices)), "views of the plan", &author(), now()).unwrap();

    let bytes = to_bytes(&all[1]).unwrap();
    let back = read_captured(bytes.as_slice()).unwrap();
    assert_eq!((back.caption.as_str(), back.size, &back.rgb), ("SYNTHETIC von links", [5, 3], &rgb));
    assert_eq!(back.source_instances.len(), 6);
    let selection = to_bytes(&made).unwrap();
    let read = read_key_objects(selection.as_slice()).unwrap();
    assert_eq!((read.title.as_str(), read.description.as_str()), ("Of Interest", "views of the plan"));
    let uid = |file: &fabrica_dicom_results::DicomFile, tag: &str| {
        file.element_by_name(tag).unwrap().to_str().unwrap().trim_end_matches('\0').to_owned()
    };
    let instance = |file| uid(file, "SOPInstanceUID");
    let images: Vec<_> = read.images.iter().map(|(_, instance, state)| (instance.clone(), state.clone())).collect();
    assert_eq!(images[0], (instance(&all[0]), None));
    assert_eq!(images[1], (instance(&all[1]), None));
    assert_eq!(images[2], ("1.2.826.0.1.3680043.8.498.5".to_owned(), Some(instance(&state.file))));
    // Everything named is evidence; the two pictures are of one series.
    assert_eq!(read.evidence.len(), 4);
    assert_eq!(uid(&all[0], "SeriesInstanceUID"), uid(&all[1], "SeriesInstanceUID"));

    let folder = tempfile::tempdir().unwrap();
    is_valid(&saved(folder.path(), "picture.dcm", &bytes));
    let path = saved(folder.path(), "keys.dcm", &selection);
    is_valid(&path);
    if let Some((well, said)) = tool("dsrdump", &[], &path) {
        assert!(well && said.contains("views of the plan") && !said.contains("E: "), "{said}");
    }
    let small = Picture { caption: "", size: [5, 4], rgb: &rgb };
    assert!(matches!(captured(&source, &small, 1, now()), Err(ResultError::Nothing(_))));
}
