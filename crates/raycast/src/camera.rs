//! Where the picture is taken from.

use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::RenderError;

/// How depth becomes picture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Projection {
    /// Nearer is larger.
    Perspective {
        /// Angle between the top and the bottom of the picture, in radians, above 0 and below π.
        vertical_fov: f64,
    },
    /// The same size at any depth, so that the picture can be measured in.
    Orthographic {
        /// Height of the picture in the patient.
        height: Mm,
    },
}

/// A camera in patient coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Camera {
    /// Where the eye is. With an orthographic projection nothing behind the plane through the eye is seen.
    pub eye: LpsPoint,
    /// The point in the middle of the picture, about which the user turns.
    pub target: LpsPoint,
    /// What is upwards in the picture; need not be perpendicular to the view.
    pub up: LpsVector,
    /// How depth becomes picture.
    pub projection: Projection,
}

/// The directions of a camera's picture in the patient: perpendicular unit vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CameraFrame {
    /// To the right of the picture.
    pub right: LpsVector,
    /// To the top of the picture.
    pub up: LpsVector,
    /// Into the picture.
    pub forward: LpsVector,
}

/// A ray of sight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it starts.
    pub origin: LpsPoint,
    /// Its unit direction.
    pub direction: LpsVector,
}

impl Camera {
    /// The directions of the picture.
    ///
    /// # Errors
    /// [`RenderError::Camera`] when the eye lies at the target, up along the view, a number is not finite or the
    /// projection is out of range.
    pub fn frame(&self) -> Result<CameraFrame, RenderError> {
        let forward = (self.target.0 - self.eye.0).try_normalize().ok_or(RenderError::Camera)?;
        let right = forward.cross(self.up.0);
        // Within a ten-thousandth of a degree of the view, up says nothing.
        if !right.is_finite() || right.length() <= 1e-6 * self.up.0.length() {
            return Err(RenderError::Camera);
        }
        let right = right.try_normalize().ok_or(RenderError::Camera)?;
        let good = match self.projection {
            Projection::Perspective { vertical_fov } => vertical_fov > 0.0 && vertical_fov < std::f64::consts::PI,
            Projection::Orthographic { height } => height.0 > 0.0 && height.0.is_finite(),
        };
        if !good || !self.eye.0.is_finite() {
            return Err(RenderError::Camera);
        }
        Ok(CameraFrame { right: LpsVector(right), up: LpsVector(right.cross(forward)), forward: LpsVector(forward) })
    }

    /// Millimetres of the patient in one pixel of a picture `height` pixels high, at the target's depth; with an
    /// orthographic projection at any depth.
    pub fn mm_per_pixel(&self, height: u32) -> Mm {
        let whole = match self.projection {
            Projection::Perspective { vertical_fov } => {
                2.0 * self.eye.distance(self.target).0 * (vertical_fov / 2.0).tan()
            }
            Projection::Orthographic { height } => height.0,
        };
        Mm(whole / f64::from(height.max(1)))
    }

    /// The rays of a picture of this size.
    ///
    /// # Errors
    /// As [`Camera::frame`].
    pub fn rays(&self, size: [u32; 2]) -> Result<Rays, RenderError> {
        let CameraFrame { right, up, forward } = self.frame()?;
        let (half, perspective) = match self.projection {
            Projection::Perspective { vertical_fov } => ((vertical_fov / 2.0).tan(), true),
            Projection::Orthographic { height } => (height.0 / 2.0, false),
        };
        let pixel = 2.0 * half / f64::from(size[1].max(1));
        let corner = right.0 * (-pixel * f64::from(size[0]) / 2.0) + up.0 * half;
        Ok(Rays {
            eye: self.eye.0,
            forward: forward.0,
            corner,
            across: right.0 * pixel,
            down: up.0 * -pixel,
            perspective,
        })
    }

    /// Where a point of the patient is seen in a picture of this size: pixels from the left and from the top, and
    /// its depth along the view in millimetres. Nothing when it lies behind the eye (perspective only).
    ///
    /// # Errors
    /// As [`Camera::frame`].
    pub fn project(&self, point: LpsPoint, size: [u32; 2]) -> Result<Option<([f64; 2], Mm)>, RenderError> {
        let CameraFrame { right, up, forward } = self.frame()?;
        let from_eye = point.0 - self.eye.0;
        let depth = from_eye.dot(forward.0);
        let half = match self.projection {
            Projection::Perspective { vertical_fov } => {
                if depth <= 0.0 {
                    return Ok(None);
                }
                (vertical_fov / 2.0).tan() * depth
            }
            Projection::Orthographic { height } => height.0 / 2.0,
        };
        let pixels_per_mm = f64::from(size[1]) / (2.0 * half);
        let x = f64::from(size[0]) / 2.0 + from_eye.dot(right.0) * pixels_per_mm;
        let y = f64::from(size[1]) / 2.0 - from_eye.dot(up.0) * pixels_per_mm;
        Ok(Some(([x, y], Mm(depth))))
    }
}

/// The rays of a picture; see [`Camera::rays`].
#[derive(Clone, Copy, Debug)]
pub struct Rays {
    eye: DVec3,
    forward: DVec3,
    /// From the eye (or one unit before it, in perspective) to the picture's top left corner.
    corner: DVec3,
    across: DVec3,
    down: DVec3,
    perspective: bool,
}

impl Rays {
    /// The ray through a point of the picture: pixels from the left and from the top. `(0.5, 0.5)` is the middle of
    /// the first pixel.
    #[inline]
    pub fn through(&self, x: f64, y: f64) -> Ray {
        let on_picture = self.corner + self.across * x + self.down * y;
        if self.perspective {
            Ray { origin: LpsPoint(self.eye), direction: LpsVector((self.forward + on_picture).normalize()) }
        } else {
            Ray { origin: LpsPoint(self.eye + on_picture), direction: LpsVector(self.forward) }
        }
    }
}
