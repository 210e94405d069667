//! Results are written, read back by our own readers, and by independent tools where they are installed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod common;

use fabrica_dicom_results::{
    FilledPart, ResultError, SegmentationKind, Source, measurement_report, read_measurement_report, segmentation,
    to_bytes,
};
use fabrica_dicom_structures::{ScanIdentity, StructureOptions, read_seg};
use fabrica_geometry::{Grid, LpsPoint, Mm};
use fabrica_plan::{
    ErrorPart, ErrorSource, MeasuredData, Measurement, MeasurementKind, MeasurementOperation, NamedMeasurement,
    Operation, Plan, Quantity, QuantityKind, Region, Unit,
};
use fabrica_progress::Progress;
use fabrica_volume::{Code, Mask, Provenance, Rgb, Structure, ValueUnit};

use common::{SHA, author, grid, is_valid, now, provenance, saved, tool};

fn quantity(what: QuantityKind, value: f64, unit: Unit) -> Quantity {
    let part = |source, standard| ErrorPart { source, standard };
    let error =
        vec![part(ErrorSource::Voxels, 0.03 * value.abs()), part(ErrorSource::Repeatability, 0.04 * value.abs())];
    Quantity { what, value, unit, error }
}

/// Measurements as a plan has them.
fn measurements() -> Vec<NamedMeasurement> {
    let p = LpsPoint::new;
    let mm = Unit::Millimetre;
    let of = |kind, quantities| Measurement {
        kind,
        volume: "volume-1".into(),
        quantities,
        method: "as the test says".into(),
        data: vec![MeasuredData { name: "volume-1".into(), sha256: SHA.into() }],
    };
    let hu = || Unit::Image(ValueUnit::Hounsfield);
    let square = vec![p(0.0, 0.0, 0.0), p(4.0, 0.0, 0.0), p(4.0, 4.0, 0.0), p(0.0, 4.0, 0.0)];
    let all = [
        (
            "left kidney, längs",
            of(
                MeasurementKind::Distance { points: [p(40.25, -3.5, 10.0), p(52.5, -3.5, 10.0)] },
                vec![quantity(QuantityKind::Length, 12.25, mm.clone())],
            ),
        ),
        (
            "angle",
            of(
                MeasurementKind::Angle { points: [p(1.0, 0.0, 0.0), p(0.0, 0.0, 0.0), p(0.0, 1.0, 0.0)] },
                vec![quantity(QuantityKind::Angle, 90.0, Unit::Degree)],
            ),
        ),
        (
            "lines",
            of(
                MeasurementKind::LineAngle {
                    lines: [[p(0.0, 0.0, 0.0), p(1.0, 0.0, 0.0)], [p(5.0, 5.0, 5.0), p(5.0, 5.0, 9.0)]],
                },
                vec![quantity(QuantityKind::Angle, 90.0, Unit::Degree)],
            ),
        ),
        (
            "window",
            of(
                MeasurementKind::Area { polygon: square },
                vec![
                    quantity(QuantityKind::Area, 16.0, Unit::SquareMillimetre),
                    quantity(QuantityKind::Perimeter, 16.0, mm.clone()),
                ],
            ),
        ),
        (
            "liver",
            of(
                MeasurementKind::Volume { structure: "liver".into() },
                vec![quantity(QuantityKind::Volume, 1_234_567.891_234_5, Unit::CubicMillimetre)],
            ),
        ),
        (
            "roi",
            of(
                MeasurementKind::RegionStatistics {
                    region: Region::Sphere { centre: p(1.0, 2.0, 3.0), radius: Mm(4.0) },
                },
                vec![
                    quantity(QuantityKind::Mean, -100.0 / 3.0, hu()),
                    quantity(QuantityKind::StandardDeviation, 12.0, hu()),
                ],
            ),
        ),
        (
            "margin",
            of(
                MeasurementKind::ClosestDistance {
                    structures: ["tumour".into(), "vein".into()],
                    points: [p(0.0, 0.0, 0.0), p(3.0, 0.0, 0.0)],
                },
                vec![quantity(QuantityKind::Length, 3.0, mm)],
            ),
        ),
    ];
    let mut plan = Plan::new();
    for (name, measurement) in all {
        let add = MeasurementOperation::Add { name: name.into(), measurement: Box::new(measurement) };
        plan.apply_at(Operation::Measurement(add), &author(), now()).unwrap();
    }
    plan.state().measurements.clone()
}

fn structures() -> Vec<Structure> {
    let of = |name: &str, mask, code| Structure {
        name: name.into(),
        colour: Rgb(200, 30, 40),
        mask,
        code,
        origin: "made by the test".into(),
        isovalue: None,
    };
    let liver = Code { value: "10200004".into(), scheme: "SCT".into(), meaning: "Liver".into() };
    vec![
        of("Leber links", Mask::from_fn(grid(), |n| n % 7 == 0 && n > 150), Some(liver)),
        of("overlapping", Mask::from_fn(grid(), |n| n % 13 < 4), None),
    ]
}

#[test]
fn a_report_says_what_the_plan_says() {
    let (provenance, grid, all) = (provenance(6), grid(), measurements());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let bytes = to_bytes(&measurement_report(&source, &all, &author(), now()).unwrap()).unwrap();
    // The same again is the same file.
    assert_eq!(bytes, to_bytes(&measurement_report(&source, &all, &author(), now()).unwrap()).unwrap());
    let read = read_measurement_report(bytes.as_slice()).unwrap();
    assert_eq!(read.len(), all.len());
    for (written, read) in all.iter().zip(&read) {
        assert_eq!(read.name, written.name);
        let m = &written.measurement;
        assert_eq!(read.values.len(), m.quantities.len());
        for (q, value) in m.quantities.iter().zip(&read.values) {
            assert_eq!(value.value, q.value, "to the last bit");
            assert_eq!(value.range, Some([q.half_width(); 2]));
        }
        let mut points = m.points();
        if matches!(m.kind, MeasurementKind::Area { .. }) {
            points.push(points[0]);
        }
        assert_eq!(read.points, points);
        if !points.is_empty() {
            assert_eq!(read.frame_of_reference_uid.as_deref(), Some("1.2.3.4.6"));
        }
    }
    assert_eq!(read[3].values[0].unit, "mm2");
    assert_eq!((read[5].values[0].concept.as_str(), read[5].values[0].derivation.as_deref()), ("112031", Some("Mean")));

    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path(), "report.dcm", &bytes);
    if let Some((well, said)) = tool("dsrdump", &[], &path) {
        assert!(well && said.contains("12.25") && said.contains("längs") && !said.contains("E: "), "{said}");
    }
    is_valid(&path);
}

#[test]
fn a_report_needs_no_dicom_source() {
    let (provenance, grid) = (Provenance::default(), grid());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let bytes = to_bytes(&measurement_report(&source, &measurements(), &author(), now()).unwrap()).unwrap();
    assert_eq!(read_measurement_report(bytes.as_slice()).unwrap().len(), 7);
    assert!(matches!(measurement_report(&source, &[], &author(), now()), Err(ResultError::Nothing(_))));
    for wrong in [&b"nonsense"[..], &bytes[..200], &[]] {
        assert!(read_measurement_report(wrong).is_err());
    }
}

#[test]
fn a_segmentation_comes_back_voxel_for_voxel() {
    let (provenance, grid, all) = (provenance(6), grid(), structures());
    let source = Source { provenance: &provenance, grid: &grid, sha256: SHA };
    let folder = tempfile::tempdir().unwrap();
    // Full where the mask holds, or half; a little beside it.
    let filled: Vec<Vec<u8>> = all
        .iter()
        .map(|s| {
            let value = |n: usize| match s.mask.get(grid.position(n)) {
                true => 128 + (n % 128) as u8,
                false => (n % 3 * 63) as u8,
            };
            (0..grid.len()).map(value).collect()
        })
        .collect();
    let part = |values| FilledPart { first: [0; 3], size: grid.dims(), values };
    let parts: Vec<_> = filled.iter().map(|values| part(values.as_slice())).collect();
    for kind in [SegmentationKind::Binary, SegmentationKind::Fractional(&parts)] {
        let bytes = to_bytes(&segmentation(&source, &all, kind, &author(), now()).unwrap()).unwrap();
        let path = saved(
            folder.path(),
            if kind == SegmentationKind::Binary { "binary.dcm" } else { "fractional.dcm" },
            &bytes,
        );
        let identity = ScanIdentity::from(&provenance);
        let set = read_seg(&path, &grid, &identity, &StructureOptions::default(), &Progress::new()).unwrap();
        assert_eq!(set.structures.len(), 2, "{:?}", set.skipped);
        for (written, read) in all.iter().zip(&set.structures) {
            assert_eq!((&read.name, &read.mask), (&written.name, &written.mask));
            let close = |a: u8, b: u8| a.abs_diff(b) <= 1;
            let (Rgb(r, g, b), Rgb(s, h, c)) = (read.colour, written.colour);
            assert!(close(r, s) && close(g, h) && close(b, c), "{:?}", read.colour);
        }
        assert_eq!(set.structures[0].code.as_ref().unwrap().value, "10200004");
        is_valid(&path);
    }
    // At another threshold another part of the fractions: they were written, not only the mask.
    let strict = StructureOptions { fractional_threshold: 0.9, ..StructureOptions::default() };
    let path = folder.path().join("fractional.dcm");
    let identity = ScanIdentity::from(&provenance);
    let set = read_seg(&path, &grid, &identity, &strict, &Progress::new()).unwrap();
    // 0.9 of 255 is 229.5.
    let expected = Mask::from_fn(grid.clone(), |n| filled[0][n] >= 230);
    assert!(set.structures[0].mask == expected && !expected.is_empty());
    // Half filled where the mask does not hold, or a part that is missing.
    let wrong = vec![vec![128u8; grid.len()]; 2];
    let wrong: Vec<_> = wrong.iter().map(|values| part(values.as_slice())).collect();
    for parts in [&wrong[..], &parts[..1]] {
        let refused = segmentation(&source, &all, SegmentationKind::Fractional(parts), &author(), now());
        assert!(matches!(refused, Err(ResultError::Filled(_))));
    }
    let empty = vec![Structure { mask: Mask::empty(grid.clone()), ..all[0].clone() }];
    assert!(matches!(
        segmentation(&source, &empty, SegmentationKind::Binary, &author(), now()),
        Err(ResultError::Nothing(_))
    ));
    let other = Grid::axis_aligned([13, 9, 6], LpsPoint::default(), [1.0; 3]).unwrap();
    let elsewhere = vec![Structure { mask: Mask::from_fn(other, |_| true), ..all[0].clone() }];
    assert!(matches!(
        segmentation(&source, &elsewhere, SegmentationKind::Binary, &author(), now()),
        Err(ResultError::OtherGrid(_))
    ));
}
