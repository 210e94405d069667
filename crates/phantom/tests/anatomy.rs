//! The patient: where things are, what they are made of, and that labels and values agree with the truth.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::sync::LazyLock;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, VoxelPoint};
use fabrica_phantom::{
    Acquisition, ContrastPhase, Orientation, Phantom, PhantomError, PhantomOptions, Region, Sampling, SlicePlane, Truth,
};
use fabrica_progress::Progress;
use fabrica_volume::{Samples, Structure, Volume};
use sha2::{Digest, Sha256};

static PHANTOM: LazyLock<Phantom> = LazyLock::new(|| Phantom::new(&PhantomOptions::default()).unwrap());
static TRUTH: LazyLock<Truth> = LazyLock::new(|| PHANTOM.truth(&Progress::new()).unwrap());

fn material(x: f64, y: f64, z: f64) -> &'static str {
    PHANTOM.body().part_at(LpsPoint::new(x, y, z)).map_or("outside", |part| part.material.name)
}

#[test]
fn points_by_hand() {
    assert_eq!(material(-82.0, -14.0, 62.0), "liver metastasis");
    assert_eq!(material(-82.0, -14.0, 62.0 + 15.9), "liver metastasis");
    assert_ne!(material(-82.0, -14.0, 62.0 + 16.1), "liver metastasis");
    assert_eq!(material(28.0, 34.0, 160.0), "arterial blood");
    assert_eq!(material(0.0, 49.0, 178.0), "trabecular bone");
    assert_eq!(material(-3.0, 9.0, 236.0), "air");
    assert_eq!(material(-80.0, 30.0, 160.0), "lung");
    assert_eq!(material(102.0, 40.0, 48.0), "spleen");
    assert_eq!(material(0.0, -22.0, -252.0), "urine");
    assert_eq!(material(88.0, -2.0, -252.0), "trabecular bone");
    assert_eq!(material(0.0, 2.0, 560.0), "brain");
    assert_eq!(material(0.0, -180.0, 0.0), "outside");
    assert_ne!(material(0.0, -125.0, 472.0), "outside");
}

#[test]
fn left_is_left() {
    let x = |name: &str| TRUTH.organ(name).unwrap().centroid.0.x;
    for right in ["liver", "gallbladder", "right kidney", "right lung", "inferior vena cava", "right atrium"] {
        assert!(x(right) < -5.0, "{right} at x = {}", x(right));
    }
    for left in ["heart", "spleen", "stomach", "left kidney", "left lung", "left ventricle"] {
        assert!(x(left) > 5.0, "{left} at x = {}", x(left));
    }
    // The descending aorta lies left of the spine, and the left kidney higher than the right.
    assert!(PHANTOM.body().organ("aorta").unwrap().solid.contains(glam::dvec3(28.0, 34.0, 160.0)));
    let z = |name: &str| TRUTH.organ(name).unwrap().centroid.0.z;
    assert!(z("left kidney") > z("right kidney"));
    // The nose is in front (-y), the head above.
    let nose = PHANTOM.body().landmark("nose tip").unwrap().0;
    assert!(nose.y < -100.0 && nose.z > 400.0);
}

#[test]
fn sizes_are_plausible() {
    let ml = |name: &str| TRUTH.organ(name).unwrap().volume.millilitres();
    for (organ, low, high) in [
        ("liver", 1100.0, 2000.0),
        ("spleen", 100.0, 300.0),
        ("left kidney", 90.0, 220.0),
        ("right kidney", 90.0, 220.0),
        ("left lung", 1500.0, 3500.0),
        ("right lung", 1500.0, 3500.0),
        ("heart", 400.0, 900.0),
        ("brain", 1100.0, 1700.0),
        ("urinary bladder", 80.0, 300.0),
    ] {
        assert!((low..high).contains(&ml(organ)), "{organ}: {} mL", ml(organ));
    }
    assert_eq!(PHANTOM.body().organs.iter().filter(|o| o.name.contains(" rib ")).count(), 24);
    assert_eq!(PHANTOM.body().organs.iter().filter(|o| o.name.contains("stone")).count(), 3);
}

#[test]
fn closed_forms_and_subdivision_agree() {
    let tumour = TRUTH.organ("liver tumour").unwrap();
    let exact = std::f64::consts::PI / 6.0 * 32f64.powi(3);
    assert!((tumour.volume.0 - exact).abs() < 1e-6);
    assert_eq!(TRUTH.finding("liver tumour").unwrap().diameter, Mm(32.0));
    assert!(tumour.centroid.distance(TRUTH.finding("liver tumour").unwrap().centre).0 < 0.02);
    let spleen = TRUTH.organ("spleen").unwrap();
    assert!((spleen.volume.0 - 4.0 / 3.0 * std::f64::consts::PI * 19.0 * 37.0 * 46.0).abs() < 1e-6);
    for organ in &TRUTH.organs {
        assert!(organ.volume_error.0 <= 2e-3 * organ.volume.0, "{}: {:?}", organ.name, organ);
    }
}

#[test]
fn trees_are_connected_and_apart() {
    for tree in &PHANTOM.body().trees {
        for (number, branch) in tree.branches.iter().enumerate() {
            if let Some(parent) = branch.parent {
                assert!(parent < number);
                // Side branches of the aorta start within it; all others at their parent's end.
                let gap = tree.branches[parent].end.distance(branch.start).0;
                assert!(gap < 10.0, "{}: {gap} mm apart", tree.name);
            }
        }
    }
    let tree = |name: &str| PHANTOM.body().trees.iter().find(|t| t.name == name).unwrap();
    let (portal, hepatic) = (tree("portal vein"), tree("hepatic veins"));
    assert!(portal.branches.len() > 60 && hepatic.branches.len() > 60, "{}", portal.branches.len());
    for branch in &portal.branches {
        for t in [0.5, 1.0] {
            let at = LpsPoint(branch.start.0.lerp(branch.end.0, t));
            let radius = branch.end_diameter.0 / 2.0;
            assert!(hepatic.distance(at).0 > radius, "portal and hepatic veins touch at {at:?}");
        }
    }
    let gap = TRUTH.distances.iter().find(|d| d.to == "portal vein wall").unwrap().distance.0;
    assert!((0.5..15.0).contains(&gap), "tumour to portal vein: {gap} mm");
    // By hand: the tree's distance to the centre less the radius.
    let centre = TRUTH.finding("liver tumour").unwrap().centre;
    assert!((portal.distance(centre).0 - 16.0 - gap).abs() < 1e-9);
}

/// The organ's label volume and centroid on a grid.
fn measure(structures: &[Structure], name: &str) -> (f64, LpsPoint) {
    let mask = &structures.iter().find(|s| s.name == name).unwrap().mask;
    let grid = mask.grid();
    let mut sum = glam::DVec3::ZERO;
    for run in mask.runs() {
        for i in run.start..run.end {
            sum += glam::dvec3(i as f64, run.j as f64, run.k as f64);
        }
    }
    (mask.volume().0, grid.to_patient(VoxelPoint(sum / mask.count() as f64)))
}

fn labels_converge(grid: &Grid) {
    let structures = PHANTOM.structures(grid, &Progress::new()).unwrap();
    for name in ["liver", "spleen", "left kidney", "right kidney", "stomach", "liver tumour"] {
        let (volume, centroid) = measure(&structures, name);
        let truth = TRUTH.organ(name).unwrap();
        let off = volume / truth.volume.0 - 1.0;
        assert!(off.abs() < 0.005, "{name}: {:.3} % off", 100.0 * off);
        assert!(centroid.distance(truth.centroid).0 < 0.2, "{name}: {centroid:?}, truth {:?}", truth.centroid);
    }
}

#[test]
fn labels_converge_on_a_straight_grid() {
    let grid = Grid::axis_aligned([280, 230, 230], LpsPoint::new(-141.3, -112.2, -101.4), [1.0, 1.0, 1.0]).unwrap();
    labels_converge(&grid);
}

#[test]
fn labels_converge_on_an_oblique_left_handed_grid() {
    let turn = glam::DMat3::from_rotation_z(0.3) * glam::DMat3::from_rotation_x(0.4);
    let axes = [-turn.x_axis, turn.y_axis, turn.z_axis].map(LpsVector);
    // The first voxel is the corner from which i runs right, j back and k up.
    let corner = glam::dvec3(-10.0, 0.0, 15.0) + turn * glam::dvec3(170.0, -160.0, -160.0);
    let grid = Grid::new([340, 320, 320], LpsPoint(corner), axes, [1.0; 3]).unwrap();
    assert!(!grid.is_right_handed());
    labels_converge(&grid);
}

fn sha(volume: &Volume) -> String {
    Sha256::digest(volume.samples().bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn coarse(region: Region, mm: f64) -> Grid {
    Acquisition { region, pixel: Mm(mm), slice: Mm(mm), ..Acquisition::default() }.grid().unwrap()
}

#[test]
fn same_seed_same_bits_other_seed_other_bits() {
    let grid = coarse(Region::Abdomen, 6.0);
    let make = |seed| {
        let phantom = Phantom::new(&PhantomOptions { seed, ..PhantomOptions::default() }).unwrap();
        sha(&phantom.sample(&grid, &Sampling::default(), &Progress::new()).unwrap())
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn exact_sampling_gives_the_point_values() {
    let grid = coarse(Region::Whole, 9.0);
    let volume = PHANTOM.sample(&grid, &Sampling::exact(), &Progress::new()).unwrap();
    for index in 0..grid.len() {
        let [i, j, k] = grid.position(index);
        let at = grid.to_patient(VoxelPoint::new(i as f64, j as f64, k as f64));
        assert_eq!(volume.samples().get(index), PHANTOM.hounsfield(at), "at {at:?}");
    }
    assert!(volume.provenance.simulated && volume.provenance.patient_name.contains("SYNTHETIC"));
}

#[test]
fn partial_volume_conserves_and_noise_has_its_deviation() {
    let grid = Grid::axis_aligned([50, 50, 50], LpsPoint::new(-106.5, -38.5, 37.5), [1.0; 3]).unwrap();
    let sample = |supersampling, noise| {
        let sampling = Sampling { supersampling, noise, ..Sampling::exact() };
        let volume = PHANTOM.sample(&grid, &sampling, &Progress::new()).unwrap();
        let Samples::I16(s) = volume.samples() else { unreachable!() };
        s.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>()
    };
    let mean = |s: &[f64]| s.iter().sum::<f64>() / s.len() as f64;
    let (point, fine, noisy) = (sample(1, 0.0), sample(4, 0.0), sample(4, 20.0));
    assert!((mean(&point) - mean(&fine)).abs() < 0.3);
    let difference: Vec<f64> = fine.iter().zip(&noisy).map(|(a, b)| b - a).collect();
    let variance = difference.iter().map(|d| d * d).sum::<f64>() / difference.len() as f64;
    assert!(mean(&difference).abs() < 0.3 && (variance.sqrt() - 20.0).abs() < 0.3, "{}", variance.sqrt());
}

#[test]
fn tilted_and_turned_planes_see_the_same_body() {
    let tilted = Acquisition { tilt_degrees: 18.5, pixel: Mm(12.0), slice: Mm(12.0), ..Acquisition::default() };
    let turned = Acquisition { orientation: Orientation::Sagittal, tilt_degrees: 0.0, ..tilted };
    for acquisition in [tilted, turned] {
        let planes = acquisition.planes().unwrap();
        let slices = PHANTOM.sample_slices(&planes, &Sampling::exact(), &Progress::new()).unwrap();
        for (plane, values) in slices.planes.iter().zip(&slices.values) {
            for (n, &value) in values.iter().enumerate() {
                let at = plane.pixel((n % plane.size[0]) as f64, (n / plane.size[0]) as f64);
                assert_eq!(f64::from(value), PHANTOM.hounsfield(at));
            }
        }
    }
    let planes = tilted.planes().unwrap();
    let way = planes[1].origin - planes[0].origin;
    assert!((way.0 - glam::dvec3(0.0, 0.0, 12.0)).length() < 1e-9);
    assert!((planes[0].normal().0.dot(glam::DVec3::Z).acos().to_degrees() - 18.5).abs() < 1e-9);
    let sagittal: Vec<SlicePlane> = turned.planes().unwrap();
    assert!(sagittal[0].origin.0.x < sagittal[1].origin.0.x);
}

#[test]
fn contrast_changes_blood_but_not_bone() {
    let at = |contrast, x, y, z| {
        let phantom = Phantom::new(&PhantomOptions { contrast, ..PhantomOptions::default() }).unwrap();
        phantom.hounsfield(LpsPoint::new(x, y, z))
    };
    let aorta = |phase| at(phase, 28.0, 34.0, 160.0);
    assert!(aorta(ContrastPhase::Arterial) > aorta(ContrastPhase::PortalVenous));
    assert!(aorta(ContrastPhase::PortalVenous) > aorta(ContrastPhase::Native));
    let stone = PHANTOM.body().landmark("left kidney stone 1 centre").unwrap().0;
    assert_eq!(
        at(ContrastPhase::Native, stone.x, stone.y, stone.z),
        at(ContrastPhase::Arterial, stone.x, stone.y, stone.z)
    );
}

#[test]
fn wrong_options_are_refused_and_cancelling_stops() {
    let tumour_diameter = Mm(f64::NAN);
    assert!(matches!(
        Phantom::new(&PhantomOptions { tumour_diameter, ..PhantomOptions::default() }),
        Err(PhantomError::Option { .. })
    ));
    let grid = coarse(Region::Abdomen, 12.0);
    let sampling = Sampling { supersampling: 0, ..Sampling::exact() };
    assert!(matches!(PHANTOM.sample(&grid, &sampling, &Progress::new()), Err(PhantomError::Option { .. })));
    let huge = Grid::axis_aligned([65_536; 3], LpsPoint::new(0.0, 0.0, 0.0), [1.0; 3]).unwrap();
    assert!(matches!(PHANTOM.sample(&huge, &Sampling::exact(), &Progress::new()), Err(PhantomError::TooLarge { .. })));
    assert!(matches!(PHANTOM.structures(&huge, &Progress::new()), Err(PhantomError::TooLarge { .. })));
    let cancelled = Progress::new();
    cancelled.cancel();
    assert!(matches!(PHANTOM.sample(&grid, &Sampling::exact(), &cancelled), Err(PhantomError::Cancelled(_))));
    assert!(matches!(PHANTOM.structures(&grid, &cancelled), Err(PhantomError::Cancelled(_))));
    assert!(matches!(PHANTOM.truth(&cancelled), Err(PhantomError::Cancelled(_))));
}

#[test]
fn truth_goes_through_json() {
    let text = serde_json::to_string(&*TRUTH).unwrap();
    let back: Truth = serde_json::from_str(&text).unwrap();
    assert!(back.simulated && back.organs.len() == TRUTH.organs.len());
    let apart = TRUTH.between("left femoral head centre", "right femoral head centre").unwrap();
    assert_eq!(apart, Mm(176.0));
}
