//! From looks to tables: what each combination of structures looks like under each set of clips.

use std::collections::HashMap;

use fabrica_volume::Rgb;

use super::{MAX_CLIPS, Scene, Shown, StructureLook};
use crate::{Lut, RenderMode, TransferFunction};

/// How one kind of voxel looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Material {
    /// Its transfer function. All materials of a scene have tables over the same values.
    pub lut: Lut,
    /// As [`StructureLook::silhouette`].
    pub silhouette: f32,
    /// As [`StructureLook::peel`], mm.
    pub peel: f32,
    /// The colour of its surface in linear light, where a look gives one.
    pub colour: Option<[f32; 3]>,
}

/// What each combination of structures looks like under each set of clips that cut there.
///
/// A voxel of several structures shows the sum of what each of them would show: extinctions add up, as in a mixture,
/// so that no order decides what is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Materials {
    /// The kinds of voxels; number 0 is nothing at all.
    all: Vec<Material>,
    /// The number of a combination's material under a set of clips: at `cut * combinations + combination`.
    table: Vec<u16>,
    combinations: usize,
}

/// A part of a mixture: nothing but the scene's function, or a structure.
type Part = Option<u16>;

impl Materials {
    /// The materials of a scene that passes [`Scene::check`].
    pub fn of(scene: &Scene<'_>) -> Self {
        Self::with(scene, None)
    }

    /// Follows labels that have got new combinations: the materials that there are keep their numbers.
    pub(crate) fn follow(&mut self, scene: &Scene<'_>) {
        *self = Self::with(scene, Some(self));
    }

    fn with(scene: &Scene<'_>, before: Option<&Self>) -> Self {
        let none: &[Vec<u16>] = &[Vec::new()];
        let members = scene.structures.map_or(none, |s| s.labels.members());
        let looks = scene.structures.map_or(&[][..], |s| s.looks);
        let functions = looks.iter().filter_map(|look| match &look.shown {
            Shown::Through(function) => Some(function),
            Shown::AsScan | Shown::Hidden => None,
        });
        let (mut low, mut high) = scene.function.span();
        for (l, h) in functions.map(TransferFunction::span) {
            (low, high) = (low.min(l), high.max(h));
        }
        let table_of = |function: &TransferFunction| Lut::over(function, low, high);
        let nothing = || Material { lut: Lut::transparent(low, high), silhouette: 0.0, peel: 0.0, colour: None };
        let mut all = before.map_or_else(|| vec![nothing()], |before| before.all.clone());
        let mut known: HashMap<Vec<Part>, u16> = HashMap::from([(Vec::new(), 0)]);
        if let Some(before) = before {
            for (index, &number) in before.table.iter().enumerate() {
                let (cut, combination) = (index / before.combinations, index % before.combinations);
                known.insert(mixture(scene, looks, &members[combination], cut as u8), number);
            }
        }
        // Parts are in many mixtures; their tables take longer than sums of them.
        let mut parts_seen: HashMap<Part, Material> = HashMap::new();
        let mut table = Vec::with_capacity(members.len() << scene.clips.len());
        for cut in 0..1u32 << scene.clips.len().min(MAX_CLIPS) {
            let cut = cut as u8;
            for members in members {
                let mixture = mixture(scene, looks, members, cut);
                let number = *known.entry(mixture).or_insert_with_key(|parts| {
                    all.push(mix(scene, looks, parts, &mut parts_seen, table_of));
                    // More than 65,535 combinations of structures cannot be, so this fits but for many clips.
                    (all.len() - 1).min(usize::from(u16::MAX)) as u16
                });
                table.push(number);
            }
        }
        Self { all, table, combinations: members.len() }
    }

    /// All materials; number 0 is nothing at all.
    pub fn all(&self) -> &[Material] {
        &self.all
    }

    /// For each set of clips that cut (bit n: clip n), for each combination: the number of its material.
    pub fn table(&self) -> &[u16] {
        &self.table
    }

    /// How many combinations there are.
    pub fn combinations(&self) -> usize {
        self.combinations
    }

    /// The number of the material of a combination where these clips cut. What is not known is nothing.
    #[inline(always)]
    pub fn number(&self, combination: u16, cut: u8) -> u16 {
        self.table.get(usize::from(cut) * self.combinations + usize::from(combination)).copied().unwrap_or(0)
    }
}

/// What is seen of a voxel of these structures where these clips cut.
fn mixture(scene: &Scene<'_>, looks: &[StructureLook], members: &[u16], cut: u8) -> Vec<Part> {
    if members.is_empty() {
        return if scene.clips_of_rest.0 & cut == 0 { vec![None] } else { Vec::new() };
    }
    members
        .iter()
        .filter(|&&m| {
            let look = &looks[usize::from(m)];
            look.clips.0 & cut == 0 && look.shown != Shown::Hidden && look.opacity > 0.0
        })
        .map(|&m| if looks[usize::from(m)].is_plain() { None } else { Some(m) })
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn mix(
    scene: &Scene<'_>,
    looks: &[StructureLook],
    parts: &[Part],
    parts_seen: &mut HashMap<Part, Material>,
    table_of: impl Fn(&TransferFunction) -> Lut,
) -> Material {
    let mut sum: Option<Material> = None;
    for part in parts {
        let material = parts_seen.entry(*part).or_insert_with(|| match part.and_then(|m| looks.get(usize::from(m))) {
            None => Material { lut: table_of(scene.function), silhouette: 0.0, peel: 0.0, colour: None },
            Some(look) => {
                let function = match &look.shown {
                    Shown::Through(function) => function,
                    Shown::AsScan | Shown::Hidden => scene.function,
                };
                let mut function = function.clone().with_opacity(look.opacity);
                if let Some(colour) = look.colour {
                    function = function.in_colour(colour);
                }
                let colour = match (look.colour, &look.shown, scene.settings.mode) {
                    (Some(colour), ..) => Some(crate::image::linear(colour)),
                    (None, Shown::Through(function), RenderMode::Surface { value, .. }) => Some(function.at(value).0),
                    _ => None,
                };
                Material { lut: table_of(&function), silhouette: look.silhouette, peel: look.peel.0 as f32, colour }
            }
        });
        match &mut sum {
            None => sum = Some(material.clone()),
            Some(sum) => {
                sum.lut.add(&material.lut);
                // What one part shows plainly is shown plainly.
                sum.silhouette = sum.silhouette.min(material.silhouette);
                sum.peel = sum.peel.min(material.peel);
                sum.colour = material.colour.or(sum.colour);
            }
        }
    }
    // An empty mixture is material 0 and never comes here.
    sum.unwrap_or_else(|| Material { lut: table_of(scene.function), silhouette: 0.0, peel: 0.0, colour: None })
}

impl StructureLook {
    /// Whether it looks just as the scan does.
    fn is_plain(&self) -> bool {
        self.shown == Shown::AsScan
            && self.colour.is_none()
            && self.opacity >= 1.0
            && self.silhouette == 0.0
            && self.peel.0 == 0.0
    }
}

impl TransferFunction {
    /// The values of the first and the last point.
    pub(crate) fn span(&self) -> (f64, f64) {
        let points = self.points();
        (points[0].value, points[points.len() - 1].value)
    }

    /// The same opacities in one colour.
    fn in_colour(self, colour: Rgb) -> Self {
        self.map_points(|point| point.colour = colour)
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
    use fabrica_volume::{Mask, Samples, ValueUnit, Volume};

    use super::*;
    use crate::{Clip, ClipPlane, ClipSet, ClipShape, ControlPoint, LabelMap, Structures};

    fn constant(low: f64, colour: Rgb, opacity: f64) -> TransferFunction {
        let point = |value| ControlPoint { value, colour, opacity };
        TransferFunction::new(vec![point(low), point(low + 100.0)], Mm(1.0)).unwrap()
    }

    #[test]
    fn overlaps_add_up_hidden_parts_go_and_clips_cut_whom_they_should() {
        let grid = Grid::axis_aligned([4, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
        let volume = Volume::new(grid.clone(), Samples::I16(vec![0; 4]), ValueUnit::Hounsfield).unwrap();
        // Voxel 0: none, 1: skull, 2: skull and brain, 3: brain.
        let skull = Mask::from_fn(grid.clone(), |n| n == 1 || n == 2);
        let brain = Mask::from_fn(grid.clone(), |n| n >= 2);
        let labels = LabelMap::new(&grid, &[&skull, &brain]).unwrap();
        let rest = constant(0.0, Rgb(255, 255, 255), 0.5);
        let through = |opacity| Shown::Through(constant(-50.0, Rgb(255, 0, 0), opacity));
        let looks = [
            StructureLook { shown: through(0.75), ..StructureLook::default() },
            StructureLook { shown: through(0.5), clips: ClipSet::NONE, ..StructureLook::default() },
        ];
        let plane = ClipPlane { point: LpsPoint::default(), keep: LpsVector::new(0.0, 0.0, 1.0) };
        let clips = [Clip { shape: ClipShape::Plane(plane), enabled: true }];
        let structures = Some(Structures { labels: &labels, looks: &looks });
        let scene = Scene { structures, clips: &clips, ..Scene::new(&volume, &rest) };
        scene.check().unwrap();
        let materials = Materials::of(&scene);
        let extinction = |voxel: usize, cut: u8| {
            let number = materials.number(labels.combinations()[voxel], cut);
            materials.all()[usize::from(number)].lut.direct[2000][3]
        };
        let half = std::f32::consts::LN_2; // extinction of an opacity of one half, per mm
        for (voxel, uncut, cut) in [(0, half, 0.0), (1, 2.0 * half, 0.0), (2, 3.0 * half, half), (3, half, half)] {
            assert!((extinction(voxel, 0) - uncut).abs() < 1e-5, "{voxel}: {}", extinction(voxel, 0));
            assert!((extinction(voxel, 1) - cut).abs() < 1e-5, "{voxel}: {}", extinction(voxel, 1));
        }
        let hidden = [StructureLook::hidden(), StructureLook::hidden()];
        let scene = Scene { structures: Some(Structures { labels: &labels, looks: &hidden }), ..scene };
        let materials = Materials::of(&scene);
        let numbers: Vec<u16> = labels.combinations().iter().map(|&c| materials.number(c, 0)).collect();
        assert!(numbers[0] > 0 && numbers[1..] == [0, 0, 0]);
    }
}
