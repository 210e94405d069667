//! Recipes: their text, and the presets on a small synthetic body and on real scans.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail by panicking and say what they skip")]

mod common;

use std::path::{Path, PathBuf};

use common::{grid, progress, volume, voxels};
use fabrica_segment::{Recipe, SegmentError};
use fabrica_volume::{Mask, Modality, Samples, ValueUnit, Volume};

const HEAD: &str = "name = \"x\"\ntitle = \"X\"\npurpose = \"p\"\nlimits = \"l\"\ncolour = [1, 2, 3]\n";

fn recipe(steps: &str) -> Result<Recipe, SegmentError> {
    Recipe::parse(&format!("{HEAD}{steps}"))
}

#[test]
fn every_built_in_can_be_read_and_says_what_it_is_for() {
    let all = Recipe::built_in().unwrap();
    let names: Vec<&str> = all.iter().map(|recipe| recipe.name.as_str()).collect();
    assert_eq!(names, ["bone", "skin", "lung", "airway", "vessels", "soft_tissue", "otsu"]);
    for recipe in &all {
        assert!(recipe.purpose.len() > 20 && recipe.limits.len() > 20, "{}", recipe.name);
    }
    let error = Recipe::named("liver").unwrap_err().to_string();
    assert!(error.contains("liver") && error.contains("bone, skin"), "{error}");
}

#[test]
fn bad_recipes_are_refused_with_the_place() {
    for (steps, said) in [
        ("", "steps"),
        ("steps = []", "no step"),
        ("[[steps]]\ndo = \"explode\"", "explode"),
        ("[[steps]]\ndo = \"threshold\"", "lower, upper or both"),
        ("[[steps]]\ndo = \"threshold\"\nlower = 5\nupper = 1", "not below"),
        ("[[steps]]\ndo = \"threshold\"\nlower = nan\nupper = 1", "not below"),
        ("[[steps]]\ndo = \"dilate\"\nmm = -2", "step 1"),
        ("[[steps]]\ndo = \"dilate\"\nmm = 1\nkm = 2", "km"),
        ("[[steps]]\ndo = \"union\"\nwith = { saved = \"nobody\" }", "nobody"),
    ] {
        let error = recipe(steps).unwrap_err().to_string();
        assert!(error.contains(said), "{steps}: {error}");
    }
}

#[test]
fn steps_run_in_order_and_tell_their_story() {
    // Two bright bars: 3 and 1 voxels.
    let volume = volume([7, 1, 1], vec![300, 300, 300, 0, 0, 300, 0]);
    let run = |steps: &str| recipe(steps).unwrap().run(&volume, &progress());
    let bright = "[[steps]]\ndo = \"threshold\"\nlower = 200\n";
    let largest = run(&format!("{bright}[[steps]]\ndo = \"largest\"")).unwrap();
    assert_eq!(voxels(&largest.mask), [[0, 0, 0], [1, 0, 0], [2, 0, 0]]);
    assert_eq!(largest.origin, "preset x: threshold from 200; largest island");
    assert_eq!(largest.isovalue, Some(200.0));
    let grown = run(&format!("{bright}[[steps]]\ndo = \"dilate\"\nmm = 1")).unwrap();
    assert_eq!((grown.mask.count(), grown.isovalue), (7, None));
    let saved = format!(
        "{bright}[[steps]]\ndo = \"save\"\nname = \"a\"\n[[steps]]\ndo = \"largest\"\n[[steps]]\ndo = \"save\"\nname = \"b\"\n\
         [[steps]]\ndo = \"take\"\nfrom = {{ saved = \"a\" }}\n[[steps]]\ndo = \"subtract\"\nwith = {{ saved = \"b\" }}"
    );
    assert_eq!(voxels(&run(&saved).unwrap().mask), [[5, 0, 0]]);
    let nothing = run("[[steps]]\ndo = \"threshold\"\nlower = 1000").unwrap_err().to_string();
    assert!(nothing.contains("step 1 (threshold from 1000) left nothing"), "{nothing}");
}

#[test]
fn ct_presets_refuse_other_scans_unless_forced() {
    let mut mr = body();
    mr.provenance.modality = Modality("MR".into());
    let skin = Recipe::named("skin").unwrap();
    let error = skin.run(&mr, &progress()).unwrap_err();
    assert!(matches!(error, SegmentError::WrongModality { .. }), "{error}");
    assert!(error.to_string().contains("MR"));
    assert!(skin.run_forced(&mr, &progress()).is_ok());
    assert!(Recipe::named("otsu").unwrap().run(&mr, &progress()).is_ok());
    mr.provenance.modality = Modality::default();
    assert!(skin.run(&mr, &progress()).is_ok(), "Hounsfield units without a modality are CT");
    mr.unit = ValueUnit::Arbitrary;
    assert!(skin.run(&mr, &progress()).is_err());
}

#[test]
fn cancelling_stops_a_recipe() {
    let progress = progress();
    progress.cancel();
    let cancelled = Recipe::named("bone").unwrap().run(&body(), &progress).unwrap_err();
    assert_eq!(cancelled, SegmentError::Cancelled(fabrica_progress::Cancelled));
}

/// A simulated torso, 3 mm voxels: an elliptic cylinder of tissue with two lungs, a rod of bone and a couch below it.
fn body() -> Volume {
    let dims = [120, 100, 40];
    let grid = grid(dims, [3.0; 3]);
    let ellipse =
        |i: f64, j: f64, ci: f64, cj: f64, a: f64, b: f64| ((i - ci) / a).powi(2) + ((j - cj) / b).powi(2) <= 1.0;
    let values = (0..grid.len())
        .map(|index| {
            let [i, j, k] = grid.position(index);
            let (x, y) = (i as f64, j as f64);
            let lung = k > 5 && (ellipse(x, y, 40.0, 40.0, 13.0, 18.0) || ellipse(x, y, 80.0, 40.0, 13.0, 18.0));
            match () {
                _ if lung => -850,
                _ if ellipse(x, y, 60.0, 60.0, 6.0, 5.0) => 500,
                _ if ellipse(x, y, 60.0, 42.0, 50.0, 32.0) => 40,
                _ if (78..80).contains(&j) => 300,
                _ => -1000,
            }
        })
        .collect();
    let mut volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = Modality::ct();
    volume.provenance.simulated = true;
    volume
}

#[test]
fn presets_find_the_parts_of_a_simulated_body() {
    let body = body();
    let find = |name: &str| Recipe::named(name).unwrap().run(&body, &progress());
    let where_value = |wanted: i16| {
        let Samples::I16(values) = body.samples() else { unreachable!() };
        Mask::from_fn(body.grid().clone(), |index| values[index] == wanted)
    };
    let bone = find("bone").unwrap();
    assert_eq!(bone.mask, where_value(500), "the couch is not bone");
    assert_eq!(bone.isovalue, Some(200.0));
    let lung = find("lung").unwrap();
    assert!(lung.mask.dice(&where_value(-850)).unwrap() > 0.99);
    assert!(lung.origin.contains("airway not taken out"), "{}", lung.origin);
    let skin = find("skin").unwrap().mask;
    let truth = Mask::from_fn(body.grid().clone(), |index| {
        let [i, j, _] = body.grid().position(index);
        ((i as f64 - 60.0) / 50.0).powi(2) + ((j as f64 - 42.0) / 32.0).powi(2) <= 1.0
    });
    assert!(skin.dice(&truth).unwrap() > 0.995, "{}", skin.dice(&truth).unwrap());
    assert!(find("soft_tissue").unwrap().mask.dice(&where_value(40)).unwrap() > 0.98);
    assert!(matches!(find("airway"), Err(SegmentError::NotFound { .. })));
}

fn data(path: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data").join(path);
    if !path.exists() {
        eprintln!("SKIPPED: this test needs ../shared/data ({})", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn lungs_of_a_real_scan_agree_with_its_labels() {
    let folder = "ct_nifti_labels/totalsegmentator_example";
    let (Some(scan), Some(labels)) =
        (data(&format!("{folder}/example_ct_sm.nii.gz")), data(&format!("{folder}/example_seg.nii.gz")))
    else {
        return;
    };
    let scan = fabrica_formats::read(&scan, 0, &progress()).unwrap();
    let labels = fabrica_formats::read(&labels, 0, &progress()).unwrap();
    // TotalSegmentator's lobes are classes 10 to 14.
    let truth = fabrica_segment::threshold(&labels, 10.0, 14.0, &progress()).unwrap();
    let lung = Recipe::named("lung").unwrap().run_forced(&scan, &progress()).unwrap();
    let dice = lung.mask.dice(&truth).unwrap();
    assert!(dice > 0.95, "{dice}");
}

#[test]
fn the_real_head_has_a_skull_inside_its_skin() {
    let Some(scan) = data("ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz") else { return };
    let scan = fabrica_formats::read(&scan, 0, &progress()).unwrap();
    let run = |name: &str| Recipe::named(name).unwrap().run_forced(&scan, &progress());
    let (bone, skin) = (run("bone").unwrap(), run("skin").unwrap());
    let outside = bone.mask.combine(&skin.mask, |bone, skin| bone & !skin).unwrap().count();
    assert!((outside as f64) < 0.001 * bone.mask.count() as f64, "{outside} of {}", bone.mask.count());
    // A head without neck holds 3 to 5 litres.
    assert!((2.5e6..5e6).contains(&skin.mask.volume().0), "{}", skin.mask.volume());
    // The tip of the nose is the most anterior part: the preset must not cut it off.
    let tissue = fabrica_segment::threshold(&scan, -300.0, f64::INFINITY, &progress()).unwrap();
    let tissue = fabrica_segment::largest_islands(&tissue, 1, fabrica_segment::Connectivity::Six, &progress()).unwrap();
    let lost = tissue.combine(&skin.mask, |tissue, skin| tissue & !skin).unwrap().count();
    assert!((lost as f64) < 0.002 * tissue.count() as f64, "{lost} of {}", tissue.count());
    assert!(run("lung").is_err() && run("airway").is_err());
}

/// A simulated chest with contrast: vessels of 450 HU of three widths, one along the bone; marrow of 280 HU in bone of 900.
fn angiogram(level: i16) -> Volume {
    let dims = [90, 80, 60];
    let grid = grid(dims, [1.5; 3]);
    let round = |i: usize, j: usize, ci: f64, cj: f64, r: f64| (i as f64 - ci).hypot(j as f64 - cj) <= r;
    let mut noise = 9_u32;
    let values = (0..grid.len())
        .map(|index| {
            let [i, j, k] = grid.position(index);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = match () {
                _ if round(i, j, 40.0, 35.0, 8.0) => level,           // aorta, 24 mm
                _ if round(i, k, 40.0, 30.0, 2.0) && j < 35 => level, // a branch forwards, 6 mm
                _ if round(i, j, 57.5, 40.0, 2.5) => level,           // along the bone
                _ if round(i, j, 68.0, 40.0, 6.0) => 280,             // marrow
                _ if round(i, j, 68.0, 40.0, 8.0) => 900,             // cortex
                _ if round(i, j, 45.0, 40.0, 36.0) => 50,
                _ => -1000,
            };
            value + (noise >> 16) as i16 % 41 - 20
        })
        .collect();
    let mut volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    volume.provenance.modality = Modality::ct();
    volume.provenance.simulated = true;
    volume
}

#[test]
fn vessels_are_told_from_bone_with_brighter_borders() {
    let scan = angiogram(450);
    let found = Recipe::named("vessels").unwrap().run(&scan, &progress()).unwrap();
    let near = |i: usize, j: usize, ci: f64, cj: f64| (i as f64 - ci).hypot(j as f64 - cj);
    let truth = Mask::from_fn(scan.grid().clone(), |index| {
        let [i, j, k] = scan.grid().position(index);
        near(i, j, 40.0, 35.0) <= 8.0 || near(i, k, 40.0, 30.0) <= 2.0 && j < 35 && near(i, j, 45.0, 40.0) <= 36.0
    });
    let beside = Mask::from_fn(scan.grid().clone(), |index| {
        let [i, j, _] = scan.grid().position(index);
        near(i, j, 57.5, 40.0) <= 2.5
    });
    let bone = Mask::from_fn(scan.grid().clone(), |index| {
        let [i, j, _] = scan.grid().position(index);
        near(i, j, 68.0, 40.0) <= 8.0
    });
    let share = |of: &Mask| found.mask.combine(of, |a, b| a & b).unwrap().count() as f64 / of.count() as f64;
    assert!(share(&truth) > 0.95, "{}", share(&truth));
    assert!(share(&bone) < 0.01, "{}", share(&bone));
    assert!(share(&beside) > 0.9, "a vessel along the bone: {}", share(&beside));
}

#[test]
fn without_arterial_contrast_there_are_no_vessels() {
    for level in [50, 170] {
        let error = Recipe::named("vessels").unwrap().run(&angiogram(level), &progress()).unwrap_err();
        assert!(error.to_string().contains("250 HU"), "{error}");
    }
    let Some(scan) = data("ct_nifti_labels/totalsegmentator_example/example_ct_sm.nii.gz") else { return };
    let scan = fabrica_formats::read(&scan, 0, &progress()).unwrap();
    assert!(matches!(
        Recipe::named("vessels").unwrap().run_forced(&scan, &progress()),
        Err(SegmentError::NotFound { .. })
    ));
}

/// The scan that the numbers of the preset were found on: this holds them, it does not show how good they are elsewhere.
#[test]
fn vessels_of_a_real_angiogram() {
    let folder = "ct_nifti_labels/cta_aortic_dissection_1.5mm";
    let Some(scan) = data(&format!("{folder}/ct_cropped.nii.gz")) else { return };
    let scan = fabrica_formats::read(&scan, 0, &progress()).unwrap();
    let found = Recipe::named("vessels").unwrap().run_forced(&scan, &progress()).unwrap();
    eprintln!("{:.0} mL; {}", found.mask.volume().0 / 1000.0, found.origin);
    for (name, least) in [
        ("aorta_true_lumen", 0.95),
        ("aorta", 0.75),
        ("brachiocephalic_trunk", 0.95),
        ("common_carotid_artery_left", 0.85),
        ("subclavian_artery_left", 0.4),
        ("celiac_trunk", 0.9),
    ] {
        let Some(label) = data(&format!("{folder}/{name}.nii.gz")) else { return };
        let label = fabrica_formats::read(&label, 0, &progress()).unwrap();
        let label = fabrica_segment::threshold(&label, 0.5, 9.0, &progress()).unwrap();
        let share = found.mask.combine(&label, |a, b| a & b).unwrap().count() as f64 / label.count() as f64;
        eprintln!("{name}: {share:.3} found");
        assert!(share >= least, "{name}: {share}");
    }
    let Some(label) = data(&format!("{folder}/vertebrae_T12.nii.gz")) else { return };
    let label = fabrica_formats::read(&label, 0, &progress()).unwrap();
    let bone = fabrica_segment::threshold(&label, 0.5, 9.0, &progress()).unwrap();
    let share = found.mask.combine(&bone, |a, b| a & b).unwrap().count() as f64 / bone.count() as f64;
    assert!(share < 0.02, "{share} of the vertebra");
}
