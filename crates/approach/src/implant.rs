//! Implants from catalogues, and which size fits.

use std::path::Path as FilePath;

use fabrica_geometry::{LpsPoint, Mm, Mm2, VoxelPoint};
use fabrica_volume::Volume;
use glam::DVec3;
use serde::{Deserialize, Serialize};

use crate::library::read_small;
use crate::obstacle::{COVERAGE, Obstacle, crossings};
use crate::{ApproachError, Path};

/// A kind of implant with its sizes, from a data file; see `assets/implants`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ImplantKind,
    /// Where the numbers are from.
    pub note: String,
    /// What fits what.
    pub fit: FitRule,
    /// The sizes on the shelf.
    pub sizes: Vec<ImplantSize>,
}

/// What kind of implant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImplantKind {
    /// Held by bone along its length.
    Screw,
    /// Held on bone by screws.
    Plate,
    /// Holds a vessel open.
    Stent,
    /// Closes a neck.
    Clip,
    /// Sits in an annulus.
    Valve,
}

/// What fits what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    /// Wall that must stay around a screw; what a plate or clip must overhang on each side.
    #[serde(default)]
    pub margin_mm: f64,
    /// How much wider than the vessel or annulus it has to be at least, as a share.
    #[serde(default)]
    pub least_oversize: f64,
    /// And at most.
    #[serde(default)]
    pub greatest_oversize: f64,
}

/// One size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplantSize {
    /// What the maker calls it.
    pub name: String,
    /// Across.
    pub diameter_mm: f64,
    /// Along.
    pub length_mm: f64,
}

/// A measured length with its error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The value.
    pub value: Mm,
    /// ±, 95 times in 100.
    pub error: Mm,
}

/// A size that fits, with what is left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// Which.
    pub size: ImplantSize,
    /// For a screw the wall that stays around it, for others how much wider it is than what was measured.
    pub margin: Measured,
    /// How the length fits: what is left before the far side of bone, or beyond the landing zone.
    pub length_margin: Measured,
    /// Whether it still fits when the errors go against it.
    pub sure: bool,
}

const BUILT_IN: [(&str, &str); 5] = [
    ("pedicle_screws.toml", include_str!("../../../assets/implants/pedicle_screws.toml")),
    ("cranial_plates.toml", include_str!("../../../assets/implants/cranial_plates.toml")),
    ("aortic_stents.toml", include_str!("../../../assets/implants/aortic_stents.toml")),
    ("aneurysm_clips.toml", include_str!("../../../assets/implants/aneurysm_clips.toml")),
    ("aortic_valves.toml", include_str!("../../../assets/implants/aortic_valves.toml")),
];

impl Catalogue {
    /// The built-in catalogues: typical sizes, none of any maker.
    ///
    /// # Errors
    /// When one is malformed, which the tests rule out.
    pub fn built_in() -> Result<Vec<Self>, ApproachError> {
        BUILT_IN.iter().map(|(file, text)| Self::read(text, file)).collect()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or a number makes no sense.
    pub fn open(path: &FilePath) -> Result<Self, ApproachError> {
        Self::read(&read_small(path)?, &path.display().to_string())
    }

    /// Reads the text of a file, which errors call `file`.
    ///
    /// # Errors
    /// When it is no such text or a number makes no sense.
    pub fn read(text: &str, file: &str) -> Result<Self, ApproachError> {
        let wrong = |what: String| ApproachError::Data { file: file.into(), what };
        let catalogue: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if catalogue.sizes.is_empty() {
            return Err(wrong("it has no sizes".into()));
        }
        let fine = |v: f64| v > 0.0 && v <= 1000.0;
        if let Some(size) = catalogue.sizes.iter().find(|s| !fine(s.diameter_mm) || !fine(s.length_mm)) {
            return Err(wrong(format!("the size \"{}\": diameter_mm and length_mm must be over 0 to 1000", size.name)));
        }
        let FitRule { margin_mm, least_oversize, greatest_oversize } = catalogue.fit;
        if !((0.0..=50.0).contains(&margin_mm)
            && (-0.5..=2.0).contains(&least_oversize)
            && (least_oversize..=2.0).contains(&greatest_oversize))
        {
            return Err(wrong(
                "fit: margin_mm 0 to 50, least_oversize -0.5 to 2, greatest_oversize from it to 2".into(),
            ));
        }
        Ok(catalogue)
    }

    /// The sizes for a vessel or annulus of this diameter that reach over this length, those first whose oversize is nearest to
    /// the middle of what the rule allows, then the shortest.
    pub fn fit_tube(&self, diameter: Measured, length: Measured) -> Vec<Fit> {
        let rule = self.fit;
        let middle = 1.0 + (rule.least_oversize + rule.greatest_oversize) / 2.0;
        let allowed = |wide: f64, across: f64| {
            let over = wide / across - 1.0;
            (rule.least_oversize - 1e-9..=rule.greatest_oversize + 1e-9).contains(&over)
        };
        let mut fits: Vec<Fit> = self
            .sizes
            .iter()
            .filter(|s| allowed(s.diameter_mm, diameter.value.0) && s.length_mm >= length.value.0)
            .map(|s| Fit {
                size: s.clone(),
                margin: Measured { value: Mm(s.diameter_mm - diameter.value.0), error: diameter.error },
                length_margin: Measured { value: Mm(s.length_mm - length.value.0), error: length.error },
                sure: [-1.0, 1.0].iter().all(|n| allowed(s.diameter_mm, diameter.value.0 + n * diameter.error.0))
                    && s.length_mm >= length.value.0 + length.error.0,
            })
            .collect();
        let off = |f: &Fit| (f.size.diameter_mm / diameter.value.0 - middle).abs();
        fits.sort_by(|a, b| off(a).total_cmp(&off(b)).then(a.size.length_mm.total_cmp(&b.size.length_mm)));
        fits
    }

    /// The sizes of screw that stay within bone along a path (from its entry on bone towards the target, no farther), the
    /// thickest first, then the longest. Nothing where none does.
    ///
    /// # Errors
    /// When the path has no length.
    pub fn fit_screw(&self, path: &Path, bone: &Obstacle) -> Result<Vec<Fit>, ApproachError> {
        let reach = crossings(path, [bone])?.first().map_or(0.0, |c| c.to.0);
        let direction = path.direction()?;
        let error = COVERAGE * bone.border_error().0;
        let mut fits = Vec::new();
        for size in &self.sizes {
            let end = LpsPoint(path.entry.0 + direction.0 * size.length_mm);
            let left = reach - size.length_mm;
            if left < self.fit.margin_mm {
                continue;
            }
            let screw = Screw { path: Path { entry: path.entry, target: end }, diameter: Mm(size.diameter_mm) };
            let check = screw.breach(bone)?;
            if check.wall.0 >= self.fit.margin_mm {
                let sure = check.wall.0 - error >= self.fit.margin_mm && left - error >= self.fit.margin_mm;
                fits.push(Fit {
                    size: size.clone(),
                    margin: Measured { value: check.wall, error: Mm(error) },
                    length_margin: Measured { value: Mm(left), error: Mm(error) },
                    sure,
                });
            }
        }
        fits.sort_by(|a, b| {
            b.size.diameter_mm.total_cmp(&a.size.diameter_mm).then(b.size.length_mm.total_cmp(&a.size.length_mm))
        });
        Ok(fits)
    }
}

/// The diameter of the circle with a measured area, as annuli are sized.
pub fn diameter_of_area(area: Mm2, error: Mm2) -> Measured {
    let diameter = (4.0 * area.0.max(0.0) / std::f64::consts::PI).sqrt();
    // d = √(4A/π), so its change is 2 / (π d) a mm².
    let slope = if diameter > 0.0 { 2.0 / (std::f64::consts::PI * diameter) } else { 0.0 };
    Measured { value: Mm(diameter), error: Mm(error.0 * slope) }
}

/// A screw: from where its axis enters bone to its tip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Screw {
    /// From the entry on bone to the tip.
    pub path: Path,
    /// Of the thread, outside.
    pub diameter: Mm,
}

/// Whether a screw breaks out of bone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breach {
    /// The least wall between screw and bone's surface; below 0 it breaks out by as much.
    pub wall: Mm,
    /// ±, 95 times in 100.
    pub error: Mm,
    /// How far along the screw from its entry that is.
    pub at: Mm,
    /// Whether the screw may break out: the wall less its error is not over 0. Never "no" where it does.
    pub possible: bool,
}

/// How far apart a screw's axis is looked at, mm.
const ALONG: f64 = 0.25;

impl Screw {
    /// The least wall around the screw, from one diameter behind its entry on (before that, it must come through the surface) to
    /// its tip. The axis is looked at every 0.25 mm; between, the wall cannot be less by more than half of that, which is
    /// counted in the error.
    ///
    /// # Errors
    /// When the screw has no length.
    pub fn breach(&self, bone: &Obstacle) -> Result<Breach, ApproachError> {
        let direction = self.path.direction()?.0;
        let length = self.path.length().0;
        let first = self.diameter.0.min(length);
        let count = ((length - first) / ALONG).ceil().max(1.0);
        let mut least = (f64::INFINITY, 0.0);
        for n in 0..=count as usize {
            let t = first + (length - first) * n as f64 / count;
            let at = LpsPoint(self.path.entry.0 + direction * t);
            let Some((distance, _)) = bone.distance(at) else { continue };
            // Depth below the surface less the radius.
            let wall = -distance.0 - self.diameter.0 / 2.0;
            if wall < least.0 {
                least = (wall, t);
            }
        }
        let error = COVERAGE * bone.border_error().0 + ALONG / 2.0;
        Ok(Breach { wall: Mm(least.0), error: Mm(error), at: Mm(least.1), possible: least.0 <= error })
    }

    /// The mean value of the scan (HU in CT) in the shell that holds the thread: from 0.8 to 1.2 radii around the axis. With the
    /// number of places that were looked at; nothing where the scan does not reach.
    ///
    /// # Errors
    /// When the screw has no length.
    pub fn purchase(&self, scan: &Volume) -> Result<Option<(f64, usize)>, ApproachError> {
        let direction = self.path.direction()?.0;
        let (u, v) = direction.any_orthonormal_pair();
        let to_voxel = scan.grid().patient_to_voxel();
        let length = self.path.length().0;
        let radius = self.diameter.0 / 2.0;
        let steps = (length / 0.5).ceil().max(1.0) as usize;
        let (mut sum, mut count) = (0.0, 0usize);
        for n in 0..steps {
            let axis = self.path.entry.0 + direction * (length * (n as f64 + 0.5) / steps as f64);
            for turn in 0..16 {
                let (sin, cos) = (f64::from(turn) * std::f64::consts::TAU / 16.0).sin_cos();
                for share in [0.8, 1.0, 1.2] {
                    let at: DVec3 = axis + (u * cos + v * sin) * (radius * share);
                    if let Some(value) = scan.interpolate(VoxelPoint(to_voxel.transform_point3(at))) {
                        sum += value;
                        count += 1;
                    }
                }
            }
        }
        Ok((count > 0).then(|| (sum / count as f64, count)))
    }
}
