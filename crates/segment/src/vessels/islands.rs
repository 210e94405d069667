//! What islands are like, and what lies around them.

use fabrica_geometry::Mm;
use fabrica_volume::Volume;

use crate::islands::Islands;

/// The mean value of each island.
pub(super) fn means(volume: &Volume, islands: &Islands) -> Vec<f64> {
    let mut sums = vec![0.0; islands.len()];
    islands.for_each_run(|island, start, end, j, k| {
        sums[island] += (start..end).filter_map(|i| volume.value([i, j, k])).sum::<f64>();
    });
    sums.iter().zip(islands.voxels()).map(|(sum, count)| sum / *count as f64).collect()
}

/// Most voxels of an island that are looked at, about.
const LOOKED_AT: u64 = 20_000;

/// For each island two shares of its surroundings: of the places `distance` from its surface in 26 directions that are
/// nowhere nearer to it than `nearest`, and for which `see` gives something, those for which it gives yes.
pub(super) fn shares(
    islands: &Islands,
    distance: Mm,
    nearest: Mm,
    see: impl Fn(usize, [usize; 3]) -> Option<[bool; 2]>,
) -> Vec<[f64; 2]> {
    let grid = islands.grid();
    let (dims, spacing) = (grid.dims(), grid.spacing());
    let rays = |distance: f64| -> Vec<[isize; 3]> {
        (0..27)
            .filter(|n| *n != 13)
            .map(|n| {
                let direction = [n % 3 - 1, n / 3 % 3 - 1, n / 9 - 1].map(|d: isize| d as f64);
                let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
                std::array::from_fn(|a| (direction[a] / length * distance / spacing[a]).round() as isize)
            })
            .collect()
    };
    let (steps, too_near) = (rays(distance.0), rays(nearest.0));
    let inside = |at: [usize; 3], step: [isize; 3]| {
        let moved: [usize; 3] = std::array::from_fn(|a| at[a].wrapping_add_signed(step[a]));
        (0..3).all(|a| moved[a] < dims[a]).then_some(moved)
    };
    const FACES: [[isize; 3]; 6] = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
    let mut counts = vec![(0u64, [0u64; 2]); islands.len()];
    islands.for_each_run(|island, start, end, j, k| {
        let stride = (islands.voxels()[island] / LOOKED_AT).max(1) as usize;
        for i in (start..end).filter(|i| (i + 7 * j + 13 * k).is_multiple_of(stride)) {
            let at = [i, j, k];
            let own = |step| inside(at, step).is_none_or(|to| islands.at(to) == Some(island));
            if FACES.into_iter().all(own) {
                continue;
            }
            for &step in &steps {
                let of_island = |place, step| inside(place, step).is_some_and(|to| islands.at(to) == Some(island));
                let Some(place) = inside(at, step).filter(|to| islands.at(*to) != Some(island)) else { continue };
                if too_near.iter().any(|&step| of_island(place, step)) {
                    continue;
                }
                let Some(seen) = see(island, place) else { continue };
                let (all, yes) = &mut counts[island];
                *all += 1;
                seen.iter().zip(yes).for_each(|(seen, yes)| *yes += u64::from(*seen));
            }
        }
    });
    counts.into_iter().map(|(all, yes)| yes.map(|yes| yes as f64 / all.max(1) as f64)).collect()
}
