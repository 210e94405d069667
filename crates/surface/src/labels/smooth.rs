//! Smoothing all borders at once.
//!
//! Taubin's filter as for one surface (`crate::smooth`), on the net that all labels share, so that what moves moves for
//! both sides of a border. Where three or more labels meet, a vertex follows its neighbours along that line only: lines
//! are smoothed as lines and stay where they are. What volume labels still lose is given back by a pressure in each.

use fabrica_geometry::Grid;
use fabrica_progress::Progress;
use rayon::prelude::*;

use super::net::Net;
use crate::SurfaceError;
use crate::smooth::{Leash, SHRINK, Smoothing, vec3};

/// Vertices in one piece of parallel work.
const PIECE: usize = 1 << 13;

/// Moves the vertices of a net by the low-pass filter.
pub(super) fn filter(net: &mut Net, grid: &Grid, options: &Smoothing, progress: &Progress) -> Result<(), SurfaceError> {
    progress.stage("smoothing the surfaces");
    let neighbours = Neighbours::new(net);
    progress.check()?;
    let leash = Leash::new(grid, options.leash_voxels);
    let original = net.vertices.clone();
    let mut to = original.clone();
    let grow = 1.0 / (options.pass_band - 1.0 / SHRINK);
    for pass in 0..options.passes {
        for factor in [SHRINK as f32, grow as f32] {
            progress.check()?;
            let from = &net.vertices;
            to.par_chunks_mut(PIECE).enumerate().for_each(|(piece, to)| {
                for (offset, to) in to.iter_mut().enumerate() {
                    let vertex = piece * PIECE + offset;
                    let around = neighbours.of(vertex);
                    if around.is_empty() {
                        continue;
                    }
                    let here = vec3(from[vertex]);
                    let sum: glam::Vec3 = around.iter().map(|&n| vec3(from[n as usize])).sum();
                    let wanted = here + (sum / around.len() as f32 - here) * factor;
                    *to = leash.hold(vec3(original[vertex]), wanted).to_array();
                }
            });
            std::mem::swap(&mut net.vertices, &mut to);
        }
        progress.set(0.8 * (pass + 1) as f32 / options.passes as f32);
    }
    Ok(())
}

/// For each vertex those that it follows.
struct Neighbours {
    first: Vec<u32>,
    count: Vec<u8>,
    values: Vec<u32>,
}

impl Neighbours {
    fn new(net: &Net) -> Self {
        let mut first = vec![0u32; net.vertices.len() + 1];
        let corners = || net.quads.iter().flatten().chain(net.fans.iter().flatten());
        corners().for_each(|&v| first[v as usize] += 2);
        let mut sum = 0;
        for at in &mut first {
            sum += *at;
            *at = sum;
        }
        // Filled from each vertex's end, which leaves `first` at its beginning. Diagonals of quads are no neighbours.
        let mut values = vec![0u32; sum as usize];
        let mut add = |v: u32, a: u32, b: u32| {
            let at = &mut first[v as usize];
            *at -= 2;
            values[*at as usize] = a;
            values[*at as usize + 1] = b;
        };
        for &[a, b, c, d] in &net.quads {
            add(a, b, d);
            add(b, c, a);
            add(c, d, b);
            add(d, a, c);
        }
        for &[a, b, c] in &net.fans {
            add(a, b, c);
            add(b, c, a);
            add(c, a, b);
        }
        let mut rest = &mut values[..];
        let mut pieces = Vec::new();
        let mut count = vec![0u8; net.vertices.len()];
        for (piece, count) in count.chunks_mut(PIECE).enumerate() {
            let (from, to) = (piece * PIECE, piece * PIECE + count.len());
            let (values, after) = std::mem::take(&mut rest).split_at_mut((first[to] - first[from]) as usize);
            rest = after;
            pieces.push((&first[from..=to], count, values));
        }
        pieces.into_par_iter().for_each(|(first, count, values)| {
            for (n, count) in count.iter_mut().enumerate() {
                let range = (first[n] - first[0]) as usize..(first[n + 1] - first[0]) as usize;
                *count = followed(&mut values[range]);
            }
        });
        Self { first, count, values }
    }

    #[inline(always)]
    fn of(&self, vertex: usize) -> &[u32] {
        let from = self.first[vertex] as usize;
        &self.values[from..from + usize::from(self.count[vertex])]
    }
}

/// Puts those that a vertex follows first, from all its neighbours as its faces name them: twice where two faces share
/// the edge to it, more often where three labels or more meet. On such a line only neighbours along it count; where a
/// line ends or only touches, the vertex stays.
fn followed(around: &mut [u32]) -> u8 {
    around.sort_unstable();
    let times = |around: &[u32], from: usize| around[from..].iter().take_while(|n| **n == around[from]).count();
    let mut at = 0;
    let mut on_line = 0;
    while at < around.len() {
        let n = times(around, at);
        on_line += usize::from(n > 2);
        at += n;
    }
    if on_line == 1 {
        return 0;
    }
    let (mut at, mut kept) = (0, 0);
    while at < around.len() {
        let n = times(around, at);
        if on_line == 0 || n > 2 {
            around[kept] = around[at];
            kept += 1;
        }
        at += n;
    }
    kept as u8
}

#[cfg(test)]
mod tests {
    use super::followed;

    #[test]
    fn a_vertex_follows_its_neighbours_or_its_line() {
        let mut all = [5, 3, 5, 9, 3, 9];
        assert_eq!((followed(&mut all), &all[..3]), (3, &[3, 5, 9][..]));
        let mut line = [4, 4, 4, 1, 1, 8, 8, 8, 2, 2];
        assert_eq!((followed(&mut line), &line[..2]), (2, &[4, 8][..]));
        assert_eq!(followed(&mut [4, 4, 4, 1, 1]), 0);
    }
}
