//! Taking bone or tissue out, and what that leaves.

use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm2, Mm3, VoxelPoint};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Rgb, Structure};
use glam::DVec3;
use serde::Serialize;

use crate::convex::Turned;
use crate::mirror::box_around;
use crate::obstacle::{Obstacle, border};
use crate::pose::Placed;
use crate::sweep::Sweep;
use crate::{ApproachError, Path, Tree};

/// What goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Removal<'a> {
    /// What a burr or an instrument has passed through.
    Drilled(&'a Sweep),
    /// What lies beyond every one of these planes: a point, and the direction to the side that goes.
    Beyond(Vec<(LpsPoint, LpsVector)>),
    /// What lies within an outline drawn freehand, seen along a direction: a prism without end.
    Within {
        /// The outline's points, in order; it is projected along `along`.
        outline: Vec<LpsPoint>,
        /// The direction of looking.
        along: LpsVector,
    },
    /// A tumour and all within `margin` of it.
    Margin {
        /// The tumour, on the structure's grid.
        around: &'a Mask,
        /// How far.
        margin: Mm,
    },
    /// A burr hole or round window: a cylinder of this diameter around a path, from its entry to its target.
    Window {
        /// From outside to within.
        path: Path,
        /// Across.
        diameter: Mm,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Resection {
    /// The piece that was taken out: it can be held, put back and printed.
    pub piece: Structure,
    /// What stays.
    pub rest: Mask,
    /// In numbers.
    pub report: ResectionReport,
}

/// A resection in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResectionReport {
    /// What was taken out, by voxels.
    pub resected: Mm3,
    /// What stays (the remnant).
    pub remaining: Mm3,
    /// The share that stays, 0 to 1.
    pub remaining_share: f64,
    /// How far the cut surface keeps from the tumour, where one was given.
    pub margin: Option<MarginReport>,
    /// What else the removed region touches.
    pub touched: Vec<Touched>,
}

/// The margin of a resection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarginReport {
    /// The least distance between cut surface and tumour; below 0 where the cut runs through the tumour.
    pub least: Mm,
    /// Where that is.
    pub at: LpsPoint,
    /// ±, 95 times in 100.
    pub error: Mm,
    /// The cut surface.
    pub cut_area: Mm2,
    /// For limits of 0, 1, 2, 5 and 10 mm: the share of the cut surface that is nearer to the tumour than that.
    pub share_nearer: [(f64, f64); 5],
    /// How much of the tumour stays behind.
    pub left_behind: Mm3,
}

/// A structure that the removed region touches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Touched {
    /// Which.
    pub structure: String,
    /// How much of it lies in the removed region.
    pub volume: Mm3,
}

/// Takes a part of a structure out. `tumour` is what margins are measured from; `others` are looked at for what is touched. All
/// masks lie on the structure's grid.
///
/// # Errors
/// When nothing would be taken out, a mask lies on another grid, a number makes no sense, or the user cancels. Nothing is
/// changed then.
pub fn resect(
    structure: &Structure,
    removal: &Removal<'_>,
    tumour: Option<&Structure>,
    others: &[&Structure],
    progress: &Progress,
) -> Result<Resection, ApproachError> {
    progress.stage("cutting");
    let region = region(structure, removal, progress)?;
    let removed = fabrica_segment::intersection(&structure.mask, &region)?;
    if removed.is_empty() {
        let what = format!("nothing of \"{}\" lies in the region that is to be taken out", structure.name);
        return Err(ApproachError::invalid("resection", what));
    }
    let rest = fabrica_segment::difference(&structure.mask, &region)?;
    let touched = touched(&region, others, progress)?;
    let report = ResectionReport::of(&removed, &rest, tumour, touched, progress)?;
    let piece = Structure {
        name: format!("{} piece", structure.name),
        colour: Rgb(230, 140, 60),
        mask: removed,
        code: None,
        origin: format!("taken out of {}", structure.name),
        // The cut is no crossing of the threshold, but the mask wins there.
        isovalue: structure.isovalue,
    };
    Ok(Resection { piece, rest, report })
}

impl ResectionReport {
    /// Of a resection that was made elsewhere: what was taken out, what stays, and what was [`touched`].
    ///
    /// # Errors
    /// When the masks lie on different grids, the tumour is empty, or the user cancels.
    pub fn of(
        removed: &Mask,
        rest: &Mask,
        tumour: Option<&Structure>,
        touched: Vec<Touched>,
        progress: &Progress,
    ) -> Result<Self, ApproachError> {
        let (resected, remaining) = (removed.volume(), rest.volume());
        Ok(Self {
            resected,
            remaining,
            remaining_share: remaining.0 / (resected.0 + remaining.0),
            margin: tumour.map(|tumour| margin(tumour, removed, rest, progress)).transpose()?,
            touched,
        })
    }
}

/// What of other structures lies in a removed region.
///
/// # Errors
/// When one lies on another grid, or the user cancels.
pub fn touched(region: &Mask, others: &[&Structure], progress: &Progress) -> Result<Vec<Touched>, ApproachError> {
    let mut touched = Vec::new();
    for other in others {
        progress.check()?;
        let shared = fabrica_segment::intersection(&other.mask, region)?;
        if !shared.is_empty() {
            touched.push(Touched { structure: other.name.clone(), volume: shared.volume() });
        }
    }
    Ok(touched)
}

/// The voxels of a structure's grid that a removal takes, whatever they belong to.
///
/// # Errors
/// When a mask lies on another grid, a number makes no sense, or the user cancels.
pub fn region(structure: &Structure, removal: &Removal<'_>, progress: &Progress) -> Result<Mask, ApproachError> {
    let grid = structure.mask.grid();
    let at = |n: usize| {
        let [i, j, k] = grid.position(n).map(|v| v as f64);
        grid.to_patient(VoxelPoint::new(i, j, k)).0
    };
    let unit = |v: LpsVector| {
        v.0.try_normalize().ok_or_else(|| ApproachError::invalid("direction", "it has no length or is not finite"))
    };
    Ok(match removal {
        Removal::Drilled(sweep) => sweep.mask(grid),
        Removal::Beyond(planes) => {
            let planes = planes.iter().map(|(p, n)| Ok((p.0, unit(*n)?))).collect::<Result<Vec<_>, ApproachError>>()?;
            if planes.is_empty() {
                return Err(ApproachError::invalid("cut", "it has no plane"));
            }
            Mask::from_fn(grid.clone(), |n| planes.iter().all(|(p, normal)| (at(n) - *p).dot(*normal) > 0.0))
        }
        Removal::Within { outline, along } => {
            let along = unit(*along)?;
            if outline.len() < 3 || outline.iter().any(|p| !p.0.is_finite()) {
                return Err(ApproachError::invalid("outline", "it needs three or more finite points"));
            }
            let (u, v) = along.any_orthonormal_pair();
            let flat: Vec<[f64; 2]> = outline.iter().map(|p| [p.0.dot(u), p.0.dot(v)]).collect();
            Mask::from_fn(grid.clone(), |n| {
                let p = at(n);
                winds_around(&flat, [p.dot(u), p.dot(v)])
            })
        }
        Removal::Margin { around, margin } => {
            if !(0.0..=200.0).contains(&margin.0) {
                return Err(ApproachError::invalid("margin", format!("{margin} is not 0 to 200 mm")));
            }
            structure.mask.check_same_grid(around)?;
            let tumour =
                Structure { name: "the tumour".into(), mask: (*around).clone(), isovalue: None, ..structure.clone() };
            // From its border, not from the middles of its voxels, which would fall short.
            let tree = Tree::new(&border(&tumour, None, progress)?);
            let wide = *margin + Mm(grid.spacing().into_iter().fold(0.0, f64::max));
            let Some((low, high)) = box_around(around, wide) else { return Err(ApproachError::Empty(tumour.name)) };
            let within = Mask::from_fn(grid.clone(), |n| {
                let p = at(n);
                let near = p.cmpge(low.0).all() && p.cmple(high.0).all();
                near && tree.signed(p).is_some_and(|found| found.distance <= margin.0)
            });
            fabrica_segment::union(&within, around)?
        }
        Removal::Window { path, diameter } => {
            if !(diameter.0 > 0.0 && diameter.0 <= 300.0) {
                return Err(ApproachError::invalid("window", format!("{diameter} is not over 0 to 300 mm")));
            }
            let axis = path.direction()?.0;
            let radius = diameter.0 / 2.0;
            let profile = vec![[0.0, radius], [path.length().0, radius]];
            let body = Placed::Turned(Turned { tip: path.entry.0, axis, profile });
            Mask::from_fn(grid.clone(), |n| crate::convex::Convex::distance(&body, at(n)).0 <= 0.0)
        }
    })
}

/// Whether an outline runs around a point, an uneven number of times.
fn winds_around(outline: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut inside = false;
    let mut before = outline.last().copied().unwrap_or_default();
    for &here in outline {
        if (here[1] > y) != (before[1] > y) {
            let at = here[0] + (y - here[1]) / (before[1] - here[1]) * (before[0] - here[0]);
            inside ^= x < at;
        }
        before = here;
    }
    inside
}

fn margin(tumour: &Structure, removed: &Mask, rest: &Mask, progress: &Progress) -> Result<MarginReport, ApproachError> {
    progress.stage("measuring the margin");
    removed.check_same_grid(&tumour.mask)?;
    let obstacle = Obstacle::of_structure(tumour, None, None, crate::Thresholds::default(), progress)?;
    let piece = Structure {
        name: "piece".into(),
        colour: Rgb(0, 0, 0),
        mask: removed.clone(),
        code: None,
        origin: String::new(),
        isovalue: None,
    };
    let mesh = border(&piece, None, progress)?;
    let grid = removed.grid();
    let to_voxel = grid.patient_to_voxel();
    // Half a voxel of the coarsest spacing outwards lies what stays.
    let out = grid.spacing().into_iter().fold(0.0, f64::max) * 0.75;
    const LIMITS: [f64; 5] = [0.0, 1.0, 2.0, 5.0, 10.0];
    let (mut least, mut area, mut nearer) = ((f64::INFINITY, DVec3::ZERO), 0.0, [0.0; 5]);
    for (n, t) in mesh.triangles().iter().enumerate() {
        if n % 4096 == 0 {
            progress.check()?;
        }
        let p = t.map(|v| mesh.vertices().get(v as usize).map_or(DVec3::ZERO, |p| DVec3::from_array(p.map(f64::from))));
        let middle = (p[0] + p[1] + p[2]) / 3.0;
        let normal = (p[1] - p[0]).cross(p[2] - p[0]) / 2.0;
        let beyond = to_voxel.transform_point3(middle + normal.normalize_or_zero() * out).round();
        let cut = beyond.min_element() >= 0.0 && rest.get(beyond.to_array().map(|v| v as usize));
        if !cut {
            continue;
        }
        let Some((Mm(distance), _)) = obstacle.distance(LpsPoint(middle)) else { continue };
        area += normal.length();
        if distance < least.0 {
            least = (distance, middle);
        }
        for (sum, limit) in nearer.iter_mut().zip(LIMITS) {
            if distance < limit {
                *sum += normal.length();
            }
        }
    }
    let voxel = crate::COVERAGE * grid.spacing().into_iter().fold(0.0, f64::max) * 0.3;
    Ok(MarginReport {
        least: Mm(least.0),
        at: LpsPoint(least.1),
        error: Mm((crate::COVERAGE * obstacle.border_error().0).hypot(voxel)),
        cut_area: Mm2(area),
        share_nearer: std::array::from_fn(|n| (LIMITS[n], if area > 0.0 { nearer[n] / area } else { 0.0 })),
        left_behind: fabrica_segment::intersection(&tumour.mask, rest)?.volume(),
    })
}
