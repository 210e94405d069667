//! Broken meshes, made on purpose: the same number always makes the same mesh.

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_mesh::merge;
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, surface_of_volume};
use fabrica_volume::{Samples, ValueUnit, Volume};
use glam::{DQuat, DVec3, EulerRot};

/// A broken mesh and what it was.
pub struct Broken {
    pub mesh: Mesh,
    /// The volume of the solid that was broken, mm³.
    pub volume: f64,
    /// Separate parts that were there before, and those that were put beside them.
    pub parts: usize,
    /// What was done to it, in words.
    pub faults: Vec<&'static str>,
}

/// A small random number generator (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn direction(&mut self) -> DVec3 {
        DVec3::new(self.unit() - 0.5, self.unit() - 0.5, self.unit() - 0.5).normalize_or(DVec3::X)
    }
}

/// One of several solids, turned at random: ball, torus, rounded box, hollow ball, forked vessel.
fn whole(random: &mut Random) -> Mesh {
    let n = 14 + random.below(14);
    let step = 30.0 / n as f64;
    let grid = Grid::axis_aligned([n; 3], LpsPoint(DVec3::splat(-14.7)), [step; 3]).unwrap();
    let turn = DQuat::from_euler(EulerRot::XYZ, random.unit() * 6.0, random.unit() * 3.0, random.unit() * 6.0);
    let kind = random.below(5);
    let capsule = |p: DVec3, a: DVec3, b: DVec3, r: f64| {
        let along = ((p - a).dot(b - a) / (b - a).length_squared()).clamp(0.0, 1.0);
        r - p.distance(a + (b - a) * along)
    };
    let field = |p: DVec3| match kind {
        0 => 11.0 - p.length(),
        1 => 3.6 - (p.truncate().length() - 8.2).hypot(p.z),
        2 => 2.0 - (p.abs() - DVec3::new(8.0, 6.0, 5.0)).max(DVec3::ZERO).length(),
        3 => (11.5 - p.length()).min(p.length() - 6.0),
        _ => {
            let trunk = capsule(p, DVec3::new(0.0, 0.0, -10.0), DVec3::ZERO, 3.5);
            let left = capsule(p, DVec3::ZERO, DVec3::new(7.0, 0.0, 8.0), 2.8);
            trunk.max(left).max(capsule(p, DVec3::ZERO, DVec3::new(-7.0, 2.0, 7.0), 2.8))
        }
    };
    let affine = grid.voxel_to_patient();
    let samples = (0..grid.len())
        .map(|i| field(turn * affine.transform_point3(DVec3::from_array(grid.position(i).map(|c| c as f64)))) as f32)
        .collect();
    let volume = Volume::new(grid, Samples::F32(samples), ValueUnit::Arbitrary).unwrap();
    surface_of_volume(&volume, 0.0, &Progress::new()).unwrap()
}

struct Parts {
    vertices: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
}

impl Parts {
    fn at(&self, v: u32) -> DVec3 {
        let [x, y, z] = self.vertices[v as usize];
        DVec3::new(x.into(), y.into(), z.into())
    }

    fn middle(&self, t: usize) -> DVec3 {
        self.triangles[t].iter().map(|&v| self.at(v)).sum::<DVec3>() / 3.0
    }

    fn normal(&self, t: usize) -> DVec3 {
        let [a, b, c] = self.triangles[t].map(|v| self.at(v));
        (b - a).cross(c - a).normalize_or_zero()
    }

    fn add(&mut self, p: DVec3) -> u32 {
        self.vertices.push(p.as_vec3().to_array());
        self.vertices.len() as u32 - 1
    }

    fn tetrahedron(&mut self, at: DVec3, size: f64) {
        let first = [DVec3::ZERO, DVec3::X, DVec3::Y, DVec3::Z].map(|p| self.add(at + p * size));
        let [a, b, c, d] = first;
        self.triangles.extend([[a, c, b], [a, b, d], [a, d, c], [b, c, d]]);
    }
}

/// Breaks a solid in one to four ways.
pub fn broken(number: u64) -> Broken {
    let mut random = Random::new(number + 1);
    let mesh = whole(&mut random);
    let report = fabrica_surface::check(&mesh, &Progress::new()).unwrap();
    let (mut volume, mut parts) = (report.volume.0, report.components);
    let (vertices, triangles) = mesh.into_parts();
    let mut it = Parts { vertices, triangles };
    let mut faults = Vec::new();
    for _ in 0..1 + random.below(4) {
        let n = it.triangles.len();
        let t = random.below(n);
        let here = it.middle(t);
        let fault = match random.below(11) {
            0 => {
                let radius = 0.5 + 2.5 * random.unit();
                let gone: Vec<bool> = (0..n).map(|t| it.middle(t).distance(here) < radius).collect();
                let mut gone = gone.iter();
                it.triangles.retain(|_| gone.next() == Some(&false));
                "hole"
            }
            1 => {
                for _ in 0..1 + random.below(20) {
                    let t = random.below(n);
                    it.triangles[t].swap(1, 2);
                }
                "flipped triangles"
            }
            2 => {
                let radius = 1.0 + 3.0 * random.unit();
                for t in 0..n {
                    if it.middle(t).distance(here) < radius {
                        it.triangles[t].swap(0, 1);
                    }
                }
                "flipped patch"
            }
            3 => {
                for _ in 0..1 + random.below(5) {
                    let mut copy = it.triangles[random.below(n)];
                    copy.rotate_left(1);
                    if random.below(2) == 0 {
                        copy.swap(0, 1);
                    }
                    it.triangles.push(copy);
                }
                "copies"
            }
            4 => {
                let [a, b, _] = it.triangles[t];
                let tip = it.add(here + it.normal(t) * 2.0 + random.direction() * 0.3);
                it.triangles.push([a, b, tip]);
                "fin"
            }
            5 => {
                // A vertex pulled down through its neighbours.
                let v = it.triangles[t][0];
                let p = it.at(v) - it.normal(t) * 1.2 + random.direction() * 1.5;
                it.vertices[v as usize] = p.as_vec3().to_array();
                "fold"
            }
            6 => {
                // A vertex on a side, told by only one of the two triangles.
                let [a, b, c] = it.triangles[t];
                let middle = it.add((it.at(a) + it.at(b)) / 2.0);
                it.triangles[t] = [a, middle, c];
                it.triangles.push([middle, b, c]);
                "T-joint"
            }
            7 => {
                it.tetrahedron(DVec3::new(20.0 + 4.0 * parts as f64, 0.0, 0.0), 0.4);
                volume += 0.4f64.powi(3) / 6.0;
                parts += 1;
                "tiny shell"
            }
            8 => {
                // A solid that hangs on one vertex.
                let (v, normal) = (it.triangles[t][0], it.normal(t));
                let at = it.at(v);
                let side = normal.any_orthonormal_vector();
                let other = normal.cross(side);
                let [b, c, d] = [side, other, -side - other].map(|s| it.add(at + normal * 3.0 + s * 0.8));
                it.triangles.extend([[v, c, b], [v, d, c], [v, b, d], [b, c, d]]);
                volume += {
                    let [a, b, c, d] = [v, b, c, d].map(|v| it.at(v));
                    ((b - a).cross(c - a).dot(d - a) / 6.0).abs()
                };
                parts += 1;
                "solids on one vertex"
            }
            9 => {
                // Nothing is joined, as in STL with rounding.
                let triangles = std::mem::take(&mut it.triangles);
                for t in triangles {
                    let apart = t.map(|v| it.add(it.at(v)));
                    it.triangles.push(apart);
                }
                "loose triangles"
            }
            _ => {
                // A sliver: a vertex almost on the side across.
                let [a, b, c] = it.triangles[t];
                let near = it.add(it.at(a).lerp(it.at(b), 0.5) + (it.at(c) - it.at(a)) * 1e-6);
                it.triangles[t] = [a, near, c];
                it.triangles.extend([[near, b, c], [a, b, near]]);
                "sliver"
            }
        };
        faults.push(fault);
    }
    let mesh = Mesh::new(it.vertices, it.triangles).unwrap();
    Broken { mesh: merge([&mesh]).unwrap(), volume, parts, faults }
}
