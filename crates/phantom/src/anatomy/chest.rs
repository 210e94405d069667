//! Airway, lungs, heart and great vessels.

use glam::{DMat3, DVec3};

use super::build::{Builder, SIDES, course, points, sided, tube};
use super::growth::Growth;
use super::trunk::Trunk;
use crate::random::Stream;
use crate::solid::RoundCone;
use crate::{Branch, Solid, Tree};

/// The chest's contents, built before they are added since they keep clear of one another.
pub struct Chest {
    airway: Tree,
    /// Right, left.
    lungs: [Solid; 2],
    pulmonary_arteries: Tree,
    pulmonary_veins: Tree,
    heart: Heart,
}

struct Heart {
    whole: Solid,
    left_ventricle: Solid,
    right_ventricle: Solid,
    left_atrium: Solid,
    right_atrium: Solid,
}

/// The left ventricle's long axis points left, forward and down.
fn heart_axes() -> DMat3 {
    let along = DVec3::new(0.68, -0.55, -0.48).normalize();
    let across = along.cross(DVec3::Z).normalize();
    DMat3::from_cols(across, along.cross(across), along)
}

impl Heart {
    fn new() -> Self {
        let (axes, at) = (heart_axes(), DVec3::new);
        let along = axes.z_axis;
        let centre = at(40.0, -38.0, 141.0);
        let outer = Solid::ellipsoid(centre, at(33.0, 33.0, 47.0), axes);
        let right_outer = Solid::ellipsoid(at(10.0, -62.0, 138.0), at(27.0, 24.0, 38.0), axes);
        let right_atrium_outer = Solid::ellipsoid(at(-28.0, -32.0, 146.0), at(23.0, 27.0, 31.0), DMat3::IDENTITY);
        let left_atrium_outer = Solid::ellipsoid(at(6.0, 0.0, 166.0), at(34.0, 20.0, 25.0), DMat3::IDENTITY);
        Self {
            whole: outer.blend(&right_outer, 14.0).blend(&right_atrium_outer, 10.0).blend(&left_atrium_outer, 10.0),
            left_ventricle: Solid::ellipsoid(centre - along * 4.0, at(21.5, 21.5, 36.0), axes),
            right_ventricle: Solid::ellipsoid(at(7.0, -63.0, 139.0), at(22.5, 18.0, 33.0), axes)
                .minus(&Solid::ellipsoid(centre, at(34.0, 34.0, 48.0), axes)),
            left_atrium: Solid::ellipsoid(at(6.0, 0.0, 166.0), at(31.0, 17.0, 22.0), DMat3::IDENTITY)
                .minus(&Solid::ellipsoid(centre, at(30.0, 30.0, 45.0), axes)),
            right_atrium: Solid::ellipsoid(at(-28.0, -32.0, 146.0), at(20.0, 24.0, 28.0), DMat3::IDENTITY),
        }
    }
}

/// Aortic root to bifurcation: x, y, z, radius.
const AORTA: [[f64; 4]; 15] = [
    [14.0, -28.0, 168.0, 15.0],
    [4.0, -36.0, 190.0, 16.0],
    [-6.0, -38.0, 215.0, 15.0],
    [0.0, -30.0, 240.0, 14.0],
    [16.0, -10.0, 252.0, 13.5],
    [26.0, 14.0, 244.0, 13.0],
    [29.0, 32.0, 222.0, 12.5],
    [29.0, 37.0, 195.0, 12.0],
    [28.0, 34.0, 160.0, 11.5],
    [25.0, 27.0, 120.0, 11.0],
    [19.0, 15.0, 75.0, 10.5],
    [12.0, 2.0, 33.0, 10.0],
    [10.0, -4.0, 0.0, 9.5],
    [8.0, -8.0, -50.0, 8.8],
    [4.0, -8.0, -100.0, 8.2],
];

const CAVA: [[f64; 4]; 8] = [
    [-14.0, -4.0, -122.0, 10.5],
    [-18.0, -8.0, -80.0, 10.5],
    [-20.0, -7.0, -36.0, 11.0],
    [-20.0, -4.0, 0.0, 11.5],
    [-22.0, -4.0, 45.0, 11.5],
    [-24.0, -8.0, 90.0, 12.0],
    [-26.0, -18.0, 118.0, 12.0],
    [-28.0, -26.0, 132.0, 12.0],
];

impl Chest {
    pub fn new(trunk: &Trunk, seed: u64) -> Self {
        let heart = Heart::new();
        let lungs = SIDES.map(|(_, side)| lung(trunk, &heart, side));
        let airway = airway(&lungs, seed);
        let mut taken: Vec<RoundCone> = airway.branches.iter().map(Branch::cone).collect();
        let pulmonary_arteries = pulmonary(&lungs, "pulmonary arteries", seed, &taken);
        taken.extend(pulmonary_arteries.branches.iter().map(Branch::cone));
        let pulmonary_veins = pulmonary(&lungs, "pulmonary veins", seed, &taken);
        Self { airway, lungs, pulmonary_arteries, pulmonary_veins, heart }
    }

    pub fn add_airway(&self, b: &mut Builder) {
        let m = b.materials;
        let lumen = self.airway.solid();
        let wall = Solid::tube(
            self.airway
                .branches
                .iter()
                .map(|branch| {
                    let cone = branch.cone();
                    let thick = |r: f64| r * 1.12 + 0.6;
                    RoundCone::new(cone.from, cone.to, thick(cone.radius_from), thick(cone.radius_to))
                })
                .collect(),
        );
        b.part("airway lumen", &lumen, m.air);
        b.part("airway wall", &wall, m.airway_wall);
        b.organ("airway", &lumen, [120, 200, 240], ("89187006", "Airway structure"));
        b.tree(&self.airway);
        b.mark("carina", CARINA);
    }

    pub fn add_vessels_and_heart(&self, b: &mut Builder) {
        let m = b.materials;
        let aorta_points = points(&AORTA);
        let mut branches = course(&aorta_points, None, 0, 0);
        let bifurcation = branches.len() - 1;
        for (_, side) in SIDES {
            let s = |x: f64, y: f64, z: f64, r: f64| (sided(side, x, y, z), r);
            let [x, y, z, _] = AORTA[AORTA.len() - 1];
            let iliac = [
                (DVec3::new(x, y, z), 5.6),
                s(22.0, -2.0, -135.0, 5.4),
                s(44.0, 6.0, -172.0, 5.0),
                s(60.0, -18.0, -215.0, 4.6),
                s(72.0, -50.0, -252.0, 4.4),
                s(80.0, -58.0, -300.0, 4.2),
                s(86.0, -56.0, -350.0, 4.0),
            ];
            let more = course(&iliac, Some(bifurcation), branches.len(), 1);
            branches.extend(more);
        }
        for (name, line) in AORTIC_BRANCHES {
            let at = points(line);
            let nearest = (0..=bifurcation)
                .min_by(|&p, &q| {
                    let far = |n: usize| branches[n].end.0.distance(at[0].0);
                    far(p).total_cmp(&far(q))
                })
                .unwrap_or(0);
            let more = course(&at, Some(nearest), branches.len(), 1);
            b.mark(format!("{name} origin"), at[0].0);
            branches.extend(more);
        }
        let aorta = Tree { name: "aorta and branches".into(), branches };
        let trunk_only = tube(&AORTA);
        let cava = tube(&CAVA);
        let cava_tree = Tree { name: "inferior vena cava".into(), branches: course(&points(&CAVA), None, 0, 0) };
        let mut veins = vec![cava.clone()];
        for (_, side) in SIDES {
            let s = |x: f64, y: f64, z: f64, r: f64| [side * x, y, z, r];
            veins.push(tube(&[
                [-14.0, -4.0, -122.0, 8.0],
                s(20.0, 6.0, -150.0, 6.5),
                s(42.0, 14.0, -180.0, 6.0),
                s(56.0, -12.0, -220.0, 5.5),
                s(62.0, -48.0, -256.0, 5.2),
                s(68.0, -54.0, -350.0, 5.0),
            ]));
            // Renal veins.
            veins.push(tube(&[[-20.0, -5.0, -8.0, 5.0], s(34.0, 8.0, -10.0, 4.5), s(48.0, 24.0, -8.0, 4.0)]));
        }
        let upper_cava = tube(&[
            [-28.0, -30.0, 172.0, 9.5],
            [-30.0, -28.0, 205.0, 9.5],
            [-30.0, -30.0, 245.0, 9.0],
            [-28.0, -34.0, 272.0, 7.0],
        ]);
        let brachiocephalic = tube(&[
            [-30.0, -32.0, 252.0, 7.0],
            [-5.0, -48.0, 268.0, 6.5],
            [28.0, -44.0, 290.0, 6.0],
            [36.0, -20.0, 330.0, 5.5],
        ]);
        let right_neck = tube(&[[-28.0, -34.0, 272.0, 6.5], [-34.0, -28.0, 300.0, 6.0], [-36.0, -18.0, 335.0, 5.5]]);
        b.part("aorta", &aorta.solid(), m.arterial_blood);
        b.part("aortic wall", &trunk_only.offset(1.6), m.soft);
        b.part("inferior caval veins", &Solid::union(veins), m.caval_blood);
        b.part("superior caval veins", &Solid::union([upper_cava, brachiocephalic, right_neck]), m.caval_blood);
        b.part("pulmonary arteries", &self.pulmonary_arteries.solid(), m.right_heart_blood);
        b.part("pulmonary veins", &self.pulmonary_veins.solid(), m.arterial_blood);
        let heart = &self.heart;
        b.part("left ventricle", &heart.left_ventricle, m.arterial_blood);
        b.part("left atrium", &heart.left_atrium, m.arterial_blood);
        b.part("right ventricle", &heart.right_ventricle, m.right_heart_blood);
        b.part("right atrium", &heart.right_atrium, m.right_heart_blood);
        b.part("myocardium", &heart.whole, m.myocardium);
        b.part("oesophagus", &tube(&OESOPHAGUS), m.soft);

        b.organ("heart", &heart.whole, [206, 110, 84], ("80891009", "Heart"));
        b.organ("left ventricle", &heart.left_ventricle, [230, 70, 70], ("87878005", "Left ventricle"));
        b.organ("left atrium", &heart.left_atrium, [240, 120, 110], ("82471001", "Left atrium"));
        b.organ("right ventricle", &heart.right_ventricle, [90, 110, 220], ("53085002", "Right ventricle"));
        b.organ("right atrium", &heart.right_atrium, [120, 150, 235], ("73829009", "Right atrium"));
        b.organ("aorta", &trunk_only, [224, 97, 76], ("15825003", "Aorta"));
        b.organ("arteries", &aorta.solid(), [216, 101, 79], ("51114001", "Artery"));
        b.organ("inferior vena cava", &cava, [0, 151, 206], ("64131007", "Inferior vena cava"));
        b.organ(
            "pulmonary arteries",
            &self.pulmonary_arteries.solid(),
            [0, 122, 171],
            ("81040000", "Pulmonary artery"),
        );
        b.organ("pulmonary veins", &self.pulmonary_veins.solid(), [186, 77, 64], ("122972007", "Pulmonary vein"));
        b.mark("aortic bifurcation", aorta_points[aorta_points.len() - 1].0);
        b.mark("aortic root", aorta_points[0].0);
        b.mark("left ventricle centre", DVec3::new(40.0, -38.0, 141.0) - heart_axes().z_axis * 4.0);
        for tree in [&aorta, &cava_tree, &self.pulmonary_arteries, &self.pulmonary_veins] {
            b.tree(tree);
        }
    }

    pub fn add_lungs(&self, b: &mut Builder) {
        let material = b.materials.lung;
        for ((name, _), lung) in SIDES.iter().zip(&self.lungs) {
            let code = if *name == "right" { ("3341006", "Right lung") } else { ("44029006", "Left lung") };
            b.part(format!("{name} lung"), lung, material);
            b.organ(&format!("{name} lung"), lung, [197, 165, 145], code);
        }
    }
}

const OESOPHAGUS: [[f64; 4]; 7] = [
    [0.0, 6.0, 345.0, 7.0],
    [1.0, 18.0, 300.0, 7.0],
    [2.0, 27.0, 250.0, 7.5],
    [4.0, 27.0, 210.0, 7.5],
    [8.0, 24.0, 160.0, 7.5],
    [16.0, 8.0, 110.0, 8.0],
    [34.0, 0.0, 84.0, 9.0],
];

/// Side branches of the aorta: x, y, z, radius.
const AORTIC_BRANCHES: [(&str, &[[f64; 4]]); 7] = [
    (
        "brachiocephalic trunk",
        &[
            [-2.0, -26.0, 244.0, 6.0],
            [-10.0, -22.0, 275.0, 5.8],
            [-24.0, -14.0, 310.0, 4.2],
            [-26.0, -8.0, 360.0, 3.4],
            [-28.0, -4.0, 420.0, 3.0],
        ],
    ),
    (
        "left common carotid artery",
        &[
            [8.0, -20.0, 250.0, 4.0],
            [14.0, -14.0, 285.0, 3.8],
            [22.0, -10.0, 320.0, 3.5],
            [26.0, -8.0, 360.0, 3.3],
            [28.0, -4.0, 420.0, 3.0],
        ],
    ),
    (
        "left subclavian artery",
        &[
            [20.0, -4.0, 252.0, 5.0],
            [24.0, 2.0, 285.0, 4.8],
            [40.0, 4.0, 322.0, 4.5],
            [72.0, -4.0, 328.0, 4.2],
            [110.0, 4.0, 298.0, 4.0],
        ],
    ),
    (
        "coeliac trunk",
        &[[13.0, 0.0, 26.0, 4.0], [10.0, -16.0, 26.0, 3.8], [0.0, -26.0, 30.0, 3.0], [-22.0, -26.0, 34.0, 2.5]],
    ),
    (
        "superior mesenteric artery",
        &[[11.0, -3.0, 6.0, 4.0], [10.0, -20.0, -2.0, 3.8], [8.0, -30.0, -35.0, 3.4], [0.0, -38.0, -85.0, 2.6]],
    ),
    (
        "right renal artery",
        &[[9.0, -5.0, -8.0, 3.2], [-12.0, 3.0, -12.0, 3.0], [-34.0, 14.0, -14.0, 2.8], [-48.0, 26.0, -16.0, 2.4]],
    ),
    ("left renal artery", &[[10.0, -5.0, -6.0, 3.2], [28.0, 8.0, -6.0, 3.0], [50.0, 28.0, -2.0, 2.5]]),
];

const CARINA: DVec3 = DVec3::new(-3.0, 9.0, 236.0);

fn lung(trunk: &Trunk, heart: &Heart, side: f64) -> Solid {
    let at = DVec3::new;
    let chest = trunk.inner_cavity.clone();
    let own_side = Solid::half_space(at(side * 5.0, 0.0, 0.0), at(-side, 0.0, 0.0));
    // The lower margin lies lower behind than in front.
    let margin = Solid::half_space(at(0.0, 0.0, 42.0), at(0.0, -0.28, -1.0));
    let mediastinum = Solid::rounded_box(at(2.0, 10.0, 200.0), at(27.0, 62.0, 170.0), 22.0, DMat3::IDENTITY);
    let vessels = Solid::union([
        tube(&AORTA[3..12].iter().map(|&[x, y, z, r]| [x, y, z, r + 4.0]).collect::<Vec<_>>()),
        tube(&CAVA[5..].iter().map(|&[x, y, z, r]| [x, y, z, r + 3.0]).collect::<Vec<_>>()),
        tube(&[
            [-28.0, -30.0, 172.0, 13.0],
            [-30.0, -28.0, 205.0, 13.0],
            [-30.0, -30.0, 245.0, 12.0],
            [-28.0, -34.0, 272.0, 10.0],
        ]),
    ]);
    let pericardium = heart.whole.offset(3.0);
    chest
        .and(&own_side)
        .and(&margin)
        .minus(&trunk.dome())
        .minus(&trunk.paraspinal)
        .minus(&mediastinum.blend(&pericardium, 12.0))
        .minus(&vessels)
}

fn airway(lungs: &[Solid; 2], seed: u64) -> Tree {
    let mut branches =
        course(&points(&[[0.0, -10.0, 352.0, 8.5], [-1.0, -6.0, 310.0, 8.8], [-3.0, 2.0, 270.0, 8.8]]), None, 0, 0);
    let last = branches.len() - 1;
    branches.extend(course(&[(DVec3::new(-3.0, 2.0, 270.0), 8.8), (CARINA, 8.6)], Some(last), last + 1, 0));
    let carina = branches.len() - 1;
    let mut random = Stream::new(seed, "airway");
    for ((_, side), lung) in SIDES.iter().zip(lungs) {
        let main = if *side < 0.0 {
            points(&[[-3.0, 9.0, 236.0, 7.2], [-18.0, 10.0, 222.0, 7.0], [-38.0, 11.0, 208.0, 6.4]])
        } else {
            points(&[[-3.0, 9.0, 236.0, 6.4], [16.0, 8.0, 221.0, 6.2], [40.0, 10.0, 205.0, 5.6]])
        };
        let first = branches.len();
        branches.extend(course(&main, Some(carina), first, 1));
        let hilum = branches.len() - 1;
        // Lobar bronchi are placed; the rest grows.
        let from = main[main.len() - 1].0;
        let lobes: &[[f64; 4]] = if *side < 0.0 {
            &[[66.0, 4.0, 236.0, 4.4], [70.0, -34.0, 182.0, 3.8], [62.0, 40.0, 178.0, 4.6]]
        } else {
            &[[70.0, -8.0, 232.0, 4.4], [74.0, 36.0, 178.0, 4.6]]
        };
        let mut tips = Vec::new();
        for &[x, y, z, r] in lobes {
            let line = [(from, r + 0.5), (sided(*side, x, y, z), r)];
            branches.extend(course(&line, Some(hilum), branches.len(), 2));
            tips.push(branches.len() - 1);
        }
        let growth =
            Growth { within: lung, depth: 1.0, avoid: &[], clearance: 0.0, least_radius: 1.2, length: 5.0, most: 70 };
        growth.grow(&mut branches, &tips, &mut random);
    }
    Tree { name: "airway".into(), branches }
}

fn pulmonary(lungs: &[Solid; 2], name: &str, seed: u64, taken: &[RoundCone]) -> Tree {
    let arteries = name == "pulmonary arteries";
    let mut branches = Vec::new();
    let mut root = None;
    if arteries {
        let trunk = points(&[[20.0, -66.0, 168.0, 13.0], [22.0, -50.0, 195.0, 13.0], [18.0, -30.0, 208.0, 12.5]]);
        branches = course(&trunk, None, 0, 0);
        root = Some(branches.len() - 1);
    }
    let mut random = Stream::new(seed, name);
    for ((_, side), lung) in SIDES.iter().zip(lungs) {
        let right = *side < 0.0;
        let mut tips = Vec::new();
        let mut add = |line: &[[f64; 4]], parent: Option<usize>, generation: usize| {
            let more = course(&points(line), parent, branches.len(), generation);
            branches.extend(more);
            branches.len() - 1
        };
        if arteries {
            let hilum = if right {
                [[18.0, -30.0, 208.0, 10.5], [-12.0, -14.0, 203.0, 10.0], [-42.0, -10.0, 200.0, 8.5]]
            } else {
                [[18.0, -30.0, 208.0, 10.5], [36.0, -14.0, 216.0, 9.5], [46.0, -4.0, 218.0, 8.5]]
            };
            let end = add(&hilum, root, 1);
            let from = hilum[2];
            for (x, y, z, r) in [(68.0, -18.0, 238.0, 5.6), (72.0, -40.0, 196.0, 4.6), (70.0, 18.0, 176.0, 6.4)] {
                tips.push(add(&[[from[0], from[1], from[2], r + 1.0], [side * x, y, z, r]], Some(end), 2));
            }
        } else {
            let gate = if right { [-22.0, 0.0] } else { [34.0, 2.0] };
            for (z0, x, y, z, r) in [(176.0, 70.0, -24.0, 214.0, 5.2), (160.0, 66.0, 24.0, 152.0, 5.6)] {
                tips.push(add(
                    &[
                        [gate[0], gate[1], z0, r + 1.4],
                        [side * 50.0, gate[1] - 2.0, z0 + 2.0, r + 0.8],
                        [side * x, y, z, r],
                    ],
                    None,
                    1,
                ));
            }
        }
        let growth = Growth {
            within: lung,
            depth: 1.0,
            avoid: taken,
            clearance: 1.6,
            least_radius: 0.9,
            length: 4.6,
            most: 170,
        };
        growth.grow(&mut branches, &tips, &mut random);
    }
    Tree { name: name.into(), branches }
}
