//! Marks over a picture that cannot be hidden: side letters, orientation cube, scale bar, captions.

use fabrica_geometry::{LpsVector, Mm, PatientAxis, PatientDirection};
use glam::swizzles::Vec3Swizzles;

use crate::{Camera, CameraFrame, Projection, RenderError, SlicePlane};

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

const WHITE: Colour = Colour([245, 245, 245, 255]);
const YELLOW: Colour = Colour([255, 222, 89, 255]);
const DARK: Colour = Colour([0, 0, 0, 200]);

/// The marks of a slice: letters of the four sides, scale bar with its length, captions at the top left.
pub fn slice_marks(plane: &SlicePlane, size: [u32; 2], captions: &[String]) -> Vec<Mark> {
    let layout = Layout::new(size);
    let mut marks = layout.captions(captions);
    marks.extend(layout.letters(plane.right, -plane.down));
    marks.extend(layout.scale_bar(plane.mm_per_pixel, ""));
    marks
}

/// The marks of a view: letters of the four sides, orientation cube, scale bar with its length (at the target's
/// depth in perspective, and says so), captions at the top left.
///
/// # Errors
/// When the camera has no direction.
pub fn view_marks(camera: &Camera, size: [u32; 2], captions: &[String]) -> Result<Vec<Mark>, RenderError> {
    let frame = camera.frame()?;
    let layout = Layout::new(size);
    let note = match camera.projection {
        Projection::Perspective { .. } => " at the centre",
        Projection::Orthographic { .. } => "",
    };
    let mut marks = layout.captions(captions);
    marks.extend(layout.letters(frame.right, frame.up));
    marks.extend(layout.scale_bar(camera.mm_per_pixel(size[1]), note));
    marks.extend(layout.cube(&frame));
    Ok(marks)
}

/// Sizes that follow the picture's.
struct Layout {
    width: f32,
    height: f32,
    text: f32,
    margin: f32,
}

impl Layout {
    fn new([width, height]: [u32; 2]) -> Self {
        let (width, height) = (width as f32, height as f32);
        let text = (width.min(height) * 0.032).clamp(11.0, 40.0);
        Self { width, height, text, margin: text * 0.6 }
    }

    fn captions(&self, captions: &[String]) -> Vec<Mark> {
        let line = |(number, text): (usize, &String)| Mark::Text {
            at: [self.margin, self.margin + number as f32 * self.text * 1.2],
            anchor: Anchor::TopLeft,
            text: text.clone(),
            size: self.text,
            colour: WHITE,
        };
        captions.iter().enumerate().map(line).collect()
    }

    /// The letters of the four sides.
    fn letters(&self, right: LpsVector, up: LpsVector) -> [Mark; 4] {
        let (x, y) = (self.width / 2.0, self.height / 2.0);
        let sides = [
            (right, Anchor::Right, [self.width - self.margin, y]),
            (-right, Anchor::Left, [self.margin, y]),
            (up, Anchor::Top, [x, self.margin]),
            (-up, Anchor::Bottom, [x, self.height - self.margin]),
        ];
        sides.map(|(direction, anchor, at)| Mark::Text {
            at,
            anchor,
            text: PatientDirection::nearest(direction).letter().to_string(),
            size: self.text * 1.5,
            colour: YELLOW,
        })
    }

    /// A bar of a round length, at most a quarter of the picture's width, at the bottom left.
    fn scale_bar(&self, mm_per_pixel: Mm, note: &str) -> Vec<Mark> {
        let Some((length, label)) = round_length(f64::from(self.width) / 4.0 * mm_per_pixel.0) else {
            return Vec::new();
        };
        let pixels = (length / mm_per_pixel.0) as f32;
        let (left, y) = (self.margin, self.height - self.margin);
        let tick = self.text * 0.3;
        let bar = [
            ([left, y], [left + pixels, y]),
            ([left, y - tick], [left, y]),
            ([left + pixels, y - tick], [left + pixels, y]),
        ];
        let stroke = (self.text * 0.12).max(1.5);
        let line = |colour, width| move |(from, to): ([f32; 2], [f32; 2])| Mark::Line { from, to, width, colour };
        let mut marks: Vec<Mark> = bar.into_iter().map(line(DARK, stroke + 2.0)).collect();
        marks.extend(bar.into_iter().map(line(WHITE, stroke)));
        marks.push(Mark::Text {
            at: [left, y - tick - stroke],
            anchor: Anchor::BottomLeft,
            text: format!("{label}{note}"),
            size: self.text,
            colour: WHITE,
        });
        marks
    }

    /// A cube at the bottom right, turned as the patient is, with a letter on each face that is seen.
    fn cube(&self, frame: &CameraFrame) -> Vec<Mark> {
        let half = self.text * 1.15;
        // The corners reach √3 from the middle.
        let middle = [self.width - self.margin - half * 1.75, self.height - self.margin - half * 1.75];
        let seen = |v: glam::DVec3| {
            let across = v.dot(frame.right.0) as f32 * half;
            let up = v.dot(frame.up.0) as f32 * half;
            [middle[0] + across, middle[1] - up]
        };
        let mut marks = Vec::new();
        for direction in DIRECTIONS {
            let normal = direction.vector().0;
            let facing = -normal.dot(frame.forward.0);
            if facing <= 1e-3 {
                continue;
            }
            let first = normal.yzx();
            let second = normal.cross(first);
            let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
                .map(|(a, b)| seen(normal + first * a + second * b));
            let tint = match direction.axis() {
                PatientAxis::RightLeft => [205.0, 92.0, 80.0],
                PatientAxis::AnteriorPosterior => [104.0, 160.0, 96.0],
                PatientAxis::InferiorSuperior => [88.0, 128.0, 200.0],
            };
            let [r, g, b] = tint.map(|c| (c * (0.55 + 0.45 * facing)) as u8);
            marks.push(Mark::Polygon { points: corners.to_vec(), fill: Colour([r, g, b, 235]) });
            for edge in 0..4 {
                let (from, to) = (corners[edge], corners[(edge + 1) % 4]);
                marks.push(Mark::Line { from, to, width: 1.2, colour: Colour([20, 20, 20, 255]) });
            }
            if facing > 0.2 {
                marks.push(Mark::Text {
                    at: seen(normal),
                    anchor: Anchor::Centre,
                    text: direction.letter().to_string(),
                    size: half * (0.7 + 0.7 * facing as f32),
                    colour: WHITE,
                });
            }
        }
        marks
    }
}

const DIRECTIONS: [PatientDirection; 6] = [
    PatientDirection::Left,
    PatientDirection::Right,
    PatientDirection::Anterior,
    PatientDirection::Posterior,
    PatientDirection::Superior,
    PatientDirection::Inferior,
];

/// The greatest of 1, 2, 5 times a power of ten millimetres that is not above `most`, in numbers and words.
fn round_length(most: f64) -> Option<(f64, String)> {
    if !(most > 0.0 && most.is_finite()) {
        return None;
    }
    let power = most.log10().floor();
    let unit = 10f64.powf(power);
    // A power of ten must not be missed for a rounding error.
    let factor = [5.0, 2.0, 1.0].into_iter().find(|f| f * unit <= most * (1.0 + 1e-9))?;
    let length = factor * unit;
    let digits = (-power).max(0.0) as usize;
    Some((length, format!("{length:.digits$} mm")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NamedView, SliceOrientation, View};
    use fabrica_geometry::LpsPoint;

    fn text_at(marks: &[Mark], wanted: Anchor) -> String {
        marks
            .iter()
            .find_map(|m| match m {
                Mark::Text { anchor, text, .. } if *anchor == wanted => Some(text.clone()),
                _ => None,
            })
            .unwrap()
    }

    fn sides(marks: &[Mark]) -> String {
        [Anchor::Left, Anchor::Right, Anchor::Top, Anchor::Bottom].map(|a| text_at(marks, a)).concat()
    }

    #[test]
    fn slices_name_their_sides_left_right_top_bottom() {
        for (orientation, wanted) in [
            (SliceOrientation::Axial, "RLAP"),
            (SliceOrientation::Coronal, "RLSI"),
            (SliceOrientation::Sagittal, "APSI"),
        ] {
            let (right, down) = orientation.directions();
            let plane = SlicePlane { centre: LpsPoint::default(), right, down, mm_per_pixel: Mm(0.5) };
            assert_eq!(sides(&slice_marks(&plane, [400, 300], &[])), wanted);
        }
    }

    #[test]
    fn views_name_their_sides_and_the_cube_shows_the_side_looked_at() {
        let bounds = (LpsPoint::new(-100.0, -100.0, -100.0), LpsPoint::new(100.0, 100.0, 100.0));
        for (view, wanted, face) in [
            (NamedView::Anterior, "RLSI", "A"),
            (NamedView::Posterior, "LRSI", "P"),
            (NamedView::Left, "APSI", "L"),
            (NamedView::Right, "PASI", "R"),
            (NamedView::Superior, "LRAP", "S"),
            (NamedView::Inferior, "RLAP", "I"),
        ] {
            let camera = View::from(view).camera(bounds, [300, 300]);
            let marks = view_marks(&camera, [300, 300], &[]).unwrap();
            assert_eq!(sides(&marks), wanted, "{view:?}");
            assert_eq!(text_at(&marks, Anchor::Centre), face);
        }
    }

    #[test]
    fn the_scale_bar_is_as_long_as_it_says() {
        let (right, down) = SliceOrientation::Axial.directions();
        let plane = SlicePlane { centre: LpsPoint::default(), right, down, mm_per_pixel: Mm(0.4) };
        let marks = slice_marks(&plane, [512, 512], &[]);
        // A quarter of the width is 51.2 mm: 50 mm are 125 pixels.
        assert_eq!(text_at(&marks, Anchor::BottomLeft), "50 mm");
        let longest = marks.iter().find_map(|m| match m {
            Mark::Line { from, to, .. } => Some(to[0] - from[0]),
            _ => None,
        });
        assert_eq!(longest, Some(125.0));
        assert_eq!(round_length(0.3).unwrap().1, "0.2 mm");
        assert_eq!(round_length(1000.0).unwrap().1, "1000 mm");
    }
}
