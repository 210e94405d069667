//! The vertebrae and what is between and in them.

use glam::{DMat3, DVec3};

use super::build::{Builder, SIDES, sided};
use crate::Solid;

/// One vertebra: its body's centre and half sides.
pub struct Vertebra {
    pub name: &'static str,
    pub z: f64,
    pub y: f64,
    pub half_width: f64,
    pub half_depth: f64,
    pub half_height: f64,
}

const fn v(name: &'static str, z: f64, y: f64, half_width: f64, half_depth: f64, half_height: f64) -> Vertebra {
    Vertebra { name, z, y, half_width, half_depth, half_height }
}

/// From below upwards.
pub const VERTEBRAE: [Vertebra; 24] = [
    v("L5", -142.0, 28.0, 25.0, 16.5, 12.5),
    v("L4", -107.0, 20.0, 24.0, 16.5, 13.0),
    v("L3", -72.0, 17.0, 23.0, 16.0, 13.2),
    v("L2", -36.0, 19.0, 22.0, 16.0, 13.2),
    v("L1", 0.0, 24.0, 21.0, 15.5, 13.0),
    v("T12", 33.0, 30.0, 20.0, 15.0, 12.0),
    v("T11", 64.0, 36.0, 18.5, 14.5, 11.3),
    v("T10", 94.0, 41.0, 17.5, 14.5, 11.0),
    v("T9", 123.0, 45.0, 16.5, 14.0, 10.8),
    v("T8", 151.0, 48.0, 16.0, 14.0, 10.4),
    v("T7", 178.0, 49.0, 15.5, 13.5, 10.1),
    v("T6", 204.0, 49.0, 15.0, 13.0, 9.8),
    v("T5", 229.0, 47.0, 14.5, 12.5, 9.5),
    v("T4", 253.0, 44.0, 14.0, 12.0, 9.2),
    v("T3", 276.0, 39.0, 14.0, 11.0, 9.0),
    v("T2", 298.0, 33.0, 14.0, 10.0, 8.7),
    v("T1", 319.0, 26.0, 14.0, 9.5, 8.4),
    v("C7", 339.0, 19.0, 13.0, 9.0, 7.6),
    v("C6", 357.0, 13.0, 12.0, 8.5, 7.0),
    v("C5", 374.0, 9.0, 11.5, 8.0, 6.6),
    v("C4", 391.0, 7.0, 11.0, 8.0, 6.6),
    v("C3", 408.0, 6.0, 10.5, 8.0, 6.6),
    v("C2", 427.0, 5.0, 10.0, 8.0, 8.0),
    v("C1", 446.0, 7.0, 9.0, 6.0, 5.0),
];

impl Vertebra {
    pub fn centre(&self) -> DVec3 {
        DVec3::new(0.0, self.y, self.z)
    }

    pub fn canal(&self) -> DVec3 {
        DVec3::new(0.0, self.y + self.half_depth + 9.5, self.z)
    }

    pub fn is_thoracic(&self) -> bool {
        self.name.starts_with('T')
    }

    /// Body, pedicles, laminae, transverse and spinous processes.
    pub fn solid(&self) -> Solid {
        let (w, d, canal) = (self.half_width, self.half_depth, self.canal());
        let scale = w / 22.0;
        let half = DVec3::new(w, d, self.half_height);
        let mut parts =
            vec![Solid::rounded_box(self.centre(), half, d * 0.72_f64.min(self.half_height / d), DMat3::IDENTITY)];
        let back = canal.y;
        let arch = 11.0 + 2.0 * scale;
        for (_, side) in SIDES {
            let at = |x: f64, y: f64, z: f64| sided(side, x, y, self.z + z);
            parts.push(Solid::round_cone(
                at(arch - 2.0, self.y + d - 3.0, 2.0),
                at(arch, back + 2.0, 0.0),
                4.6 * scale.max(0.75),
                4.4 * scale.max(0.75),
            ));
            parts.push(Solid::plate(
                [at(arch, back + 1.0, 6.0), at(arch, back + 2.0, -8.0), at(0.0, back + 12.0, -3.0)],
                2.4,
            ));
            // Articular processes above and below.
            parts.push(Solid::round_cone(
                at(arch + 2.0, back + 3.0, self.half_height + 1.0),
                at(arch + 2.0, back + 5.0, -self.half_height - 1.0),
                4.2 * scale.max(0.7),
                4.0 * scale.max(0.7),
            ));
            let reach = if self.is_thoracic() { (30.0, back + 12.0, 4.0) } else { (w + 18.0 * scale, back + 1.0, 0.0) };
            parts.push(Solid::round_cone(
                at(arch, back + 2.0, 0.0),
                at(reach.0, reach.1, reach.2),
                4.2 * scale.max(0.75),
                3.4,
            ));
        }
        let (length, drop) = match self.name.as_bytes().first() {
            Some(b'L') => (31.0, 4.0),
            Some(b'T') => (26.0, 20.0),
            _ if self.name == "C7" => (28.0, 10.0),
            _ => (16.0, 5.0),
        };
        if self.name != "C1" {
            let root = DVec3::new(0.0, back + 12.0, self.z - 2.0);
            let tip = root + DVec3::new(0.0, length - 6.0, -drop);
            let deep = if self.name.starts_with('L') { 9.0 } else { 4.0 };
            parts
                .push(Solid::plate([root + DVec3::Z * deep, root - DVec3::Z * deep, tip + DVec3::Z * deep * 0.6], 3.0));
            parts.push(Solid::plate(
                [root - DVec3::Z * deep, tip + DVec3::Z * deep * 0.6, tip - DVec3::Z * deep * 0.8],
                3.0,
            ));
        }
        Solid::union(parts)
    }
}

/// The sacrum and coccyx.
pub fn sacrum() -> Solid {
    let mut parts = Vec::new();
    for (y, z, w, d, h) in [
        (35.0, -168.0, 26.0, 14.0, 14.0),
        (46.0, -190.0, 23.0, 12.0, 13.0),
        (56.0, -211.0, 20.0, 10.0, 12.0),
        (63.0, -230.0, 16.0, 8.0, 11.0),
        (65.0, -246.0, 12.0, 6.0, 9.0),
    ] {
        let lean = DMat3::from_rotation_x(0.42);
        parts.push(Solid::rounded_box(DVec3::new(0.0, y, z), DVec3::new(w, d, h), d * 0.7, lean));
    }
    parts.push(super::build::tube(&[[0.0, 66.0, -252.0, 6.0], [0.0, 64.0, -266.0, 5.0], [0.0, 56.0, -280.0, 3.5]]));
    for (_, side) in SIDES {
        let at = |x: f64, y: f64, z: f64| sided(side, x, y, z);
        parts.push(Solid::plate([at(20.0, 36.0, -162.0), at(48.0, 52.0, -166.0), at(44.0, 60.0, -204.0)], 8.5));
        parts.push(Solid::plate([at(18.0, 42.0, -172.0), at(44.0, 60.0, -204.0), at(14.0, 66.0, -232.0)], 7.5));
    }
    parts.push(Solid::plate(
        [DVec3::new(0.0, 62.0, -168.0), DVec3::new(0.0, 76.0, -200.0), DVec3::new(0.0, 74.0, -225.0)],
        4.0,
    ));
    Solid::union(parts)
}

/// Discs between the bodies.
pub fn discs() -> Solid {
    let pairs = VERTEBRAE.windows(2).take(22).map(|w| {
        let middle = (w[0].centre() + w[1].centre()) / 2.0;
        let gap = (w[1].z - w[1].half_height) - (w[0].z + w[0].half_height);
        let half = DVec3::new(w[0].half_width - 1.0, w[0].half_depth - 1.0, gap / 2.0 + 3.0);
        Solid::rounded_box(middle, half, half.z, DMat3::IDENTITY)
    });
    let last = Solid::rounded_box(
        DVec3::new(0.0, 30.0, -156.0),
        DVec3::new(23.0, 15.0, 5.0),
        5.0,
        DMat3::from_rotation_x(0.2),
    );
    Solid::union(pairs.chain([last]))
}

/// The spinal canal with cord and fluid.
pub fn add_canal(b: &mut Builder) {
    let points: Vec<(DVec3, f64)> = VERTEBRAE.iter().map(|v| (v.canal(), 7.0)).collect();
    let cord: Vec<(DVec3, f64)> = VERTEBRAE[4..].iter().map(|v| (v.canal(), 4.6)).collect();
    let (canal, cord) = (Solid::tube_along(&points, 6.0), Solid::tube_along(&cord, 6.0));
    b.part("spinal cord", &cord, b.materials.cord);
    b.part("spinal canal", &canal, b.materials.fluid);
    b.organ("spinal cord", &cord, [240, 220, 120], ("2748008", "Spinal cord"));
    for v in &VERTEBRAE {
        b.mark(format!("{} vertebral body centre", v.name), v.centre());
    }
}
