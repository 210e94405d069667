//! The interpreter of recipes.

use std::collections::HashMap;

use fabrica_geometry::{Mm, Mm2, Mm3};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Structure, Volume};

use super::{Operand, Recipe, Step};
use crate::grow::mean_and_deviation;
use crate::{
    Connectivity, Islands, Level, Neighbourhood, SegmentError, airway_tree, close, close_border, contest,
    contrast_vessels, difference, dilate, erode, fill_cavities, fill_slices, homogeneous, intersection, open, otsu,
    remove_small_islands, smooth_gaussian, smooth_majority, threshold, union,
};

/// How deep presets may refer to presets.
const DEEPEST: usize = 4;
/// The most islands that are looked at one by one.
const MOST_ISLANDS: usize = 32;
/// Millilitre in mm³.
const ML: f64 = 1000.0;

pub(super) fn run(recipe: &Recipe, volume: &Volume, progress: &Progress) -> Result<Structure, SegmentError> {
    let mut kitchen = Kitchen { volume, progress, presets: HashMap::new() };
    let dish = kitchen.cook(recipe, 0)?;
    Ok(Structure {
        name: recipe.title.clone(),
        colour: recipe.colour,
        mask: dish.mask,
        code: recipe.code.clone(),
        origin: format!("preset {}: {}", recipe.name, dish.history.join("; ")),
        isovalue: dish.isovalue,
    })
}

/// What one run shares: the scan and the presets that were run on it already.
struct Kitchen<'a> {
    volume: &'a Volume,
    progress: &'a Progress,
    presets: HashMap<String, Mask>,
}

/// What the steps so far have made.
struct Dish {
    mask: Mask,
    saved: HashMap<String, Mask>,
    /// The threshold of which the mask is still whole islands of the region above.
    isovalue: Option<f64>,
    history: Vec<String>,
}

impl Kitchen<'_> {
    fn cook(&mut self, recipe: &Recipe, depth: usize) -> Result<Dish, SegmentError> {
        let mut dish = Dish {
            mask: Mask::empty(self.volume.grid().clone()),
            saved: HashMap::new(),
            isovalue: None,
            history: Vec::new(),
        };
        // The step that left nothing, while nothing is there. A step after it may take up something else.
        let mut emptied = None;
        for (number, step) in recipe.steps.iter().enumerate() {
            self.progress.stage(format!("{}: {step}", recipe.title));
            self.progress.check()?;
            let isovalue = self.take_step(recipe, step, &mut dish, depth)?;
            dish.isovalue = isovalue;
            match (dish.mask.is_empty(), &emptied) {
                (true, None) => emptied = Some(format!("step {} ({step}) left nothing", number + 1)),
                (false, Some(_)) => emptied = None,
                _ => {}
            }
        }
        if let Some(emptied) = emptied {
            return Err(SegmentError::not_found(
                format!("preset \"{}\"", recipe.name),
                format!("{emptied}. Its limits: {}", recipe.limits),
            ));
        }
        Ok(dish)
    }

    /// Does one step and gives the isovalue that the mask has after it.
    fn take_step(
        &mut self,
        recipe: &Recipe,
        step: &Step,
        dish: &mut Dish,
        depth: usize,
    ) -> Result<Option<f64>, SegmentError> {
        let (volume, progress) = (self.volume, self.progress);
        let mut isovalue = None;
        let mut note = step.to_string();
        let mask = &dish.mask;
        let made = match step {
            Step::Threshold { lower, upper } => {
                isovalue = lower.filter(|_| upper.is_none());
                threshold(volume, lower.unwrap_or(f64::NEG_INFINITY), upper.unwrap_or(f64::INFINITY), progress)?
            }
            Step::Otsu { classes } => {
                let thresholds = otsu(volume, *classes, None, progress)?;
                let lower = thresholds.last().copied().unwrap_or(f64::INFINITY);
                note = format!("{note} (from {lower:.1})");
                isovalue = Some(lower);
                threshold(volume, lower, f64::INFINITY, progress)?
            }
            Step::Homogeneous { lower, upper, deviation, radius_mm } => {
                homogeneous(volume, *lower, *upper, *deviation, Mm(*radius_mm), progress)?
            }
            Step::AirwayTree { lower, upper, within } => {
                let body = self.operand(within, dish, depth)?;
                let tree = airway_tree(volume, &body, *lower, *upper, progress)?;
                note = format!("airway tree grown up to {} HU, short of a leak into the lung", tree.threshold);
                tree.mask
            }
            Step::ContrastVessels { within } => {
                let body = self.operand(within, dish, depth)?;
                let found = contrast_vessels(volume, &body, progress)?;
                note = format!(
                    "vessels from {:.0} HU, contrast {:.0} HU, soft tissue {:.0} HU",
                    found.lower, found.level, found.tissue
                );
                found.mask
            }
            Step::CloseBorder { lower } => close_border(mask, volume, *lower, progress)?,
            Step::Largest { count, least_share, connectivity } => {
                isovalue = dish.isovalue;
                let islands = Islands::find(mask, *connectivity, progress)?;
                let order = islands.by_size();
                let least = order.first().map_or(0.0, |&first| islands.voxels()[first] as f64 * least_share);
                let mut kept = vec![false; islands.len()];
                for island in order.into_iter().take(*count).filter(|&i| islands.voxels()[i] as f64 >= least) {
                    kept[island] = true;
                }
                islands.keep(|island| kept[island], progress)?
            }
            Step::RemoveSmall { least_ml, connectivity } => {
                isovalue = dish.isovalue;
                remove_small_islands(mask, Mm3(least_ml * ML), *connectivity, progress)?
            }
            Step::KeepTouching { with, connectivity } => {
                isovalue = dish.isovalue;
                let with = self.operand(with, dish, depth)?;
                let islands = Islands::find(&dish.mask, *connectivity, progress)?;
                let touching = islands.touching(&with)?;
                islands.keep(|island| touching[island], progress)?
            }
            Step::KeepMean { lower, upper, core_mm } => {
                isovalue = dish.isovalue;
                let core = erode(mask, Mm(*core_mm), progress)?;
                self.keep_islands(mask, |island| {
                    let core = intersection(island, &core)?;
                    let (mean, _) = mean_and_deviation(volume, &core);
                    Ok(!core.is_empty() && (*lower..=*upper).contains(&mean))
                })?
            }
            Step::KeepBrighter { by, mm } => {
                isovalue = dish.isovalue;
                self.keep_islands(mask, |island| {
                    let around = difference(&dilate(island, Mm(*mm), progress)?, mask)?;
                    let (outer, _) = mean_and_deviation(volume, &around);
                    Ok(mean_and_deviation(volume, island).0 - outer >= *by)
                })?
            }
            Step::Contest { rivals, within } => {
                let rivals = self.operand(rivals, dish, depth)?;
                let within = self.operand(within, dish, depth)?;
                contest(&dish.mask, &rivals, &within, progress)?
            }
            Step::Dilate { mm } => dilate(mask, Mm(*mm), progress)?,
            Step::Erode { mm } => erode(mask, Mm(*mm), progress)?,
            Step::Open { mm } => open(mask, Mm(*mm), progress)?,
            Step::Close { mm } => close(mask, Mm(*mm), progress)?,
            Step::FillCavities { most_ml } => fill_cavities(mask, most_ml.map(|ml| Mm3(ml * ML)), progress)?,
            Step::FillSlices { across, most_mm2 } => fill_slices(mask, *across, most_mm2.map(Mm2), progress)?,
            Step::Median { mm } => smooth_majority(mask, Neighbourhood::Ball(Mm(*mm)), progress)?,
            Step::Gaussian { sigma_mm } => smooth_gaussian(mask, Mm(*sigma_mm), Level::KeepVolume, progress)?,
            Step::Union { with } => union(&self.operand(with, dish, depth)?, &dish.mask)?,
            Step::Intersect { with } => intersection(&self.operand(with, dish, depth)?, &dish.mask)?,
            Step::Subtract { with, if_found } => match self.operand(with, dish, depth) {
                Ok(with) => difference(&dish.mask, &with)?,
                Err(SegmentError::NotFound { reason, .. }) if *if_found => {
                    note = format!("{with} not taken out, as it was not found ({reason})");
                    dish.mask.clone()
                }
                Err(error) => return Err(error),
            },
            Step::Save { name } => {
                dish.saved.insert(name.clone(), dish.mask.clone());
                return Ok(dish.isovalue);
            }
            Step::Take { from } => self.operand(from, dish, depth)?,
            Step::Expect { least_ml, least_mean, most_mean, otherwise } => {
                let volume_ml = mask.volume().0 / ML;
                let (mean, _) = mean_and_deviation(volume, mask);
                let right = volume_ml >= *least_ml
                    && least_mean.is_none_or(|least| mean >= least)
                    && most_mean.is_none_or(|most| mean <= most);
                if !right {
                    return Err(SegmentError::not_found(
                        format!("preset \"{}\"", recipe.name),
                        format!("what was found has {volume_ml:.1} mL and a mean value of {mean:.0}. {otherwise}"),
                    ));
                }
                return Ok(dish.isovalue);
            }
        };
        dish.mask = made;
        dish.history.push(note);
        Ok(isovalue)
    }

    /// Those of the [`MOST_ISLANDS`] largest islands for which `keep` says so.
    fn keep_islands(
        &self,
        mask: &Mask,
        keep: impl Fn(&Mask) -> Result<bool, SegmentError>,
    ) -> Result<Mask, SegmentError> {
        let islands = Islands::find(mask, Connectivity::Six, self.progress)?;
        let mut kept = vec![false; islands.len()];
        for island in islands.by_size().into_iter().take(MOST_ISLANDS) {
            kept[island] = keep(&islands.keep(|other| other == island, self.progress)?)?;
        }
        islands.keep(|island| kept[island], self.progress)
    }

    fn operand(&mut self, operand: &Operand, dish: &Dish, depth: usize) -> Result<Mask, SegmentError> {
        match operand {
            Operand::Saved(name) => dish
                .saved
                .get(name)
                .cloned()
                .ok_or_else(|| SegmentError::Recipe(format!("no step has saved \"{name}\""))),
            Operand::Preset(name) => {
                if let Some(mask) = self.presets.get(name) {
                    return Ok(mask.clone());
                }
                if depth >= DEEPEST {
                    return Err(SegmentError::Recipe(format!("preset \"{name}\" refers to itself, or too deep")));
                }
                let mask = self.cook(&Recipe::named(name)?, depth + 1)?.mask;
                self.presets.insert(name.clone(), mask.clone());
                Ok(mask)
            }
        }
    }
}
