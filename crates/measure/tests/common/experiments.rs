//! Each measures something whose truth is known, once, on a random scan.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_measure::{
    Centreline, Displacement, PointErrors, Settings, angle, closest_distance, cross_section_at, distance, geodesic,
    in_sphere, in_structure, line_angle, polygon_area, probe, profile, size,
};
use fabrica_phantom::Solid;
use fabrica_plan::{ErrorPart, ErrorSource, Quantity};
use fabrica_progress::Progress;
use glam::DVec3;

use super::*;

/// A measured value, the truth, and the scale by which errors are told: a voxel for lengths; for others what a voxel
/// makes of them.
pub struct Outcome {
    pub value: f64,
    pub half_width: f64,
    pub truth: f64,
    pub voxel: f64,
}

fn outcome(quantity: &Quantity, truth: f64, voxel: f64) -> Outcome {
    Outcome { value: quantity.value, half_width: quantity.half_width(), truth, voxel }
}

/// How uncertain the simulated segmentation and hand are, mm.
#[derive(Clone, Copy, Debug)]
pub struct Unsure {
    pub segmentation: f64,
    pub hand: f64,
}

impl Unsure {
    fn settings(self) -> Settings {
        settings(self.segmentation, self.hand)
    }

    fn offset(self, random: &mut Random) -> f64 {
        random.gaussian() * self.segmentation
    }
}

pub type Experiment = fn(&mut Random, Unsure, Told) -> Vec<(&'static str, Outcome)>;

/// Experiments between points, which need no scan's values.
pub const POINTS: [(&str, Experiment); 4] =
    [("distance", distances), ("angle", angles), ("angle of lines", line_angles), ("area", areas)];

/// Experiments on a structure's border.
pub const BORDERS: [(&str, Experiment); 7] = [
    ("snapped", snapped),
    ("volume", volumes),
    ("closest", closest),
    ("registered", registered),
    ("section", sections),
    ("vessel", vessels),
    ("surface", geodesics),
];

/// Experiments on values.
pub const VALUES: [(&str, Experiment); 1] = [("values", values)];

fn points(random: &mut Random, unsure: Unsure, meant: &[LpsPoint]) -> (Vec<LpsPoint>, PointErrors, f64) {
    let spacing = spacing(random);
    let grid = grid(random, spacing, DVec3::ZERO, 50.0);
    let settings = unsure.settings();
    let picked = meant.iter().map(|p| picked(random, *p, &grid, &settings)).collect();
    (picked, PointErrors::picked(meant.len(), &grid, &settings), voxel(&grid))
}

fn distances(random: &mut Random, unsure: Unsure, _: Told) -> Vec<(&'static str, Outcome)> {
    let a = LpsPoint(random.within(20.0));
    let b = a + LpsVector(random.direction() * random.between(4.0, 40.0));
    let (found, errors, voxel) = points(random, unsure, &[a, b]);
    vec![("distance", outcome(&distance([found[0], found[1]], &errors).unwrap(), a.distance(b).0, voxel))]
}

fn angles(random: &mut Random, unsure: Unsure, _: Told) -> Vec<(&'static str, Outcome)> {
    let vertex = LpsPoint(random.within(15.0));
    let leg = |random: &mut Random| random.direction() * random.between(10.0, 35.0);
    let (u, v) = (leg(random), leg(random));
    let meant = [vertex + LpsVector(u), vertex, vertex + LpsVector(v)];
    let (found, errors, voxel) = points(random, unsure, &meant);
    let truth = u.angle_between(v).to_degrees();
    let scale = (voxel / u.length().min(v.length())).to_degrees();
    vec![("angle", outcome(&angle([found[0], found[1], found[2]], &errors).unwrap(), truth, scale))]
}

fn line_angles(random: &mut Random, unsure: Unsure, _: Told) -> Vec<(&'static str, Outcome)> {
    let line = |random: &mut Random| {
        let from = LpsPoint(random.within(15.0));
        let way = random.direction() * random.between(10.0, 35.0);
        ([from, from + LpsVector(way)], way)
    };
    let ((a, u), (b, v)) = (line(random), line(random));
    let (found, errors, voxel) = points(random, unsure, &[a[0], a[1], b[0], b[1]]);
    let found = line_angle([[found[0], found[1]], [found[2], found[3]]], &errors).unwrap();
    let scale = (voxel / u.length().min(v.length())).to_degrees();
    vec![("angle of lines", outcome(&found, u.angle_between(v).to_degrees(), scale))]
}

fn areas(random: &mut Random, unsure: Unsure, _: Told) -> Vec<(&'static str, Outcome)> {
    let (normal, centre) = (random.direction(), random.within(10.0));
    let (u, v) = normal.any_orthonormal_pair();
    let count = random.between(3.0, 9.0) as usize;
    let radius = random.between(6.0, 30.0);
    let corner = |n: usize| {
        let turn = std::f64::consts::TAU * n as f64 / count as f64;
        LpsPoint(centre + (u * turn.cos() + v * turn.sin()) * radius)
    };
    let meant: Vec<LpsPoint> = (0..count).map(corner).collect();
    let n = count as f64;
    let truth = n / 2.0 * radius * radius * (std::f64::consts::TAU / n).sin();
    let around = 2.0 * n * radius * (std::f64::consts::PI / n).sin();
    let (found, errors, voxel) = points(random, unsure, &meant);
    let [area, perimeter] = polygon_area(&found, &errors).unwrap();
    vec![("area", outcome(&area, truth, around * voxel)), ("perimeter", outcome(&perimeter, around, voxel))]
}

/// Two points on the border of one ball, found by hand and snapped.
fn snapped(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let (centre, radius) = (random.within(2.0), random.between(7.0, 14.0));
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre, radius + 3.0);
    let offset = unsure.offset(random);
    let border = border(random, &Solid::ball(centre, radius), offset, told, &grid, &settings);
    let u = random.direction();
    let v = random.rotation() * u;
    let meant = [u, v].map(|d| LpsPoint(centre + d * radius));
    let mut errors = PointErrors::default();
    let (mut found, mut shared) = (Vec::new(), Vec::new());
    for (n, at) in meant.into_iter().enumerate() {
        let hand = at + LpsVector(random.vector(unsure.hand));
        let (_, at) = fabrica_measure::snap_to_surface(&[&border], hand, Mm(10.0)).unwrap();
        shared.push(border.add_snapped(&mut errors, n, at, &settings));
        found.push(at);
    }
    errors.0.push(Displacement { source: ErrorSource::Segmentation, moves: shared });
    let value = distance([found[0], found[1]], &errors).unwrap();
    let along = border.voxel_along(LpsVector((meant[1] - meant[0]).0.normalize())).0;
    vec![("distance, snapped", outcome(&value, meant[0].distance(meant[1]).0, along))]
}

/// An ellipsoid or a round cone.
fn volumes(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let centre = random.within(2.0);
    let solid = if random.between(0.0, 1.0) < 0.5 {
        Solid::ball(centre, random.between(4.0, 10.0))
    } else {
        let half = random.direction() * random.between(2.0, 7.0);
        let radius = random.between(3.0, 6.0);
        Solid::round_cone(centre - half, centre + half, radius, radius * random.between(0.7, 1.0))
    };
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre, 15.0);
    let offset = unsure.offset(random);
    let truth = solid.closed_form_volume().unwrap();
    let border = border(random, &solid, offset, told, &grid, &settings);
    let [volume, voxels, area] = size(&border);
    let scale = area.value * voxel(&grid);
    vec![("volume", outcome(&volume, truth, scale)), ("volume of voxels", outcome(&voxels, truth, scale))]
}

/// A ball beside a rod.
fn closest(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    beside(random, unsure, told, 0.0, "closest distance")
}

/// The same, the ball on another scan that lies on the first no better than registration made it.
fn registered(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    beside(random, unsure, told, 2.0 * unsure.segmentation, "closest distance, registered")
}

fn beside(
    random: &mut Random,
    unsure: Unsure,
    told: Told,
    registration: f64,
    name: &'static str,
) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let half = random.direction() * random.between(1.0, 8.0);
    let rod_radius = random.between(2.5, 5.0);
    let rod = Solid::round_cone(-half, half, rod_radius, rod_radius);
    let ball_radius = random.between(3.0, 6.0);
    let away = random.direction();
    let along = random.between(-1.0, 1.0);
    let across = (away - half * away.dot(half) / half.length_squared()).normalize();
    let gap = random.between(2.5, 8.0);
    let centre = half * along + across * (rod_radius + gap + ball_radius);
    let truth = rod.field(centre) - ball_radius;
    // Where the second scan has it.
    let ball = Solid::ball(centre + random.vector(registration), ball_radius);
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre / 2.0, 16.0);
    let (first, second) = (unsure.offset(random), unsure.offset(random));
    let a = border(random, &rod, first, told, &grid, &settings);
    let b = border(random, &ball, second, told, &grid, &settings);
    let (mut found, points) = closest_distance(&a, &b).unwrap();
    let along = a.voxel_along(LpsVector((points[1] - points[0]).0.try_normalize().unwrap_or(DVec3::X))).0;
    // As `measure` adds it between scans without a common frame of reference.
    found.error.push(ErrorPart { source: ErrorSource::Registration, standard: registration });
    vec![(name, outcome(&found, truth, along))]
}

/// A flattened rod across its axis: an ellipsoid by a plane through its centre.
fn sections(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let (centre, axes) = (random.within(2.0), random.rotation());
    let (a, b) = (random.between(5.0, 12.0), random.between(0.5, 1.0));
    let radii = DVec3::new(a, a * b, random.between(9.0, 13.0));
    let solid = Solid::ellipsoid(centre, radii, axes);
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre, radii.max_element() + 2.0);
    // Moving an ellipsoid's border outwards by about as much everywhere: its semi-axes grow.
    let offset = unsure.offset(random);
    let moved = Solid::ellipsoid(centre, radii + offset, axes);
    let border = border(random, &moved, 0.0, told, &grid, &settings);
    drop(solid);
    let found = cross_section_at(&border, LpsPoint(centre), LpsVector(axes.z_axis)).unwrap();
    let voxel = voxel(&grid);
    let around = (radii.x * radii.y).sqrt();
    let along = |direction: DVec3| border.voxel_along(LpsVector(direction)).0;
    vec![
        ("maximum diameter", outcome(&found.maximum, 2.0 * a, along(axes.x_axis))),
        ("minimum diameter", outcome(&found.minimum, 2.0 * a * b, along(axes.y_axis))),
        ("area-equivalent diameter", outcome(&found.area_equivalent, 2.0 * around, voxel)),
    ]
}

/// A straight vessel of even width.
fn vessels(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let half = random.direction() * random.between(14.0, 20.0);
    let radius = random.between(2.5, 5.0);
    let vessel = Solid::round_cone(-half, half, radius, radius);
    let spacing = spacing(random);
    let grid = grid(random, spacing, DVec3::ZERO, half.length() + radius + 1.0);
    let offset = unsure.offset(random);
    let border = border(random, &vessel, offset, told, &grid, &settings);
    let progress = Progress::new();
    let line = Centreline::of(&border, None, &progress).unwrap();
    let found = profile(&border, &line, 0, None, &grid, &progress).unwrap();
    let middle = &found.sections[found.sections.len() / 2];
    // The coarsest extent across the vessel.
    let (u, v) = half.normalize().any_orthonormal_pair();
    let turned = (0..36).map(|n| u * (f64::from(n) * 0.0873).cos() + v * (f64::from(n) * 0.0873).sin());
    let voxel = turned.map(|d| border.voxel_along(LpsVector(d)).0).fold(0.0, f64::max);
    let diameter = 2.0 * radius;
    vec![
        ("vessel, maximum diameter", outcome(&middle.maximum, diameter, voxel)),
        ("vessel, minimum diameter", outcome(&middle.minimum, diameter, voxel)),
        ("vessel, area-equivalent diameter", outcome(&middle.area_equivalent, diameter, voxel)),
        ("vessel, greatest of all sections", outcome(&found.quantities[0], diameter, voxel)),
        ("vessel, least of all sections", outcome(&found.quantities[1], diameter, voxel)),
        ("vessel, mean area-equivalent", outcome(&found.quantities[2], diameter, voxel)),
        ("vessel, length", outcome(&found.quantities[3], 2.0 * (half.length() + radius), voxel)),
    ]
}

/// A great circle.
fn geodesics(random: &mut Random, unsure: Unsure, told: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let (centre, radius) = (random.within(2.0), random.between(7.0, 13.0));
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre, radius + 2.0);
    let offset = unsure.offset(random);
    let border = border(random, &Solid::ball(centre, radius), offset, told, &grid, &settings);
    let u = random.direction();
    let turn = random.between(0.4, 2.6);
    let v = (u.any_orthonormal_vector() * turn.sin() + u * turn.cos()).normalize();
    let ends = [u, v].map(|d| LpsPoint(centre + d * radius + random.vector(unsure.hand)));
    let ([way, _], _) = geodesic(&border, ends, &settings, &Progress::new()).unwrap();
    vec![("along a surface", outcome(&way, turn * radius, voxel(&grid)))]
}

/// A ball of another value in a background: at a point, in a ball, in the structure.
fn values(random: &mut Random, unsure: Unsure, _: Told) -> Vec<(&'static str, Outcome)> {
    let settings = unsure.settings();
    let (centre, radius) = (random.within(2.0), random.between(9.0, 12.0));
    let solid = Solid::ball(centre, radius);
    let spacing = spacing(random);
    let grid = grid(random, spacing, centre, radius + 5.0);
    let noise = random.between(5.0, 30.0);
    let volume = image(random, &[(&solid, 120.0)], 40.0, noise, &grid);
    let meant = LpsPoint(centre + random.direction() * radius * random.between(0.0, 0.55));
    let at = picked(random, meant, &grid, &settings);
    let value = probe(&volume, at, &settings).unwrap();
    let ball = in_sphere(&volume, at, Mm(random.between(2.0, 3.5)), &settings).unwrap();
    let inner = Solid::ball(centre, radius * 0.6);
    let inside = Border::of(&structure(mask(&inner, &grid), None), None, &settings, &Progress::new()).unwrap();
    let all = in_structure(&volume, &inside).unwrap();
    vec![
        ("value at a point", outcome(&value, 120.0, noise)),
        ("mean in a ball", outcome(&ball[0], 120.0, noise)),
        ("standard deviation in a ball", outcome(&ball[1], noise, noise)),
        ("mean in a structure", outcome(&all[0], 120.0, noise)),
        ("standard deviation in a structure", outcome(&all[1], noise, noise)),
    ]
}
