//! Ribs, sternum, shoulder girdle, pelvis and thighs.

use glam::DVec3;

use super::build::{Builder, SIDES, sided, tube};
use super::head;
use super::spine::{VERTEBRAE, Vertebra, discs, sacrum};
use super::trunk::Trunk;
use crate::Solid;

/// Where each rib's bone ends, ribs 1 to 12: angle from the back, height.
const RIB_ENDS: [[f64; 2]; 12] = [
    [158.0, 288.0],
    [157.0, 252.0],
    [155.0, 225.0],
    [153.0, 197.0],
    [150.0, 168.0],
    [146.0, 140.0],
    [141.0, 112.0],
    [134.0, 84.0],
    [125.0, 58.0],
    [115.0, 34.0],
    [84.0, 24.0],
    [52.0, 8.0],
];

/// Where the cartilages of ribs 1 to 7 meet the sternum: x, height.
const STERNAL_ENDS: [[f64; 2]; 7] =
    [[21.0, 289.0], [17.0, 254.0], [16.0, 232.0], [17.0, 212.0], [18.0, 194.0], [17.0, 177.0], [13.0, 164.0]];

/// Centrelines of bones lie this far outside the cavity.
const OUTSIDE: f64 = 6.5;

const BONE: [u8; 3] = [241, 214, 145];

pub fn add(b: &mut Builder, trunk: &Trunk, with_head: bool) {
    let m = b.materials;
    let mut all = Vec::new();
    let mut marrow = Vec::new();
    let mut cartilage = Vec::new();
    for (name, side) in SIDES {
        let mut ribs = Vec::new();
        for number in 0..12 {
            let [rib, inside] = rib(trunk, side, number);
            marrow.push(inside);
            b.organ(&format!("{name} rib {}", number + 1), &rib, BONE, ("113197003", "Rib"));
            ribs.push(rib);
            cartilage.push(costal_cartilage(trunk, side, number));
        }
        all.extend(ribs);
        for (bone, solid, code) in [
            ("clavicle", clavicle(side), ("51299004", "Clavicle")),
            ("scapula", scapula(side), ("79601000", "Scapula")),
            ("humeral head", Solid::ball(humeral_head(side), 22.0), ("29045004", "Head of humerus")),
            ("hip bone", hip(side), ("29836001", "Hip region")),
            ("femur", femur(side), ("71341001", "Femur")),
        ] {
            b.organ(&format!("{name} {bone}"), &solid, BONE, code);
            marrow.push(solid.offset(-2.2));
            all.push(solid);
        }
        b.mark(format!("{name} femoral head centre"), femoral_head(side));
        b.mark(format!("{name} humeral head centre"), humeral_head(side));
        b.mark(format!("{name} anterior superior iliac spine"), sided(side, 116.0, -46.0, -146.0));
    }
    let sternum = sternum(trunk);
    b.organ("sternum", &sternum, BONE, ("56873002", "Sternum"));
    marrow.push(sternum.offset(-1.6));
    all.push(sternum);
    let column: Vec<Solid> = VERTEBRAE.iter().map(Vertebra::solid).collect();
    let mut spine = Vec::new();
    for (vertebra, solid) in VERTEBRAE.iter().zip(column) {
        b.organ(&format!("vertebra {}", vertebra.name), &solid, BONE, ("51282000", "Vertebra"));
        marrow.push(solid.offset(-1.6));
        spine.push(solid);
    }
    let sacrum = sacrum();
    b.organ("sacrum", &sacrum, BONE, ("54735007", "Sacrum"));
    marrow.push(sacrum.offset(-2.0));
    spine.push(sacrum);
    all.extend(spine);
    if with_head {
        let skull = head::skull();
        b.organ("skull", &skull, BONE, ("89546000", "Skull"));
        marrow.push(head::diploe());
        all.push(skull);
    }
    let bones = Solid::union(all);
    let cartilage = Solid::union(cartilage);
    b.part("trabecular bone", &Solid::union(marrow), m.trabecular);
    b.part("cortical bone", &bones, m.cortical);
    b.part("costal cartilage", &cartilage, m.cartilage);
    b.part("intervertebral discs", &discs(), m.disc);
    b.organ("bones", &bones, BONE, ("272673000", "Bone"));
}

/// Two parallel tubes make a rib's flat section. Returns the bone and its marrow.
fn rib(trunk: &Trunk, side: f64, number: usize) -> [Solid; 2] {
    let vertebra = &VERTEBRAE[16 - number];
    let [angle, end] = RIB_ENDS[number];
    let start = vertebra.z + 5.0;
    let mut points = vec![
        sided(side, vertebra.half_width - 1.0, vertebra.y + 9.0, start),
        sided(side, 30.0, vertebra.canal().y + 4.0, start + 1.0),
    ];
    let steps = 16;
    for step in 0..=steps {
        let t = f64::from(step) / f64::from(steps);
        let z = start + (end - start) * (1.0 - (1.0 - t).powf(1.25));
        let at = trunk.cavity.wall(z, 24.0 + (angle - 24.0) * t, OUTSIDE);
        points.push(sided(side, at.x, at.y, at.z));
    }
    let flat = |radius: f64, half: f64| {
        let edge = |z: f64| {
            let line: Vec<(DVec3, f64)> = points.iter().map(|p| (*p + DVec3::Z * z, radius)).collect();
            Solid::tube_along(&line, 10.0)
        };
        Solid::union([edge(half), edge(-half)])
    };
    [flat(3.7, 3.2), flat(2.5, 3.0)]
}

/// From the rib's end along the wall to the sternum, or to the cartilage above; none for ribs 11 and 12.
fn costal_cartilage(trunk: &Trunk, side: f64, number: usize) -> Solid {
    let wall = |angle: f64, z: f64| {
        let at = trunk.cavity.wall(z, angle, OUTSIDE);
        sided(side, at.x, at.y, at.z)
    };
    let [angle, z] = RIB_ENDS[number];
    let to = match STERNAL_ENDS.get(number) {
        Some(&[x, height]) => {
            let front = trunk.cavity.wall(height, 180.0, OUTSIDE);
            sided(side, x, front.y, height)
        }
        None if number < 10 => {
            let [above, height] = RIB_ENDS[number - 1];
            wall(above + 8.0, height - 2.0)
        }
        None => return Solid::empty(),
    };
    let reach = to - wall(angle, z);
    let bend = wall(angle + 12.0, z + reach.z * 0.18 - 2.0);
    let line = [(wall(angle, z), 5.2), (bend, 5.0), (to, 4.6)];
    Solid::tube_along(&line, 6.0)
}

fn sternum(trunk: &Trunk) -> Solid {
    let at = |x: f64, z: f64| {
        let front = trunk.cavity.wall(z, 180.0, OUTSIDE);
        DVec3::new(x, front.y, z)
    };
    let sheet = |top: [f64; 2], bottom: [f64; 2]| {
        let [a, b] = [at(-top[0], top[1]), at(top[0], top[1])];
        let [c, d] = [at(-bottom[0], bottom[1]), at(bottom[0], bottom[1])];
        [Solid::plate([a, b, c], 5.5), Solid::plate([b, c, d], 5.5)]
    };
    let mut parts: Vec<Solid> = sheet([20.0, 298.0], [21.0, 286.0]).into();
    parts.extend(sheet([21.0, 286.0], [11.0, 258.0]));
    parts.extend(sheet([11.0, 252.0], [13.0, 215.0]));
    parts.extend(sheet([13.0, 215.0], [15.0, 185.0]));
    parts.extend(sheet([15.0, 185.0], [8.0, 158.0]));
    parts.extend(sheet([4.0, 155.0], [2.0, 132.0]));
    Solid::union(parts)
}

fn humeral_head(side: f64) -> DVec3 {
    sided(side, 151.0, 24.0, 282.0)
}

fn clavicle(side: f64) -> Solid {
    let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
    tube(&[
        s(24.0, -52.0, 303.0, 8.5),
        s(55.0, -50.0, 309.0, 6.0),
        s(90.0, -24.0, 314.0, 5.5),
        s(125.0, 8.0, 313.0, 6.5),
        s(142.0, 16.0, 311.0, 7.0),
    ])
}

fn scapula(side: f64) -> Solid {
    let at = |x: f64, y: f64, z: f64| sided(side, x, y, z);
    let (upper, lower, socket) = (at(74.0, 78.0, 305.0), at(104.0, 88.0, 186.0), at(128.0, 38.0, 280.0));
    let middle = at(84.0, 88.0, 250.0);
    Solid::union([
        Solid::plate([upper, middle, socket], 3.0),
        Solid::plate([middle, lower, socket], 3.0),
        Solid::round_cone(lower, at(126.0, 44.0, 272.0), 5.0, 7.0),
        Solid::round_cone(middle, lower, 4.2, 5.0),
        Solid::ellipsoid(at(129.0, 34.0, 280.0), DVec3::new(8.0, 11.0, 17.0), glam::DMat3::IDENTITY),
        // Spine, acromion and coracoid process.
        Solid::plate([at(82.0, 90.0, 278.0), at(132.0, 64.0, 300.0), at(120.0, 50.0, 290.0)], 3.6),
        tube(&[
            [side * 82.0, 92.0, 278.0, 4.5],
            [side * 125.0, 72.0, 300.0, 6.0],
            [side * 152.0, 40.0, 313.0, 7.0],
            [side * 148.0, 18.0, 313.0, 6.5],
        ]),
        tube(&[[side * 122.0, 30.0, 297.0, 6.5], [side * 124.0, 8.0, 304.0, 6.0], [side * 132.0, -8.0, 297.0, 5.5]]),
    ])
}

fn femoral_head(side: f64) -> DVec3 {
    sided(side, 88.0, -2.0, -252.0)
}

fn hip(side: f64) -> Solid {
    let at = |x: f64, y: f64, z: f64| sided(side, x, y, z);
    let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
    let hub = at(84.0, 2.0, -226.0);
    let crest = [
        at(54.0, 64.0, -196.0),
        at(50.0, 74.0, -166.0),
        at(66.0, 62.0, -128.0),
        at(94.0, 32.0, -103.0),
        at(113.0, -8.0, -106.0),
        at(116.0, -46.0, -146.0),
        at(102.0, -38.0, -196.0),
    ];
    let mut parts: Vec<Solid> = crest.windows(2).map(|w| Solid::plate([hub, w[0], w[1]], 4.5)).collect();
    let rim: Vec<(DVec3, f64)> = crest.iter().map(|p| (*p, 6.5)).collect();
    parts.push(Solid::tube_along(&rim, 5.0));
    parts.push(Solid::round_cone(hub, at(58.0, 58.0, -186.0), 14.0, 8.0));
    // The socket: a shell open to the side and below.
    let head = femoral_head(side);
    let open = DVec3::new(side * 0.8, -0.25, -0.55).normalize();
    let keep = Solid::half_space(head + open * 8.0, open);
    parts.push(Solid::ball(head, 33.0).and(&keep));
    let pubis = [
        tube(&[s(70.0, -22.0, -248.0, 11.0), s(42.0, -46.0, -256.0, 8.5), s(12.0, -60.0, -270.0, 8.5)]),
        tube(&[
            s(10.0, -60.0, -270.0, 7.5),
            s(11.0, -55.0, -292.0, 7.0),
            s(34.0, -28.0, -314.0, 6.0),
            s(54.0, 8.0, -328.0, 8.0),
        ]),
        tube(&[s(82.0, 22.0, -254.0, 14.0), s(72.0, 32.0, -292.0, 13.0), s(58.0, 20.0, -322.0, 13.0)]),
    ];
    parts.extend(pubis);
    Solid::union(parts).minus(&Solid::ball(head, 26.5))
}

fn femur(side: f64) -> Solid {
    let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
    Solid::union([
        Solid::ball(femoral_head(side), 24.0),
        tube(&[s(92.0, -2.0, -255.0, 17.0), s(108.0, 2.0, -266.0, 15.5), s(122.0, 6.0, -278.0, 16.0)]),
        tube(&[
            s(132.0, 14.0, -262.0, 11.0),
            s(126.0, 8.0, -285.0, 17.0),
            s(122.0, 6.0, -310.0, 16.0),
            s(116.0, 2.0, -375.0, 14.0),
        ]),
        Solid::ball(sided(side, 110.0, 18.0, -305.0), 9.0),
    ])
    // The body ends here.
    .and(&Solid::half_space(DVec3::new(0.0, 0.0, -362.0), DVec3::NEG_Z))
}
