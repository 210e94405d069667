//! The skeleton of a mask: voxel paths along its middle.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use fabrica_geometry::{Grid, LpsPoint, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_segment::{Connectivity, largest_islands, signed_distance};
use fabrica_volume::Mask;
use glam::DVec3;

use crate::{Border, MeasureError};

/// Branches, at most.
const MOST: usize = 200;
/// Voxels between two looks at whether the user has cancelled.
const PIECE: usize = 1 << 14;

/// Paths along the middle of a structure, the main one first.
pub(super) struct Skeleton {
    pub paths: Vec<Path>,
    pub left_out: f64,
}

/// A path of voxels, from its start (on its parent) to its tip.
pub(super) struct Path {
    pub parent: Option<usize>,
    pub points: Vec<LpsPoint>,
    /// Distance to the border at each point, mm.
    pub radii: Vec<f64>,
}

/// A voxel and what the way to it costs; the cheapest comes first out of a heap.
#[derive(PartialEq)]
struct Step(f64, u32);

impl Eq for Step {}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

struct Voxels<'a> {
    grid: &'a Grid,
    inside: &'a Mask,
    /// Distance to the border, mm; 0 outside.
    depth: &'a [f32],
    /// The 26 neighbours: offset along each axis and length, mm.
    neighbours: Vec<([i64; 3], f64)>,
}

impl Voxels<'_> {
    fn point(&self, voxel: u32) -> LpsPoint {
        let [i, j, k] = self.grid.position(voxel as usize);
        self.grid.to_patient(VoxelPoint::new(i as f64, j as f64, k as f64))
    }

    /// The neighbours within the structure, with the length of the step.
    fn around(&self, voxel: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let at = self.grid.position(voxel as usize).map(|n| n as i64);
        self.neighbours.iter().filter_map(move |(offset, length)| {
            let to: [i64; 3] = std::array::from_fn(|a| at[a] + offset[a]);
            // The block has a margin: nothing inside lies at its end.
            let to = to.map(|n| n as usize);
            self.inside.get(to).then(|| (self.grid.index(to[0], to[1], to[2]) as u32, *length))
        })
    }

    /// The least cost from a voxel to all others, and the one before each on the way.
    fn ways(
        &self,
        from: u32,
        cost: impl Fn(u32, f64) -> f64,
        progress: &Progress,
    ) -> Result<(Vec<f64>, Vec<u32>), MeasureError> {
        let mut costs = vec![f64::INFINITY; self.grid.len()];
        let mut before = vec![u32::MAX; self.grid.len()];
        let mut heap = BinaryHeap::from([Step(0.0, from)]);
        costs[from as usize] = 0.0;
        let mut count = 0;
        while let Some(Step(so_far, voxel)) = heap.pop() {
            if so_far > costs[voxel as usize] {
                continue;
            }
            count += 1;
            if count % PIECE == 0 {
                progress.check()?;
            }
            for (to, length) in self.around(voxel) {
                let all = so_far + cost(to, length);
                if all < costs[to as usize] {
                    costs[to as usize] = all;
                    before[to as usize] = voxel;
                    heap.push(Step(all, to));
                }
            }
        }
        Ok((costs, before))
    }
}

fn farthest(lengths: &[f64], free: impl Fn(u32) -> bool) -> Option<u32> {
    let reached = (0u32..).zip(lengths).filter(|(v, l)| l.is_finite() && free(*v));
    reached.max_by(|a, b| a.1.total_cmp(b.1)).map(|(voxel, _)| voxel)
}

pub(super) fn skeleton(border: &Border, from: Option<LpsPoint>, progress: &Progress) -> Result<Skeleton, MeasureError> {
    let all = border.field().inside();
    let inside = largest_islands(all, 1, Connectivity::TwentySix, progress)?;
    let left_out = 1.0 - inside.count() as f64 / all.count().max(1) as f64;
    let grid = inside.grid().clone();
    let depth: Vec<f32> = signed_distance(&inside, progress)?.into_iter().map(|d| (-d).max(0.0)).collect();
    let spacing = grid.spacing();
    let offsets = (0..27i64).map(|n| [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1]).filter(|o| *o != [0; 3]);
    let neighbours = offsets
        .map(|o| (o, DVec3::new(o[0] as f64 * spacing[0], o[1] as f64 * spacing[1], o[2] as f64 * spacing[2]).length()))
        .collect();
    let voxels = Voxels { grid: &grid, inside: &inside, depth: &depth, neighbours };

    let deepest = (0u32..).zip(&depth).max_by(|a, b| a.1.total_cmp(b.1)).map(|(voxel, _)| voxel);
    let nothing = || MeasureError::Empty(border.name().into());
    let deepest = deepest.ok_or_else(nothing)?;
    let length = |_: u32, length: f64| length;
    let (lengths, _) = voxels.ways(deepest, length, progress)?;
    let one_end = farthest(&lengths, |_| true).ok_or_else(nothing)?;
    let (lengths, _) = voxels.ways(one_end, length, progress)?;
    let other_end = farthest(&lengths, |_| true).ok_or_else(nothing)?;
    let [start, _] = start_and_end(&voxels, [one_end, other_end], from, progress)?;
    let lengths = if start == one_end { lengths } else { voxels.ways(start, length, progress)?.0 };

    let finest = grid.finest_spacing().0;
    let toll = |to: u32, length: f64| length / (f64::from(depth[to as usize]) / finest).max(0.5).powi(4);
    let (_, before) = voxels.ways(start, toll, progress)?;
    let mut covered = Mask::empty(grid.clone());
    let mut owner: Vec<u16> = vec![u16::MAX; grid.len()];
    let mut paths: Vec<Path> = Vec::new();
    for _ in 0..MOST {
        progress.check()?;
        let free = |v: u32| !covered.get(grid.position(v as usize));
        let Some(tip) = farthest(&lengths, free) else { break };
        // Back from the tip to what is there already.
        let mut way = vec![tip];
        let mut at = tip;
        while owner[at as usize] == u16::MAX && before[at as usize] != u32::MAX {
            at = before[at as usize];
            way.push(at);
        }
        let parent = Some(usize::from(owner[at as usize])).filter(|&o| o < paths.len());
        way.reverse();
        let outside = way.iter().position(|&v| free(v)).unwrap_or(0);
        let deep = |v: &u32| f64::from(depth[*v as usize]);
        let beyond = &way[outside..];
        let mean_radius = beyond.iter().map(deep).sum::<f64>() / beyond.len().max(1) as f64;
        let reach: f64 = beyond.windows(2).map(|p| voxels.point(p[0]).distance(voxels.point(p[1])).0).sum();
        let kept = parent.is_none() || reach >= (2.0 * mean_radius).max(3.0 * finest);
        cover(&mut covered, &voxels, &way);
        if kept {
            let number = paths.len() as u16;
            for &v in &way {
                if owner[v as usize] == u16::MAX {
                    owner[v as usize] = number;
                }
            }
            paths.push(Path {
                parent,
                points: way.iter().map(|&v| voxels.point(v)).collect(),
                radii: way.iter().map(deep).collect(),
            });
        }
    }
    paths.iter_mut().for_each(trim);
    Ok(Skeleton { paths, left_out })
}

/// Which end is the start: the nearer to `from`, or the wider.
fn start_and_end(
    voxels: &Voxels<'_>,
    ends: [u32; 2],
    from: Option<LpsPoint>,
    progress: &Progress,
) -> Result<[u32; 2], MeasureError> {
    let [a, b] = ends;
    let first = if let Some(from) = from {
        voxels.point(a).distance(from) <= voxels.point(b).distance(from)
    } else {
        // The mean depth of the fifth of the way at each end.
        let toll = |to: u32, length: f64| length / f64::from(voxels.depth[to as usize]).max(1e-3).powi(4);
        let (_, before) = voxels.ways(a, toll, progress)?;
        let mut way = vec![b];
        while let Some(&last) = way.last()
            && before[last as usize] != u32::MAX
        {
            way.push(before[last as usize]);
        }
        let fifth = (way.len() / 5).max(1);
        let depth = |part: &[u32]| part.iter().map(|&v| f64::from(voxels.depth[v as usize])).sum::<f64>();
        depth(&way[way.len() - fifth..]) >= depth(&way[..fifth])
    };
    Ok(if first { [a, b] } else { [b, a] })
}

/// Covers what lies within 1.3 times its depth and two voxels of a way.
fn cover(covered: &mut Mask, voxels: &Voxels<'_>, way: &[u32]) {
    let spacing = voxels.grid.spacing();
    for &voxel in way {
        let at = voxels.grid.position(voxel as usize);
        let radius = 1.3 * f64::from(voxels.depth[voxel as usize]) + 2.0 * voxels.grid.finest_spacing().0;
        let reach: [i64; 3] = std::array::from_fn(|a| (radius / spacing[a]) as i64);
        for dk in -reach[2]..=reach[2] {
            for dj in -reach[1]..=reach[1] {
                let across = (dk as f64 * spacing[2]).powi(2) + (dj as f64 * spacing[1]).powi(2);
                let left = radius * radius - across;
                if left < 0.0 {
                    continue;
                }
                let di = (left.sqrt() / spacing[0]) as i64;
                for i in at[0] as i64 - di..=at[0] as i64 + di {
                    // Below 0 wraps to far beyond the grid, where nothing is set.
                    covered.set([i as usize, (at[1] as i64 + dj) as usize, (at[2] as i64 + dk) as usize], true);
                }
            }
        }
    }
}

/// Cuts the ends off that run from the middle into a corner: from where the ball in the vessel reaches the tip.
fn trim(path: &mut Path) {
    let cut = |points: &[LpsPoint], radii: &[f64]| {
        let mut way = 0.0;
        for n in 1..points.len() {
            way += points[n].distance(points[n - 1]).0;
            if way >= radii[n] {
                return n;
            }
        }
        0
    };
    path.points.reverse();
    path.radii.reverse();
    let end = cut(&path.points, &path.radii);
    path.points.drain(..end);
    path.radii.drain(..end);
    path.points.reverse();
    path.radii.reverse();
    // A branch begins in the middle of its parent.
    if path.parent.is_none() {
        let start = cut(&path.points, &path.radii);
        path.points.drain(..start);
        path.radii.drain(..start);
    }
}
