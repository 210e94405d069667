//! Repair: from any mesh to the surface of a solid, telling what that changed, and asking before anything is lost.

mod cap;
mod cut;
mod holes;
mod local;
mod loss;
mod orient;
mod report;
mod sheets;
mod stitch;
mod tangles;
mod work;

use fabrica_geometry::{LpsPoint, Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshReport, check};
use serde::{Deserialize, Serialize};

use crate::compare::{Triangles, departures_from, triangle_keys};
use crate::edges::{Edges, Groups, parts};
use crate::intersections::intersecting_pairs;
use crate::tree::Tree;
use crate::{Boolean, Departures, MeshError, boolean, merge, remesh};
pub(crate) use orient::shells;
pub use report::{FilledHole, Loss, LostPiece, RepairReport, RepairStep};
use work::Work;

/// What to do with parts that enclose nothing: sheets without thickness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sheets {
    /// Stop and say so.
    #[default]
    Ask,
    /// Leave them out.
    Remove,
    /// Make plates of them: everything within this distance of them becomes solid.
    Thicken(Mm),
}

/// How to repair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RepairOptions {
    /// Rims of holes as near as this to each other are joined; 1/100,000 of the model's diagonal when left out.
    pub stitch: Option<Mm>,
    /// What to do with sheets.
    pub sheets: Sheets,
    /// Goes on where a part, or more volume than `most_lost_percent`, would be lost.
    pub allow_loss: bool,
    /// How much of the volume may be lost without asking, in per cent.
    pub most_lost_percent: f64,
    /// The step of the grid where the model must be made anew; by its size and triangles when left out.
    pub tolerance: Option<Mm>,
    /// Makes the whole model anew on a grid, whatever its faults.
    pub remesh: bool,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self {
            stitch: None,
            sheets: Sheets::Ask,
            allow_loss: false,
            most_lost_percent: 0.5,
            tolerance: None,
            remesh: false,
        }
    }
}

/// A repaired mesh.
#[derive(Clone, Debug)]
pub struct Repaired {
    /// The surface of a solid: closed, manifold, outward, and passing nowhere through itself.
    pub mesh: Mesh,
    /// What was done.
    pub report: RepairReport,
}

/// Makes a mesh the surface of a solid.
///
/// First faults are mended where they are, and all else keeps every coordinate: equal vertices are welded, rims
/// stitched, copies and triangles without area removed, flaps cut off, neighbours turned to agree, touching solids
/// cut apart, holes filled, places where the surface passes through itself cut out and closed. The result is then
/// checked, exactly. Parts that still have a fault (such as parts that overlap) are made anew on a grid ([`remesh`]),
/// which always ends in a solid.
///
/// # Errors
/// [`MeshError::WouldLose`] when a part, a sheet or too much volume would be lost and `options` do not allow it; when
/// there is no triangle, an option is out of range, or the user cancels.
///
/// # Example
/// ```
/// use fabrica_mesh::{RepairOptions, repair};
/// use fabrica_progress::Progress;
/// use fabrica_surface::Mesh;
/// // A tetrahedron of 1/6 mm³ without its slanting side, and one triangle turned.
/// let corners = vec![[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// let mesh = Mesh::new(corners, vec![[0, 1, 2], [0, 1, 3], [0, 3, 2]]).unwrap();
/// let repaired = repair(&mesh, &RepairOptions::default(), &Progress::new()).unwrap();
/// assert!(repaired.report.output.is_solid());
/// assert!((repaired.report.output.volume.0 - 1.0 / 6.0).abs() < 1e-6);
/// ```
pub fn repair(mesh: &Mesh, options: &RepairOptions, progress: &Progress) -> Result<Repaired, MeshError> {
    if mesh.is_empty() {
        return Err(MeshError::Empty);
    }
    if !(0.0..=100.0).contains(&options.most_lost_percent) {
        return Err(MeshError::Option {
            option: "the volume that may be lost",
            value: options.most_lost_percent,
            allowed: "0 to 100 per cent",
        });
    }
    progress.stage("checking the mesh");
    let input = check(mesh, progress)?;
    let mut base = Work::of(mesh.clone());
    let welded = base.weld();
    let base_mesh = base.mesh()?;
    if base_mesh.is_empty() {
        return Err(MeshError::Empty);
    }
    let tree = Tree::new(&base_mesh);
    let pairs = intersecting_pairs(&tree, progress)?;
    if input.is_solid() && input.flat_triangles == 0 && pairs.is_empty() && !options.remesh {
        return Ok(Repaired { mesh: mesh.clone(), report: untouched(input) });
    }
    let keys = triangle_keys(&base_mesh);
    let diagonal = base_mesh.bounds().map_or(1.0, |(low, high)| low.distance(high).0).max(f64::MIN_POSITIVE);
    let mut log = Log { base: &tree, keys: &keys, spacing: Mm(diagonal / 200.0), steps: Vec::new(), progress };
    if welded > 0 {
        log.steps.push(RepairStep {
            what: "vertices at one place welded".into(),
            count: welded,
            parts: parts(&base_mesh).1,
            volume: Mm3(shells(&base_mesh).0.iter().map(|s| s.volume).sum()),
            departures: Departures::default(),
        });
    }
    progress.stage("repairing the mesh");
    let mended = local::mend(Work::of(base_mesh.clone()), options, diagonal, !pairs.is_empty(), &mut log)?;
    let mut lost = mended.sheets.clone();
    let mut warnings = mended.warnings.clone();
    let (result, remeshed_at) = settle(&mended, options, diagonal, &mut log)?;
    let output = check(&result, progress)?;
    let left = intersecting_pairs(&Tree::new(&result), progress)?.len();
    if !output.is_solid() || left > 0 {
        let mut why = output.faults();
        if left > 0 {
            why.push(format!("{left} pairs of triangles pass through each other"));
        }
        return Err(MeshError::Failed { step: "the repair", why: why.join(", ") });
    }

    progress.stage("measuring what the repair changed");
    let mut tolerance = remeshed_at.map_or(0.0, |t| 2.0 * t.0).max(1e-3 * diagonal);
    if let Sheets::Thicken(radius) = options.sheets {
        tolerance += 2.0 * radius.0;
    }
    // Sheets that are told already, or became plates, are not missing.
    for piece in loss::missing(&base_mesh, &result, &mended.flaps, tolerance, progress)? {
        let told = matches!(&piece, LostPiece::Part { at, .. }
            if lost.iter().any(|l| matches!(l, LostPiece::Sheet { at: other, .. } if other.distance(*at).0 < 1e-6)));
        if !told {
            lost.push(piece);
        }
    }
    let closed = mended.closed_volume;
    let less = closed - output.volume.0;
    if !mended.overlapping && less > options.most_lost_percent / 100.0 * closed.abs() {
        lost.push(LostPiece::Volume { before: Mm3(closed), after: output.volume });
    }
    let sheets_allowed = options.allow_loss || !matches!(options.sheets, Sheets::Ask);
    let refused: Vec<LostPiece> = lost
        .iter()
        .filter(|piece| if matches!(piece, LostPiece::Sheet { .. }) { !sheets_allowed } else { !options.allow_loss })
        .cloned()
        .collect();
    if !refused.is_empty() {
        return Err(MeshError::WouldLose(Loss(refused)));
    }
    if output.volume.0 > 1.05 * closed && !mended.overlapping {
        warnings.push(format!("the volume grew from {:.3} to {:.3}", Mm3(closed), output.volume));
    }
    let departures = departures_from(&result, &tree, &keys, log.spacing, progress)?;
    let report = RepairReport {
        input,
        input_self_intersections: pairs.len(),
        steps: log.steps,
        holes: mended.holes,
        remeshed_at,
        lost: Loss(lost),
        warnings,
        output,
        output_self_intersections: left,
        departures,
        closed_volume: Mm3(closed),
    };
    Ok(Repaired { mesh: result, report })
}

fn untouched(input: MeshReport) -> RepairReport {
    RepairReport {
        output: input.clone(),
        closed_volume: input.volume,
        input,
        input_self_intersections: 0,
        steps: Vec::new(),
        holes: Vec::new(),
        remeshed_at: None,
        lost: Loss::default(),
        warnings: Vec::new(),
        output_self_intersections: 0,
        departures: Departures::default(),
    }
}

/// Keeps what each step did.
pub(crate) struct Log<'a> {
    base: &'a Tree<'a>,
    keys: &'a Triangles,
    spacing: Mm,
    steps: Vec<RepairStep>,
    pub(crate) progress: &'a Progress,
}

impl Log<'_> {
    /// Enters a step that changed something.
    pub(crate) fn step(&mut self, what: &str, count: usize, mesh: &Mesh) -> Result<(), MeshError> {
        if count == 0 || mesh.is_empty() {
            return Ok(());
        }
        let (shells, _) = shells(mesh);
        self.steps.push(RepairStep {
            what: what.into(),
            count,
            parts: shells.len(),
            volume: Mm3(shells.iter().map(|s| s.volume).sum()),
            departures: departures_from(mesh, self.base, self.keys, self.spacing, self.progress)?,
        });
        Ok(())
    }
}

/// Makes the parts that still have a fault anew on a grid, and with them whatever the new ones touch.
fn settle(
    mended: &local::Mended,
    options: &RepairOptions,
    diagonal: f64,
    log: &mut Log<'_>,
) -> Result<(Mesh, Option<Mm>), MeshError> {
    let mesh = mended.work.mesh()?;
    if mesh.is_empty() {
        // All that there was are sheets.
        return Err(if mended.sheets.is_empty() || options.allow_loss {
            MeshError::Empty
        } else {
            MeshError::WouldLose(Loss(mended.sheets.clone()))
        });
    }
    let (part, count) = parts(&mesh);
    let bad = if options.remesh { vec![true; count] } else { faulty_parts(&mesh, &part, count, log.progress)? };
    if !bad.contains(&true) {
        return Ok((mesh, None));
    }
    let (mesh, part, mut bad) = if options.remesh { (mesh, part, bad) } else { unite(mesh, part, bad, log)? };
    if !bad.contains(&true) {
        return Ok((mesh, None));
    }
    let step = options.tolerance.unwrap_or_else(|| usual_step(&mesh, diagonal));
    loop {
        let group = pick(&mesh, |t| bad[part[t] as usize])?;
        let made = remesh(&group, step, log.progress)?;
        let rest = pick(&mesh, |t| !bad[part[t] as usize])?;
        let whole = merge([&rest, &made.mesh])?;
        // Parts of the rest that the new ones touch come along next time.
        let touched: Vec<u32> = intersecting_pairs(&Tree::new(&whole), log.progress)?
            .into_iter()
            .flat_map(|(a, b)| [a, b])
            .filter(|&t| (t as usize) < rest.triangles().len())
            .collect();
        let coincident = check(&whole, log.progress)?.coincident_vertices > 0;
        if touched.is_empty() && !coincident {
            log.step("parts made anew on a grid", bad.iter().filter(|b| **b).count(), &whole)?;
            return Ok((whole, Some(made.tolerance)));
        }
        let of_rest: Vec<u32> = part.iter().copied().filter(|p| !bad[*p as usize]).collect();
        touched.iter().for_each(|&t| bad[of_rest[t as usize] as usize] = true);
        if coincident {
            bad.fill(true);
        }
    }
}

/// Unites parts that pass through each other, each a solid of its own, and tells which parts of the result still have
/// a fault.
fn unite(
    mesh: Mesh,
    part: Vec<u32>,
    bad: Vec<bool>,
    log: &mut Log<'_>,
) -> Result<(Mesh, Vec<u32>, Vec<bool>), MeshError> {
    let pairs = intersecting_pairs(&Tree::new(&mesh), log.progress)?;
    let mut groups = Groups::new(bad.len());
    let mut crosses = vec![false; bad.len()];
    for (a, b) in pairs {
        let (a, b) = (part[a as usize], part[b as usize]);
        groups.join(a, b);
        // What passes through itself cannot be united.
        crosses[a as usize] |= a != b;
        crosses[b as usize] |= a != b;
    }
    let (group, count) = groups.numbered();
    let mut done = 0;
    let mut whole = pick(&mesh, |t| !crosses[part[t] as usize])?;
    for g in 0..count as u32 {
        let members: Vec<u32> =
            (0..bad.len() as u32).filter(|&p| group[p as usize] == g && crosses[p as usize]).collect();
        if members.len() < 2 {
            let alone = pick(&mesh, |t| members.contains(&part[t]))?;
            whole = merge([&whole, &alone])?;
            continue;
        }
        match unite_group(&mesh, &part, &members, log.progress) {
            Ok(one) => {
                whole = merge([&whole, &one])?;
                done += members.len();
            }
            Err(MeshError::Cancelled(cancelled)) => return Err(cancelled.into()),
            // They are made anew on a grid instead, which the report says.
            Err(_) => whole = merge([&whole, &pick(&mesh, |t| members.contains(&part[t]))?])?,
        }
    }
    if done == 0 {
        return Ok((mesh, part, bad));
    }
    log.step("parts that overlap united", done, &whole)?;
    let (part, count) = parts(&whole);
    let bad = faulty_parts(&whole, &part, count, log.progress)?;
    Ok((whole, part, bad))
}

/// The union of some parts: the small ones first, so that the large ones are gone through once.
fn unite_group(mesh: &Mesh, part: &[u32], members: &[u32], progress: &Progress) -> Result<Mesh, MeshError> {
    let mut solids = members.iter().map(|&p| pick(mesh, |t| part[t] == p)).collect::<Result<Vec<_>, _>>()?;
    solids.sort_by_key(|solid| std::cmp::Reverse(solid.triangles().len()));
    let mut all = solids.pop().ok_or(MeshError::Empty)?;
    while let Some(next) = solids.pop() {
        all = boolean(&all, &next, Boolean::Union, progress)?;
    }
    Ok(all)
}

/// The triangles of a mesh that `wanted` says.
pub(crate) fn pick(mesh: &Mesh, wanted: impl Fn(usize) -> bool) -> Result<Mesh, MeshError> {
    let triangles = mesh.triangles().iter().enumerate().filter(|(t, _)| wanted(*t)).map(|(_, t)| *t).collect();
    Work { vertices: mesh.vertices().to_vec(), triangles }.mesh()
}

/// Half the mean length of an edge, within 1/500 and 1/150 of the diagonal.
fn usual_step(mesh: &Mesh, diagonal: f64) -> Mm {
    let edge: f64 = (0..mesh.triangles().len() as u32)
        .map(|t| {
            let [a, b, c] = crate::tree::corners(mesh, t);
            a.distance(b) + b.distance(c) + c.distance(a)
        })
        .sum::<f64>()
        / (3 * mesh.triangles().len()).max(1) as f64;
    Mm((edge / 2.0).clamp(diagonal / 500.0, diagonal / 150.0))
}

/// The parts that have holes, branching or misoriented edges, copies or flat triangles, or pass through something.
fn faulty_parts(mesh: &Mesh, part: &[u32], count: usize, progress: &Progress) -> Result<Vec<bool>, MeshError> {
    let mut bad = vec![false; count];
    for uses in Edges::of(mesh).groups() {
        if uses.len() != 2 || uses[0].forward == uses[1].forward {
            uses.iter().for_each(|u| bad[part[u.triangle as usize] as usize] = true);
        }
    }
    for (a, b) in intersecting_pairs(&Tree::new(mesh), progress)? {
        bad[part[a as usize] as usize] = true;
        bad[part[b as usize] as usize] = true;
    }
    for t in 0..mesh.triangles().len() as u32 {
        if crate::exact::is_flat(crate::tree::corners(mesh, t)) {
            bad[part[t as usize] as usize] = true;
        }
    }
    let report = check(mesh, progress)?;
    if !bad.contains(&true) && !report.is_solid() {
        bad.fill(true);
    }
    Ok(bad)
}

fn place(at: glam::DVec3) -> LpsPoint {
    LpsPoint(at)
}
