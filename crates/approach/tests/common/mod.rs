//! Analytic shapes as fine meshes.

#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs, and stops where it fails")]

use fabrica_surface::Mesh;
use glam::DVec3;

/// A ball of `bands` × 2 bands triangles, its vertices outside by as much as the triangles' middles are inside.
pub fn ball(centre: DVec3, radius: f64, bands: usize) -> Mesh {
    let turned = |n: usize| std::f64::consts::PI * n as f64 / bands as f64;
    let around = 2 * bands;
    let mut vertices = vec![(centre + DVec3::Z * radius).as_vec3().to_array()];
    for i in 1..bands {
        for j in 0..around {
            let (a, b) = (turned(i), turned(j));
            let p = DVec3::new(a.sin() * b.cos(), a.sin() * b.sin(), a.cos());
            vertices.push((centre + p * radius).as_vec3().to_array());
        }
    }
    vertices.push((centre - DVec3::Z * radius).as_vec3().to_array());
    let last = vertices.len() as u32 - 1;
    let at = |i: usize, j: usize| (1 + (i - 1) * around + j % around) as u32;
    let mut triangles = Vec::new();
    for j in 0..around {
        triangles.push([0, at(1, j), at(1, j + 1)]);
        triangles.push([last, at(bands - 1, j + 1), at(bands - 1, j)]);
        for i in 1..bands - 1 {
            triangles.push([at(i, j), at(i + 1, j), at(i + 1, j + 1)]);
            triangles.push([at(i, j), at(i + 1, j + 1), at(i, j + 1)]);
        }
    }
    Mesh::new(vertices, triangles).unwrap()
}

/// A box.
pub fn cuboid(low: DVec3, high: DVec3) -> Mesh {
    let corner = |n: usize| {
        let pick = |a: usize| if n >> a & 1 == 1 { high[a] } else { low[a] };
        [pick(0) as f32, pick(1) as f32, pick(2) as f32]
    };
    let vertices = (0..8).map(corner).collect();
    let triangles = [
        [0, 2, 1],
        [1, 2, 3],
        [4, 5, 6],
        [5, 7, 6],
        [0, 1, 4],
        [1, 5, 4],
        [2, 6, 3],
        [3, 6, 7],
        [0, 4, 2],
        [2, 4, 6],
        [1, 3, 5],
        [3, 7, 5],
    ];
    Mesh::new(vertices, triangles.to_vec()).unwrap()
}
