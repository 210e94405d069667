//! Points of a stroke.

use fabrica_geometry::LpsPoint;
use serde::{Deserialize, Serialize};

use crate::PlanError;

/// The most points that a path may have.
const MOST: usize = 100_000;
/// The farthest that a point may be from the origin, µm: 100 m.
const FAR: i64 = 100_000_000;

/// Points in the patient (LPS), on a lattice of whole micrometres, in the order in which they were made.
///
/// Whole numbers are short to store (the first point, then differences), and the same on every machine: what is
/// recorded is what the hand that drew it saw. A micrometre is a hundredth of what the finest scanner resolves.
///
/// ```
/// use fabrica_geometry::LpsPoint;
/// use fabrica_plan::StrokePath;
/// let path = StrokePath::new([LpsPoint::new(12.0, -3.0, 40.0), LpsPoint::new(12.0004, -3.002, 40.0)])?;
/// assert_eq!(path.points().last(), Some(LpsPoint::new(12.0, -3.002, 40.0)));
/// # Ok::<(), fabrica_plan::PlanError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<i64>")]
pub struct StrokePath(Vec<[i64; 3]>);

impl StrokePath {
    /// The path through these points, each moved to the nearest whole micrometre; points equal to the one before are
    /// left out.
    ///
    /// # Errors
    /// When there is no point or there are over 100,000, or one is not finite or over 100 m from the origin.
    pub fn new(points: impl IntoIterator<Item = LpsPoint>) -> Result<Self, PlanError> {
        let mut path = Self::default();
        for point in points {
            path.push(point)?;
        }
        path.check()?;
        Ok(path)
    }

    /// Adds a point at the end. Whether it differs from the one before, else it is left out.
    ///
    /// # Errors
    /// As [`StrokePath::new`]; the path is then as it was.
    pub fn push(&mut self, point: LpsPoint) -> Result<bool, PlanError> {
        let micrometres = point.0 * 1000.0;
        if !(micrometres.is_finite() && micrometres.abs().max_element() <= FAR as f64) {
            let at = point.0;
            let what = format!("({}, {}, {}) mm is not finite or over 100 m away", at.x, at.y, at.z);
            return Err(PlanError::invalid("path", what));
        }
        let at = micrometres.round().to_array().map(|c| c as i64);
        if self.0.last() == Some(&at) {
            return Ok(false);
        }
        if self.0.len() >= MOST {
            return Err(PlanError::invalid("path", format!("it has over {MOST} points; lift the tool and go on")));
        }
        self.0.push(at);
        Ok(true)
    }

    /// The points.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = LpsPoint> + ExactSizeIterator + '_ {
        self.0.iter().map(|p| {
            let [x, y, z] = p.map(|c| c as f64 / 1000.0);
            LpsPoint::new(x, y, z)
        })
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none: only before the first [`StrokePath::push`].
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if self.0.is_empty() {
            return Err(PlanError::invalid("path", "it has no point"));
        }
        Ok(())
    }
}

impl From<StrokePath> for Vec<i64> {
    fn from(path: StrokePath) -> Self {
        let mut before = [0; 3];
        let mut numbers = Vec::with_capacity(3 * path.0.len());
        for point in path.0 {
            numbers.extend((0..3).map(|a| point[a] - before[a]));
            before = point;
        }
        numbers
    }
}

impl TryFrom<Vec<i64>> for StrokePath {
    type Error = PlanError;
    fn try_from(numbers: Vec<i64>) -> Result<Self, PlanError> {
        let (triples, rest) = numbers.as_chunks::<3>();
        if !rest.is_empty() || triples.len() > MOST {
            return Err(PlanError::invalid("path", format!("{} numbers are no list of points", numbers.len())));
        }
        let mut at = [0i64; 3];
        let mut points = Vec::with_capacity(triples.len());
        for step in triples {
            for a in 0..3 {
                at[a] = at[a].saturating_add(step[a]);
                if at[a].abs() > FAR {
                    return Err(PlanError::invalid("path", "a point is over 100 m away"));
                }
            }
            points.push(at);
        }
        Ok(Self(points))
    }
}
