//! Structures that must be kept away from, and how close an instrument is to them.

use std::sync::Arc;

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_surface::Mesh;
use fabrica_volume::{Structure, Volume};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::convex::{Capsule, Convex};
use crate::tree::{GAP, Nearest, Tree};
use crate::{ApproachError, Path, PlacedInstrument};

/// 95 % of a normal distribution lie within so many standard deviations.
pub const COVERAGE: f64 = 1.96;
/// The least standard deviation of a border that voxels place, in voxels along each axis: a mask alone, and a scan's values.
const OF_MASK: f64 = 0.30;
const OF_IMAGE: f64 = 0.06;

/// How close is too close.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Under this: stop.
    pub stop_mm: f64,
    /// Under this: warn.
    pub warn_mm: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { stop_mm: 2.0, warn_mm: 5.0 }
    }
}

impl Thresholds {
    fn check(self) -> Result<(), ApproachError> {
        let Self { stop_mm, warn_mm } = self;
        if stop_mm >= 0.0 && warn_mm >= stop_mm && warn_mm <= 1000.0 {
            return Ok(());
        }
        let what = format!("stop {stop_mm} mm, warn {warn_mm} mm: 0 ≤ stop ≤ warn ≤ 1000 must hold");
        Err(ApproachError::invalid("thresholds", what))
    }
}

/// What a clearance means by the thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Far enough.
    Free,
    /// Close.
    Warn,
    /// Too close, touching or within.
    Stop,
}

/// How close an instrument is to a structure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clearance {
    /// Between the two surfaces. Below 0 where the instrument touches or enters; the size of a negative number only says that
    /// it is at least so deep (how far it goes in is told by [`crossings`]).
    pub distance: Mm,
    /// The true distance lies within ± this 95 times in 100.
    pub error: Mm,
    /// The structure's nearest point.
    pub nearest: LpsPoint,
    /// The structure's surface outwards there, unit length.
    pub outwards: LpsVector,
    /// By the thresholds, with the error counted against the instrument.
    pub alarm: Alarm,
}

/// A structure that must be kept away from. A copy shares the surface.
#[derive(Clone, Debug)]
pub struct Obstacle {
    name: String,
    tree: Arc<Tree>,
    error: f64,
    thresholds: Thresholds,
}

impl Obstacle {
    /// A structure by its closed surface, which faces outwards. `error` is the standard deviation of the surface's place.
    ///
    /// # Errors
    /// When the mesh is empty (what is not there cannot be kept away from), or a number makes no sense.
    pub fn new(name: &str, mesh: &Mesh, error: Mm, thresholds: Thresholds) -> Result<Self, ApproachError> {
        if mesh.is_empty() {
            return Err(ApproachError::Empty(name.into()));
        }
        thresholds.check()?;
        if !(0.0..=100.0).contains(&error.0) {
            return Err(ApproachError::invalid("error", format!("{error} is not 0 to 100 mm")));
        }
        Ok(Self { name: name.into(), tree: Arc::new(Tree::new(mesh)), error: error.0, thresholds })
    }

    /// A structure of a case, with the scan that it lies on. Its border is placed by the scan's values where the structure
    /// is the region above a threshold, else half way between voxels. `segmentation` is the standard deviation of where the
    /// whole border lies, by whoever made the structure; half a voxel when nobody says.
    ///
    /// # Errors
    /// When the structure is empty, the surface cannot be made, or the user cancels.
    pub fn of_structure(
        structure: &Structure,
        volume: Option<&Volume>,
        segmentation: Option<Mm>,
        thresholds: Thresholds,
        progress: &Progress,
    ) -> Result<Self, ApproachError> {
        let mesh = border(structure, volume, progress)?;
        let spacing = structure.mask.grid().spacing();
        let coarsest = spacing.into_iter().fold(0.0, f64::max);
        let placed = structure.isovalue.is_some() && volume.is_some();
        let voxels = coarsest * if placed { OF_IMAGE } else { OF_MASK };
        let whole = segmentation.map_or(0.5 * structure.mask.grid().finest_spacing().0, |s| s.0);
        Self::new(&structure.name, &mesh, Mm(voxels.hypot(whole)), thresholds)
    }

    /// The same structure with other thresholds; its surface is shared.
    ///
    /// # Errors
    /// When a number makes no sense.
    pub fn with_thresholds(&self, thresholds: Thresholds) -> Result<Self, ApproachError> {
        thresholds.check()?;
        Ok(Self { thresholds, ..self.clone() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its thresholds.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// The standard deviation of its border.
    pub fn border_error(&self) -> Mm {
        Mm(self.error)
    }

    /// Its surface, for exact questions.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether a point lies within it.
    pub fn contains(&self, at: LpsPoint) -> bool {
        self.tree.contains(at.0)
    }

    /// How far a point is from its surface, below 0 within, and the nearest point of the surface.
    pub fn distance(&self, at: LpsPoint) -> Option<(Mm, LpsPoint)> {
        self.tree.signed(at.0).map(|n| (Mm(n.distance), LpsPoint(n.point)))
    }

    /// The surface outwards at the point of it nearest to `at`, unit length.
    pub fn outwards(&self, at: LpsPoint) -> Option<LpsVector> {
        let near = self.tree.nearest(at.0, f64::INFINITY)?;
        Some(LpsVector(self.tree.outward(&near)))
    }

    /// How close an instrument is; nothing when it is farther than `within`. `before` is the answer of the last frame, which
    /// makes this one quick.
    pub fn clearance(
        &self,
        instrument: &PlacedInstrument,
        within: Mm,
        before: Option<&Clearance>,
    ) -> Option<Clearance> {
        let mut best: Option<Nearest> = None;
        let hint = before.map(|c| c.nearest.0);
        let mut inside = false;
        let mut known: Option<(DVec3, bool)> = None;
        for part in &instrument.parts {
            let limit = best.map_or(within.0, |b| b.distance);
            let found = self.tree.least(part, limit, hint);
            best = found.or(best);
            // Where no border reaches into the part it lies on one side, all of it.
            let side = match (found, known) {
                (Some(near), _) if near.distance <= 0.0 => continue,
                (Some(near), _) => {
                    let at = near.point - part.distance(near.point).1 * near.distance;
                    (at, self.tree.contains_near(at, &near))
                }
                (None, Some(known)) => (part.middle(), self.tree.contains_from(part.middle(), known)),
                (None, None) => (part.middle(), self.tree.contains(part.middle())),
            };
            inside |= side.1;
            known = Some(side);
        }
        if !inside {
            return best.map(|n| self.clearance_of(n, instrument.error));
        }
        // A part lies within: the deepest of its middle line.
        let deepest = instrument
            .parts
            .iter()
            .filter_map(|part| self.tree.signed(part.middle()).map(|n| (n, part.middle())))
            .filter(|(n, _)| n.distance < 0.0)
            .map(|(n, _)| n)
            .chain(best.filter(|b| b.distance < 0.0))
            .fold(None, |deepest: Option<Nearest>, n| match deepest {
                Some(d) if d.distance <= n.distance => Some(d),
                _ => Some(n),
            });
        deepest.map(|n| self.clearance_of(n, instrument.error))
    }

    /// How close a straight rod of this radius around a path comes.
    pub fn path_clearance(&self, path: &Path, radius: Mm, within: Mm) -> Option<Clearance> {
        let rod = Capsule { from: path.entry.0, to: path.target.0, radius: radius.0 };
        let nearest = self.tree.least(&rod, within.0, None);
        let ends_within = [path.entry, path.target].into_iter().any(|p| self.contains(p));
        match nearest {
            Some(n) if !ends_within || n.distance <= 0.0 => Some(self.clearance_of(n, Mm(0.0))),
            // All of it lies within.
            _ if ends_within => self.tree.signed((path.entry.0 + path.target.0) / 2.0).map(|n| {
                let depth = -n.distance.abs() - radius.0;
                self.clearance_of(Nearest { distance: depth, ..n }, Mm(0.0))
            }),
            _ => None,
        }
    }

    fn clearance_of(&self, nearest: Nearest, instrument_error: Mm) -> Clearance {
        let error = COVERAGE * (self.error.powi(2) + instrument_error.0.powi(2)).sqrt() + GAP;
        Clearance {
            distance: Mm(nearest.distance),
            error: Mm(error),
            nearest: LpsPoint(nearest.point),
            outwards: LpsVector(self.tree.outward(&nearest)),
            alarm: self.alarm(nearest.distance, error),
        }
    }

    /// What a distance means, with its error counted against it.
    pub fn alarm(&self, distance_mm: f64, error_mm: f64) -> Alarm {
        let sure = distance_mm - error_mm;
        // Not a number is no reason to go on.
        if sure >= self.thresholds.warn_mm {
            Alarm::Free
        } else if sure >= self.thresholds.stop_mm {
            Alarm::Warn
        } else {
            Alarm::Stop
        }
    }
}

/// The border of a structure as a closed mesh.
///
/// # Errors
/// When the structure is empty, the surface cannot be made, or the user cancels.
pub fn border(structure: &Structure, volume: Option<&Volume>, progress: &Progress) -> Result<Mesh, ApproachError> {
    if structure.mask.is_empty() {
        return Err(ApproachError::Empty(structure.name.clone()));
    }
    Ok(match (structure.isovalue, volume) {
        (Some(isovalue), Some(volume)) => fabrica_surface::surface_within(&structure.mask, volume, isovalue, progress)?,
        _ => {
            let mut mesh = fabrica_surface::surface_of_mask(&structure.mask, progress)?;
            // The steps of the voxels go, while every vertex stays within its voxel.
            let limits = fabrica_surface::Smoothing::default();
            fabrica_surface::smooth(&mut mesh, structure.mask.grid(), &limits, progress)?;
            mesh
        }
    })
}

/// A stretch of a path within a structure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Crossing {
    /// The structure.
    pub structure: String,
    /// Where it goes in, from the entry.
    pub from: Mm,
    /// Where it leaves or the path ends, from the entry.
    pub to: Mm,
    /// The ± of either end, 95 times in 100: the border's error, drawn out where the path meets it at a slant.
    pub error: Mm,
}

impl Crossing {
    /// Its length.
    pub fn length(&self) -> Mm {
        self.to - self.from
    }
}

/// What the middle line of a path crosses, in order of where it goes in.
///
/// # Errors
/// When the path has no length.
pub fn crossings<'a>(
    path: &Path,
    structures: impl IntoIterator<Item = &'a Obstacle>,
) -> Result<Vec<Crossing>, ApproachError> {
    let direction = path.direction()?.0;
    let length = path.length().0;
    let mut found = Vec::new();
    for structure in structures {
        found.extend(stretches(structure, path.entry.0, direction, length));
    }
    found.sort_by(|a, b| a.from.0.total_cmp(&b.from.0).then(b.to.0.total_cmp(&a.to.0)));
    Ok(found)
}

fn stretches(structure: &Obstacle, from: DVec3, direction: DVec3, length: f64) -> Vec<Crossing> {
    const SHORT: f64 = 1e-6;
    let tree = structure.tree();
    let mut cuts: Vec<f64> = vec![0.0];
    cuts.extend(tree.passes(from, direction, length).into_iter().map(|(t, _)| t));
    cuts.push(length);
    let mut found: Vec<Crossing> = Vec::new();
    for pair in cuts.windows(2) {
        let [start, end] = [pair[0], pair[1]];
        // The middle of each stretch decides, so that an edge that was told twice does no harm.
        if end - start < SHORT || !tree.contains(from + direction * ((start + end) / 2.0)) {
            continue;
        }
        match found.last_mut() {
            Some(last) if start - last.to.0 < SHORT => last.to = Mm(end),
            _ => {
                found.push(Crossing {
                    structure: structure.name.clone(),
                    from: Mm(start),
                    to: Mm(end),
                    error: Mm(0.0),
                });
            }
        }
    }
    for crossing in &mut found {
        let slant = |t: f64| {
            let at = from + direction * t;
            let near = tree.nearest(at, f64::INFINITY);
            let cosine = near.map_or(1.0, |n| tree.outward(&n).dot(direction).abs());
            // At a grazing angle the straight-line rule breaks down; it is held at ten times.
            1.0 / cosine.max(0.1)
        };
        let ends = [crossing.from.0, crossing.to.0].into_iter().filter(|t| *t > 0.0 && *t < length);
        crossing.error = Mm(COVERAGE * structure.error * ends.map(slant).fold(1.0, f64::max));
    }
    found
}
