//! Each tool against what can be computed by hand or by a slower way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BinaryHeap;

use common::{Memory, after, at, ball, brush, grid, hash, plain};
use fabrica_edit::{Growing, grow_preview, mask_volume};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, Mm3, PatientAxis};
use fabrica_plan::{
    Area, HollowSide, IslandChoice, Limits, Logic, Mode, Overwrite, Shape, Smoothing, Stroke, StrokePath, Tool,
    ValueRange, VolumeSide,
};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Samples, ValueUnit, Volume};
use glam::{DVec2, DVec3};
use proptest::prelude::*;

fn cut(shape: Shape, inside: bool, mode: Mode) -> Stroke {
    Stroke::new("a", Tool::Cut { shape, inside, mode })
}

#[test]
fn brush_and_eraser_cover_the_swept_ball_and_no_more() {
    let memory = Memory::new();
    let grid = grid();
    let points = [at(&grid, 10.0, 10.0, 5.0), at(&grid, 60.0, 30.0, 28.0), at(&grid, 62.0, 5.0, 28.0)];
    let near = |p: DVec3| {
        let to = |[a, b]: [LpsPoint; 2]| {
            let (a, b) = (a.0, b.0);
            let t = ((p - a).dot(b - a) / (b - a).length_squared()).clamp(0.0, 1.0);
            p.distance(a + (b - a) * t)
        };
        to([points[0], points[1]]).min(to([points[1], points[2]]))
    };
    for mode in [Mode::Add, Mode::Erase] {
        let masks = after(&memory, brush("a", &points, 4.0, mode));
        assert_eq!(masks["b"], memory.bases["b"]);
        for index in 0..grid.len() {
            let voxel = grid.position(index);
            let p = grid.to_patient(fabrica_geometry::VoxelPoint(DVec3::from_array(voxel.map(|n| n as f64))));
            // Points are whole micrometres.
            let distance = near(p.0);
            let painted = if (distance - 4.0).abs() < 0.005 { continue } else { distance < 4.0 };
            let before = memory.bases["a"].get(voxel);
            let expected = if mode == Mode::Add { before || painted } else { before && !painted };
            assert_eq!(masks["a"].get(voxel), expected, "{voxel:?}");
        }
    }
}

#[test]
fn limits_and_overwriting_are_as_they_say() {
    let memory = Memory::new();
    let grid = grid();
    let line = [at(&grid, 15.0, 20.0, 17.0), at(&grid, 55.0, 20.0, 17.0)];
    let plain = after(&memory, brush("a", &line, 5.0, Mode::Add))["a"].clone();
    let gained = plain.combine(&memory.bases["a"], |new, old| new & !old).unwrap();
    let limited = |limits| after(&memory, Stroke { limits, ..brush("a", &line, 5.0, Mode::Add) })["a"].clone();
    let b = &memory.bases["b"];
    let with = |area: Area| limited(Limits { area, values: None });
    let expect = |part: &Mask| memory.bases["a"].combine(part, |a, g| a | g).unwrap();
    assert_eq!(with(Area::Inside(vec!["b".into()])), expect(&gained.combine(b, |g, b| g & b).unwrap()));
    assert_eq!(with(Area::Outside(vec!["b".into()])), expect(&gained.combine(b, |g, b| g & !b).unwrap()));
    let c = &memory.bases["c"];
    let either = b.combine(c, |b, c| b | c).unwrap();
    let names = vec!["b".into(), "c".into()];
    assert_eq!(with(Area::Outside(names)), expect(&gained.combine(&either, |g, e| g & !e).unwrap()));
    let range = ValueRange { lower: Some(200.0), upper: Some(320.0) };
    let bright = fabrica_segment::threshold(&memory.volume, 200.0, 320.0, &Progress::new()).unwrap();
    let by_value = limited(Limits { area: Area::Everywhere, values: Some(range) });
    assert_eq!(by_value, expect(&gained.combine(&bright, |g, v| g & v).unwrap()));
    assert!(by_value != plain && by_value != memory.bases["a"]);

    let over = |overwrite| after(&memory, Stroke { overwrite, ..brush("a", &line, 5.0, Mode::Add) });
    let lost = b.combine(&gained, |b, g| b & !g).unwrap();
    let only = over(Overwrite::Only(vec!["b".into()]));
    assert_eq!((&only["a"], &only["b"], &only["c"]), (&plain, &lost, c));
    let but = over(Overwrite::AllBut(vec!["b".into()]));
    assert_eq!((&but["b"], &but["c"]), (b, &c.combine(&gained, |c, g| c & !g).unwrap()));
    // What the target had already is not taken: only what it gains.
    assert_eq!(over(Overwrite::AllBut(vec![]))["b"], lost);
}

#[test]
fn a_drawing_fills_its_slice_and_no_other() {
    let memory = Memory::new();
    let grid = grid();
    // From voxel 10 to 19 and 5 to 24 in slice 8: corners half a voxel around.
    let corners = [(9.5, 4.5), (19.5, 4.5), (19.5, 24.5), (9.5, 24.5)].map(|(i, j)| at(&grid, i, j, 8.0));
    let outline = StrokePath::new(corners).unwrap();
    let shape = Shape::Prism { outline, along: grid.axis(2), thickness: Some(Mm(grid.spacing()[2])) };
    let drawn = after(&memory, cut(shape, true, Mode::Add))["a"].clone();
    let gained = drawn.combine(&memory.bases["a"], |new, old| new & !old).unwrap();
    assert_eq!(gained.bounding_box(), Some(([10, 5, 8], [19, 24, 8])));
    let part = Mask::from_fn(grid.clone(), |n| matches!(grid.position(n), [10..=19, 5..=24, 8]));
    assert_eq!(drawn, memory.bases["a"].combine(&part, |a, p| a | p).unwrap());
}

#[test]
fn neighbouring_drawings_on_an_oblique_plane_tile_space() {
    let grid = plain([40, 40, 40], [1.0, 1.0, 1.0]);
    let memory = Memory { volume: std::sync::Arc::new(common::scan(&grid)), ..Memory::new() };
    let mut memory = memory;
    memory.bases = [("a".to_owned(), Mask::empty(grid))].into();
    let along = LpsVector::new(0.3, -0.5, 0.8);
    let (u, v) = (DVec3::new(0.8, 0.0, -0.3).normalize(), DVec3::ZERO);
    let w = along.0.cross(u).normalize();
    let slab = |n: f64| {
        let middle = DVec3::splat(20.0) + along.0.normalize() * 2.0 * n + v;
        let corner = |a: f64, b: f64| LpsPoint(middle + u * a + w * b);
        let corners = [corner(-9.0, -9.0), corner(9.0, -9.0), corner(9.0, 9.0), corner(-9.0, 9.0)];
        let outline = StrokePath::new(corners).unwrap();
        let shape = Shape::Prism { outline, along, thickness: Some(Mm(2.0)) };
        after(&memory, cut(shape, true, Mode::Add))["a"].clone()
    };
    let slabs: Vec<Mask> = (-3..=3).map(|n| slab(f64::from(n))).collect();
    let sum: usize = slabs.iter().map(Mask::count).sum();
    let union = slabs.iter().skip(1).fold(slabs[0].clone(), |all, s| all.combine(s, |a, b| a | b).unwrap());
    assert_eq!(union.count(), sum, "no voxel is in two of them");
    // 7 slabs of 18 × 18 × 2 mm.
    assert!((sum as f64 / (7.0 * 648.0) - 1.0).abs() < 0.02, "{sum}");
}

fn is_inside(corners: &[DVec2], at: DVec2) -> Option<bool> {
    let mut inside = false;
    for (n, a) in corners.iter().enumerate() {
        let b = corners[(n + 1) % corners.len()];
        let t = if *a == b { 0.0 } else { ((at - *a).dot(b - *a) / (b - *a).length_squared()).clamp(0.0, 1.0) };
        if at.distance(*a + (b - *a) * t) < 1e-6 {
            return None;
        }
        if (a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) * (b.x - a.x) / (b.y - a.y) {
            inside = !inside;
        }
    }
    Some(inside)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn scissors_cut_what_the_outline_covers_in_the_view(
        corners in prop::collection::vec(prop::array::uniform2(-25.0..25.0f64), 3..9),
        sight in prop::array::uniform3(-1.0..1.0f64),
        kind in 0..5,
        eye_distance in 5.0..120.0f64,
        perspective: bool,
        inside: bool,
    ) {
        let grid = grid();
        // Also along each of the grid's axes, which is what views of slices are.
        let depth = match kind {
            0..=2 => grid.axis(kind as usize).0,
            _ => DVec3::from_array(sight).try_normalize().unwrap_or(DVec3::Z),
        };
        let right = depth.any_orthonormal_vector();
        let up = depth.cross(right);
        let middle = grid.centre().0;
        let eye = middle - depth * eye_distance;
        let outline = StrokePath::new(corners.iter().map(|c| LpsPoint(middle + right * c[0] + up * c[1]))).unwrap();
        prop_assume!(outline.len() >= 3);
        let along = LpsVector(depth * 3.0);
        let flat = |p: DVec3| {
            let d = p - eye;
            if perspective {
                let z = d.dot(depth);
                (z > 0.0).then(|| DVec2::new(d.dot(right), d.dot(up)) / z * eye_distance)
            } else {
                Some(DVec2::new(d.dot(right), d.dot(up)))
            }
        };
        let picture: Vec<DVec2> = outline.points().map(|p| flat(p.0).unwrap()).collect();
        let shape = if perspective {
            Shape::Cone { outline, eye: LpsPoint(eye), along }
        } else {
            Shape::Prism { outline, along, thickness: None }
        };
        let mut memory = Memory::new();
        memory.bases = [("a".to_owned(), Mask::empty(grid.clone()))].into();
        let found = after(&memory, cut(shape, inside, Mode::Add))["a"].clone();
        for index in 0..grid.len() {
            let voxel = grid.position(index);
            let p = grid.to_patient(fabrica_geometry::VoxelPoint(DVec3::from_array(voxel.map(|n| n as f64)))).0;
            // Near the eye's own plane and on the line either answer will do.
            if perspective && (p - eye).dot(depth).abs() < 1e-3 {
                continue;
            }
            let Some(covered) = flat(p).map_or(Some(false), |q| is_inside(&picture, q)) else { continue };
            prop_assert_eq!(found.get(voxel), covered == inside, "{:?}", voxel);
        }
    }
}

#[test]
fn half_spaces_and_boxes() {
    let memory = Memory::new();
    let grid = grid();
    let a = &memory.bases["a"];
    let plane = Shape::HalfSpace { point: at(&grid, 20.0, 20.0, 17.0), normal: grid.axis(0) };
    let half = after(&memory, cut(plane.clone(), true, Mode::Erase))["a"].clone();
    let expected = a.combine(&Mask::from_fn(grid.clone(), |n| grid.position(n)[0] >= 20), |a, h| a & !h).unwrap();
    assert_eq!(half, expected);
    let other = after(&memory, cut(plane, false, Mode::Erase))["a"].clone();
    assert_eq!(other.count() + half.count(), a.count());
    let side = |axis: usize, voxels: f64| grid.axis(axis) * (voxels * grid.spacing()[axis]);
    let block = Shape::Box { centre: at(&grid, 20.0, 20.0, 17.0), half: [side(0, 3.0), side(1, 2.0), side(2, 1.0)] };
    let filled = after(&memory, cut(block, true, Mode::Add))["a"].clone();
    let part = Mask::from_fn(grid.clone(), |n| matches!(grid.position(n), [17..=23, 18..=22, 16..=18]));
    assert_eq!(filled, a.combine(&part, |a, p| a | p).unwrap());
}

/// A disc of values falling outwards, with a dark hole, in every slice.
fn discs() -> Volume {
    let grid = plain([50, 40, 9], [1.0, 1.0, 2.0]);
    let values = (0..grid.len()).map(|n| {
        let [i, j, _] = grid.position(n);
        let d = ((i as f64 - 25.0).powi(2) + (j as f64 - 20.0).powi(2)).sqrt();
        let hole = (23..=25).contains(&i) && (18..=20).contains(&j);
        let apart = i < 3 && j < 3;
        if hole {
            0
        } else if apart {
            900
        } else {
            (1000.0 - 50.0 * d).max(0.0) as i16
        }
    });
    Volume::new(grid.clone(), Samples::I16(values.collect()), ValueUnit::Hounsfield).unwrap()
}

#[test]
fn level_tracing_fills_the_line_of_equal_value() {
    let volume = discs();
    let grid = volume.grid().clone();
    let mut memory = Memory::new();
    memory.volume = std::sync::Arc::new(volume);
    memory.bases = [("a".to_owned(), Mask::empty(grid.clone()))].into();
    let tool =
        Tool::LevelTracing { at: at(&grid, 35.0, 20.0, 4.0), across: PatientAxis::InferiorSuperior, mode: Mode::Add };
    let found = after(&memory, Stroke::new("a", tool))["a"].clone();
    let expected = Mask::from_fn(grid.clone(), |n| {
        let [i, j, k] = grid.position(n);
        k == 4 && (i as f64 - 25.0).powi(2) + (j as f64 - 20.0).powi(2) <= 100.0
    });
    assert_eq!(found, expected, "the hole is filled, the bright corner apart is not taken");
}

#[test]
fn slices_between_are_filled_also_where_a_vessel_slants() {
    for (across, axis) in
        [(PatientAxis::InferiorSuperior, 2), (PatientAxis::AnteriorPosterior, 1), (PatientAxis::RightLeft, 0)]
    {
        let mut dims = [40; 3];
        dims[axis] = 20;
        let grid = plain(dims, [1.0, 1.0, 1.0]);
        let disc = |index: usize, slice: usize, u: f64| {
            let p = grid.position(index);
            let [a, b] = [[1, 2], [0, 2], [0, 1]][axis];
            p[axis] == slice && (p[a] as f64 - u).powi(2) + (p[b] as f64 - 20.0).powi(2) <= 16.0
        };
        let run = |drawn: Mask| {
            let mut memory = Memory::new();
            memory.volume = std::sync::Arc::new(common::scan(&grid));
            memory.bases = [("a".to_owned(), drawn)].into();
            after(&memory, Stroke::new("a", Tool::FillBetweenSlices { across }))["a"].clone()
        };
        let straight = run(Mask::from_fn(grid.clone(), |n| disc(n, 3, 20.0) || disc(n, 9, 20.0) || disc(n, 10, 20.0)));
        let cylinder = Mask::from_fn(grid.clone(), |n| (3..=10).any(|s| disc(n, s, 20.0)));
        assert_eq!(straight, cylinder);
        // From 8 to 32 over 8 slices: 3 a slice, no overlap of the two ends.
        let slanting = run(Mask::from_fn(grid.clone(), |n| disc(n, 4, 8.0) || disc(n, 12, 32.0)));
        let expected = Mask::from_fn(grid.clone(), |n| (4..=12).any(|s| disc(n, s, 8.0 + 3.0 * (s as f64 - 4.0))));
        assert_eq!(slanting, expected);
    }
}

#[test]
fn islands_shells_and_logic() {
    let mut memory = Memory::new();
    let grid = grid();
    let two =
        ball(&grid, [20.0, 20.0, 17.0], 8.0).combine(&ball(&grid, [50.0, 20.0, 17.0], 5.0), |a, b| a | b).unwrap();
    let (large, small) = (ball(&grid, [20.0, 20.0, 17.0], 8.0), ball(&grid, [50.0, 20.0, 17.0], 5.0));
    memory.bases.insert("a".into(), two.clone());
    let islands = |choice| after(&memory, Stroke::new("a", Tool::Islands(choice)))["a"].clone();
    assert_eq!(islands(IslandChoice::KeepLargest { count: 1 }), large);
    assert_eq!(islands(IslandChoice::RemoveSmaller { than: Mm3(small.volume().0 + 1.0) }), large);
    let there = at(&grid, 50.0, 20.0, 17.0);
    assert_eq!(islands(IslandChoice::KeepAt { at: there }), small);
    assert_eq!(islands(IslandChoice::RemoveAt { at: there }), large);

    let tool = |tool| after(&memory, Stroke::new("a", tool))["a"].clone();
    let progress = Progress::new();
    let grown = fabrica_segment::dilate(&two, Mm(2.0), &progress).unwrap();
    assert_eq!(tool(Tool::Margin { by: Mm(2.0) }), grown);
    assert_eq!(tool(Tool::Margin { by: Mm(-2.0) }), fabrica_segment::erode(&two, Mm(2.0), &progress).unwrap());
    let shell = tool(Tool::Hollow { thickness: Mm(2.0), side: HollowSide::Inner });
    assert_eq!(shell, grown.combine(&two, |g, t| g & !t).unwrap());
    assert!(
        tool(Tool::Hollow { thickness: Mm(2.0), side: HollowSide::Outer })
            .combine(&two, |s, t| s & !t)
            .unwrap()
            .is_empty()
    );
    let median = Tool::Smooth(Smoothing::Median { radius: Mm(2.0) });
    let ball2 = fabrica_segment::Neighbourhood::Ball(Mm(2.0));
    assert_eq!(tool(median), fabrica_segment::smooth_majority(&two, ball2, &progress).unwrap());

    let b = memory.bases["b"].clone();
    let logic = |logic| tool(Tool::Logic(logic));
    assert_eq!(logic(Logic::Add("b".into())), two.combine(&b, |a, b| a | b).unwrap());
    assert_eq!(logic(Logic::Subtract("b".into())), two.combine(&b, |a, b| a & !b).unwrap());
    assert_eq!(logic(Logic::Intersect("b".into())), two.combine(&b, |a, b| a & b).unwrap());
    assert_eq!(logic(Logic::Exclusive("b".into())), two.combine(&b, |a, b| a ^ b).unwrap());
    assert_eq!((logic(Logic::Copy("b".into())), logic(Logic::Invert)), (b, two.inverted()));
    assert!(logic(Logic::Clear).is_empty() && logic(Logic::Fill).inverted().is_empty());
}

#[test]
fn joint_smoothing_leaves_neither_gap_nor_overlap() {
    // Three structures that fill the grid with ragged borders between them.
    let grid = plain([60, 40, 30], [0.8, 0.8, 1.5]);
    let owner = |index: usize| {
        let p = grid.position(index);
        let ragged = p[0] as i64 + (hash(index) % 7) as i64 - 3;
        if ragged < 20 {
            0
        } else if p[1] as i64 + (hash(index + 1) % 5) as i64 > 22 {
            1
        } else {
            2
        }
    };
    let parts: Vec<Mask> = (0..3).map(|n| Mask::from_fn(grid.clone(), |index| owner(index) == n)).collect();
    let mut memory = Memory::new();
    memory.volume = std::sync::Arc::new(common::scan(&grid));
    memory.bases = ["a", "b", "c"].iter().zip(&parts).map(|(n, m)| ((*n).to_owned(), m.clone())).collect();
    let with = vec!["b".to_owned(), "c".into()];
    let smooth = after(&memory, Stroke::new("a", Tool::SmoothJointly { with, sigma: Mm(2.0) }));
    let sum: usize = smooth.values().map(Mask::count).sum();
    let union = smooth.values().fold(Mask::empty(grid.clone()), |all, m| all.combine(m, |a, b| a | b).unwrap());
    assert_eq!((sum, union.count()), (grid.len(), grid.len()));
    // The borders are smooth: far fewer voxel faces between what belongs and what does not.
    let faces = |m: &Mask| {
        let beside = |v: [usize; 3], axis: usize| m.get(std::array::from_fn(|a| v[a] + usize::from(a == axis)));
        let inner = |v: [usize; 3], axis: usize| v[axis] + 1 < grid.dims()[axis];
        let differ = |n: usize, axis: usize| {
            let v = grid.position(n);
            inner(v, axis) && m.get(v) != beside(v, axis)
        };
        (0..grid.len()).map(|n| (0..3).filter(|axis| differ(n, *axis)).count()).sum::<usize>()
    };
    for (name, before) in ["a", "b", "c"].iter().zip(&parts) {
        assert!(faces(&smooth[*name]) * 2 < faces(before), "{name}");
        assert!(smooth[*name].dice(before).unwrap() > 0.9);
    }
}

#[test]
fn joint_smoothing_of_one_structure_is_a_gaussian_cut_at_half() {
    let memory = Memory::new();
    let joint = after(&memory, Stroke::new("b", Tool::SmoothJointly { with: vec![], sigma: Mm(2.0) }))["b"].clone();
    let alone = after(&memory, Stroke::new("b", Tool::Smooth(Smoothing::Gaussian { sigma: Mm(2.0) })))["b"].clone();
    // Whole weights round a little.
    assert!(joint.dice(&alone).unwrap() > 0.995);
}

/// The cheapest ways by Dijkstra's algorithm, voxel by voxel.
fn grown_by_hand(volume: &Volume, seeds: &[&Mask], per_mm: f64, open: &Mask) -> Vec<Option<usize>> {
    let grid = volume.grid();
    let dims = grid.dims();
    let lengths = grid.spacing().map(|s| ((per_mm * s + 0.5).floor() as i64).max(1));
    let mut best = vec![(i64::MAX, usize::MAX); grid.len()];
    let mut queue = BinaryHeap::new();
    for (index, best) in best.iter_mut().enumerate() {
        if let Some(label) = seeds.iter().position(|s| s.get(grid.position(index))) {
            *best = (0, label);
            queue.push(std::cmp::Reverse((0, label, index)));
        }
    }
    while let Some(std::cmp::Reverse((cost, label, index))) = queue.pop() {
        if best[index] != (cost, label) {
            continue;
        }
        let p = grid.position(index);
        for axis in 0..3 {
            for step in [-1isize, 1] {
                let mut q = p;
                let Some(n) = p[axis].checked_add_signed(step).filter(|n| *n < dims[axis]) else { continue };
                q[axis] = n;
                let other = grid.index(q[0], q[1], q[2]);
                let seeded = seeds.iter().any(|s| s.get(q));
                if !open.get(q) && !seeded {
                    continue;
                }
                let change = (volume.value(p).unwrap() - volume.value(q).unwrap()).abs() as i64;
                let new = (cost + change + lengths[axis], label);
                if new < best[other] {
                    best[other] = new;
                    queue.push(std::cmp::Reverse((new.0, label, other)));
                }
            }
        }
    }
    best.into_iter().map(|(cost, label)| (cost < i64::MAX).then_some(label)).collect()
}

#[test]
fn growing_from_seeds_finds_the_cheapest_way_for_every_voxel() {
    let memory = Memory::new();
    let grid = grid();
    let seeds = ["b", "a", "c"].map(|n| &memory.bases[n]);
    let stroke = |per_mm, limits| Stroke {
        limits,
        ..Stroke::new("b", Tool::GrowFromSeeds { with: vec!["a".into(), "c".into()], per_mm, margin: None })
    };
    let everywhere = Mask::empty(grid.clone()).inverted();
    for per_mm in [0.0, 3.0] {
        let found = after(&memory, stroke(per_mm, Limits::default()));
        let expected = grown_by_hand(&memory.volume, &seeds, per_mm, &everywhere);
        for (label, name) in ["b", "a", "c"].iter().enumerate() {
            let by_hand = Mask::from_fn(grid.clone(), |n| expected[n] == Some(label));
            assert_eq!(found[*name], by_hand, "{name} at {per_mm}");
        }
    }
    // Within a range of values, what lies outside is a wall, and stays as it was.
    let range = ValueRange { lower: Some(-20.0), upper: None };
    let found = after(&memory, stroke(1.0, Limits { area: Area::Everywhere, values: Some(range) }));
    let open = fabrica_segment::threshold(&memory.volume, -20.0, f64::INFINITY, &Progress::new()).unwrap();
    let expected = grown_by_hand(&memory.volume, &seeds, 1.0, &open);
    for (label, name) in ["b", "a", "c"].iter().enumerate() {
        for (index, grown) in expected.iter().enumerate() {
            let voxel = grid.position(index);
            let inside = if open.get(voxel) { *grown == Some(label) } else { memory.bases[*name].get(voxel) };
            assert_eq!(found[*name].get(voxel), inside, "{name} {voxel:?}");
        }
    }
}

#[test]
fn the_preview_of_growing_is_near_the_result_and_keeps_the_seeds() {
    let memory = Memory::new();
    let seeds = ["a", "b"].map(|n| &memory.bases[n]);
    let how = Growing { per_mm: 3.0, margin: None };
    let progress = Progress::new();
    let whole = grow_preview(&memory.volume, &seeds, how, 1, &progress).unwrap();
    let tool = Tool::GrowFromSeeds { with: vec!["b".into()], per_mm: 3.0, margin: None };
    let result = after(&memory, Stroke::new("a", tool));
    assert_eq!(whole[0], result["a"]);
    let quick = grow_preview(&memory.volume, &seeds, how, 3, &progress).unwrap();
    assert!(quick[0].dice(&whole[0]).unwrap() > 0.65, "{}", quick[0].dice(&whole[0]).unwrap());
    assert!(seeds[0].combine(&quick[0], |seed, grown| seed & !grown).unwrap().is_empty());
    assert!(quick[0].combine(&quick[1], |a, b| a & b).unwrap().is_empty());
}

#[test]
fn a_volume_is_masked_with_a_value_that_it_can_hold() {
    let memory = Memory::new();
    let (volume, mask) = (&memory.volume, &memory.bases["a"]);
    let progress = Progress::new();
    let masked = mask_volume(volume, mask, VolumeSide::Outside, -1000.0, &progress).unwrap();
    for voxel in [[20, 20, 17], [0, 0, 0], [60, 30, 5]] {
        let expected = if mask.get(voxel) { volume.value(voxel) } else { Some(-1000.0) };
        assert_eq!(masked.value(voxel), expected);
    }
    let inside = mask_volume(volume, mask, VolumeSide::Inside, 0.0, &progress).unwrap();
    assert_eq!(inside.value([20, 20, 17]), Some(0.0));
    assert!(inside.provenance.steps.last().unwrap().contains("inside"));
    mask_volume(volume, mask, VolumeSide::Inside, 0.5, &progress).unwrap_err();
    let elsewhere: Grid = plain([70, 40, 35], [1.0; 3]);
    mask_volume(volume, &Mask::empty(elsewhere), VolumeSide::Inside, 0.0, &progress).unwrap_err();
}
