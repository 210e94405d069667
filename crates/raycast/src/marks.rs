//! Marks over a picture that cannot be hidden: side letters, orientation cube, scale bar, captions.

use crate::{Camera, Image, RenderError, SlicePlane};

/// A colour as sRGB with straight alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 4]);

/// Which point of a text lies at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Top left.
    TopLeft,
    /// Top right.
    TopRight,
    /// Bottom left.
    BottomLeft,
    /// Bottom right.
    BottomRight,
    /// Middle of the top.
    Top,
    /// Middle of the bottom.
    Bottom,
    /// Middle of the left side.
    Left,
    /// Middle of the right side.
    Right,
    /// The middle.
    Centre,
}

/// Something to draw over a picture, in pixels from its top left. A list is drawn in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A straight line.
    Line {
        /// One end.
        from: [f32; 2],
        /// Other end.
        to: [f32; 2],
        /// Thickness.
        width: f32,
        /// Colour.
        colour: Colour,
    },
    /// A filled convex polygon.
    Polygon {
        /// Its corners in order.
        points: Vec<[f32; 2]>,
        /// Colour.
        fill: Colour,
    },
    /// One line of text with a dark outline.
    Text {
        /// Where.
        at: [f32; 2],
        /// Which point of the text lies there.
        anchor: Anchor,
        /// What.
        text: String,
        /// Height of a line.
        size: f32,
        /// Colour.
        colour: Colour,
    },
}

/// The marks of a slice: letters of the four sides, scale bar with its length, captions at the top left.
pub fn slice_marks(plane: &SlicePlane, size: [u32; 2], captions: &[String]) -> Vec<Mark> {
    let _ = (plane, size, captions);
    Vec::new()
}

/// The marks of a view: letters of the four sides, orientation cube, scale bar with its length (at the target's
/// depth in perspective, and says so), captions at the top left.
///
/// # Errors
/// When the camera has no direction.
pub fn view_marks(camera: &Camera, size: [u32; 2], captions: &[String]) -> Result<Vec<Mark>, RenderError> {
    camera.frame()?;
    let _ = (size, captions);
    Ok(Vec::new())
}

/// Draws marks into a picture.
pub fn draw_marks(image: &mut Image, marks: &[Mark]) {
    let _ = (image, marks);
}
