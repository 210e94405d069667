//! A mesh being worked on.

use std::collections::HashMap;

use fabrica_surface::Mesh;
use glam::DVec3;

use crate::MeshError;
use crate::compare::places;
use crate::edges::is_proper;
use crate::exact::{Corners, is_flat};

/// Vertices and triangles while they change. Indices are right by construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    pub(crate) vertices: Vec<[f32; 3]>,
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Work {
    pub(crate) fn of(mesh: Mesh) -> Self {
        let (vertices, triangles) = mesh.into_parts();
        Self { vertices, triangles }
    }

    /// The mesh, without the vertices that no triangle uses.
    pub(crate) fn mesh(&self) -> Result<Mesh, MeshError> {
        let mut number = vec![u32::MAX; self.vertices.len()];
        let mut vertices = Vec::with_capacity(self.vertices.len());
        let mut triangles = self.triangles.clone();
        for v in triangles.iter_mut().flatten() {
            let to = &mut number[*v as usize];
            if *to == u32::MAX {
                *to = vertices.len() as u32;
                vertices.push(self.vertices[*v as usize]);
            }
            *v = *to;
        }
        Ok(Mesh::new(vertices, triangles)?)
    }

    pub(crate) fn at(&self, vertex: u32) -> DVec3 {
        let [x, y, z] = self.vertices[vertex as usize];
        DVec3::new(x.into(), y.into(), z.into())
    }

    pub(crate) fn corners(&self, triangle: u32) -> Corners {
        self.triangles[triangle as usize].map(|v| self.at(v))
    }

    /// Twice the area along the normal.
    pub(crate) fn area_vector(&self, triangle: u32) -> DVec3 {
        let [a, b, c] = self.corners(triangle);
        (b - a).cross(c - a)
    }

    pub(crate) fn area(&self, triangle: u32) -> f64 {
        self.area_vector(triangle).length() / 2.0
    }

    /// A triangle by the places of its corners.
    pub(crate) fn key(&self, triangle: u32) -> [[u32; 3]; 3] {
        places(&self.vertices, self.triangles[triangle as usize])
    }

    /// Keeps the triangles whose flag is set. Returns how many went.
    pub(crate) fn keep(&mut self, flags: &[bool]) -> usize {
        let before = self.triangles.len();
        let mut flag = flags.iter();
        self.triangles.retain(|_| flag.next().copied().unwrap_or(true));
        before - self.triangles.len()
    }

    /// Makes vertices at exactly one place one, and removes triangles that thereby name a vertex twice. Returns how many
    /// vertices went.
    pub(crate) fn weld(&mut self) -> usize {
        let mut seen: HashMap<[u32; 3], u32> = HashMap::with_capacity(self.vertices.len());
        let mut number = Vec::with_capacity(self.vertices.len());
        let mut vertices = Vec::with_capacity(self.vertices.len());
        for v in &self.vertices {
            // Adding zero makes the negative zero positive.
            let v = v.map(|c| c + 0.0);
            number.push(*seen.entry(v.map(f32::to_bits)).or_insert_with(|| {
                vertices.push(v);
                vertices.len() as u32 - 1
            }));
        }
        let gone = self.vertices.len() - vertices.len();
        self.vertices = vertices;
        self.triangles.iter_mut().flatten().for_each(|v| *v = number[*v as usize]);
        self.triangles.retain(|&t| is_proper(t));
        gone
    }

    /// Removes copies of triangles with the same three vertices. Of several copies one stays if the triangles beside
    /// them still need it: if the sides have an odd number of others. Returns how many went.
    pub(crate) fn remove_copies(&mut self) -> usize {
        let mut copies: HashMap<[u32; 3], Vec<u32>> = HashMap::with_capacity(self.triangles.len());
        let sorted = |mut t: [u32; 3]| {
            t.sort_unstable();
            t
        };
        for (n, &t) in self.triangles.iter().enumerate() {
            copies.entry(sorted(t)).or_default().push(n as u32);
        }
        copies.retain(|_, all| all.len() > 1);
        if copies.is_empty() {
            return 0;
        }
        let edges = crate::edges::Edges::new(&self.triangles);
        let mut keep = vec![true; self.triangles.len()];
        let mut groups: Vec<_> = copies.into_iter().collect();
        groups.sort_unstable();
        for ([a, b, c], all) in groups {
            // Sides whose other triangles ask for one more.
            let needs = |a, b| (edges.uses(a, b).len() - all.len()) % 2 == 1;
            let needing = usize::from(needs(a, b)) + usize::from(needs(b, c)) + usize::from(needs(c, a));
            let stays = usize::from(needing >= 2);
            for &n in &all[stays..] {
                keep[n as usize] = false;
            }
        }
        self.keep(&keep)
    }

    /// Takes triangles without area away by turning the side that they share with a neighbour. Returns how many.
    pub(crate) fn remove_flat(&mut self) -> usize {
        let mut changed = 0;
        for _ in 0..8 {
            let flat: Vec<u32> = (0..self.triangles.len() as u32).filter(|&t| is_flat(self.corners(t))).collect();
            if flat.is_empty() {
                break;
            }
            let edges = crate::edges::Edges::new(&self.triangles);
            let mut touched = vec![false; self.triangles.len()];
            let mut turned = 0;
            for t in flat {
                turned += usize::from(self.turn_side(t, &edges, &mut touched));
            }
            changed += turned;
            if turned == 0 {
                break;
            }
        }
        changed
    }

    /// Turns the longest side of a flat triangle: its middle vertex is joined with the corner across.
    fn turn_side(&mut self, triangle: u32, edges: &crate::edges::Edges, touched: &mut [bool]) -> bool {
        let t = self.triangles[triangle as usize];
        let length = |n: usize| self.at(t[n]).distance_squared(self.at(t[(n + 1) % 3]));
        let longest = (0..3).max_by(|&a, &b| length(a).total_cmp(&length(b))).unwrap_or(0);
        let (from, to, middle) = (t[longest], t[(longest + 1) % 3], t[(longest + 2) % 3]);
        let [one, two] = edges.uses(from, to) else { return false };
        let other = if one.triangle == triangle { two.triangle } else { one.triangle };
        if touched[triangle as usize] || touched[other as usize] || one.forward == two.forward {
            return false;
        }
        let across = self.triangles[other as usize].into_iter().find(|v| *v != from && *v != to);
        let Some(across) = across.filter(|&v| v != middle && edges.uses(middle, v).is_empty()) else { return false };
        self.triangles[triangle as usize] = [to, middle, across];
        self.triangles[other as usize] = [middle, from, across];
        // The sides of these are not those in `edges` any more.
        for &v in &[from, to] {
            for &w in &[middle, across] {
                for u in edges.uses(v, w) {
                    touched[u.triangle as usize] = true;
                }
            }
        }
        touched[triangle as usize] = true;
        touched[other as usize] = true;
        true
    }
}
