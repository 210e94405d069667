//! Draws the marks that the renderer's crate lays out: side letters, orientation cube, scale bar.

use bevy_egui::egui::{self, Align2, Color32, FontId, Rect, Shape, Stroke, pos2};
use fabrica_raycast::{Anchor, Colour, Mark};

/// Draws marks, laid out for a picture of `drawn` pixels, into its rectangle.
pub fn draw(painter: &egui::Painter, rect: Rect, drawn: [u32; 2], marks: &[Mark]) {
    let scale = rect.width() / drawn[0].max(1) as f32;
    let at = |[x, y]: [f32; 2]| pos2(rect.left() + x * scale, rect.top() + y * scale);
    for mark in marks {
        match mark {
            Mark::Line { from, to, width, colour: c } => {
                painter.line_segment([at(*from), at(*to)], Stroke::new(width * scale, colour(*c)));
            }
            Mark::Polygon { points, fill } => {
                let points = points.iter().map(|p| at(*p)).collect();
                painter.add(Shape::convex_polygon(points, colour(*fill), Stroke::NONE));
            }
            Mark::Text { at: place, anchor: which, text, size, colour: c } => {
                let font = FontId::proportional(size * scale);
                for (x, y) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)] {
                    let shadow = at(*place) + egui::vec2(x, y);
                    painter.text(shadow, anchor(*which), text, font.clone(), Color32::from_black_alpha(200));
                }
                painter.text(at(*place), anchor(*which), text, font, colour(*c));
            }
        }
    }
}

fn colour(Colour([r, g, b, a]): Colour) -> Color32 {
    Color32::from_rgba_unmultiplied(r, g, b, a)
}

fn anchor(anchor: Anchor) -> Align2 {
    match anchor {
        Anchor::TopLeft => Align2::LEFT_TOP,
        Anchor::TopRight => Align2::RIGHT_TOP,
        Anchor::BottomLeft => Align2::LEFT_BOTTOM,
        Anchor::BottomRight => Align2::RIGHT_BOTTOM,
        Anchor::Top => Align2::CENTER_TOP,
        Anchor::Bottom => Align2::CENTER_BOTTOM,
        Anchor::Left => Align2::LEFT_CENTER,
        Anchor::Right => Align2::RIGHT_CENTER,
        Anchor::Centre => Align2::CENTER_CENTER,
    }
}
