//! The steps of `fabrica segment --then`, each a word on the command line.

use anyhow::{Context, Result, bail};
use fabrica_case::Case;
use fabrica_geometry::{Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_segment::{Connectivity, Level, Neighbourhood, Seed};
use fabrica_volume::Mask;

use crate::parse;

const FACES: Connectivity = Connectivity::Six;

/// Whether a step leaves whole islands as they are, so that their border stays where the threshold put it.
pub fn keeps_border(word: &str) -> bool {
    matches!(word.split('=').next(), Some("largest" | "islands" | "min-island" | "at"))
}

/// Applies one step to a mask.
///
/// # Errors
/// When the step is not known, its number is missing or makes no sense, or a structure that it names is not there.
pub fn apply(word: &str, mask: &Mask, case: &Case, progress: &Progress) -> Result<Mask> {
    let (step, value) = match word.split_once('=') {
        Some((step, value)) => (step, Some(value)),
        None => (word, None),
    };
    let wanted = |what: &str| value.with_context(|| format!("the step `{step}` needs {what}: {step}=..."));
    let mm = || -> Result<Mm> {
        let text = wanted("a length in mm")?;
        Ok(Mm(text.parse().with_context(|| format!("`{text}` is no length in mm"))?))
    };
    let other = || -> Result<Mask> { Ok(case.structure(wanted("a structure's name")?, progress)?.mask) };
    progress.stage(word);
    Ok(match step {
        "largest" => fabrica_segment::largest_islands(mask, 1, FACES, progress)?,
        "islands" => {
            let count = wanted("a number")?.parse().with_context(|| format!("`{word}` has no number of islands"))?;
            fabrica_segment::largest_islands(mask, count, FACES, progress)?
        }
        "min-island" => {
            let millilitres: f64 =
                wanted("a volume in mL")?.parse().with_context(|| format!("`{word}` has no volume"))?;
            fabrica_segment::remove_small_islands(mask, Mm3(millilitres * 1000.0), FACES, progress)?
        }
        "at" => {
            let seed = Seed::Patient(parse::point(wanted("a point L,P,S")?)?);
            fabrica_segment::islands_at(mask, &[seed], FACES, progress)?
        }
        "open" => fabrica_segment::open(mask, mm()?, progress)?,
        "close" => fabrica_segment::close(mask, mm()?, progress)?,
        "dilate" => fabrica_segment::dilate(mask, mm()?, progress)?,
        "erode" => fabrica_segment::erode(mask, mm()?, progress)?,
        "fill-holes" => fabrica_segment::fill_cavities(mask, None, progress)?,
        "median" => fabrica_segment::smooth_majority(mask, Neighbourhood::Ball(mm()?), progress)?,
        "gaussian" => fabrica_segment::smooth_gaussian(mask, mm()?, Level::KeepVolume, progress)?,
        "invert" => mask.inverted(),
        "union" => fabrica_segment::union(mask, &other()?)?,
        "intersect" => fabrica_segment::intersection(mask, &other()?)?,
        "subtract" => fabrica_segment::difference(mask, &other()?)?,
        _ => bail!(
            "there is no step `{step}`; there are largest, islands=N, min-island=ML, at=L,P,S, open=MM, close=MM, \
             dilate=MM, erode=MM, fill-holes, median=MM, gaussian=MM, invert, union=NAME, intersect=NAME, subtract=NAME"
        ),
    })
}
