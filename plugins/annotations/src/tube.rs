//! A line as a tube with a ball at each point.

use std::f32::consts::TAU;

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use fabrica_geometry::Mm;
use fabrica_scene::{Annotation, world};

/// Half the thickness of a line, and of the ball at a point.
const LINE: Mm = Mm(0.35);
const BALL: Mm = Mm(0.9);
/// Sides of a tube, and rings of a ball.
const SIDES: u32 = 8;
const RINGS: u32 = 6;

/// The tube of an annotation, in the patient's world.
pub fn mesh(annotation: &Annotation) -> Mesh {
    let (line, ball) = (world::length_to_world(LINE), world::length_to_world(BALL));
    let mut builder = Builder::default();
    for stretch in annotation.stretches() {
        builder.tube(stretch.map(world::point_to_world), line);
    }
    if annotation.dots {
        for &point in &annotation.points {
            builder.ball(world::point_to_world(point), ball);
        }
    }
    builder.mesh()
}

#[derive(Default)]
struct Builder {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    indices: Vec<u32>,
}

impl Builder {
    fn tube(&mut self, [from, to]: [Vec3; 2], radius: f32) {
        let Some(along) = (to - from).try_normalize() else { return };
        let across = along.any_orthonormal_vector();
        let first = self.positions.len() as u32;
        for side in 0..SIDES {
            let normal = Quat::from_axis_angle(along, TAU * side as f32 / SIDES as f32) * across;
            for end in [from, to] {
                self.positions.push(end + normal * radius);
                self.normals.push(normal);
            }
        }
        for side in 0..SIDES {
            let (a, b) = (first + 2 * side, first + 2 * ((side + 1) % SIDES));
            self.indices.extend([a, b, a + 1, b, b + 1, a + 1]);
        }
    }

    fn ball(&mut self, centre: Vec3, radius: f32) {
        let first = self.positions.len() as u32;
        for ring in 0..=RINGS {
            let (height, width) = (TAU / 2.0 * ring as f32 / RINGS as f32).sin_cos();
            for side in 0..=SIDES {
                let (s, c) = (TAU * side as f32 / SIDES as f32).sin_cos();
                let normal = Vec3::new(height * c, width, height * s);
                self.positions.push(centre + normal * radius);
                self.normals.push(normal);
            }
        }
        for ring in 0..RINGS {
            for side in 0..SIDES {
                let a = first + ring * (SIDES + 1) + side;
                let below = a + SIDES + 1;
                // At a pole the side towards it has no length, so one of the two triangles has no area.
                if ring > 0 {
                    self.indices.extend([a, a + 1, below]);
                }
                if ring + 1 < RINGS {
                    self.indices.extend([a + 1, below + 1, below]);
                }
            }
        }
    }

    fn mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triangles_face_outwards() {
        let mut builder = Builder::default();
        builder.tube([Vec3::ZERO, Vec3::Y], 0.1);
        builder.ball(Vec3::X, 0.2);
        for triangle in builder.indices.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|n| builder.positions[triangle[n] as usize]);
            let face = (b - a).cross(c - a);
            let outwards: Vec3 = triangle.iter().map(|&n| builder.normals[n as usize]).sum();
            assert!(face.dot(outwards) > 0.0, "{a} {b} {c}");
        }
    }

    #[test]
    fn a_line_without_length_is_a_dot() {
        let mut builder = Builder::default();
        builder.tube([Vec3::X, Vec3::X], 0.1);
        assert!(builder.positions.is_empty());
    }
}
