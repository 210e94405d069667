//! An instrument as a mesh, to be drawn. Distances are never taken from it.

use fabrica_surface::{Mesh, SurfaceError};
use glam::DVec3;

use crate::instrument::{Instrument, Part};

/// Sides of a turned part.
const SIDES: u32 = 32;
/// Rings of a ball, from pole to pole.
const RINGS: u32 = 16;

impl Instrument {
    /// Its parts as closed meshes in its own frame: the tip at 0, +x backwards along the shaft, mm. Round parts have 32
    /// sides, whose corners lie on the part.
    ///
    /// # Errors
    /// None for an instrument whose numbers were checked when it was read.
    pub fn mesh(&self) -> Result<Mesh, SurfaceError> {
        let mut made = Builder::default();
        for part in &self.parts {
            match part {
                Part::Turned(profile) => made.turned(profile),
                Part::Ball { at, radius } => {
                    let ring = |n: u32| {
                        let (sin, cos) = (f64::from(n) / f64::from(RINGS) * std::f64::consts::PI).sin_cos();
                        [at - radius * cos, radius * sin.max(0.0)]
                    };
                    made.turned(&(0..=RINGS).map(ring).collect::<Vec<_>>());
                }
                Part::Box([low, high]) => made.cuboid(DVec3::from_array(*low), DVec3::from_array(*high)),
            }
        }
        Mesh::new(made.vertices, made.triangles)
    }
}

#[derive(Default)]
struct Builder {
    vertices: Vec<[f32; 3]>,
    triangles: Vec<[u32; 3]>,
}

impl Builder {
    fn add(&mut self, at: DVec3) -> u32 {
        self.vertices.push(at.as_vec3().to_array());
        self.vertices.len() as u32 - 1
    }

    /// A profile of distances and radii, turned about the axis and closed at its ends.
    fn turned(&mut self, profile: &[[f64; 2]]) {
        let mut rings: Vec<u32> = Vec::new();
        let Some((first, last)) = profile.first().zip(profile.last()) else { return };
        // The ends are closed by rings of their own at the axis.
        for [x, radius] in [[first[0], 0.0]].iter().chain(profile).chain(&[[last[0], 0.0]]) {
            rings.push(self.vertices.len() as u32);
            for side in 0..SIDES {
                let (sin, cos) = (f64::from(side) / f64::from(SIDES) * std::f64::consts::TAU).sin_cos();
                self.add(DVec3::new(*x, radius * cos, radius * sin));
            }
        }
        for pair in rings.windows(2) {
            for side in 0..SIDES {
                let next = (side + 1) % SIDES;
                let [a, b, c, d] = [pair[0] + side, pair[0] + next, pair[1] + side, pair[1] + next];
                // Of a ring on the axis all corners are one point.
                for triangle in [[a, b, c], [b, d, c]] {
                    let [p, q, r] = triangle.map(|v| self.vertices[v as usize]);
                    if p != q && q != r && r != p {
                        self.triangles.push(triangle);
                    }
                }
            }
        }
    }

    fn cuboid(&mut self, low: DVec3, high: DVec3) {
        // A face at a time, so that its corners have its own normal.
        for axis in 0..3 {
            for (end, outwards) in [(low, false), (high, true)] {
                let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
                let corner = |a: f64, b: f64| {
                    let mut at = end;
                    (at[u], at[v]) = (a, b);
                    at
                };
                let corners = [
                    corner(low[u], low[v]),
                    corner(high[u], low[v]),
                    corner(high[u], high[v]),
                    corner(low[u], high[v]),
                ];
                let [a, b, c, d] = corners.map(|at| self.add(at));
                let turn = |[p, q, r]: [u32; 3]| if outwards { [p, q, r] } else { [p, r, q] };
                self.triangles.extend([turn([a, b, c]), turn([a, c, d])]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Library;
    use fabrica_geometry::Mm;

    fn volume(mesh: &Mesh) -> f64 {
        let at = |v: u32| DVec3::from_array(mesh.vertices()[v as usize].map(f64::from));
        mesh.triangles().iter().map(|t| at(t[0]).dot(at(t[1]).cross(at(t[2]))) / 6.0).sum()
    }

    #[test]
    fn meshes_are_closed_face_outwards_and_have_the_parts_size() -> Result<(), Box<dyn std::error::Error>> {
        // A rod of 4 mm and 100 mm: a prism of 32 sides has 16 sin(2π/32) r² h.
        let rod = Instrument::rod("rod", Mm(4.0), Mm(100.0))?.mesh()?;
        let prism = 16.0 * (std::f64::consts::TAU / 32.0).sin() * 4.0 * 100.0;
        assert!((volume(&rod) / prism - 1.0).abs() < 1e-5, "{} {prism}", volume(&rod));
        for instrument in Library::built_in()?.instruments() {
            let mesh = instrument.mesh()?;
            assert!(volume(&mesh) > 0.0, "{}", instrument.name);
            let (low, high) = mesh.bounds().ok_or("empty")?;
            assert!(low.0.x > -1e-3 && (high.0.x - instrument.length().0).abs() < 1e-3, "{}", instrument.name);
        }
        Ok(())
    }
}
