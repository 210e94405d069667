//! Marching through the cells of a mask, 64 at a time.
//!
//! As in flying edges (Schroeder, Maynard and Geveci 2015) a first pass over the rows counts, sums tell each row where
//! its vertices and triangles go, and a second pass writes them there, slices in parallel. Rows of bits stand for the
//! samples, so that only cells which the surface crosses cost anything. Around the grid lies an outside that is never
//! stored: the surface of whatever touches the grid's end closes there.
//!
//! Cell (i, j, k) has its corners at voxels i-1 and i, j-1 and j, k-1 and k. Row (j, k) of cells owns the edges along x
//! of voxel row (j, k), along y to it from row (j-1, k), and along z from row (j, k-1).

use fabrica_progress::Progress;
use fabrica_volume::Mask;
use rayon::prelude::*;

use super::cases;
use super::cases::Cases;
use super::place::Place;
use crate::{Mesh, SurfaceError};

/// The four voxel rows around a row of cells, at (j-1, k-1), (j, k-1), (j-1, k), (j, k); empty beyond the grid.
struct Rows<'a>([&'a [u64]; 4]);

impl<'a> Rows<'a> {
    fn around(mask: &'a Mask, j: usize, k: usize) -> Self {
        let [_, ny, nz] = mask.grid().dims();
        let row = |j: usize, k: usize| if j < ny && k < nz { mask.row(j, k) } else { &[] };
        // Below 0 wraps to far beyond the grid.
        let (before, below) = (j.wrapping_sub(1), k.wrapping_sub(1));
        Self([row(before, below), row(j, below), row(before, k), row(j, k)])
    }

    fn all_empty(&self) -> bool {
        self.0.iter().all(|row| row.iter().all(|&w| w == 0))
    }

    /// Word `at` of each: the voxels at the high-x corners of 64 cells.
    #[inline(always)]
    fn words(&self, at: usize) -> [u64; 4] {
        self.0.map(|row| row.get(at).copied().unwrap_or(0))
    }
}

/// 64 cells of a row.
struct Cells {
    /// The voxels at the corners with low and with high x.
    low: [u64; 4],
    high: [u64; 4],
}

impl Cells {
    #[inline(always)]
    fn new(high: [u64; 4], before: [u64; 4]) -> Self {
        Self { low: std::array::from_fn(|r| high[r] << 1 | before[r] >> 63), high }
    }

    /// The cells whose corners are not all alike.
    #[inline(always)]
    fn crossed(&self) -> u64 {
        let any = self.low.iter().chain(&self.high).fold(0, |a, w| a | w);
        let all = self.low.iter().chain(&self.high).fold(u64::MAX, |a, w| a & w);
        any & !all
    }

    #[inline(always)]
    fn case(&self, cell: u32) -> u8 {
        (0..4).fold(0, |case, r| {
            case | ((self.low[r] >> cell & 1) << (2 * r) | (self.high[r] >> cell & 1) << (2 * r + 1)) as u8
        })
    }

    /// The crossed edges that the row owns, along x, y and z.
    #[inline(always)]
    fn owned(&self) -> [u64; 3] {
        let [_, below, before, here] = self.high;
        [here ^ self.low[3], here ^ before, here ^ below]
    }
}

/// Calls `visit(word, cells)` for each 64 cells of a row that may be crossed.
#[inline(always)]
fn for_each_word(rows: &Rows<'_>, count: usize, mut visit: impl FnMut(usize, &Cells)) {
    let mut before = [0; 4];
    for at in 0..count {
        let high = rows.words(at);
        let cells = Cells::new(high, before);
        if cells.crossed() != 0 {
            visit(at, &cells);
        }
        before = high;
    }
}

#[inline(always)]
fn for_each_bit(mut bits: u64, mut visit: impl FnMut(u32)) {
    while bits != 0 {
        visit(bits.trailing_zeros());
        bits &= bits - 1;
    }
}

/// What a row of cells makes: vertices on its edges along x, y, z, and triangles.
#[derive(Clone, Copy, Default)]
struct RowCounts {
    vertices: [u32; 3],
    triangles: u32,
}

/// The surface of a mask, with its crossings placed by `place`.
pub(super) fn march(mask: &Mask, place: &impl Place, progress: &Progress) -> Result<Mesh, SurfaceError> {
    let grid = mask.grid();
    let [nx, ny, nz] = grid.dims();
    let table = cases::cases(grid.is_right_handed());
    let row_words = nx / 64 + 1;

    let mut counts = vec![RowCounts::default(); (ny + 1) * (nz + 1)];
    counts.par_chunks_mut(ny + 1).enumerate().try_for_each(|(k, layer)| {
        progress.check()?;
        for (j, row) in layer.iter_mut().enumerate() {
            *row = count_row(&Rows::around(mask, j, k), row_words, table);
        }
        Ok::<_, SurfaceError>(())
    })?;

    // Turns each row's numbers of vertices into the index of its first along each axis.
    let mut vertex_count = 0u64;
    let mut triangle_count = 0u64;
    let mut layers = Vec::with_capacity(nz + 1);
    for layer in counts.chunks_mut(ny + 1) {
        let before = (vertex_count, triangle_count);
        for row in layer {
            for n in &mut row.vertices {
                let here = *n;
                *n = vertex_count as u32;
                vertex_count += u64::from(here);
            }
            triangle_count += u64::from(row.triangles);
        }
        layers.push(((vertex_count - before.0) as usize, (triangle_count - before.1) as usize));
    }
    Mesh::check_size(vertex_count.max(triangle_count))?;

    let mut vertices = vec![[0f32; 3]; vertex_count as usize];
    let mut triangles = vec![[0u32; 3]; triangle_count as usize];
    let mut tasks = Vec::with_capacity(nz + 1);
    let (mut vertices_left, mut triangles_left) = (&mut vertices[..], &mut triangles[..]);
    for (k, (n_vertices, n_triangles)) in layers.into_iter().enumerate() {
        let (vertex_part, triangle_part);
        (vertex_part, vertices_left) = vertices_left.split_at_mut(n_vertices);
        (triangle_part, triangles_left) = triangles_left.split_at_mut(n_triangles);
        tasks.push((k, vertex_part, triangle_part));
    }
    let positions = Positions::new(mask, place);
    tasks.into_par_iter().try_for_each(|(k, vertices, triangles)| {
        progress.check()?;
        let mut vertices = vertices.iter_mut();
        let mut triangles = triangles.iter_mut();
        for j in 0..=ny {
            let rows = Rows::around(mask, j, k);
            if rows.all_empty() {
                continue;
            }
            positions.write_row(&rows, row_words, j, k, &mut vertices);
            let mut next = FirstVertices::of_row(&counts, ny, j, k);
            for_each_word(&rows, row_words, |_, cells| {
                for_each_bit(cells.crossed(), |cell| {
                    let case = cells.case(cell);
                    let ids = next.take(case);
                    for (triangle, to) in table.triangles(case).iter().zip(&mut triangles) {
                        *to = triangle.map(|edge| ids[usize::from(edge)]);
                    }
                });
            });
        }
        Ok::<_, SurfaceError>(())
    })?;
    Ok(Mesh::from_parts(vertices, triangles))
}

fn count_row(rows: &Rows<'_>, row_words: usize, table: &Cases) -> RowCounts {
    let mut counts = RowCounts::default();
    for_each_word(rows, row_words, |_, cells| {
        for (count, edges) in counts.vertices.iter_mut().zip(cells.owned()) {
            *count += edges.count_ones();
        }
        for_each_bit(cells.crossed(), |cell| counts.triangles += table.triangles(cells.case(cell)).len() as u32);
    });
    counts
}

/// The next vertex on each of the rows of edges around a row of cells, while walking along it.
struct FirstVertices {
    /// Along x, at (j-1, k-1), (j, k-1), (j-1, k), (j, k).
    x: [u32; 4],
    /// Along y, at k-1 and k.
    y: [u32; 2],
    /// Along z, at j-1 and j.
    z: [u32; 2],
}

impl FirstVertices {
    fn of_row(counts: &[RowCounts], ny: usize, j: usize, k: usize) -> Self {
        // Rows before the first have no vertex; what stands for them is never used.
        let row =
            |j: usize, k: usize| counts.get(j.wrapping_add(k.wrapping_mul(ny + 1))).map_or([0; 3], |c| c.vertices);
        let (before, below) = (j.wrapping_sub(1), k.wrapping_sub(1));
        let (here, under, front, diagonal) = (row(j, k), row(j, below), row(before, k), row(before, below));
        Self { x: [diagonal[0], under[0], front[0], here[0]], y: [under[1], here[1]], z: [front[2], here[2]] }
    }

    /// The vertices on the twelve edges of the next crossed cell; those of edges that are not crossed mean nothing.
    ///
    /// Every vertex on these rows belongs to a crossed cell, so counting along the row finds each: edges at the cell's
    /// low x are the last counted, those at its high x the next.
    #[inline(always)]
    fn take(&mut self, case: u8) -> [u32; 12] {
        let crossed = |a: u32, b: u32| u32::from((case >> a ^ case >> b) & 1);
        let [x0, x1, x2, x3] = self.x;
        let [y0, y1] = self.y;
        let [z0, z1] = self.z;
        self.x = [x0 + crossed(0, 1), x1 + crossed(2, 3), x2 + crossed(4, 5), x3 + crossed(6, 7)];
        self.y = [y0 + crossed(1, 3), y1 + crossed(5, 7)];
        self.z = [z0 + crossed(1, 5), z1 + crossed(3, 7)];
        let last = |n: u32| n.wrapping_sub(1);
        [x0, x1, x2, x3, last(y0), y0, last(y1), y1, last(z0), z0, last(z1), z1]
    }
}

/// Where a row of voxels begins.
struct RowPlace {
    index: usize,
    origin: glam::DVec3,
}

/// Puts vertices at their places in the patient.
struct Positions<'a, P> {
    mask: &'a Mask,
    place: &'a P,
    origin: glam::DVec3,
    steps: [glam::DVec3; 3],
}

impl<'a, P: Place> Positions<'a, P> {
    fn new(mask: &'a Mask, place: &'a P) -> Self {
        let affine = mask.grid().voxel_to_patient();
        let m = affine.matrix3;
        Self { mask, place, origin: affine.translation, steps: [m.x_axis, m.y_axis, m.z_axis] }
    }

    /// Writes the vertices on the edges that row (j, k) owns: those along x, then y, then z.
    fn write_row(
        &self,
        rows: &Rows<'_>,
        row_words: usize,
        j: usize,
        k: usize,
        vertices: &mut std::slice::IterMut<'_, [f32; 3]>,
    ) {
        let row = self.row(j, k);
        for axis in 0..3 {
            for_each_word(rows, row_words, |word, cells| {
                let here = cells.high[3];
                for_each_bit(cells.owned()[axis], |bit| {
                    let i = word * 64 + bit as usize;
                    let p = self.vertex(&row, axis, [i, j, k], here >> bit & 1 == 1);
                    if let Some(to) = vertices.next() {
                        *to = p;
                    }
                });
            });
        }
    }

    /// What all vertices of a row share.
    fn row(&self, j: usize, k: usize) -> RowPlace {
        let dims = self.mask.grid().dims();
        RowPlace {
            index: j * dims[0] + k * dims[0] * dims[1],
            origin: self.origin + self.steps[1] * j as f64 + self.steps[2] * k as f64,
        }
    }

    /// The vertex on the edge along `axis` that ends at voxel (i, j, k) of that row; `inside` says whether that voxel
    /// belongs.
    #[inline(always)]
    fn vertex(&self, row: &RowPlace, axis: usize, [i, j, k]: [usize; 3], inside: bool) -> [f32; 3] {
        let dims = self.mask.grid().dims();
        let at = [i, j, k][axis];
        // How far along the edge from the lower voxel; half way to the outside around the grid.
        let along = if at == 0 || at == dims[axis] {
            0.5
        } else {
            let high = row.index + i;
            let low = high - [1, dims[0], dims[0] * dims[1]][axis];
            if inside { 1.0 - self.place.fraction(high, low) } else { self.place.fraction(low, high) }
        };
        let p = row.origin + self.steps[0] * i as f64 + self.steps[axis] * (along - 1.0);
        p.as_vec3().to_array()
    }
}

/// The part of [`march`]'s mesh that lies in the cells from `low` up to, not including, `high`: the same triangles at the
/// same places, in the same order, with vertices of its own.
pub(super) fn march_part(mask: &Mask, place: &impl Place, low: [usize; 3], high: [usize; 3]) -> Mesh {
    let table = cases::cases(mask.grid().is_right_handed());
    let positions = Positions::new(mask, place);
    let mut vertices = Vec::new();
    let mut triangles = Vec::new();
    // The vertex on each edge, by axis and the voxel that the edge ends at, counted from one voxel before the cells.
    let size: [usize; 3] = std::array::from_fn(|a| high[a] - low[a] + 1);
    let mut known = vec![u32::MAX; 3 * size.iter().product::<usize>()];
    for k in low[2]..high[2] {
        for j in low[1]..high[1] {
            let rows = Rows::around(mask, j, k);
            for at in low[0] / 64..high[0].div_ceil(64) {
                let before = if at == 0 { [0; 4] } else { rows.words(at - 1) };
                let cells = Cells::new(rows.words(at), before);
                let first = low[0].saturating_sub(at * 64).min(63);
                let end = (high[0] - at * 64).min(64);
                let within = (u64::MAX << first) & (u64::MAX >> (64 - end));
                for_each_bit(cells.crossed() & within, |bit| {
                    let i = at * 64 + bit as usize;
                    let case = cells.case(bit);
                    for edges in table.triangles(case) {
                        triangles.push(edges.map(|edge| {
                            let (axis, upper) = end_of(edge.into());
                            // The edge's upper voxel; corner bits say where in the cell it is.
                            let cell = [i, j, k];
                            let step: [usize; 3] = std::array::from_fn(|a| upper >> a & 1);
                            let slot: [usize; 3] = std::array::from_fn(|a| cell[a] + step[a] - low[a]);
                            let known = &mut known[axis + 3 * (slot[0] + size[0] * (slot[1] + size[1] * slot[2]))];
                            if *known == u32::MAX {
                                *known = vertices.len() as u32;
                                // Crossed edges end within the grid or one beyond, never before it.
                                let voxel: [usize; 3] = std::array::from_fn(|a| (cell[a] + step[a]).saturating_sub(1));
                                let row = positions.row(voxel[1], voxel[2]);
                                vertices.push(positions.vertex(&row, axis, voxel, case >> upper & 1 == 1));
                            }
                            *known
                        }));
                    }
                });
            }
        }
    }
    Mesh::from_parts(vertices, triangles)
}

/// The axis that an edge of a cell runs along and its upper corner.
fn end_of(edge: usize) -> (usize, usize) {
    let (a, b) = (edge & 1, edge >> 1 & 1);
    match edge / 4 {
        0 => (0, 1 | a << 1 | b << 2),
        1 => (1, 2 | a | b << 2),
        _ => (2, 4 | a | b << 1),
    }
}
