//! What is known about errors that the data itself does not tell.

use fabrica_geometry::Mm;

use crate::MeasureError;

/// Errors that the data itself does not tell, each as one standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How far from the true border a structure's border may lie as a whole. Nothing for what its making tells: see
    /// [`Border`](crate::Border).
    pub segmentation: Option<Mm>,
    /// How well a hand finds the same point again, along each axis. 0.5 mm unless told otherwise: it is the user's
    /// and the tool's, and should be measured.
    pub repeatability: Mm,
    /// How well two scans lie on one another, along each axis. Needed only between scans without a common frame of
    /// reference.
    pub registration: Option<Mm>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segmentation: None, repeatability: Mm(0.5), registration: None }
    }
}

impl Settings {
    /// Checks that every error is finite and at least 0.
    ///
    /// # Errors
    /// [`MeasureError::Setting`] names the one that is not.
    pub fn check(&self) -> Result<(), MeasureError> {
        let all = [
            ("the segmentation's error", self.segmentation),
            ("the tool's repeatability", Some(self.repeatability)),
            ("the registration's error", self.registration),
        ];
        for (what, error) in all {
            if let Some(error) = error
                && !(0.0..=100.0).contains(&error.0)
            {
                return Err(MeasureError::Setting { what, value: error.to_string(), allowed: "0 to 100 mm" });
            }
        }
        Ok(())
    }
}
