//! The trunk's outline and layers, and the cavity that holds lungs and bowels.

use glam::{DMat3, DVec3};

use super::build::{Builder, SIDES, sided, tube};
use super::head;
use crate::{Loft, Section, Solid};

/// The lofts that everything else is placed by.
pub struct Trunk {
    pub skin: Loft,
    pub cavity: Loft,
    /// The cavity less the pleura and peritoneum with their fat.
    pub inner_cavity: Solid,
    pub right_dome: Solid,
    pub left_dome: Solid,
    pub paraspinal: Solid,
}

fn sections(table: &[[f64; 4]]) -> Vec<Section> {
    table.iter().map(|&[z, half_width, half_depth, centre_y]| Section { z, half_width, half_depth, centre_y }).collect()
}

/// z, half width, half depth, centre y.
const SKIN: [[f64; 4]; 20] = [
    [-362.0, 172.0, 98.0, 4.0],
    [-300.0, 178.0, 108.0, 8.0],
    [-250.0, 181.0, 114.0, 9.0],
    [-200.0, 176.0, 114.0, 4.0],
    [-150.0, 166.0, 111.0, -4.0],
    [-100.0, 156.0, 108.0, -8.0],
    [-50.0, 152.0, 107.0, -9.0],
    [0.0, 157.0, 111.0, -7.0],
    [60.0, 165.0, 117.0, -5.0],
    [120.0, 169.0, 120.0, -4.0],
    [180.0, 172.0, 119.0, 0.0],
    [230.0, 178.0, 112.0, 3.0],
    [265.0, 182.0, 102.0, 8.0],
    [290.0, 182.0, 92.0, 14.0],
    [308.0, 172.0, 84.0, 18.0],
    [324.0, 134.0, 76.0, 18.0],
    [340.0, 86.0, 67.0, 14.0],
    [360.0, 64.0, 60.0, 9.0],
    [400.0, 57.0, 57.0, 4.0],
    [440.0, 56.0, 58.0, 2.0],
];

/// Inside ribs and abdominal wall.
const CAVITY: [[f64; 4]; 17] = [
    [-318.0, 48.0, 44.0, 8.0],
    [-280.0, 66.0, 60.0, 6.0],
    [-240.0, 84.0, 72.0, 0.0],
    [-200.0, 112.0, 80.0, -8.0],
    [-150.0, 124.0, 80.0, -14.0],
    [-100.0, 124.0, 79.0, -16.0],
    [-50.0, 127.0, 80.0, -15.0],
    [-20.0, 131.0, 84.0, -12.0],
    [20.0, 136.0, 92.0, -7.0],
    [60.0, 139.0, 97.0, -4.0],
    [100.0, 139.0, 98.0, -4.0],
    [150.0, 135.0, 95.0, -3.0],
    [200.0, 127.0, 88.0, 0.0],
    [250.0, 112.0, 76.0, 5.0],
    [290.0, 90.0, 60.0, 12.0],
    [318.0, 62.0, 43.0, 17.0],
    [340.0, 36.0, 26.0, 20.0],
];

impl Trunk {
    pub fn new() -> Self {
        let at = DVec3::new;
        Self {
            skin: Loft::new(&sections(&SKIN)),
            cavity: Loft::new(&sections(&CAVITY)),
            inner_cavity: Solid::loft(Loft::new(&sections(&CAVITY.map(|[z, w, d, y]| [z, w - 2.5, d - 2.5, y])))),
            right_dome: Solid::ellipsoid(at(-66.0, 2.0, 22.0), at(74.0, 100.0, 100.0), DMat3::IDENTITY),
            left_dome: Solid::ellipsoid(at(64.0, 4.0, 18.0), at(74.0, 98.0, 88.0), DMat3::IDENTITY),
            // Behind the vertebral bodies: no lung there.
            paraspinal: Solid::rounded_box(at(0.0, 98.0, 120.0), at(32.0, 28.0, 260.0), 20.0, DMat3::IDENTITY),
        }
    }

    /// Abdominal space under the diaphragm: what lies there stays out of the lungs.
    pub fn dome(&self) -> Solid {
        self.right_dome.blend(&self.left_dome, 40.0)
    }

    /// The skin, fat and muscle, and fat in the cavity. Last of all parts.
    pub fn add_layers(&self, b: &mut Builder, with_head: bool) {
        let inner = |thickness: [f64; 2]| {
            // Layers thin out towards the neck.
            let table = SKIN.map(|[z, w, d, y]| {
                let part = ((360.0 - z) / 60.0).clamp(0.0, 1.0);
                let by = thickness[1] + (thickness[0] - thickness[1]) * part;
                // More fat at the sides of the belly and hips, and behind.
                let belly = if (-260.0..60.0).contains(&z) { 1.0 } else { 0.6 };
                let extra = if by > 4.0 { 6.0 * belly * part } else { 0.0 };
                [z, w - by - extra * 1.2, d - by - extra, y]
            });
            Solid::loft(Loft::new(&sections(&table)))
        };
        let head = |by: f64| if with_head { head::outline(by) } else { Solid::empty() };
        let join = |trunk: Solid, by: f64| {
            let head = head(by);
            if with_head { trunk.blend(&head, 12.0) } else { trunk }
        };
        let skin = join(Solid::loft(self.skin.clone()), 0.0);
        let fat = join(inner([1.8, 1.8]), 1.8);
        let muscle = join(inner([9.0, 5.0]), 5.0);
        let m = b.materials;
        let muscles = self.muscles().and(&muscle);
        b.part("paraspinal and gluteal muscles", &muscles, m.muscle);
        b.part("diaphragm", &self.diaphragm(), m.muscle);
        b.part("visceral fat", &Solid::loft(self.cavity.clone()), m.fat);
        b.part("muscle wall", &muscle, m.muscle);
        b.part("subcutaneous fat", &fat, m.fat);
        b.part("skin", &skin, m.skin);
        b.organ("body", &skin, [230, 190, 165], ("123037004", "Body structure"));
        b.mark("umbilicus level front", self.skin.wall(-95.0, 180.0, 0.0));
    }

    fn muscles(&self) -> Solid {
        let mut parts = vec![self.paraspinal.clone()];
        for (_, side) in SIDES {
            let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
            // Erector spinae, psoas with iliacus, quadratus lumborum, gluteus.
            parts.push(tube(&[
                s(30.0, 78.0, -190.0, 16.0),
                s(34.0, 72.0, -100.0, 23.0),
                s(33.0, 74.0, 0.0, 21.0),
                s(30.0, 88.0, 100.0, 15.0),
            ]));
            parts.push(tube(&[
                s(30.0, 26.0, 10.0, 7.0),
                s(36.0, 24.0, -60.0, 16.0),
                s(46.0, 20.0, -130.0, 20.0),
                s(66.0, -8.0, -205.0, 16.0),
                s(88.0, -24.0, -262.0, 12.0),
            ]));
            parts.push(Solid::plate(
                [sided(side, 50.0, 46.0, 20.0), sided(side, 78.0, 52.0, -115.0), sided(side, 45.0, 46.0, -115.0)],
                7.0,
            ));
            parts.push(Solid::plate(
                [sided(side, 80.0, 10.0, -150.0), sided(side, 96.0, -15.0, -125.0), sided(side, 82.0, -12.0, -215.0)],
                8.0,
            ));
        }
        Solid::union(parts)
    }

    /// A muscle sheet over the domes.
    fn diaphragm(&self) -> Solid {
        let at = DVec3::new;
        let right = Solid::ellipsoid(at(-66.0, 2.0, 22.0), at(71.0, 97.0, 97.0), DMat3::IDENTITY);
        let left = Solid::ellipsoid(at(64.0, 4.0, 18.0), at(71.0, 95.0, 85.0), DMat3::IDENTITY);
        let above = Solid::half_space(at(0.0, 0.0, 20.0), DVec3::NEG_Z);
        self.dome().minus(&right.blend(&left, 40.0)).and(&Solid::loft(self.cavity.clone())).and(&above)
    }
}
