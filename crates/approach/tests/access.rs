//! The accessibility map against shapes of known distance; ranking; errors by Monte Carlo.

mod common;

use common::ball;
use fabrica_approach::report::assess;
use fabrica_approach::{
    Accessibility, Alarm, Confidence, Criteria, EntryPoint, EntrySurface, Instrument, Obstacle, Path, PlacedInstrument,
    Pose, Thresholds, spread_entries,
};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Samples, Structure, ValueUnit, Volume};
use glam::DVec3;

const TARGET: LpsPoint = LpsPoint::new(0.0, 0.0, 0.0);

fn balls() -> [(DVec3, f64); 3] {
    [(DVec3::new(30.0, 5.0, 10.0), 9.0), (DVec3::new(-20.0, 25.0, 0.0), 4.0), (DVec3::new(0.0, -10.0, 35.0), 1.5)]
}

fn from_segment(p: DVec3, a: DVec3, b: DVec3) -> f64 {
    let t = ((p - a).dot(b - a) / (b - a).length_squared()).clamp(0.0, 1.0);
    p.distance(a + (b - a) * t)
}

#[test]
fn the_map_holds_a_tenth_of_a_millimetre() {
    let progress = Progress::new();
    let avoid: Vec<Obstacle> = balls()
        .iter()
        .map(|(c, r)| Obstacle::new("ball", &ball(*c, *r, 120), Mm(0.0), Thresholds::default()).unwrap())
        .collect();
    let skin = ball(DVec3::ZERO, 70.0, 60);
    let entries = spread_entries(&skin, None, TARGET, Mm(100.0), 1000).unwrap();
    assert!((990..=1000).contains(&entries.len()), "{}", entries.len());
    let region = (LpsPoint::new(-72.0, -72.0, -72.0), LpsPoint::new(72.0, 72.0, 72.0));
    let ready = Accessibility::new(&avoid, region, Mm(2.0), None, &progress).unwrap();
    let map = ready.map(&entries, TARGET, Mm(1.0), &progress).unwrap();
    let mut blocked = 0;
    for (entry, access) in entries.iter().zip(&map) {
        let exact =
            balls().iter().map(|(c, r)| from_segment(*c, entry.at.0, TARGET.0) - r - 1.0).fold(f64::INFINITY, f64::min);
        if exact > 0.0 {
            assert!((access.clearance.0 - exact).abs() < 0.1, "{} {exact} at {:?}", access.clearance.0, entry.at);
            // The cone that is promised is there: tilted by it, the way still touches nothing.
            let axis = (entry.at.0 - TARGET.0).normalize().any_orthonormal_vector();
            for turn in 0..8 {
                let about = glam::DQuat::from_axis_angle((entry.at.0 - TARGET.0).normalize(), f64::from(turn)) * axis;
                let tilted = glam::DQuat::from_axis_angle(about, access.cone_degrees.to_radians() * 0.999) * entry.at.0;
                assert!(balls().iter().all(|(c, r)| from_segment(*c, tilted, TARGET.0) - r - 1.0 > -0.11));
            }
        } else {
            assert!(access.clearance.0 < 0.05 && access.alarm == Alarm::Stop);
            blocked += 1;
        }
        let through: f64 = balls().iter().map(|(c, r)| chord(*c, *r, entry.at.0, TARGET.0)).sum();
        assert!((access.through.0 - through).abs() < 1.0, "{} {through}", access.through.0);
        assert!(access.tilt_degrees < 8.0, "{}", access.tilt_degrees);
    }
    assert!(blocked > 25 && blocked < 800, "{blocked}");

    // Ten ways, apart from each other, none near a ball, and the same looked at exactly.
    let criteria = Criteria::built_in().unwrap();
    let (best, refused) = criteria.rank(&entries, &map, &["a", "b", "c"], Mm(100.0), 10);
    assert_eq!(best.len(), 10);
    assert!(refused.too_close >= blocked);
    assert!(best.windows(2).all(|p| p[0].score <= p[1].score));
    let rod = Instrument::rod("rod", Mm(2.0), Mm(200.0)).unwrap();
    for c in &best {
        let way = assess("way", &Path { entry: c.at, target: TARGET }, None, &rod, &avoid, &[]).unwrap();
        assert!(
            (way.clearances[0].1.distance.0 - c.access.clearance.0).abs() < 0.1
                || way.clearances[0].1.distance.0 > 10.0
        );
        assert!(way.cone_degrees >= c.access.cone_degrees - 0.5, "{} {}", way.cone_degrees, c.access.cone_degrees);
        assert!(c.reason.contains("keeps"));
    }
    let (none, refused) = criteria.rank(&entries, &map, &["a", "b", "c"], Mm(50.0), 10);
    assert!(none.is_empty() && refused.too_long > 0);
}

fn chord(c: DVec3, r: f64, a: DVec3, b: DVec3) -> f64 {
    let d = (b - a).normalize();
    let t = (c - a).dot(d);
    let h = r * r - (c - a).length_squared() + t * t;
    let reach = |at: f64| at.clamp(0.0, a.distance(b));
    if h <= 0.0 { 0.0 } else { reach(t + h.sqrt()) - reach(t - h.sqrt()) }
}

#[test]
fn uncertain_tissue_counts_against_a_way() {
    let grid = Grid::axis_aligned([32, 32, 32], LpsPoint::new(-31.0, -31.0, -31.0), [2.0; 3]).unwrap();
    let values: Vec<f32> = (0..grid.len()).map(|n| if grid.position(n)[0] >= 16 { 0.3 } else { 0.95 }).collect();
    let volume = Volume::new(grid, Samples::F32(values), ValueUnit::Arbitrary).unwrap();
    let confidence = Confidence::new(volume.clone(), 0.8).unwrap();
    let towards =
        |x: f64| confidence.uncertain(LpsPoint::new(x, 0.0, 0.0), DVec3::new(-x.signum(), 0.0, 0.0), Mm(30.0)).0;
    assert!(towards(30.0) > 28.0 && towards(-30.0) < 2.0, "{} {}", towards(30.0), towards(-30.0));
    assert!(Confidence::new(volume, 1.5).is_err());

    let far =
        [Obstacle::new("far", &ball(DVec3::new(0.0, 0.0, 200.0), 2.0, 20), Mm(0.0), Thresholds::default()).unwrap()];
    let entries = spread_entries(&ball(DVec3::ZERO, 29.0, 40), None, TARGET, Mm(40.0), 400).unwrap();
    let region = (LpsPoint::new(-31.0, -31.0, -31.0), LpsPoint::new(31.0, 31.0, 31.0));
    let progress = Progress::new();
    let ready =
        Accessibility::new(&far, region, Mm(2.0), Some(std::sync::Arc::new(confidence.clone())), &progress).unwrap();
    let map = ready.map(&entries, TARGET, Mm(1.0), &progress).unwrap();
    let (best, _) = Criteria::built_in().unwrap().rank(&entries, &map, &["far"], Mm(100.0), 5);
    assert!(best.iter().all(|c| c.at.0.x < 0.0), "{best:?}");
}

#[test]
fn criteria_say_what_is_wrong_with_them() {
    let text = include_str!("../../../assets/approach/criteria.toml");
    let wrong = Criteria::read(&text.replace("clearance = 4.0", "clearance = -4.0"), "ours.toml").unwrap_err();
    assert!(wrong.to_string().contains("ours.toml") && wrong.to_string().contains("weights.clearance"), "{wrong}");
    assert!(Criteria::read(&text.replace("cone = 1.0", "cones = 1.0"), "ours.toml").is_err());
}

/// Numbers between 0 and 1, the same each time.
fn stream(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn stated_errors_hold_by_monte_carlo() {
    // Balls of 3 to 8 mm on anisotropic grids at random places between voxels, as masks and by the scan's values; a rod
    // beside each at a known distance. The segmentation is right, so what is left is the voxels' error.
    let mut random = stream(7);
    let (mut held, mut all, mut worst) = ([0, 0], [0, 0], [0f64, 0.0]);
    for n in 0..60 {
        let spacing = [0.7 + 0.3 * random(), 0.7 + 0.3 * random(), 0.8 + 0.7 * random()];
        let grid = Grid::axis_aligned([30, 30, 24], LpsPoint::new(-12.0, -12.0, -12.0), spacing).unwrap();
        let centre = DVec3::new(random() - 0.5, random() - 0.5, random() - 0.5) * 2.0;
        let radius = 3.0 + 5.0 * random();
        let signed = |n: usize| {
            let [i, j, k] = grid.position(n).map(|v| v as f64);
            let p = grid.to_patient(fabrica_geometry::VoxelPoint::new(i, j, k)).0;
            radius - p.distance(centre)
        };
        let mask = Mask::from_fn(grid.clone(), |n| signed(n) >= 0.0);
        // A scan whose value crosses 100 at the border over about two voxels.
        let values: Vec<f32> = (0..grid.len()).map(|n| (100.0 + 100.0 * (signed(n) / 1.2).tanh()) as f32).collect();
        let volume = Volume::new(grid.clone(), Samples::F32(values), ValueUnit::Arbitrary).unwrap();
        for (by_image, isovalue) in [(0, None), (1, Some(100.0))] {
            let structure = Structure {
                name: "ball".into(),
                colour: Rgb(1, 2, 3),
                mask: mask.clone(),
                code: None,
                origin: "test".into(),
                isovalue,
            };
            let it = Obstacle::of_structure(
                &structure,
                Some(&volume),
                Some(Mm(0.0)),
                Thresholds::default(),
                &Progress::new(),
            )
            .unwrap();
            let forward = DVec3::new(random() - 0.5, random() - 0.5, random() - 0.5).normalize();
            let aside = forward.any_orthonormal_vector();
            let gap = 1.0 + 5.0 * random();
            let tip = centre + aside * (radius + 1.0 + gap) + forward * 30.0;
            let rod = Instrument::rod("rod", Mm(2.0), Mm(60.0)).unwrap();
            let up = if forward.z.abs() < 0.9 { DVec3::Z } else { DVec3::Y };
            let pose = Pose::new(LpsPoint(tip), LpsVector(forward), LpsVector(up)).unwrap();
            let found = it.clearance(&PlacedInstrument::new(&rod, &pose), Mm(40.0), None).unwrap();
            let off = (found.distance.0 - gap).abs();
            all[by_image] += 1;
            held[by_image] += usize::from(off <= found.error.0);
            worst[by_image] = worst[by_image].max(off);
            assert!(by_image == 0 || off < 0.15, "case {n}: {off}");
        }
    }
    println!("held {held:?} of {all:?}, worst {worst:?} mm");
    assert!(
        held.iter().zip(all).all(|(h, a)| *h as f64 >= 0.93 * f64::from(a)),
        "{held:?} of {all:?}, worst {worst:?}"
    );
}

/// Regression: where the scan ends it cuts the body, and the best ways into the liver led in through that cut.
#[test]
fn where_the_scan_ends_is_no_way_in() {
    // A ball of 30 mm whose upper part the scan leaves out: 20 mm above its middle it ends.
    let grid = Grid::axis_aligned([70, 70, 55], LpsPoint::new(-34.5, -34.5, -34.5), [1.0; 3]).unwrap();
    let mask = Mask::from_fn(grid.clone(), |n| {
        let [i, j, k] = grid.position(n).map(|v| v as f64 - 34.5);
        i * i + j * j + k * k <= 900.0
    });
    let structure = Structure {
        name: "skin".into(),
        colour: Rgb(1, 2, 3),
        mask,
        code: None,
        origin: "synthetic".into(),
        isovalue: None,
    };
    let skin = fabrica_approach::border(&structure, None, &Progress::new()).unwrap();
    let highest = |entries: &[EntryPoint]| entries.iter().map(|e| e.at.0.z).fold(f64::NEG_INFINITY, f64::max);
    let target = LpsPoint::new(0.0, 0.0, 5.0);
    let cut = spread_entries(&skin, None, target, Mm(100.0), 2000).unwrap();
    assert!(highest(&cut) > 19.5);
    let entries = spread_entries(&skin, Some(&grid), target, Mm(100.0), 2000).unwrap();
    assert!(highest(&entries) < 19.0, "{}", highest(&entries));
    let surface = EntrySurface::new(&skin, Some(&grid), target, Mm(100.0), 2000).unwrap();
    assert!(highest(&surface.entries) < 19.0);
    assert_eq!(surface.mesh.vertices().len(), surface.entries.len());
    // About as many as were asked for, each on the ball and facing out of it; at the rim only one side tells the direction.
    assert!((1400..2800).contains(&surface.entries.len()), "{}", surface.entries.len());
    for entry in surface.entries.iter().filter(|entry| entry.at.0.z < 14.0) {
        assert!((entry.at.0.length() - 30.0).abs() < 0.8 && entry.outwards.0.dot(entry.at.0) > 26.0, "{entry:?}");
    }
}
