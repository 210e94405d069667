//! Liver with tumour and vessels, kidneys with stones, spleen, stomach, bowel, pancreas, gallbladder and bladder.

use glam::{DMat3, DVec3};

use super::build::{Builder, SIDES, course, points, sided, tube};
use super::growth::Growth;
use super::trunk::Trunk;
use crate::random::Stream;
use crate::solid::RoundCone;
use crate::{Branch, PhantomOptions, Solid, Tree};

/// The abdomen's contents, built before they are added since they keep clear of one another.
pub struct Abdomen {
    liver: Solid,
    tumour: Solid,
    tumour_radius: f64,
    portal: Tree,
    hepatic: Tree,
    kidneys: [Kidney; 2],
    stomach: Solid,
    spleen: Solid,
    gallbladder: Solid,
    cavity: Solid,
}

struct Kidney {
    whole: Solid,
    sinus: Solid,
    medulla: Solid,
    pelvis: Solid,
    /// Centre and radius.
    stones: Vec<(DVec3, f64)>,
}

const TUMOUR: DVec3 = DVec3::new(-82.0, -14.0, 62.0);

impl Kidney {
    fn new(side: f64) -> Self {
        let at = DVec3::new;
        let centre = if side < 0.0 { at(-66.0, 34.0, -16.0) } else { at(66.0, 34.0, -2.0) };
        // The upper pole leans in and back, the hilum looks in and forward.
        let axes =
            DMat3::from_rotation_z(side * 0.5) * DMat3::from_rotation_y(side * 0.20) * DMat3::from_rotation_x(0.15);
        let local = |x: f64, y: f64, z: f64| centre + axes * at(side * x, y, z);
        let outer = Solid::ellipsoid(centre, at(28.0, 23.0, 54.0), axes);
        let sinus = Solid::ellipsoid(local(-21.0, 0.0, 0.0), at(19.0, 12.0, 22.0), axes);
        let mut pyramids = Vec::new();
        for n in 0..9 {
            let angle = f64::from(n - 4) * 0.42;
            let way = at(angle.cos(), 0.0, angle.sin());
            for tilt in [-9.0, 9.0] {
                let tip = local(-6.0 + way.x * 3.0, tilt * 0.35, way.z * 17.0);
                let base = local(-2.0 + way.x * 17.0, tilt, way.z * 38.0);
                pyramids.push(Solid::round_cone(tip, base, 2.0, 5.0));
            }
        }
        let calyx = |z: f64| Solid::round_cone(local(-22.0, 0.0, z * 0.25), local(-8.0, 0.0, z), 3.2, 3.6);
        let ureter_top = local(-30.0, -4.0, -8.0);
        let foot = sided(side, 34.0, 8.0, -90.0);
        let ureter = Solid::tube_along(
            &[
                (ureter_top, 4.0),
                (local(-32.0, -6.0, -30.0), 2.6),
                (foot, 2.3),
                (sided(side, 40.0, 18.0, -170.0), 2.2),
                (sided(side, 26.0, 10.0, -235.0), 2.2),
            ],
            6.0,
        );
        let pelvis = Solid::union([
            Solid::ellipsoid(local(-25.0, 0.0, -2.0), at(9.0, 6.0, 11.0), axes),
            calyx(17.0),
            calyx(0.0),
            calyx(-17.0),
            ureter,
        ]);
        let stones = if side < 0.0 {
            vec![(local(-8.5, 0.0, -17.0), 3.0), (local(-8.5, 0.0, 17.0), 2.0)]
        } else {
            vec![(local(-25.0, 0.0, -4.0), 4.5)]
        };
        let whole = outer.minus(&sinus);
        Self { medulla: Solid::union(pyramids).and(&whole), whole, sinus: outer.and(&sinus), pelvis, stones }
    }
}

impl Abdomen {
    pub fn new(trunk: &Trunk, options: &PhantomOptions) -> Self {
        let at = DVec3::new;
        let cavity = trunk.inner_cavity.clone();
        let kidneys = [Kidney::new(-1.0), Kidney::new(1.0)];
        let stomach = Solid::union([tube(&[
            [66.0, 18.0, 72.0, 24.0],
            [68.0, -14.0, 56.0, 28.0],
            [60.0, -44.0, 26.0, 25.0],
            [38.0, -60.0, -4.0, 20.0],
            [8.0, -60.0, -16.0, 16.0],
            [-14.0, -46.0, -6.0, 11.0],
        ])]);
        let lean = DMat3::from_rotation_x(-0.5) * DMat3::from_rotation_z(-0.45);
        let spleen = Solid::ellipsoid(at(102.0, 40.0, 48.0), at(19.0, 37.0, 46.0), lean);
        let gallbladder = Solid::round_cone(at(-52.0, -62.0, -14.0), at(-40.0, -34.0, 14.0), 14.0, 7.0);
        let right = Solid::ellipsoid(at(-74.0, 4.0, 44.0), at(62.0, 88.0, 74.0), DMat3::IDENTITY);
        let lower = Solid::ellipsoid(at(-92.0, 2.0, -14.0), at(36.0, 60.0, 58.0), DMat3::IDENTITY);
        let left = Solid::ellipsoid(at(2.0, -46.0, 66.0), at(74.0, 34.0, 36.0), DMat3::from_rotation_y(-0.18));
        let other_organs = Solid::union([
            kidneys[0].whole.offset(5.0),
            tube(&[
                [-20.0, -7.0, -36.0, 12.5],
                [-20.0, -4.0, 0.0, 13.0],
                [-22.0, -4.0, 45.0, 13.0],
                [-24.0, -8.0, 90.0, 13.5],
                [-26.0, -18.0, 118.0, 13.5],
            ]),
            gallbladder.offset(1.5),
            stomach.offset(5.0),
            // Porta hepatis, caudally and behind the left lobe.
            Solid::round_cone(at(-6.0, -18.0, -6.0), at(-26.0, -22.0, 26.0), 24.0, 13.0),
            Solid::rounded_box(at(6.0, 40.0, 40.0), at(34.0, 46.0, 60.0), 20.0, DMat3::IDENTITY),
            // The fissure of the falciform ligament.
            Solid::plate([at(-14.0, -92.0, 20.0), at(-14.0, -84.0, 66.0), at(-12.0, -52.0, 18.0)], 3.0),
        ]);
        let under_dome = Solid::ellipsoid(at(-66.0, 2.0, 22.0), at(70.0, 96.0, 96.0), DMat3::IDENTITY)
            .blend(&Solid::ellipsoid(at(64.0, 4.0, 18.0), at(70.0, 94.0, 84.0), DMat3::IDENTITY), 40.0);
        let liver = right
            .blend(&lower, 30.0)
            .blend(&left, 26.0)
            .and(&under_dome_and_below(&under_dome))
            .and(&cavity)
            .minus(&other_organs);

        let radius = options.tumour_diameter.0 / 2.0;
        let tumour = Solid::ball(TUMOUR, radius);
        let (portal, hepatic) = liver_vessels(&liver, radius, options.seed);
        Self { liver, tumour, tumour_radius: radius, portal, hepatic, kidneys, stomach, spleen, gallbladder, cavity }
    }

    /// Tumour and stones.
    pub fn add_contents(&self, b: &mut Builder) {
        let m = b.materials;
        b.part("liver tumour", &self.tumour, m.tumour);
        b.organ("liver tumour", &self.tumour, [144, 238, 144], ("108369006", "Neoplasm"));
        b.finding("liver tumour", TUMOUR, self.tumour_radius);
        for ((name, _), kidney) in SIDES.iter().zip(&self.kidneys) {
            let balls: Vec<Solid> = kidney.stones.iter().map(|&(at, r)| Solid::ball(at, r)).collect();
            for (number, (solid, &(at, r))) in balls.iter().zip(&kidney.stones).enumerate() {
                let stone = format!("{name} kidney stone {}", number + 1);
                b.part(stone.clone(), solid, m.stone);
                b.organ(&stone, solid, [255, 255, 200], ("56381008", "Calculus"));
                b.finding(stone, at, r);
            }
        }
    }

    pub fn add_vessels(&self, b: &mut Builder) {
        let m = b.materials;
        for (tree, material, colour, code) in [
            (&self.portal, m.portal_blood, [80, 160, 230], ("32764006", "Portal vein")),
            (&self.hepatic, m.hepatic_blood, [0, 90, 200], ("8993003", "Hepatic vein")),
        ] {
            let solid = tree.solid();
            b.part(tree.name.clone(), &solid, material);
            b.organ(&tree.name, &solid, colour, code);
            b.tree(tree);
        }
    }

    pub fn add_organs(&self, b: &mut Builder) {
        let m = b.materials;
        let at = DVec3::new;
        for ((name, _), kidney) in SIDES.iter().zip(&self.kidneys) {
            b.part(format!("{name} renal pelvis and ureter"), &kidney.pelvis, m.urine);
            b.part(format!("{name} kidney medulla"), &kidney.medulla, m.medulla);
            b.part(format!("{name} kidney cortex"), &kidney.whole, m.cortex);
            b.part(format!("{name} renal sinus"), &kidney.sinus, m.fat);
            let code = if *name == "right" { ("9846003", "Right kidney") } else { ("18639004", "Left kidney") };
            b.organ(&format!("{name} kidney"), &kidney.whole, [185, 102, 83], code);
        }
        b.part("gallbladder lumen", &self.gallbladder.offset(-1.2), m.bile);
        b.part("gallbladder wall", &self.gallbladder, m.wall);
        b.organ("gallbladder", &self.gallbladder, [139, 150, 98], ("28231008", "Gallbladder"));
        b.part("liver", &self.liver, m.liver);
        b.organ("liver", &self.liver, [221, 130, 101], ("10200004", "Liver"));
        b.part("spleen", &self.spleen, m.spleen);
        b.organ("spleen", &self.spleen, [157, 108, 162], ("78961009", "Spleen"));
        // The patient lies on the back: gas rises to the front.
        let gas = |solid: &Solid, level: f64| solid.and(&Solid::half_space(at(0.0, level, 0.0), DVec3::Y));
        let lumen = self.stomach.offset(-3.5);
        b.part("stomach gas", &gas(&lumen, -58.0), m.air);
        b.part("stomach contents", &lumen, m.contents);
        b.part("stomach wall", &self.stomach, m.wall);
        b.organ("stomach", &self.stomach, [216, 132, 105], ("69695003", "Stomach"));
        let pancreas = tube(&[
            [-24.0, -30.0, -22.0, 13.0],
            [-8.0, -32.0, -6.0, 10.0],
            [18.0, -26.0, 6.0, 9.0],
            [44.0, -2.0, 16.0, 9.0],
            [74.0, 24.0, 30.0, 7.0],
        ]);
        b.part("pancreas", &pancreas, m.pancreas);
        b.organ("pancreas", &pancreas, [249, 180, 111], ("15776009", "Pancreas"));
        let bladder = Solid::ellipsoid(at(0.0, -22.0, -252.0), at(40.0, 30.0, 29.0), DMat3::IDENTITY);
        b.part("bladder lumen", &bladder.offset(-3.0), m.urine);
        b.part("bladder wall", &bladder, m.wall);
        b.organ("urinary bladder", &bladder, [222, 154, 132], ("89837001", "Urinary bladder"));
        let prostate = Solid::ellipsoid(at(0.0, -20.0, -292.0), at(24.0, 17.0, 16.0), DMat3::IDENTITY);
        b.part("prostate", &prostate, m.soft);
        self.add_bowel(b);
    }

    fn add_bowel(&self, b: &mut Builder) {
        let m = b.materials;
        let kept_clear = Solid::union([
            self.liver.offset(2.0),
            self.stomach.offset(2.0),
            self.spleen.offset(2.0),
            self.kidneys[0].whole.offset(3.0),
            self.kidneys[1].whole.offset(3.0),
        ]);
        let large: &[[f64; 4]] = &[
            [-86.0, -36.0, -176.0, 20.0],
            [-96.0, -22.0, -130.0, 24.0],
            [-98.0, -22.0, -90.0, 21.0],
            [-92.0, -38.0, -66.0, 20.0],
            [-70.0, -66.0, -62.0, 20.0],
            [-30.0, -72.0, -74.0, 19.0],
            [10.0, -74.0, -78.0, 19.0],
            [50.0, -72.0, -62.0, 18.0],
            [84.0, -52.0, -28.0, 17.0],
            [104.0, -14.0, 2.0, 16.0],
            [104.0, 10.0, -28.0, 16.0],
            [102.0, 8.0, -80.0, 16.0],
            [100.0, -4.0, -140.0, 16.0],
            [78.0, -14.0, -178.0, 16.0],
            [42.0, -20.0, -184.0, 16.0],
            [16.0, 4.0, -196.0, 16.0],
            [4.0, 34.0, -220.0, 17.0],
            [0.0, 44.0, -250.0, 18.0],
            [0.0, 32.0, -285.0, 14.0],
            [0.0, 30.0, -330.0, 10.0],
        ];
        // Haustra: the radius swells and narrows along.
        let haustra: Vec<(DVec3, f64)> = crate::solid::curve(&points(large), 5.0)
            .into_iter()
            .enumerate()
            .map(|(n, (p, r))| (p, r * (1.0 + 0.10 * (n as f64 * 1.15).sin())))
            .collect();
        let chain = |by: f64| {
            Solid::tube(haustra.windows(2).map(|w| RoundCone::new(w[0].0, w[1].0, w[0].1 - by, w[1].1 - by)).collect())
                .minus(&kept_clear)
                .and(&self.cavity)
        };
        let colon = chain(0.0);
        let lumen = chain(2.6).minus(&kept_clear.offset(2.5));
        let gas = |solid: &Solid, level: f64| solid.and(&Solid::half_space(DVec3::new(0.0, level, 0.0), DVec3::Y));
        b.part("colon gas", &gas(&lumen, -66.0), m.air);
        b.part("colon contents", &lumen, m.stool);
        b.part("colon wall", &colon, m.wall);
        b.organ("colon", &colon, [255, 204, 150], ("71854001", "Colon"));
        // Loops from left to right and back, layer below layer.
        let mut loops = Vec::new();
        for layer in 0..5 {
            let z = -92.0 - 24.0 * f64::from(layer);
            for n in 0..7 {
                let turn = f64::from(n);
                let x = if layer % 2 == 0 { -58.0 + 19.0 * turn } else { 56.0 - 19.0 * turn };
                let y = -44.0 + if n % 2 == 0 { -24.0 } else { 16.0 };
                loops.push([x, y, z + 6.0 * (turn * 1.7).sin(), 11.5]);
            }
        }
        let whole = tube(&loops).minus(&colon.offset(0.5)).minus(&kept_clear).and(&self.cavity);
        let inside = tube(&loops.iter().map(|&[x, y, z, r]| [x, y, z, r - 2.2]).collect::<Vec<_>>());
        let inside = inside.minus(&colon.offset(2.0)).minus(&kept_clear).and(&self.cavity);
        b.part("small bowel contents", &inside, m.contents);
        b.part("small bowel wall", &whole, m.wall);
        b.organ("small bowel", &whole, [205, 167, 142], ("30315005", "Small intestine"));
    }
}

/// The dome bounds the liver from above only: below its middle the abdominal wall does.
fn under_dome_and_below(dome: &Solid) -> Solid {
    let below = Solid::half_space(DVec3::new(0.0, 0.0, 30.0), DVec3::Z);
    Solid::union([dome.clone(), below])
}

/// Portal vein from below, hepatic veins from the vena cava; neither touches the other or the tumour.
fn liver_vessels(liver: &Solid, tumour_radius: f64, seed: u64) -> (Tree, Tree) {
    let tumour = RoundCone::new(TUMOUR, TUMOUR, tumour_radius, tumour_radius);
    let mut branches =
        course(&points(&[[4.0, -22.0, -10.0, 7.0], [-14.0, -20.0, 14.0, 7.0], [-32.0, -22.0, 34.0, 6.6]]), None, 0, 0);
    let hilum = branches.len() - 1;
    let mut tips = Vec::new();
    for line in [
        &[[-32.0, -22.0, 34.0, 5.8], [-48.0, -16.0, 42.0, 5.4], [-60.0, -4.0, 48.0, 4.8]][..],
        &[[-32.0, -22.0, 34.0, 5.0], [-20.0, -38.0, 52.0, 4.6], [-2.0, -46.0, 64.0, 4.0]][..],
    ] {
        branches.extend(course(&points(line), Some(hilum), branches.len(), 1));
        tips.push(branches.len() - 1);
    }
    // Kept for both trees: the mains of the hepatic veins.
    let mains = [
        [[-26.0, -10.0, 98.0, 5.6], [-58.0, 12.0, 88.0, 5.0], [-96.0, 34.0, 62.0, 4.0]],
        [[-26.0, -10.0, 98.0, 5.4], [-44.0, -28.0, 90.0, 4.8], [-60.0, -58.0, 64.0, 3.8]],
        [[-26.0, -10.0, 98.0, 5.0], [-8.0, -28.0, 90.0, 4.4], [14.0, -50.0, 82.0, 3.4]],
    ];
    let mut hepatic = Vec::new();
    let mut vein_tips = Vec::new();
    for main in &mains {
        hepatic.extend(course(&points(main), None, hepatic.len(), 0));
        vein_tips.push(hepatic.len() - 1);
    }
    let mut random = Stream::new(seed, "portal vein");
    let mut avoid = vec![tumour];
    avoid.extend(hepatic.iter().map(Branch::cone));
    let growth = |avoid: &[RoundCone], branches: &mut Vec<Branch>, tips: &[usize], random: &mut Stream, most: usize| {
        Growth { within: liver, depth: 1.5, avoid, clearance: 2.0, least_radius: 1.0, length: 4.8, most }
            .grow(branches, tips, random);
    };
    growth(&avoid, &mut branches, &tips, &mut random, 120);
    let mut random = Stream::new(seed, "hepatic veins");
    let mut avoid = vec![tumour];
    avoid.extend(branches.iter().map(Branch::cone));
    growth(&avoid, &mut hepatic, &vein_tips, &mut random, 90);
    (Tree { name: "portal vein".into(), branches }, Tree { name: "hepatic veins".into(), branches: hepatic })
}
