//! Text cut into a solid: a case's name, the side mark.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, check, surface_of_mask, surface_of_mask_placed};
use fabrica_volume::Mask;
use glam::{DAffine3, DMat3, DVec3};
use serde::{Deserialize, Serialize};

use crate::boolean::{require_solid, unchecked_inputs};
use crate::remesh::untangle;
use crate::tree::{Aabb, Tree};
use crate::{Boolean, MeshError};

const STEP: &str = "engraving";
/// Samples for the height of the text.
const SAMPLES: f64 = 40.0;
/// What must be left of the wall under the text.
const LEFT: f64 = 1.0;

/// What to engrave, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Engraving {
    /// One line of text.
    pub text: String,
    /// Its middle goes to the surface point nearest to this.
    pub at: LpsPoint,
    /// Its upright direction, as far as the surface allows.
    pub up: LpsVector,
    /// The height of a line: capitals are about 0.7 of it.
    pub height: Mm,
    /// How deep it is cut, everywhere, from the surface.
    pub depth: Mm,
}

impl Engraving {
    /// A text of 6 mm, 0.6 mm deep, with its top towards the patient's head.
    pub fn of(text: &str, at: LpsPoint) -> Self {
        Self { text: text.into(), at, up: LpsVector::new(0.0, 0.0, 1.0), height: Mm(6.0), depth: Mm(0.6) }
    }
}

/// An engraved solid.
#[derive(Clone, Debug)]
pub struct Engraved {
    /// Its surface.
    pub mesh: Mesh,
    /// Volume that was cut out.
    pub removed: Mm3,
    /// The middle of the text, on the surface.
    pub middle: LpsPoint,
}

/// Cuts a text into a solid. It reads from outside, left to right, and follows the surface: its floor lies `depth` below
/// it everywhere.
///
/// # Errors
/// When the mesh is no solid; the text has no visible character or one that the font lacks; an option is out of range;
/// the surface does not lie under the whole text, or bends away by more than half its height; less than 1 mm of wall would be left; or the user cancels.
pub fn engrave(mesh: &Mesh, what: &Engraving, progress: &Progress) -> Result<Engraved, MeshError> {
    for (option, value, low, high, allowed) in [
        ("the height of the text", what.height.0, 2.0, 50.0, "2 to 50 mm"),
        ("the depth of the text", what.depth.0, 0.1, 5.0, "0.1 to 5 mm"),
    ] {
        if !(low..=high).contains(&value) {
            return Err(MeshError::Option { option, value, allowed });
        }
    }
    require_solid(mesh, STEP, progress)?;
    progress.stage(STEP);
    let page = Page::new(&what.text, what.height.0)?;
    let tree = Tree::new(mesh);
    let place = Place::find(&tree, what)?;
    let relief = Relief::under(&page, &place, &tree, what)?;
    let letters = relief.letters(&page, &place, what, progress)?;
    let engraved = unchecked_inputs(mesh, &letters, Boolean::Difference, progress)?;
    let (before, after) = (check(mesh, progress)?, check(&engraved, progress)?);
    if after.components != before.components {
        return Err(failed("it would cut the model into pieces"));
    }
    Ok(Engraved { mesh: engraved, removed: before.volume - after.volume, middle: LpsPoint(place.middle) })
}

fn failed(why: impl Into<String>) -> MeshError {
    MeshError::Failed { step: STEP, why: why.into() }
}

/// How much of each sample a text covers, row by row from the bottom.
struct Page {
    size: [usize; 2],
    step: f64,
    share: Vec<f32>,
}

impl Page {
    fn new(text: &str, height: f64) -> Result<Self, MeshError> {
        let font = FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR)
            .map_err(|e| failed(format!("the font cannot be read: {e}")))?;
        let scale = PxScale::from(SAMPLES as f32);
        let scaled = font.as_scaled(scale);
        let mut x = 2.0;
        let mut outlines = Vec::new();
        for c in text.chars() {
            let id = scaled.glyph_id(c);
            if id.0 == 0 || c.is_control() {
                return Err(failed(format!("the font has no character {c:?}")));
            }
            outlines.extend(font.outline_glyph(id.with_scale_and_position(scale, point(x, scaled.ascent() + 2.0))));
            x += scaled.h_advance(id);
        }
        if outlines.is_empty() {
            return Err(failed("the text has no visible character"));
        }
        let size = [x.ceil() as usize + 3, SAMPLES as usize + 5];
        let mut share = vec![0f32; size[0] * size[1]];
        for outline in outlines {
            let bounds = outline.px_bounds();
            outline.draw(|i, j, covered| {
                let (i, j) = (i64::from(i) + bounds.min.x as i64, i64::from(j) + bounds.min.y as i64);
                let inside = (0..size[0] as i64).contains(&i) && (0..size[1] as i64).contains(&j);
                if inside {
                    let up = size[1] - 1 - j as usize;
                    let at = &mut share[i as usize + size[0] * up];
                    *at = at.max(covered);
                }
            });
        }
        Ok(Self { size, step: height / SAMPLES, share })
    }

    /// Across and up from the middle of the page, mm.
    fn offset(&self, n: usize) -> [f64; 2] {
        let at = [n % self.size[0], n / self.size[0]];
        std::array::from_fn(|a| (at[a] as f64 - (self.size[a] as f64 - 1.0) / 2.0) * self.step)
    }
}

/// Where the text lies: its middle on the surface, and its directions to the right, up, and outwards.
struct Place {
    middle: DVec3,
    axes: DMat3,
}

impl Place {
    fn find(tree: &Tree<'_>, what: &Engraving) -> Result<Self, MeshError> {
        let nearest = tree.nearest(what.at.0).ok_or(MeshError::Empty)?;
        let area = |t: u32| {
            let [a, b, c] = tree.corners(t);
            (b - a).cross(c - a)
        };
        let first = area(nearest.triangle);
        // The mean of the surface around it that faces the same way.
        let mut around = Aabb::EMPTY;
        for sign in [-1.0, 1.0] {
            around.add((nearest.point + DVec3::splat(sign * what.height.0 / 2.0)).as_vec3().to_array());
        }
        let mut sum = DVec3::ZERO;
        tree.overlapping(&around, |t| {
            let normal = area(t);
            if normal.dot(first) > 0.5 * normal.length() * first.length() {
                sum += normal;
            }
            true
        });
        let outward = sum.try_normalize().ok_or_else(|| failed("the surface has no direction there"))?;
        let wanted = what.up.0.normalize_or_zero();
        // On a face that looks up or down the top of the text is anterior.
        let wanted = if wanted.cross(outward).length() < 0.1 { DVec3::NEG_Y } else { wanted };
        let wanted = if wanted.cross(outward).length() < 0.1 { DVec3::X } else { wanted };
        let right = wanted.cross(outward).normalize();
        Ok(Self { middle: nearest.point, axes: DMat3::from_cols(right, outward.cross(right), outward) })
    }

    fn to_patient(&self, [x, y]: [f64; 2], z: f64) -> DVec3 {
        self.middle + self.axes * DVec3::new(x, y, z)
    }
}

/// How high the surface is under each sample of a page.
struct Relief {
    height: Vec<f64>,
    low: f64,
    high: f64,
}

impl Relief {
    fn under(page: &Page, place: &Place, tree: &Tree<'_>, what: &Engraving) -> Result<Self, MeshError> {
        let reach = what.height.0 / 2.0 + 0.5;
        let down = -place.axes.z_axis;
        let mut relief = Self { height: vec![f64::NAN; page.share.len()], low: f64::INFINITY, high: f64::NEG_INFINITY };
        for n in (0..page.share.len()).filter(|n| page.share[*n] > 0.0) {
            let from = place.to_patient(page.offset(n), reach);
            let mut crossings = Vec::new();
            tree.on_ray(from, down, f64::INFINITY, |_, along| {
                crossings.push(along);
                f64::INFINITY
            });
            crossings.sort_by(f64::total_cmp);
            crossings.dedup_by(|a, b| (*a - *b).abs() < 1e-7);
            let [first, rest @ ..] = &crossings[..] else {
                return Err(failed(
                    "the text is larger than the surface there; choose another place or a smaller text",
                ));
            };
            let second = rest.first().copied().unwrap_or(f64::INFINITY);
            if *first > 2.0 * reach {
                return Err(failed("the surface bends away under the text; choose a flatter place or a smaller text"));
            }
            if second - first < what.depth.0 + LEFT {
                return Err(failed(format!(
                    "the wall under the text is {}, and {} must be left under {}",
                    Mm(second - first),
                    Mm(LEFT),
                    what.depth
                )));
            }
            let height = reach - first;
            relief.height[n] = height;
            relief.low = relief.low.min(height);
            relief.high = relief.high.max(height);
        }
        Ok(relief)
    }

    /// The text as a solid: from the floor under it up to above the surface.
    fn letters(&self, page: &Page, place: &Place, what: &Engraving, progress: &Progress) -> Result<Mesh, MeshError> {
        let step = page.step;
        let bottom = self.low - what.depth.0 - 2.0 * step;
        let layers = ((self.high + 2.0 * step - bottom) / step).ceil() as usize;
        let [across, up] = page.size;
        let corner = place.to_patient(page.offset(0), bottom);
        let frame = DAffine3 { matrix3: place.axes * step, translation: corner };
        let grid = Grid::from_affine([across, up, layers], frame).map_err(|e| failed(e.to_string()))?;
        let height = |k: usize| bottom + k as f64 * step;
        let floor = |n: usize| self.height[n] - what.depth.0;
        let mask = Mask::from_rows(grid, |j, k, words| {
            for i in 0..across {
                let n = i + across * j;
                if page.share[n] >= 0.5 && height(k) > floor(n) {
                    words[i / 64] |= 1 << (i % 64);
                }
            }
        });
        let layer = across * up;
        let fraction = |inside: usize, outside: usize| {
            let (a, b) = (inside % layer, outside % layer);
            if a == b {
                return (height(inside / layer) - floor(a)) / step;
            }
            let (most, least) = (f64::from(page.share[a]), f64::from(page.share[b]));
            if least < 0.5 { (most - 0.5) / (most - least) } else { 0.5 }
        };
        let placed = surface_of_mask_placed(&mask, fraction, progress)?;
        untangle(placed, &surface_of_mask(&mask, progress)?, progress)
    }
}
