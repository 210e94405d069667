//! A simple head, so that front, left and up can be seen: skull, brain, eyes, nose, ears.

use glam::{DMat3, DVec3};

use super::build::{Builder, SIDES, sided, tube};
use crate::Solid;

const CRANIUM: DVec3 = DVec3::new(0.0, 2.0, 536.0);

fn cranium(by: f64) -> Solid {
    Solid::ellipsoid(CRANIUM, DVec3::new(72.0, 91.0, 76.0) + by, DMat3::IDENTITY)
}

/// The head's surface, or what lies `by` mm below it.
pub fn outline(by: f64) -> Solid {
    let at = DVec3::new;
    let face = Solid::ellipsoid(at(0.0, -48.0, 468.0), at(60.0, 62.0, 66.0) - by, DMat3::IDENTITY);
    let nose = Solid::round_cone(at(0.0, -99.0, 500.0), at(0.0, -119.0, 471.0), 8.0 - by, 12.0 - by);
    let chin = Solid::round_cone(at(0.0, -66.0, 442.0), at(0.0, -72.0, 414.0), 38.0 - by, 34.0 - by);
    let mut head = cranium(6.0 - by).blend(&face, 26.0).blend(&chin, 20.0).blend(&nose, 9.0);
    // Where the neck meets the head.
    head = head.blend(&Solid::round_cone(at(0.0, 10.0, 420.0), at(0.0, 12.0, 480.0), 56.0 - by, 60.0 - by), 20.0);
    let ears = SIDES.map(|(_, side)| {
        let lean = DMat3::from_rotation_z(side * -0.45);
        Solid::ellipsoid(sided(side, 80.0, 8.0, 498.0), at(7.0, 15.0, 29.0) - by * 0.8, lean)
    });
    Solid::union([head, ears[0].clone(), ears[1].clone()])
}

pub fn add(b: &mut Builder) {
    let m = b.materials;
    let at = DVec3::new;
    let brain = cranium(-6.5);
    for (name, side) in SIDES {
        let eye = Solid::ball(sided(side, 32.0, -74.0, 502.0), 12.0);
        b.part(format!("{name} eye"), &eye, m.eye);
        b.organ(&format!("{name} eye"), &eye, [230, 230, 250], ("81745001", "Eye"));
        b.mark(format!("{name} eye centre"), sided(side, 32.0, -74.0, 502.0));
        let orbit = Solid::round_cone(sided(side, 32.0, -69.0, 502.0), sided(side, 17.0, -40.0, 502.0), 16.0, 5.0);
        b.part(format!("{name} orbital fat"), &orbit, m.fat);
    }
    let airway = Solid::union([
        Solid::rounded_box(at(0.0, -72.0, 474.0), at(13.0, 30.0, 16.0), 9.0, DMat3::IDENTITY),
        tube(&[
            [0.0, -42.0, 474.0, 10.0],
            [0.0, -28.0, 455.0, 9.0],
            [0.0, -22.0, 420.0, 9.0],
            [0.0, -14.0, 385.0, 8.5],
            [0.0, -10.0, 354.0, 8.5],
        ]),
        Solid::round_cone(at(0.0, -96.0, 466.0), at(0.0, -112.0, 462.0), 6.0, 4.0),
        // Maxillary sinuses.
        Solid::ellipsoid(at(31.0, -66.0, 470.0), at(12.0, 15.0, 14.0), DMat3::IDENTITY),
        Solid::ellipsoid(at(-31.0, -66.0, 470.0), at(12.0, 15.0, 14.0), DMat3::IDENTITY),
    ]);
    let septum = Solid::rounded_box(at(0.0, -74.0, 476.0), at(1.2, 28.0, 18.0), 1.2, DMat3::IDENTITY);
    b.part("nasal septum", &septum, m.cartilage);
    b.part("upper airway", &airway, m.air);
    let ventricles = SIDES.map(|(_, side)| {
        tube(&[
            [side * 9.0, -38.0, 548.0, 4.5],
            [side * 12.0, -5.0, 558.0, 5.5],
            [side * 22.0, 32.0, 548.0, 7.0],
            [side * 30.0, 14.0, 526.0, 4.0],
        ])
    });
    b.part("cerebral ventricles", &Solid::union(ventricles), m.fluid);
    b.part("brain", &brain.offset(-2.5), m.brain);
    b.part("subarachnoid space", &brain, m.fluid);
    b.organ("brain", &brain.offset(-2.5), [250, 250, 225], ("12738006", "Brain"));
    b.part("teeth", &teeth(), m.tooth);
    b.mark("nose tip", at(0.0, -131.0, 471.0));
    b.mark("vertex", CRANIUM + DVec3::Z * 82.0);
}

/// Orbits and the nasal opening.
fn openings() -> Solid {
    let mut parts = vec![
        Solid::round_cone(DVec3::new(0.0, -120.0, 468.0), DVec3::new(0.0, -60.0, 474.0), 13.0, 10.0),
        Solid::round_cone(DVec3::new(0.0, -110.0, 484.0), DVec3::new(0.0, -70.0, 484.0), 8.0, 8.0),
        // Foramen magnum.
        Solid::round_cone(DVec3::new(0.0, 26.0, 440.0), DVec3::new(0.0, 24.0, 480.0), 15.0, 15.0),
    ];
    for (_, side) in SIDES {
        parts.push(Solid::round_cone(sided(side, 34.0, -112.0, 502.0), sided(side, 19.0, -48.0, 502.0), 20.0, 6.0));
        parts.push(Solid::ellipsoid(sided(side, 31.0, -66.0, 470.0), DVec3::new(12.5, 15.5, 14.5), DMat3::IDENTITY));
        // Cheeks fall away beside the jaw.
        parts.push(Solid::round_cone(sided(side, 60.0, -60.0, 450.0), sided(side, 52.0, -20.0, 458.0), 17.0, 17.0));
    }
    Solid::union(parts)
}

pub fn skull() -> Solid {
    let at = DVec3::new;
    let face = Solid::ellipsoid(at(0.0, -56.0, 476.0), at(46.0, 37.0, 44.0), DMat3::IDENTITY);
    let base = Solid::ellipsoid(at(0.0, 8.0, 474.0), at(52.0, 50.0, 16.0), DMat3::IDENTITY);
    let above_teeth = Solid::half_space(at(0.0, 0.0, 446.0), DVec3::NEG_Z);
    let brow = tube(&[
        [-52.0, -66.0, 517.0, 5.0],
        [-30.0, -84.0, 521.0, 5.5],
        [0.0, -88.0, 516.0, 6.0],
        [30.0, -84.0, 521.0, 5.5],
        [52.0, -66.0, 517.0, 5.0],
    ]);
    let bone = cranium(0.0).blend(&face.and(&above_teeth), 8.0).blend(&base, 8.0).blend(&brow, 5.0);
    let mut parts = vec![bone.minus(&cranium(-6.5)).minus(&openings())];
    for (_, side) in SIDES {
        let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
        parts.push(tube(&[
            s(47.0, -76.0, 482.0, 6.0),
            s(60.0, -52.0, 482.0, 4.5),
            s(66.0, -24.0, 486.0, 4.5),
            s(66.0, -2.0, 490.0, 5.0),
        ]));
        parts.push(tube(&[s(50.0, -72.0, 488.0, 5.0), s(52.0, -66.0, 502.0, 4.5), s(50.0, -68.0, 517.0, 4.5)]));
        parts.push(Solid::round_cone(sided(side, 52.0, 22.0, 484.0), sided(side, 50.0, 16.0, 458.0), 14.0, 8.0));
        // Nasal bones.
        parts.push(Solid::plate(
            [sided(side, 2.0, -94.0, 510.0), sided(side, 2.0, -106.0, 488.0), sided(side, 10.0, -90.0, 494.0)],
            2.0,
        ));
    }
    parts.push(jaw());
    parts.push(teeth());
    Solid::union(parts)
}

fn jaw() -> Solid {
    let mut parts = vec![tube(&[
        [-46.0, -24.0, 426.0, 7.0],
        [-40.0, -52.0, 415.0, 7.0],
        [-24.0, -82.0, 407.0, 7.5],
        [0.0, -93.0, 404.0, 8.5],
        [24.0, -82.0, 407.0, 7.5],
        [40.0, -52.0, 415.0, 7.0],
        [46.0, -24.0, 426.0, 7.0],
    ])];
    parts.push(tube(&[
        [-36.0, -52.0, 424.0, 6.0],
        [-22.0, -80.0, 417.0, 6.0],
        [0.0, -90.0, 414.0, 6.0],
        [22.0, -80.0, 417.0, 6.0],
        [36.0, -52.0, 424.0, 6.0],
    ]));
    for (_, side) in SIDES {
        let at = |x: f64, y: f64, z: f64| sided(side, x, y, z);
        parts.push(Solid::plate([at(46.0, -26.0, 424.0), at(52.0, -8.0, 474.0), at(48.0, -36.0, 468.0)], 3.8));
        parts.push(Solid::plate([at(46.0, -26.0, 424.0), at(50.0, -10.0, 432.0), at(52.0, -8.0, 474.0)], 4.2));
        parts.push(Solid::ball(at(52.0, -7.0, 477.0), 6.0));
    }
    Solid::union(parts)
}

/// Two arches of teeth.
fn teeth() -> Solid {
    let arch = |z: f64, toward: f64| {
        (0..14).map(move |n| {
            let angle = (f64::from(n) - 6.5) * 0.21;
            let at = DVec3::new(27.0 * angle.sin(), -58.0 - 32.0 * angle.cos(), z);
            let width = if (4..10).contains(&n) { 2.7 } else { 3.4 };
            Solid::round_cone(at, at + DVec3::Z * toward, width, width * 0.75)
        })
    };
    Solid::union(arch(434.0, 12.0).chain(arch(430.0, -10.0)))
}

/// The spongy middle layer of the skull's vault.
pub fn diploe() -> Solid {
    let vault = Solid::half_space(DVec3::new(0.0, 0.0, 524.0), DVec3::NEG_Z);
    cranium(-2.2).minus(&cranium(-4.6)).and(&vault)
}
