//! Where an instrument is, and what follows from that alone.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::convex::{Capsule, Convex, Cuboid, Turned};
use crate::{ApproachError, Instrument, Part};

/// Where an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pose {
    tip: LpsPoint,
    forward: LpsVector,
    up: LpsVector,
}

/// A straight plan: from where to where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// Where it enters.
    pub entry: LpsPoint,
    /// Where it ends.
    pub target: LpsPoint,
}

/// Angles in degrees between a direction and the anatomical planes, 0° to 90°.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PlaneAngles {
    /// To the axial plane.
    pub axial_degrees: f64,
    /// To the coronal plane.
    pub coronal_degrees: f64,
    /// To the sagittal plane.
    pub sagittal_degrees: f64,
}

/// How an instrument departs from a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FromPlan {
    /// Between the two directions.
    pub angle_degrees: f64,
    /// Of the tip from the planned line.
    pub aside: Mm,
    /// From the tip to the target along the planned line; below 0 beyond it.
    pub to_go: Mm,
    /// How far the tip is beyond the entry along the planned line.
    pub depth: Mm,
}

impl Pose {
    /// An instrument with its tip at a point, pointing `forward`; its own y axis is turned as near to `up` as can be.
    ///
    /// # Errors
    /// When a number is not finite, a direction has no length, or both are parallel.
    pub fn new(tip: LpsPoint, forward: LpsVector, up: LpsVector) -> Result<Self, ApproachError> {
        let wrong = || {
            ApproachError::invalid("pose", "a number is not finite, or the directions have no length or are parallel")
        };
        let forward = forward.0.try_normalize().ok_or_else(wrong)?;
        let up = up.0.try_normalize().ok_or_else(wrong)?;
        let up = (up - forward * up.dot(forward)).try_normalize().filter(|u| u.dot(up) > 1e-6).ok_or_else(wrong)?;
        if !tip.0.is_finite() {
            return Err(wrong());
        }
        Ok(Self { tip, forward: LpsVector(forward), up: LpsVector(up) })
    }

    /// An instrument with its tip at a path's target, coming from its entry; its y axis points as far up as it can.
    ///
    /// # Errors
    /// When the path has no length or is not finite.
    pub fn along(path: &Path) -> Result<Self, ApproachError> {
        let forward = path.direction()?;
        let up = if forward.0.z.abs() < 0.9 { DVec3::Z } else { DVec3::NEG_Y };
        Self::new(path.target, forward, LpsVector(up))
    }

    /// Where the tip is.
    pub fn tip(&self) -> LpsPoint {
        self.tip
    }

    /// Where it points, of unit length.
    pub fn forward(&self) -> LpsVector {
        self.forward
    }

    /// The instrument's own y axis in the patient, of unit length.
    pub fn up(&self) -> LpsVector {
        self.up
    }

    /// A point of the instrument's own frame (mm, +x backwards from the tip) in the patient.
    pub fn place(&self, own: DVec3) -> LpsPoint {
        let (x, y, z) = self.axes();
        LpsPoint(self.tip.0 + x * own.x + y * own.y + z * own.z)
    }

    fn axes(&self) -> (DVec3, DVec3, DVec3) {
        let (x, y) = (-self.forward.0, self.up.0);
        (x, y, x.cross(y))
    }

    /// The middle of an endoscope's view: turned from the axis towards the instrument's own y axis.
    pub fn view(&self, angle_degrees: f64) -> LpsVector {
        let (sin, cos) = angle_degrees.to_radians().sin_cos();
        LpsVector(self.forward.0 * cos + self.up.0 * sin)
    }

    /// The angles to the anatomical planes.
    pub fn plane_angles(&self) -> PlaneAngles {
        let [axial_degrees, coronal_degrees, sagittal_degrees] = self.forward.plane_degrees();
        PlaneAngles { axial_degrees, coronal_degrees, sagittal_degrees }
    }

    /// The angle between the instrument and the perpendicular into a surface: 0° is straight in.
    pub fn angle_to_surface_degrees(&self, outwards: LpsVector) -> f64 {
        angle(self.forward.0, -outwards.0)
    }

    /// How the instrument departs from a plan.
    ///
    /// # Errors
    /// When the path has no length.
    pub fn from_plan(&self, plan: &Path) -> Result<FromPlan, ApproachError> {
        let line = plan.direction()?.0;
        let from = self.tip.0 - plan.entry.0;
        let depth = from.dot(line);
        Ok(FromPlan {
            angle_degrees: angle(self.forward.0, line),
            aside: Mm((from - line * depth).length()),
            to_go: Mm(plan.length().0 - depth),
            depth: Mm(depth),
        })
    }
}

impl Path {
    /// From entry to target, of unit length.
    ///
    /// # Errors
    /// When both are the same point or not finite.
    pub fn direction(&self) -> Result<LpsVector, ApproachError> {
        (self.target - self.entry)
            .0
            .try_normalize()
            .map(LpsVector)
            .ok_or_else(|| ApproachError::invalid("path", "entry and target are the same point, or not finite"))
    }

    /// From entry to target.
    pub fn length(&self) -> Mm {
        self.entry.distance(self.target)
    }
}

/// The angle between two directions, degrees; exact for small angles too.
pub(crate) fn angle(a: DVec3, b: DVec3) -> f64 {
    a.cross(b).length().atan2(a.dot(b)).to_degrees()
}

/// A convex part in the patient.
#[derive(Clone, Debug)]
pub(crate) enum Placed {
    Turned(Turned),
    Ball(Capsule),
    Box(Cuboid),
}

impl Convex for Placed {
    #[inline]
    fn distance(&self, at: DVec3) -> (f64, DVec3) {
        match self {
            Self::Turned(t) => t.distance(at),
            Self::Ball(b) => b.distance(at),
            Self::Box(b) => b.distance(at),
        }
    }
}

impl Placed {
    /// A box around the part, grown by `by` on each side.
    pub fn bounds(&self, by: f64) -> (DVec3, DVec3) {
        let around = |a: DVec3, b: DVec3, r: f64| (a.min(b) - (r + by), a.max(b) + (r + by));
        match self {
            Self::Turned(t) => {
                let radius = t.profile.iter().map(|p| p[1]).fold(0.0, f64::max);
                let end = |p: Option<&[f64; 2]>| t.tip + t.axis * p.map_or(0.0, |p| p[0]);
                around(end(t.profile.first()), end(t.profile.last()), radius)
            }
            Self::Ball(b) => around(b.from, b.to, b.radius),
            Self::Box(b) => {
                let half = b.axes[0].abs() * b.half.x + b.axes[1].abs() * b.half.y + b.axes[2].abs() * b.half.z;
                (b.centre - half - by, b.centre + half + by)
            }
        }
    }

    /// Some point within the part.
    pub fn middle(&self) -> DVec3 {
        match self {
            Self::Turned(t) => {
                let ends = t.profile.first().zip(t.profile.last()).map_or(0.0, |(a, b)| (a[0] + b[0]) / 2.0);
                t.tip + t.axis * ends
            }
            Self::Ball(b) => b.from,
            Self::Box(b) => b.centre,
        }
    }
}

/// An instrument's parts in the patient.
#[derive(Clone, Debug)]
pub struct PlacedInstrument {
    pub(crate) parts: Vec<Placed>,
    pub(crate) error: Mm,
}

impl PlacedInstrument {
    /// Puts an instrument somewhere.
    pub fn new(instrument: &Instrument, pose: &Pose) -> Self {
        let (x, y, z) = pose.axes();
        let tip = pose.tip.0;
        let parts = instrument.parts.iter().map(|part| match part {
            Part::Turned(profile) => Placed::Turned(Turned { tip, axis: x, profile: profile.clone() }),
            Part::Ball { at, radius } => {
                let centre = tip + x * *at;
                Placed::Ball(Capsule { from: centre, to: centre, radius: *radius })
            }
            Part::Box([low, high]) => {
                let (low, high) = (DVec3::from_array(*low), DVec3::from_array(*high));
                Placed::Box(Cuboid {
                    centre: pose.place((low + high) / 2.0).0,
                    axes: [x, y, z],
                    half: (high - low) / 2.0,
                })
            }
        });
        Self { parts: parts.collect(), error: instrument.error }
    }

    /// How far a point is from the instrument's surface; below 0 within it.
    pub fn distance_to(&self, at: LpsPoint) -> Mm {
        Mm(self.parts.iter().map(|p| p.distance(at.0).0).fold(f64::INFINITY, f64::min))
    }

    /// The point of the instrument's surface nearest to a point outside it; the point itself where it lies within.
    pub fn nearest_to(&self, at: LpsPoint) -> LpsPoint {
        let nearest = self.parts.iter().map(|p| p.distance(at.0)).min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.filter(|(distance, _)| *distance > 0.0).map_or(at, |(distance, away)| LpsPoint(at.0 - away * distance))
    }

    /// The distance to another instrument or implant, 0 where they collide, and a point of each. Within 0.01 mm.
    ///
    /// By projecting to and fro between the two convex parts, which converges to the least distance (W. Cheney, A. Goldstein,
    /// "Proximity maps for convex sets", 1959).
    pub fn distance_between(&self, other: &Self) -> (Mm, LpsPoint, LpsPoint) {
        let mut best = (f64::INFINITY, DVec3::ZERO, DVec3::ZERO);
        for a in &self.parts {
            for b in &other.parts {
                let found = between(a, b);
                if found.0 < best.0 {
                    best = found;
                }
            }
        }
        (Mm(best.0), LpsPoint(best.1), LpsPoint(best.2))
    }
}

fn between(a: &Placed, b: &Placed) -> (f64, DVec3, DVec3) {
    let onto = |part: &Placed, p: DVec3| {
        let (d, g) = part.distance(p);
        if d > 0.0 { p - g * d } else { p }
    };
    let mut q = b.middle();
    let mut p = onto(a, q);
    for _ in 0..20_000 {
        let next_q = onto(b, p);
        let next_p = onto(a, next_q);
        let distance = next_p.distance(next_q);
        let moved = next_p.distance(p) + next_q.distance(q);
        (p, q) = (next_p, next_q);
        if distance < 1e-9 {
            return (0.0, p, q);
        }
        // The planes through p and q across the line between them bound the distance from below.
        let u = (q - p) / distance;
        let slack = support_gap(a, p, u) + support_gap(b, q, -u);
        if slack < 0.005 || moved < 1e-9 {
            break;
        }
    }
    (p.distance(q), p, q)
}

/// How far a part may reach beyond `p` along `u`, where `p` is its point nearest to something that way: found by asking
/// from afar.
fn support_gap(part: &Placed, p: DVec3, u: DVec3) -> f64 {
    const FAR: f64 = 1e6;
    // A point far along u is nearest to the part's outermost point that way.
    let (d, _) = part.distance(p + u * FAR);
    (FAR - d).max(0.0)
}
