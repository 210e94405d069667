//! Walls no thinner than they may be, by material only where it is missing.

mod samples;

use std::collections::HashSet;

use fabrica_geometry::{Mm, Mm2, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshReport, check};
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::balls::Balls;
use crate::boolean::{require_solid, unchecked_inputs};
use crate::compare::{Departures, departures, key, triangle_keys};
use crate::thickness::{Thickness, ThinPlace, Walls, thickness};
use crate::tree::{Tree, corners};
use crate::winding::Winding;
use crate::{Boolean, MeshError};
use samples::{Sample, thin_samples, thirds};

const STEP: &str = "thickening walls";
/// What balls are larger than the wall, as a share of it: what their facets may lack.
const MARGIN: f64 = 0.025;
/// The most that what is thick enough may move, mm, where that can be helped; a margin is never more than most of it.
const MOVED: f64 = 0.05;
/// Balls that would move it by more than this, mm, are taken last.
const HARM: f64 = 2.0 * MOVED;
/// The grid that the balls' surface is made on, mm, for a wall of 1.5 mm or more; finer in proportion for less.
const GRID: f64 = 0.25;
/// How deep under the new surface, as a share of how deep its own ball would bury it, a thin place must lie to need none. Balls
/// so far apart have furrows between them, for which they are larger, by this share of the wall.
const BURIED: f64 = 0.6;
const MORE: f64 = 0.04;
/// Where a wall tapers to its rim, a place needs no ball of its own that lies as deep in one for a part of the wall so many times
/// thicker: else the rim would grow by the whole radius.
const TAPERS: f64 = 1.15;
/// How far apart balls are, at least, as a share of the wall.
const APART: f64 = 0.1;
/// Balls whose surface is so near to a facet are those under it; how much more than a facet lacks they grow. Shares of the wall.
const NEAR: f64 = 0.05;
const HAIR: f64 = 0.01;
/// Facets are made for a wall so many times as thick, so that none between the points that are looked at is too thin.
const AIM: f64 = 1.01;
/// The most that balls grow where facets need it (where they are sharply bent: at rims), as a share of the wall.
const GROWN: f64 = 0.06;
/// Rounds, at most.
const ROUNDS: usize = 4;

/// A solid with walls of at least so much.
#[derive(Clone, Debug)]
pub struct Thickened {
    /// Its surface.
    pub mesh: Mesh,
    /// What was done.
    pub report: ThickenReport,
}

/// What thickening did. Sharp edges ([`ThinPlace::edge`]) are no walls: they are counted, and left as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThickenReport {
    /// The wall that was asked for.
    pub wall: Mm,
    /// The least wall before, as far as it is below twice the wall.
    pub least_before: Mm,
    /// The least wall now.
    pub least_after: Mm,
    /// Thin walls before.
    pub places: usize,
    /// Thin walls that are left, the thinnest first: none, unless the surface there is too ragged.
    pub left: Vec<ThinPlace>,
    /// Sharp edges, which stay.
    pub edges: usize,
    /// Volume that was added.
    pub added: Mm3,
    /// Separate parts before and now, without cavities: fewer where material closed the gap between two.
    pub parts: [usize; 2],
    /// Closed cavities before and now.
    pub cavities: [usize; 2],
    /// Area of walls thick enough that moved by more than 0.05 mm all the same: beside the rims of thin walls.
    pub moved: Mm2,
    /// How far the new surface departs from the old.
    pub departures: Departures,
}

/// Adds material where walls are thinner than `wall`, and only there; all else keeps every coordinate.
///
/// The thickness at a point is the diameter of the greatest ball inside that touches the surface there ([`thickness`]). So the
/// union of the solid with a ball of the wall's diameter around the middle of each smaller one is nowhere thinner than the wall:
/// a point of the new surface lies on such a ball, or was thick enough before. Thin places are looked for at distances of a
/// seventh of the wall. Balls are 5 % larger than the wall, for their facets. Balls that would move what is thick enough by more
/// than 0.1 mm (at the rim of a thin plate) are taken last, the least harmful first, and only where no other ball buries that
/// thin place. The result is measured again, and what is still thin gets more balls.
///
/// # Errors
/// When the mesh is no solid, the wall is out of range, the union does not pass its exact checks, or the user cancels.
pub fn thicken(mesh: &Mesh, wall: Mm, progress: &Progress) -> Result<Thickened, MeshError> {
    if !(0.2..=20.0).contains(&wall.0) {
        return Err(MeshError::Option { option: "the least wall", value: wall.0, allowed: "0.2 to 20 mm" });
    }
    require_solid(mesh, STEP, progress)?;
    let before = check(mesh, progress)?;
    let walls = thickness(mesh, Mm(2.0 * wall.0), progress)?;
    let places = walls.thin_places(mesh, wall);
    let kept = triangle_keys(mesh);
    let radius = wall.0 / 2.0 + (MARGIN * wall.0).min(0.75 * MOVED);
    let mut balls = Balls::new(radius + (MORE + GROWN) * wall.0);
    let mut solid = mesh.clone();
    let mut measured = walls.clone();
    let mut before_round = 0;
    for round in 0..ROUNDS {
        let of_input = |t: u32| kept.contains(&key(&solid, t));
        let thin = thin_samples(&solid, &measured, wall.0, &of_input, progress)?;
        // Those hardly thick enough get a ball with the others, so that no speck between two samples stays thin.
        let count = thin.iter().filter(|s| s.thickness < wall.0).count();
        // What is no better for another round is told instead.
        if count == 0 || (round > 1 && 2 * count > before_round) {
            break;
        }
        before_round = count;
        progress.stage(STEP);
        if round == 0 {
            place(&mut balls, radius, mesh, &walls, &thin, wall.0, progress)?;
        } else {
            for s in &thin {
                // A ball at its surface that may grow, or one of its own.
                let by = (AIM * wall.0 - s.thickness).max(0.0) / 2.0 + HAIR * wall.0;
                if !balls.ask(s.on, NEAR * wall.0, by) && s.thickness < wall.0 {
                    balls.add(s.centre, [radius, radius + (MORE + GROWN) * wall.0], s.thickness);
                }
            }
            balls.grow();
        }
        let beads = beads(&mut balls, mesh, wall.0, progress)?;
        match unchecked_inputs(mesh, &beads, Boolean::Union, progress) {
            Ok(made) => solid = made,
            // What the round before made is whole; the report tells what is left.
            Err(MeshError::Failed { .. }) if round > 0 => break,
            Err(error) => return Err(error),
        }
        measured = thickness(&solid, Mm(2.0 * wall.0), progress)?;
    }
    let after = check(&solid, progress)?;
    let (left, edges): (Vec<_>, Vec<_>) = measured.thin_places(&solid, wall).into_iter().partition(|place| !place.edge);
    let walls_before: Vec<ThinPlace> = places.iter().copied().filter(|place| !place.edge).collect();
    let report = ThickenReport {
        wall,
        least_before: walls.least_wall(&walls_before, wall),
        least_after: measured.least_wall(&left, wall),
        places: walls_before.len(),
        edges: edges.len(),
        left,
        added: after.volume - before.volume,
        parts: [&before, &after].map(|r: &MeshReport| r.components - r.cavities),
        cavities: [before.cavities, after.cavities],
        moved: moved(mesh, &walls, wall.0, &solid),
        departures: departures(&solid, mesh, Mm(1.0), progress)?,
    };
    Ok(Thickened { mesh: solid, report })
}

/// Places the balls that thin walls need.
fn place(
    balls: &mut Balls,
    radius: f64,
    mesh: &Mesh,
    measured: &Thickness,
    thin: &[Sample],
    wall: f64,
    progress: &Progress,
) -> Result<(), MeshError> {
    // How much what is thick enough would move.
    let tree = Tree::new(mesh);
    let thick = |t: u32| measured.in_triangles[t as usize] >= wall as f32;
    let harm: Vec<f64> = thin
        .par_iter()
        .map(|s| {
            let nearest = tree.nearest_where(s.centre, radius * radius, |t, _| thick(t));
            nearest.map_or(0.0, |n| radius - n.squared.sqrt())
        })
        .collect();
    progress.check()?;
    let mut seen = HashSet::new();
    let cube = APART * wall;
    let large = radius + MORE * wall;
    let most = large + GROWN * wall;
    let deep = |radius: f64, sample: &Sample| BURIED * (radius - sample.thickness / 2.0);
    let mut all: Vec<(&Sample, f64)> = thin.iter().zip(harm).collect();
    // The thick parts first, then those that do harm, the least first.
    let order = |harm: f64| if harm > HARM { harm } else { 0.0 };
    all.sort_by(|a, b| order(a.1).total_cmp(&order(b.1)).then(b.0.thickness.total_cmp(&a.0.thickness)));
    for (n, (sample, harm)) in all.into_iter().enumerate() {
        if n % 4096 == 0 {
            progress.check()?;
        }
        if harm > HARM {
            if !balls.covers(sample.on, deep(large, sample), 0.0) {
                balls.add(sample.centre, [large, most], sample.thickness);
            }
        } else if seen.insert((sample.centre / cube).round().as_i64vec3())
            && !balls.covers(sample.on, deep(radius, sample), TAPERS * sample.thickness)
        {
            // Beside what is thick enough it may not grow by more than that may move.
            let most = if harm > 0.0 { wall / 2.0 + MOVED } else { most };
            balls.add(sample.centre, [radius, most], sample.thickness);
        }
    }
    Ok(progress.check()?)
}

/// The surface of the balls, larger where facets outside of the solid would be too near to each other.
fn beads(balls: &mut Balls, solid: &Mesh, wall: f64, progress: &Progress) -> Result<Mesh, MeshError> {
    let step = Mm(GRID.min(wall * GRID / 1.5));
    let mesh = balls.surface(step, progress)?;
    let tree = Tree::new(solid);
    let winding = Winding::new(&tree);
    let walls = Walls::new(&mesh, Mm(1.2 * wall));
    let lacking: Vec<(DVec3, f64)> = (0..mesh.triangles().len() as u32)
        .into_par_iter()
        .flat_map_iter(|t| {
            // Where a facet is far from too thin in its middle, it is so elsewhere.
            let close = walls.in_triangle(t) < 1.04 * wall;
            let points = thirds(corners(&mesh, t), 4).filter(|_| close);
            let points = points.map(|p| (p, walls.at(p, walls.normal(t))));
            points.filter(|(p, t)| *t < AIM * wall && winding.at(*p) < 0.5).collect::<Vec<_>>()
        })
        .collect();
    progress.check()?;
    let mut grown = false;
    for (p, thickness) in lacking {
        grown |= balls.ask(p, NEAR * wall, (AIM * wall - thickness) / 2.0 + HAIR * wall);
    }
    if !grown {
        return Ok(mesh);
    }
    balls.grow();
    balls.surface(step, progress)
}

/// The area of walls thick enough whose middle lies deeper than [`MOVED`] in the new solid.
fn moved(old: &Mesh, walls: &Thickness, wall: f64, new: &Mesh) -> Mm2 {
    let kept = triangle_keys(new);
    let tree = Tree::new(new);
    let all = 0..old.triangles().len() as u32;
    let gone =
        all.into_par_iter().filter(|&t| walls.in_triangles[t as usize] >= wall as f32 && !kept.contains(&key(old, t)));
    Mm2(gone
        .map(|t| {
            let [a, b, c] = corners(old, t);
            let far = tree.nearest_where((a + b + c) / 3.0, MOVED * MOVED, |_, _| true).is_none();
            if far { (b - a).cross(c - a).length() / 2.0 } else { 0.0 }
        })
        .sum())
}
