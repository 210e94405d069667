//! Drawing marks into a picture.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use crate::{Anchor, Colour, Image, Mark};

/// Draws marks into a picture, anti-aliased. Text is set in Hack (its licence is in the crate `epaint_default_fonts`)
/// and gets a dark outline, so that it is legible over anything.
pub fn draw_marks(image: &mut Image, marks: &[Mark]) {
    for mark in marks {
        match mark {
            Mark::Line { from, to, width, colour } => draw_line(image, *from, *to, *width, *colour),
            Mark::Polygon { points, fill } => draw_polygon(image, points, *fill),
            Mark::Text { at, anchor, text, size, colour } => draw_text(image, *at, *anchor, text, *size, *colour),
        }
    }
}

fn draw_line(image: &mut Image, from: [f32; 2], to: [f32; 2], width: f32, colour: Colour) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    if length <= 0.0 {
        return;
    }
    // Square ends, so that lines that meet at a corner leave no notch.
    let (ax, ay) = (dx / length * width / 2.0, dy / length * width / 2.0);
    let corners = [
        [from[0] - ax - ay, from[1] - ay + ax],
        [to[0] + ax - ay, to[1] + ay + ax],
        [to[0] + ax + ay, to[1] + ay - ax],
        [from[0] - ax + ay, from[1] - ay - ax],
    ];
    draw_polygon(image, &corners, colour);
}

/// A convex polygon; a pixel's coverage follows from the distance of its middle to the nearest side.
fn draw_polygon(image: &mut Image, corners: &[[f32; 2]], colour: Colour) {
    let turn: f32 = sides(corners).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    let sign = if turn >= 0.0 { 1.0 } else { -1.0 };
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for corner in corners {
        for axis in 0..2 {
            low[axis] = low[axis].min(corner[axis]);
            high[axis] = high[axis].max(corner[axis]);
        }
    }
    for y in pixels(low[1] - 1.0, high[1] + 1.0, image.height) {
        for x in pixels(low[0] - 1.0, high[0] + 1.0, image.width) {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let depth = sides(corners)
                .map(|(a, b)| {
                    let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
                    let length = ex.hypot(ey).max(1e-6);
                    sign * (ex * (py - a[1]) - ey * (px - a[0])) / length
                })
                .fold(f32::INFINITY, f32::min);
            blend(image, x, y, colour, (depth + 0.5).clamp(0.0, 1.0));
        }
    }
}

fn sides(corners: &[[f32; 2]]) -> impl Iterator<Item = ([f32; 2], [f32; 2])> + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

fn draw_text(image: &mut Image, at: [f32; 2], anchor: Anchor, text: &str, size: f32, colour: Colour) {
    let Ok(font) = FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR) else { return };
    // Control characters have no picture and would be drawn as boxes.
    let text = text.chars().filter(|c| !c.is_control());
    let (glyphs, width) = layout(&font, text, size);
    let (x_share, y_share) = match anchor {
        Anchor::TopLeft => (0.0, 0.0),
        Anchor::Top => (0.5, 0.0),
        Anchor::TopRight => (1.0, 0.0),
        Anchor::Left => (0.0, 0.5),
        Anchor::Centre => (0.5, 0.5),
        Anchor::Right => (1.0, 0.5),
        Anchor::BottomLeft => (0.0, 1.0),
        Anchor::Bottom => (0.5, 1.0),
        Anchor::BottomRight => (1.0, 1.0),
    };
    let corner = [at[0] - x_share * width, at[1] - y_share * size];
    let reach = (size * 0.08).max(1.7);
    let coverage = Coverage::of(&font, glyphs, corner, reach, image.size());
    let outline = Colour([0, 0, 0, (f32::from(colour.0[3]) * 0.85) as u8]);
    coverage.for_each(|x, y| coverage.widened(x, y, reach), |x, y, share| blend(image, x, y, outline, share));
    coverage.for_each(|x, y| coverage.at(x as i64, y as i64), |x, y, share| blend(image, x, y, colour, share));
}

/// The glyphs of a line whose top left is at the origin, and its width.
fn layout(font: &FontRef<'_>, text: impl Iterator<Item = char>, size: f32) -> (Vec<Glyph>, f32) {
    let scale = PxScale::from(size);
    let scaled = font.as_scaled(scale);
    let mut x = 0.0;
    let mut before = None;
    let mut glyphs = Vec::new();
    for c in text {
        let id = scaled.glyph_id(c);
        if let Some(before) = before {
            x += scaled.kern(before, id);
        }
        glyphs.push(id.with_scale_and_position(scale, point(x, scaled.ascent())));
        x += scaled.h_advance(id);
        before = Some(id);
    }
    (glyphs, x)
}

/// How much of each pixel of a box a text covers.
struct Coverage {
    left: u32,
    top: u32,
    width: usize,
    height: usize,
    share: Vec<f32>,
}

impl Coverage {
    fn of(font: &FontRef<'_>, glyphs: Vec<Glyph>, corner: [f32; 2], reach: f32, size: [u32; 2]) -> Self {
        let outlines: Vec<_> = glyphs
            .into_iter()
            .filter_map(|mut glyph| {
                glyph.position.x += corner[0];
                glyph.position.y += corner[1];
                font.outline_glyph(glyph)
            })
            .collect();
        let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
        for outline in &outlines {
            let bounds = outline.px_bounds();
            low = [low[0].min(bounds.min.x), low[1].min(bounds.min.y)];
            high = [high[0].max(bounds.max.x), high[1].max(bounds.max.y)];
        }
        let (columns, rows) = (
            pixels(low[0] - reach - 1.0, high[0] + reach + 1.0, size[0]),
            pixels(low[1] - reach - 1.0, high[1] + reach + 1.0, size[1]),
        );
        let (width, height) = (columns.len(), rows.len());
        let mut coverage =
            Self { left: columns.start, top: rows.start, width, height, share: vec![0.0; width * height] };
        for outline in &outlines {
            let bounds = outline.px_bounds();
            outline.draw(|x, y, share| {
                let x = i64::from(x) + bounds.min.x as i64 - i64::from(coverage.left);
                let y = i64::from(y) + bounds.min.y as i64 - i64::from(coverage.top);
                if (0..width as i64).contains(&x) && (0..height as i64).contains(&y) {
                    let pixel = &mut coverage.share[y as usize * width + x as usize];
                    *pixel = pixel.max(share);
                }
            });
        }
        coverage
    }

    /// The coverage of a pixel of the box, 0 outside.
    fn at(&self, x: i64, y: i64) -> f32 {
        let inside = (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y);
        if inside { self.share[y as usize * self.width + x as usize] } else { 0.0 }
    }

    /// The greatest coverage within a distance.
    fn widened(&self, x: usize, y: usize, reach: f32) -> f32 {
        let around = reach.ceil() as i64;
        let mut most = 0f32;
        for dy in -around..=around {
            for dx in -around..=around {
                let near = (reach + 0.5 - ((dx * dx + dy * dy) as f32).sqrt()).clamp(0.0, 1.0);
                if near > 0.0 {
                    most = most.max(near * self.at(x as i64 + dx, y as i64 + dy));
                }
            }
        }
        most
    }

    fn for_each(&self, share: impl Fn(usize, usize) -> f32, mut put: impl FnMut(u32, u32, f32)) {
        for y in 0..self.height {
            for x in 0..self.width {
                put(self.left + x as u32, self.top + y as u32, share(x, y));
            }
        }
    }
}

/// The pixels between two positions that lie in a picture of this side.
fn pixels(low: f32, high: f32, side: u32) -> std::ops::Range<u32> {
    let start = low.floor().clamp(0.0, side as f32) as u32;
    let end = high.ceil().clamp(0.0, side as f32) as u32;
    start..end.max(start)
}

fn blend(image: &mut Image, x: u32, y: u32, Colour([r, g, b, a]): Colour, share: f32) {
    let opacity = share * f32::from(a) / 255.0;
    let at = (y as usize * image.width as usize + x as usize) * 4;
    if opacity <= 0.0 || x >= image.width {
        return;
    }
    if let Some(pixel) = image.rgba.get_mut(at..at + 3) {
        // Text is mixed as displays mix it, in sRGB: its strokes keep their weight on dark and on light.
        for (under, over) in pixel.iter_mut().zip([r, g, b]) {
            let mixed = f32::from(*under) + (f32::from(over) - f32::from(*under)) * opacity;
            *under = mixed.round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use fabrica_volume::Rgb;

    use super::*;

    const RED: Colour = Colour([255, 0, 0, 255]);

    fn black(side: u32) -> Image {
        Image::filled([side, side], Rgb(0, 0, 0)).unwrap()
    }

    #[test]
    fn a_polygon_on_whole_pixels_fills_just_these() {
        for points in
            [vec![[2.0, 1.0], [5.0, 1.0], [5.0, 3.0], [2.0, 3.0]], vec![[2.0, 3.0], [5.0, 3.0], [5.0, 1.0], [2.0, 1.0]]]
        {
            let mut image = black(8);
            draw_marks(&mut image, &[Mark::Polygon { points, fill: RED }]);
            for y in 0..8 {
                for x in 0..8 {
                    let inside = (2..5).contains(&x) && (1..3).contains(&y);
                    assert_eq!(image.pixel(x, y).unwrap()[0], if inside { 255 } else { 0 }, "{x} {y}");
                }
            }
        }
    }

    #[test]
    fn text_is_drawn_at_its_anchor_with_an_outline_even_over_white() {
        let mut image = Image::filled([60, 60], Rgb(255, 255, 255)).unwrap();
        let text = |anchor, at| Mark::Text { at, anchor, text: "L".into(), size: 20.0, colour: Colour([255; 4]) };
        draw_marks(&mut image, &[text(Anchor::BottomRight, [60.0, 60.0])]);
        let dark = |x: u32, y: u32| image.pixel(x, y).unwrap()[0] < 150;
        let count = |xs: std::ops::Range<u32>, ys: std::ops::Range<u32>| {
            ys.flat_map(|y| xs.clone().map(move |x| (x, y))).filter(|&(x, y)| dark(x, y)).count()
        };
        assert!(count(40..60, 35..60) > 20);
        assert_eq!(count(0..40, 0..60) + count(0..60, 0..35), 0);
    }

    #[test]
    fn marks_outside_or_without_extent_do_no_harm() {
        let mut image = black(8);
        let far = [1e9, -1e9];
        draw_marks(
            &mut image,
            &[
                Mark::Line { from: far, to: far, width: 1.0, colour: RED },
                Mark::Line { from: [f32::NAN, 0.0], to: [1.0, 1.0], width: 1.0, colour: RED },
                Mark::Polygon { points: vec![], fill: RED },
                Mark::Text { at: far, anchor: Anchor::Top, text: "R\n\u{1F600}".into(), size: 9.0, colour: RED },
            ],
        );
        assert_eq!(image, black(8));
    }
}
