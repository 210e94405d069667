//! The borders between all labels, as one net of vertices and faces.
//!
//! Surface nets (Gibson, *Constrained elastic surface nets*, 1998): a vertex in each cell that a border passes through, and
//! a face around each pair of neighbouring voxels of different labels, with its corners in the cells around the pair. So
//! two labels share the very face between them. Cells in which a label would touch itself are taken apart (`cell.rs`);
//! a face beside one is a fan around the middle of its pair, so that it lies in the cells around it and crosses no other.

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use glam::DVec3;
use rayon::prelude::*;

use super::cell::{Order, Parted, is_simple};
use super::voxels::{Bits, Changes, Label, Ranked, Voxels, ones, word};
use crate::{Mesh, SurfaceError};

/// Vertices and faces, each with the labels behind it and in front of it.
#[derive(Default)]
pub(super) struct Net {
    pub(super) vertices: Vec<[f32; 3]>,
    pub(super) quads: Vec<[u32; 4]>,
    pub(super) quad_sides: Vec<[u16; 2]>,
    pub(super) fans: Vec<[u32; 3]>,
    pub(super) fan_sides: Vec<[u16; 2]>,
}

/// A pair of neighbouring voxels of different labels: `at` and the one before it along `axis`.
#[derive(Clone, Copy)]
struct Pair {
    axis: usize,
    at: [usize; 3],
}

/// The cells around a pair, counter-clockwise seen from its upper voxel: steps along the next axis and the one after.
const AROUND: [[usize; 2]; 4] = [[0, 0], [1, 0], [1, 1], [0, 1]];

impl Pair {
    fn cell(&self, [b, c]: [usize; 2]) -> [usize; 3] {
        let mut cell = self.at;
        cell[(self.axis + 1) % 3] += b;
        cell[(self.axis + 2) % 3] += c;
        cell
    }

    fn sides<L: Label>(&self, voxels: &Voxels<'_, L>) -> [u16; 2] {
        let mut before = self.at;
        before[self.axis] = before[self.axis].wrapping_sub(1);
        [voxels.at(before), voxels.at(self.at)]
    }
}

struct Maker<'a, L> {
    voxels: Voxels<'a, L>,
    changes: Changes,
    cells: Ranked,
    parted: Ranked,
    /// The cells that are taken apart, by their numbers in `parted`.
    apart: Vec<Parted>,
}

/// The net of all labels.
pub(super) fn net<L: Label>(grid: &Grid, labels: &[L], progress: &Progress) -> Result<Net, SurfaceError> {
    let voxels = Voxels { labels, dims: grid.dims() };
    let changes = Changes::new(&voxels);
    progress.check()?;
    let cells = Ranked::new(changes.cells(voxels.dims));
    let [nx, ny, nz] = voxels.dims;
    let parted = Ranked::new(Bits::from_rows(nx / 64 + 1, [ny + 1, nz + 1], |j, k, words| {
        for (at, (to, &cells)) in words.iter_mut().zip(cells.row(j, k)).enumerate() {
            for bit in ones(cells) {
                let simple = is_simple(&voxels.corners([at * 64 + bit, j, k]));
                *to |= u64::from(!simple) << bit;
            }
        }
    }));
    progress.check()?;
    let order = Order::new(counts(labels));
    let apart = parted.places().map(|at| Parted::new(at, voxels.corners(at), &order)).collect();
    Maker { voxels, changes, cells, parted, apart }.make(grid, progress)
}

/// How many voxels each label has.
fn counts<L: Label>(labels: &[L]) -> Vec<u64> {
    labels
        .par_chunks(1 << 20)
        .map(|piece| {
            let mut counts = Vec::new();
            // Runs of one label are long.
            for run in piece.chunk_by(|a, b| a == b) {
                let label = usize::from(run[0].number());
                if counts.len() <= label {
                    counts.resize(label + 1, 0);
                }
                counts[label] += run.len() as u64;
            }
            counts
        })
        .reduce(Vec::new, |mut a, mut b| {
            if a.len() < b.len() {
                std::mem::swap(&mut a, &mut b);
            }
            a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
            a
        })
}

impl<L: Label> Maker<'_, L> {
    fn make(mut self, grid: &Grid, progress: &Progress) -> Result<Net, SurfaceError> {
        let slices = self.faces(progress)?;
        let total = self.cells.count() as u64
            + self.apart.iter().map(|p| 8 + p.count() as u64).sum::<u64>()
            + slices.iter().map(|s| s.1.len() as u64).sum::<u64>();
        let triangles = 2 * slices.iter().map(|s| s.0.quads.len() as u64).sum::<u64>();
        Mesh::check_size(total.max(triangles))?;

        let mut vertices = self.simple_vertices(grid);
        let affine = grid.voxel_to_patient();
        let place = |p: DVec3| affine.transform_point3(p).as_vec3().to_array();
        let mut next = vertices.len() as u32;
        for parted in &mut self.apart {
            let first = self.cells.number(parted.at);
            parted.number(first, &mut next, |vertex, p| match vertices.get_mut(vertex as usize) {
                Some(to) => *to = place(p),
                None => vertices.push(place(p)),
            });
        }
        progress.check()?;

        let mut net = Net::default();
        let mut pairs = Vec::new();
        net.quads.reserve(slices.iter().map(|s| s.0.quads.len()).sum());
        net.quad_sides.reserve(net.quads.capacity());
        for (part, beside) in slices {
            net.quads.extend(part.quads);
            net.quad_sides.extend(part.quad_sides);
            pairs.extend(beside);
        }
        let mut fan = |hub: DVec3, ring: &[u32], sides: [u16; 2]| {
            let middle = vertices.len() as u32;
            vertices.push(place(hub));
            for n in 0..ring.len() {
                net.fans.push([middle, ring[n], ring[(n + 1) % ring.len()]]);
                net.fan_sides.push(sides);
            }
        };
        let mut ring = Vec::with_capacity(8);
        for pair in &pairs {
            self.around(pair, &mut ring);
            let mut hub = DVec3::from_array(pair.at.map(|n| n as f64));
            hub[pair.axis] -= 0.5;
            fan(hub, &ring, pair.sides(&self.voxels));
        }
        for parted in &self.apart {
            for (corner, hub, ring) in parted.spokes() {
                fan(hub, &ring, [parted.middle, parted.corners[corner]]);
            }
        }
        if !grid.is_right_handed() {
            net.quads.par_iter_mut().for_each(|q| q.swap(1, 3));
            net.fans.iter_mut().for_each(|t| t.swap(1, 2));
        }
        net.vertices = vertices;
        Ok(net)
    }

    /// The faces around all pairs, a part for each slice of cells; and the pairs beside a cell that is taken apart.
    fn faces(&self, progress: &Progress) -> Result<Vec<(Net, Vec<Pair>)>, SurfaceError> {
        let [_, ny, nz] = self.voxels.dims;
        (0..nz + 1)
            .into_par_iter()
            .map(|k| {
                progress.check()?;
                let mut part = Net::default();
                let mut beside = Vec::new();
                for j in 0..ny + 1 {
                    for axis in 0..3 {
                        let row = self.changes.along[axis].row(j, k);
                        for (at, &changes) in row.iter().enumerate().filter(|(_, w)| **w != 0) {
                            let parted = self.parted_beside(axis, at, j, k);
                            for bit in ones(changes) {
                                let pair = Pair { axis, at: [at * 64 + bit, j, k] };
                                if parted >> bit & 1 == 1 {
                                    beside.push(pair);
                                } else {
                                    part.quads.push(AROUND.map(|step| self.cells.number(pair.cell(step))));
                                    part.quad_sides.push(pair.sides(&self.voxels));
                                }
                            }
                        }
                    }
                }
                Ok((part, beside))
            })
            .collect()
    }

    /// Bits for the pairs of a word that lie beside a cell that is taken apart.
    fn parted_beside(&self, axis: usize, at: usize, j: usize, k: usize) -> u64 {
        if self.apart.is_empty() {
            return 0;
        }
        let row = |b: usize, c: usize| self.parted.row(j + b, k + c);
        match axis {
            0 => word(row(0, 0), at) | word(row(1, 0), at) | word(row(0, 1), at) | word(row(1, 1), at),
            _ => {
                let other = if axis == 1 { row(0, 1) } else { row(1, 0) };
                let of = |n: usize| word(row(0, 0), n) | word(other, n);
                of(at) | of(at) >> 1 | of(at + 1) << 63
            }
        }
    }

    /// A vertex in the middle of each cell, by their numbers.
    fn simple_vertices(&self, grid: &Grid) -> Vec<[f32; 3]> {
        let affine = grid.voxel_to_patient();
        let mut vertices = vec![[0.0; 3]; self.cells.count()];
        let [_, ny, nz] = self.voxels.dims;
        let mut rest = &mut vertices[..];
        let mut slices = Vec::with_capacity(nz + 1);
        for k in 0..nz + 1 {
            let count = (0..ny + 1).flat_map(|j| self.cells.row(j, k)).map(|w| w.count_ones() as usize).sum();
            let (slice, after) = std::mem::take(&mut rest).split_at_mut(count);
            slices.push(slice);
            rest = after;
        }
        slices.into_par_iter().enumerate().for_each(|(k, slice)| {
            let mut to = slice.iter_mut();
            for j in 0..ny + 1 {
                for (at, &word) in self.cells.row(j, k).iter().enumerate() {
                    for (bit, to) in ones(word).zip(&mut to) {
                        let voxel = DVec3::new((at * 64 + bit) as f64, j as f64, k as f64) - 0.5;
                        *to = affine.transform_point3(voxel).as_vec3().to_array();
                    }
                }
            }
        });
        vertices
    }

    /// The vertices around a pair.
    fn around(&self, pair: &Pair, ring: &mut Vec<u32>) {
        ring.clear();
        let (b, c) = ((pair.axis + 1) % 3, (pair.axis + 2) % 3);
        for (n, step) in AROUND.into_iter().enumerate() {
            let cell = pair.cell(step);
            if !self.parted.has(cell) {
                ring.push(self.cells.number(cell));
                continue;
            }
            let parted = &self.apart[self.parted.number(cell) as usize];
            // The pair runs along the cell's edge on the far side of the step.
            let (side_b, side_c) = (1 - step[0], 1 - step[1]);
            let low = side_b << b | side_c << c;
            let high = low | 1 << pair.axis;
            let mut faces = [2 * c + side_c, 2 * b + side_b];
            if n % 2 == 1 {
                faces.reverse();
            }
            ring.extend(faces.map(|face| parted.vertex(face, low, high)));
        }
    }
}
