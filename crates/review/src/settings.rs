//! What counts as doubt.

use fabrica_geometry::Mm;

use crate::ReviewError;

/// What counts as doubt, and how it is cut into regions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReviewSettings {
    /// What is below this probability of being right is reviewed.
    pub threshold: f64,
    /// Within so many voxels of a border doubt is the border's own, where the same side is sure within as many.
    pub border: usize,
    /// Smaller parts are counted, and not listed.
    pub least_voxels: u64,
    /// Longer parts are cut into patches, so that one can be looked at in one place.
    pub longest: Mm,
    /// The most regions in a list; with more, the least size rises until they fit, and the list says so.
    pub most: usize,
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self { threshold: 0.85, border: 2, least_voxels: 4, longest: Mm(40.0), most: 500 }
    }
}

impl ReviewSettings {
    pub(crate) fn check(&self) -> Result<(), ReviewError> {
        let range = |what, value, allowed| Err(ReviewError::Range { what, value, allowed });
        if !(0.5..=1.0).contains(&self.threshold) {
            return range("the threshold", self.threshold, "0.5 to 1");
        }
        if self.border > 8 {
            return range("the border, in voxels,", self.border as f64, "up to 8");
        }
        if !(self.longest.0 >= 1.0 && self.longest.0.is_finite()) {
            return range("the longest side of a region, in mm,", self.longest.0, "at least 1");
        }
        if !(1..=1000).contains(&self.most) {
            return range("the most regions", self.most as f64, "1 to 1000");
        }
        Ok(())
    }
}
