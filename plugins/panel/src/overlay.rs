//! Annotations over the views: what of them lies in the slice that is shown, and all of them over the 3D view.

use bevy_egui::egui::{self, Align2, Color32, FontId, Pos2, Rect, Stroke, pos2, vec2};
use fabrica_geometry::LpsPoint;
use fabrica_plan::ClipBox;
use fabrica_raycast::SlicePlane;
use fabrica_scene::Annotation;
use fabrica_volume::Rgb;

use crate::views::{Map, step_along};
use crate::{Desk, style};

/// Width of a line, and radius of a dot, points.
const LINE: f32 = 1.5;
const DOT: f32 = 3.0;
/// The least that counts as in the slice, mm to each side.
const NEAR: f64 = 0.5;

/// Draws what of the annotations lies in a slice: half a slice's thickness to each side of it.
pub fn on_slice(painter: &egui::Painter, map: &Map, desk: &Desk) {
    let Some(scene) = &desk.case.volume else { return };
    let within = (step_along(scene.volume.grid(), map.plane.normal()) / 2.0).max(NEAR);
    let mut labels = Labels::over(painter);
    for annotation in all(desk) {
        let stroke = Stroke::new(LINE, colour(annotation.colour));
        let mut longest: Option<[Pos2; 2]> = None;
        for stretch in annotation.stretches() {
            let Some(part) = part_within(&map.plane, stretch, within) else { continue };
            let part = part.map(|end| map.to_screen(end));
            painter.line_segment(part, stroke);
            if longest.is_none_or(|known| part[0].distance(part[1]) >= known[0].distance(known[1])) {
                longest = Some(part);
            }
        }
        let dots = annotation.points.iter().filter(|at| behind(&map.plane, **at).abs() <= within);
        if annotation.dots {
            for at in dots {
                let at = map.to_screen(*at);
                painter.circle_filled(at, DOT, stroke.color);
                longest = longest.or(Some([at, at]));
            }
        }
        let Some((at, text)) = &annotation.label else { continue };
        if behind(&map.plane, *at).abs() <= within {
            labels.write(map.to_screen(*at), text, stroke.color);
        } else if let Some([from, to]) = longest {
            labels.write(from.lerp(to, 0.5), text, stroke.color);
        }
    }
}

/// Draws where the slice in the hand cuts a slice view.
pub fn plane_on_slice(painter: &egui::Painter, map: &Map, desk: &Desk) {
    let Some((oblique, size)) = &desk.oblique.shown else { return };
    if let Some(line) = cut(&map.plane, oblique, *size) {
        painter.line_segment(line.map(|end| map.to_screen(end)), Stroke::new(LINE, style::HELD_PLANE));
    }
}

/// Draws where the clip box cuts a slice view: the one in the hand, else the one that cuts.
pub fn box_on_slice(painter: &egui::Painter, map: &Map, desk: &Desk) {
    let boxed = desk.oblique.boxed.as_ref().or(desk.preview.boxing(&desk.case));
    let outline = boxed.map_or(Vec::new(), |clip| outline(&map.plane, clip));
    let points = outline.into_iter().map(|at| map.to_screen(at)).collect();
    painter.add(egui::Shape::closed_line(points, Stroke::new(LINE, style::CLIP_BOX)));
}

/// The polygon in which a box cuts a plane, corner by corner; empty where it does not.
fn outline(plane: &SlicePlane, clip: &ClipBox) -> Vec<LpsPoint> {
    let corners = clip.corners();
    // Corners that differ in one bit are joined by an edge.
    let edges = (0..8).flat_map(|n| [1, 2, 4].map(|bit| (n, n | bit))).filter(|(a, b)| a != b);
    let crossing = |(a, b): (usize, usize)| {
        let (from, to) = (corners[a], corners[b]);
        let (a, b) = (behind(plane, from), behind(plane, to));
        ((a < 0.0) != (b < 0.0)).then(|| LpsPoint(from.0.lerp(to.0, a / (a - b))))
    };
    let mut points: Vec<LpsPoint> = edges.filter_map(crossing).collect();
    let middle = points.iter().fold(glam::DVec3::ZERO, |sum, p| sum + p.0) / points.len().max(1) as f64;
    let angle = |at: &LpsPoint| (at.0 - middle).dot(plane.down.0).atan2((at.0 - middle).dot(plane.right.0));
    points.sort_by(|a, b| angle(a).total_cmp(&angle(b)));
    points
}

/// The line in which a plane cuts another's picture. Nothing where they do not meet or are the same.
fn cut(plane: &SlicePlane, picture: &SlicePlane, size: [u32; 2]) -> Option<[LpsPoint; 2]> {
    let [w, h] = size.map(f64::from);
    let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]].map(|at| picture.to_patient(at, size));
    let crossing = |n: usize| {
        let (from, to) = (corners[n], corners[(n + 1) % 4]);
        let (a, b) = (behind(plane, from), behind(plane, to));
        ((a < 0.0) != (b < 0.0)).then(|| LpsPoint(from.0.lerp(to.0, a / (a - b))))
    };
    let mut crossings = (0..4).filter_map(crossing);
    Some([crossings.next()?, crossings.next()?])
}

/// Draws all annotations over the 3D view, so that lines inside the body are seen and labels can be read.
pub fn on_view3d(painter: &egui::Painter, rect: Rect, size: [u32; 2], desk: &Desk) {
    let seen = |at: LpsPoint| {
        let ([x, y], _) = desk.view3d.camera.project(at, size).ok()??;
        let scale = rect.width() / size[0].max(1) as f32;
        Some(pos2(rect.left() + x as f32 * scale, rect.top() + y as f32 * scale))
    };
    let mut labels = Labels::over(painter);
    for annotation in all(desk) {
        let thin = Stroke::new(LINE, colour(annotation.colour).gamma_multiply(0.75));
        for [from, to] in annotation.stretches() {
            if let (Some(from), Some(to)) = (seen(from), seen(to)) {
                painter.line_segment([from, to], thin);
            }
        }
        if annotation.dots {
            for at in annotation.points.iter().filter_map(|at| seen(*at)) {
                painter.circle_filled(at, DOT, thin.color);
            }
        }
        if let Some((at, text)) = &annotation.label
            && let Some(at) = seen(*at)
        {
            labels.write(at, text, colour(annotation.colour));
        }
    }
}

/// The plan's, the tools', and the one that is being made.
fn all<'a>(desk: &'a Desk) -> impl Iterator<Item = &'a Annotation> {
    // With a headset the one that is being made is among the others.
    let live = [&desk.measuring.live, &desk.rehearsing.live].into_iter().flatten();
    desk.annotations.all().chain(live.filter(|_| !desk.headset.shown))
}

/// The part of a stretch that lies within a distance of a plane, mm to each side.
fn part_within(plane: &SlicePlane, [from, to]: [LpsPoint; 2], within: f64) -> Option<[LpsPoint; 2]> {
    let (a, b) = (behind(plane, from), behind(plane, to));
    let (mut start, mut end) = (0.0f64, 1.0f64);
    if (b - a).abs() < 1e-9 {
        return (a.abs() <= within).then_some([from, to]);
    }
    let crossings = [(-within - a) / (b - a), (within - a) / (b - a)];
    start = start.max(crossings[0].min(crossings[1]));
    end = end.min(crossings[0].max(crossings[1]));
    let at = |share: f64| LpsPoint(from.0.lerp(to.0, share));
    (start <= end).then(|| [at(start), at(end)])
}

/// How far behind a plane a point lies, mm.
fn behind(plane: &SlicePlane, at: LpsPoint) -> f64 {
    (at - plane.centre).0.dot(plane.normal().0)
}

/// The labels of a view: each readable over anything, none over another or past the edge.
struct Labels<'a> {
    painter: &'a egui::Painter,
    placed: Vec<Rect>,
}

impl<'a> Labels<'a> {
    fn over(painter: &'a egui::Painter) -> Self {
        Self { painter, placed: Vec::new() }
    }

    /// Writes a label beside a place.
    fn write(&mut self, at: Pos2, text: &str, colour: Color32) {
        let at = at + vec2(8.0, -8.0);
        let galley = self.painter.layout_no_wrap(text.to_owned(), FontId::proportional(14.0), colour);
        let wanted = Align2::LEFT_BOTTOM.anchor_size(at, galley.size()).expand2(vec2(4.0, 2.0));
        let rect = free(wanted, &self.placed, self.painter.clip_rect());
        self.painter.rect_filled(rect, 3.0, Color32::from_black_alpha(170));
        self.painter.galley(rect.min + vec2(4.0, 2.0), galley, colour);
        self.placed.push(rect);
    }
}

/// Where a label goes: within the view, and where others are, below or above them, whichever is nearer; over them where
/// nothing is free.
fn free(wanted: Rect, placed: &[Rect], view: Rect) -> Rect {
    let within = |rect: Rect| {
        let over = (rect.max - view.max).max(egui::Vec2::ZERO);
        let rect = rect.translate(-over);
        rect.translate((view.min - rect.min).max(egui::Vec2::ZERO))
    };
    let wanted = within(wanted);
    let is_free = |rect: &Rect| placed.iter().all(|other| !other.intersects(*rect)) && view.contains_rect(*rect);
    let step = wanted.height() + 1.0;
    let places = (0..20).flat_map(|n| [1.0, -1.0].map(|way| wanted.translate(vec2(0.0, way * n as f32 * step))));
    places.into_iter().find(is_free).unwrap_or(wanted)
}

fn colour(Rgb(r, g, b): Rgb) -> Color32 {
    Color32::from_rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsVector, Mm};

    use super::*;

    #[test]
    fn two_planes_meet_in_a_line() {
        let axes = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)].map(|(x, y, z)| LpsVector::new(x, y, z));
        let mm_per_pixel = Mm(1.0);
        let axial = SlicePlane { centre: LpsPoint::new(0.0, 0.0, 5.0), right: axes[0], down: axes[1], mm_per_pixel };
        let coronal = SlicePlane { centre: LpsPoint::new(0.0, 7.0, 0.0), right: axes[0], down: axes[2], mm_per_pixel };
        let [a, b] = cut(&axial, &coronal, [40, 40]).unwrap();
        for end in [a, b] {
            assert!((end.0.y - 7.0).abs() < 1e-9 && (end.0.z - 5.0).abs() < 1e-9 && end.0.x.abs() == 20.0, "{end:?}");
        }
        let far = SlicePlane { centre: LpsPoint::new(0.0, 0.0, 99.0), ..axial };
        assert_eq!(cut(&far, &coronal, [40, 40]), None);
    }

    #[test]
    fn labels_make_way_for_one_another_and_stay_in_the_view() {
        let view = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 60.0));
        let label = |x: f32, y: f32| Rect::from_min_size(pos2(x, y), vec2(40.0, 10.0));
        assert_eq!(free(label(10.0, 20.0), &[], view), label(10.0, 20.0));
        // The next free place is a line lower; where that is taken too, a line higher.
        assert_eq!(free(label(12.0, 20.0), &[label(10.0, 20.0)], view), label(12.0, 31.0));
        assert_eq!(free(label(12.0, 20.0), &[label(10.0, 20.0), label(10.0, 31.0)], view), label(12.0, 9.0));
        assert_eq!(free(label(90.0, -5.0), &[], view), label(60.0, 0.0));
    }

    #[test]
    fn a_box_cuts_a_slice_in_a_rectangle() {
        let (right, down) = (LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0));
        let plane = SlicePlane { centre: LpsPoint::new(0.0, 0.0, 5.0), right, down, mm_per_pixel: Mm(1.0) };
        let clip = ClipBox::around(LpsPoint::new(-1.0, -2.0, 0.0), LpsPoint::new(3.0, 4.0, 10.0));
        let found: Vec<_> = outline(&plane, &clip).into_iter().map(|p| p.0.to_array()).collect();
        assert_eq!(found, [[-1.0, -2.0, 5.0], [3.0, -2.0, 5.0], [3.0, 4.0, 5.0], [-1.0, 4.0, 5.0]]);
        assert!(outline(&SlicePlane { centre: LpsPoint::new(0.0, 0.0, 11.0), ..plane }, &clip).is_empty());
    }

    #[test]
    fn only_what_lies_in_the_slice_is_drawn() {
        let (right, down) = (LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0));
        let plane = SlicePlane { centre: LpsPoint::new(0.0, 0.0, 10.0), right, down, mm_per_pixel: Mm(1.0) };
        let z = |z: f64| LpsPoint::new(z, 0.0, z);
        // Crosses it from 0 to 20 mm: the middle tenth lies within 1 mm.
        let [from, to] = part_within(&plane, [z(0.0), z(20.0)], 1.0).unwrap();
        assert!((from.0.z - 9.0).abs() < 1e-9 && (to.0.z - 11.0).abs() < 1e-9);
        assert_eq!(part_within(&plane, [z(0.0), z(8.0)], 1.0), None);
        // Lies in it, whole.
        let flat = [LpsPoint::new(0.0, 0.0, 10.5), LpsPoint::new(9.0, 0.0, 10.5)];
        assert_eq!(part_within(&plane, flat, 1.0), Some(flat));
    }
}
