//! Models that print: their reports, their refusals, and a real head.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they skip"
)]

use std::io::Read;

use fabrica_geometry::{Grid, LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, PrintOptions, SurfaceError, check, deviation, print_model, surface_of_mask};
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};

fn structure(name: &str, mask: Mask, isovalue: Option<f64>) -> Structure {
    Structure { name: name.into(), colour: Rgb(200, 200, 180), mask, code: None, origin: String::new(), isovalue }
}

fn unit_grid(dims: [usize; 3]) -> Grid {
    Grid::axis_aligned(dims, LpsPoint::new(0.0, 0.0, 0.0), [1.0; 3]).unwrap()
}

#[test]
fn an_empty_structure_is_refused() {
    let empty = structure("spleen", Mask::empty(unit_grid([4, 4, 4])), None);
    let error = print_model(&empty, None, &PrintOptions::default(), &Progress::new()).unwrap_err();
    assert!(matches!(&error, SurfaceError::EmptyStructure(name) if name == "spleen"), "{error}");
}

#[test]
fn distances_between_a_box_and_a_moved_box_are_known() {
    // The mask's border is a box of 10 × 10 × 10 mm; the mesh is that box 1 mm farther along x.
    let grid = unit_grid([20, 20, 20]);
    let mask = Mask::from_fn(grid.clone(), |n| grid.position(n).iter().all(|i| (5..15).contains(i)));
    let corners = (0..8).map(|c| [c & 1, c >> 1 & 1, c >> 2].map(|high| 4.5 + 10.0 * high as f32)).collect::<Vec<_>>();
    let quads = [[0, 4, 6, 2], [1, 3, 7, 5], [0, 1, 5, 4], [2, 6, 7, 3], [0, 2, 3, 1], [4, 5, 7, 6]];
    let triangles: Vec<_> = quads.iter().flat_map(|[a, b, c, d]| [[*a, *b, *c], [*a, *c, *d]]).collect();
    let same = Mesh::new(corners.clone(), triangles.clone()).unwrap();
    assert!(check(&same, &Progress::new()).unwrap().is_solid());
    let d = deviation(&same, &mask, &Progress::new()).unwrap();
    assert!(d.max().0 < 1e-6, "{d:?}");

    let moved = Mesh::new(corners.iter().map(|[x, y, z]| [x + 1.0, *y, *z]).collect(), triangles).unwrap();
    let d = deviation(&moved, &mask, &Progress::new()).unwrap();
    for way in [d.mesh_to_mask, d.mask_to_mesh] {
        // Of six faces, the far one is 1 mm outside. The near one is 1 mm inside, or less close to the other sides:
        // the mean over it is ∫ (10 - 2t)² / 100 dt from 0 to 1. The others are off on a strip of a tenth, by half.
        let near = (100.0 - 20.0 + 4.0 / 3.0) / 100.0;
        assert!((way.max.0 - 1.0).abs() < 1e-6 && (way.p95.0 - 1.0).abs() < 1e-6, "{d:?}");
        assert!((way.mean.0 - (1.0 + near + 4.0 * 0.05) / 6.0).abs() < 0.002, "{d:?}");
    }
}

#[test]
fn an_unsmoothed_surface_departs_by_the_corners_it_cuts() {
    let one = Mask::from_fn(unit_grid([1, 1, 1]), |_| true);
    let mesh = surface_of_mask(&one, &Progress::new()).unwrap();
    let d = deviation(&mesh, &one, &Progress::new()).unwrap();
    // The octahedron's vertices touch the cube; its faces' centres are 0.5 - 1/6 off it.
    assert!((d.mesh_to_mask.max.0 - 1.0 / 3.0).abs() < 0.03 && d.mask_to_mesh.max.0 < 1e-6, "{d:?}");
}

#[test]
fn the_report_tells_everything() {
    let grid = unit_grid([30, 30, 30]);
    let centre = grid.centre().0;
    let ball = Mask::from_fn(grid.clone(), |n| {
        glam::DVec3::from_array(grid.position(n).map(|i| i as f64)).distance(centre) < 11.0
    });
    let model =
        print_model(&structure("tumour", ball, None), None, &PrintOptions::default(), &Progress::new()).unwrap();
    let report = &model.report;
    assert!(report.mesh.is_solid() && report.islands == 1 && report.volume_difference_percent.abs() < 0.5);
    assert!(report.deviation.mean().0 < 0.25, "{:?}", report.deviation);
    let text = report.to_string();
    for part in ["\"tumour\"", "Watertight        yes", "mean 0.", "millimetres, LPS", "Separate parts    1 "] {
        assert!(text.contains(part), "{text}");
    }
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["mesh"]["watertight"], true);
    assert_eq!(json["mesh"]["triangles"], model.mesh.triangles().len());
    let back: fabrica_surface::PrintReport = serde_json::from_value(json).unwrap();
    assert_eq!(back, *report);
}

/// The head CT of the test data, from its NIfTI-1 file.
fn head() -> Option<Volume> {
    let path = "../../../shared/data/ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz";
    let Ok(file) = std::fs::File::open(path) else {
        eprintln!("SKIPPED: the head CT needs ../shared/data");
        return None;
    };
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    let i16_at = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let f32_at = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!(i16_at(70), 4, "signed 16 bit");
    let dims = [42, 44, 46].map(|at| i16_at(at) as usize);
    // NIfTI is RAS: x and y change their sign. The rows of sform give the columns of the affine.
    let column = |c: usize| glam::DVec3::from_array([280, 296, 312].map(|row| f64::from(f32_at(row + 4 * c))));
    let to_lps = glam::DVec3::new(-1.0, -1.0, 1.0);
    let axes = [column(0), column(1), column(2)].map(|c| c * to_lps);
    let grid =
        Grid::new(dims, LpsPoint(column(3) * to_lps), axes.map(LpsVector), axes.map(glam::DVec3::length)).unwrap();
    let data = &bytes[f32_at(108) as usize..][..2 * grid.len()];
    let samples = data.as_chunks::<2>().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
    Some(Volume::new(grid, Samples::I16(samples), ValueUnit::Hounsfield).unwrap())
}

#[test]
fn bone_and_skin_of_a_real_head_print() {
    let Some(head) = head() else { return };
    let Samples::I16(samples) = head.samples() else { unreachable!() };
    for (name, isovalue) in [("bone", 250.0), ("skin", -300.0)] {
        let mask = Mask::from_fn(head.grid().clone(), |n| f64::from(samples[n]) >= isovalue);
        for volume in [Some(&head), None] {
            let structure = structure(name, mask.clone(), Some(isovalue));
            let model = print_model(&structure, volume, &PrintOptions::default(), &Progress::new()).unwrap();
            println!("{}", model.report);
            assert!(model.report.mesh.is_solid() && model.report.mesh.flat_triangles == 0);
            let voxel = head.grid().finest_spacing();
            assert!(model.report.deviation.mean() <= voxel * 0.25, "{}", model.report);
        }
    }
}
