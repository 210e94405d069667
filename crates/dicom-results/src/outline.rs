//! The outlines of a slice's pixels, as polygons that enclose them exactly.

use std::collections::HashMap;

/// A corner of pixels: pixel (i, j) lies between corner (i, j) and corner (i + 1, j + 1).
pub(crate) type Corner = [i32; 2];

/// The outlines of the pixels for which `inside` holds, one for each part that is connected by edges. Holes are joined to
/// what lies left of them by a channel without width (the keyhole technique, PS3.3 C.8.8.6.3). Corners follow one another
/// with the pixels at the right hand, where columns go right and rows go down.
///
/// An outline encloses just its pixels: its area is their number, and every pixel's centre lies half a pixel or more from
/// it. A single pixel at (2, 1) gives the corners (2, 1), (3, 1), (3, 2), (2, 2).
pub(crate) fn outlines([columns, rows]: [usize; 2], inside: impl Fn(usize, usize) -> bool) -> Vec<Vec<Corner>> {
    let holds = |i: i32, j: i32| {
        usize::try_from(i).is_ok_and(|i| i < columns && usize::try_from(j).is_ok_and(|j| j < rows && inside(i, j)))
    };
    let mut loops = loops(columns as i32, rows as i32, &holds);
    // Those that go round pixels have a positive area, those that go round holes a negative one.
    let mut holes: Vec<(Corner, usize)> = Vec::new();
    for (n, corners) in loops.iter_mut().enumerate() {
        if twice_the_area(corners) < 0 {
            // The highest corner, of these the leftmost: left of it, above and below, are pixels that belong.
            let first = corners.iter().enumerate().min_by_key(|(_, [x, y])| (*y, *x)).map_or(0, |(at, _)| at);
            corners.rotate_left(first);
            holes.extend(corners.first().map(|corner| (*corner, n)));
        }
    }
    let mut of_corner: HashMap<Corner, (usize, usize)> = HashMap::new();
    if !holes.is_empty() {
        for (n, corners) in loops.iter().enumerate() {
            of_corner.extend(corners.iter().enumerate().map(|(at, corner)| (*corner, (n, at))));
        }
    }
    // What a hole is joined to lies higher, or as high and farther left; so the lowest are joined first.
    holes.sort_unstable_by_key(|([x, y], _)| (*y, *x));
    let mut joined: Vec<Vec<(usize, Vec<Corner>)>> = vec![Vec::new(); loops.len()];
    for (start, n) in holes.iter().rev() {
        let met = (1..).map(|left| [start[0] - left, start[1]]).find_map(|at| of_corner.get(&at).copied());
        let Some((other, at)) = met.filter(|(other, _)| other != n) else { continue };
        let mut way = with_joined(&loops[*n], std::mem::take(&mut joined[*n]));
        way.push(*start);
        joined[other].push((at, way));
        loops[*n].clear();
    }
    let whole = loops.iter().zip(joined).map(|(corners, joined)| straightened(&with_joined(corners, joined)));
    whole.filter(|corners| corners.len() > 2).collect()
}

/// All closed ways along pixels' edges with pixels that belong at the right and others at the left, a corner a pixel's
/// edge. Pixels that touch only at a corner are not connected.
fn loops(columns: i32, rows: i32, holds: &impl Fn(i32, i32) -> bool) -> Vec<Vec<Corner>> {
    let mut edges: Vec<(Corner, Corner)> = Vec::new();
    for j in 0..rows {
        for i in (0..columns).filter(|&i| holds(i, j)) {
            let corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
            let beyond = [[i, j - 1], [i + 1, j], [i, j + 1], [i - 1, j]];
            for side in (0..4).filter(|&side: &usize| !holds(beyond[side][0], beyond[side][1])) {
                edges.push((corners[side], corners[(side + 1) % 4]));
            }
        }
    }
    edges.sort_unstable();
    let mut used = vec![false; edges.len()];
    let mut loops = Vec::new();
    for first in 0..edges.len() {
        if used[first] {
            continue;
        }
        let mut corners = Vec::new();
        let mut now = first;
        while !used[now] {
            used[now] = true;
            let (from, to) = edges[now];
            corners.push(from);
            // Where two pixels touch at a corner two edges leave it: the way turns right, round its own pixel.
            let right = [to[0] - (to[1] - from[1]), to[1] + (to[0] - from[0])];
            let start = edges.partition_point(|(corner, _)| *corner < to);
            let leaving = edges[start..].iter().take_while(|(corner, _)| *corner == to).count();
            let Some(next) = (start..start + leaving).min_by_key(|&n| edges[n].1 != right) else { break };
            now = next;
        }
        loops.push(corners);
    }
    loops
}

/// A loop with what is joined to it at its corners.
fn with_joined(corners: &[Corner], mut joined: Vec<(usize, Vec<Corner>)>) -> Vec<Corner> {
    joined.sort_by_key(|(at, _)| *at);
    let mut whole = Vec::with_capacity(corners.len());
    let mut joined = joined.into_iter().peekable();
    for (n, corner) in corners.iter().enumerate() {
        whole.push(*corner);
        while let Some((_, way)) = joined.next_if(|(at, _)| *at == n) {
            whole.extend(way);
            whole.push(*corner);
        }
    }
    whole
}

/// Without the corners at which it goes straight on.
fn straightened(corners: &[Corner]) -> Vec<Corner> {
    let count = corners.len();
    let along = |a: Corner, b: Corner| [(b[0] - a[0]).signum(), (b[1] - a[1]).signum()];
    let turns = |&n: &usize| {
        let (before, here, after) = (corners[(n + count - 1) % count], corners[n], corners[(n + 1) % count]);
        along(before, here) != along(here, after)
    };
    (0..count).filter(turns).map(|n| corners[n]).collect()
}

/// Positive for a way with what it encloses at the right hand.
fn twice_the_area(corners: &[Corner]) -> i64 {
    let next = corners.iter().cycle().skip(1);
    corners.iter().zip(next).map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1])).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(picture: &[&str]) -> Vec<Vec<Corner>> {
        let size = [picture[0].len(), picture.len()];
        outlines(size, |i, j| picture[j].as_bytes()[i] == b'#')
    }

    /// By the even-odd rule: edges right of the point.
    fn contains(outlines: &[Vec<Corner>], x: f64, y: f64) -> bool {
        let edges = outlines.iter().flat_map(|o| o.iter().zip(o.iter().cycle().skip(1)));
        let crosses = |(a, b): &(&Corner, &Corner)| {
            let [ay, by] = [a, b].map(|c| f64::from(c[1]));
            let at = f64::from(a[0]) + (y - ay) / (by - ay) * f64::from(b[0] - a[0]);
            (ay > y) != (by > y) && at > x
        };
        edges.filter(crosses).count() % 2 == 1
    }

    #[test]
    fn a_pixel_a_row_and_two_that_touch_at_a_corner() {
        assert_eq!(of(&["...", "..#"]), [[[2, 1], [3, 1], [3, 2], [2, 2]]]);
        assert_eq!(of(&["###"]), [[[0, 0], [3, 0], [3, 1], [0, 1]]]);
        assert_eq!(of(&["#.", ".#"]).len(), 2);
        assert!(of(&["..", ".."]).is_empty());
    }

    #[test]
    fn a_hole_is_joined_by_a_channel() {
        // From the corner (1, 1) of the hole to the left edge, round the hole, and back the same way.
        let ring = [[0, 0], [3, 0], [3, 3], [0, 3], [0, 1], [1, 1], [1, 2], [2, 2], [2, 1], [0, 1]];
        assert_eq!(of(&["###", "#.#", "###"]), [ring]);
        // An island in the hole is an outline of its own.
        assert_eq!(of(&["#####", "#...#", "#.#.#", "#...#", "#####"]).len(), 2);
    }

    proptest! {
        #[test]
        fn outlines_hold_just_their_pixels(width in 1usize..14, bits in prop::collection::vec(0u8..3, 1..150)) {
            let rows = bits.len().div_ceil(width);
            let inside = |i: usize, j: usize| bits.get(j * width + i).is_some_and(|b| *b > 0);
            let found = outlines([width, rows], inside);
            let count = (0..rows).flat_map(|j| (0..width).map(move |i| (i, j))).filter(|(i, j)| inside(*i, *j)).count();
            prop_assert_eq!(found.iter().map(|o| twice_the_area(o)).sum::<i64>(), 2 * count as i64);
            // One of each part, and no hole by itself.
            prop_assert!(found.iter().all(|o| twice_the_area(o) > 0));
            for j in 0..rows {
                for i in 0..width {
                    prop_assert_eq!(contains(&found, i as f64 + 0.5, j as f64 + 0.5), inside(i, j));
                }
            }
        }
    }
}
