//! Vessels filled with contrast agent, told from bone by what lies around, not by brightness alone.
//!
//! 1. The level of soft tissue and the noise are measured in the scan ([`tissue`](tissue::Tissue)).
//! 2. Blood with contrast agent makes even, bright islands with darker tissue around them; marrow is as even, but has
//!    brighter cortex around it. The largest bright ones give the level of contrast.
//! 3. Bone shows itself by thin parts far brighter than blood, unless blood of the level of contrast lies along them, as
//!    along stents and calcified plaques.
//! 4. From both, a watershed on the smoothed values parts what is bright enough ([`watershed`](watershed::flood)): where a
//!    vessel touches bone, the border follows the darker line between them.
//! 5. Dark borders are kept within a few millimetres of bright blood.

mod islands;
mod smooth;
mod tissue;
mod watershed;

use fabrica_geometry::{Mm, Mm3};
use fabrica_progress::Progress;
use fabrica_volume::{Mask, Volume};

use crate::islands::Islands;
use crate::logic::{difference, intersection, union};
use crate::rows::mask_from_rows;
use crate::{Connectivity, SegmentError, dilate, erode, homogeneous};
use tissue::Tissue;

/// Radius within which blood is even.
const EVEN: Mm = Mm(3.0);
/// What is even and bright in the scan has a deviation of at most this, HU, or twice the noise.
const EVEN_HU: f64 = 40.0;
/// How much brighter than soft tissue candidates are, HU, voxel by voxel and on the whole.
const BRIGHTER_HU: (f64, f64) = (80.0, 100.0);
/// The least island to start from.
const LEAST_START: Mm3 = Mm3(300.0);
/// Where the surroundings of a candidate are looked at, and nowhere nearer than what; and of bone. Where blood is even
/// ends [`EVEN`] before its border.
const AROUND: (Mm, Mm) = (Mm(5.5), Mm(4.0));
const AROUND_BONE: (Mm, Mm) = (Mm(3.0), Mm(1.0));
/// Least share of darker surroundings of blood, and most of brighter ones.
const SURROUNDED: (f64, f64) = (0.55, 0.15);
/// Arterial contrast has at least this, HU, in at least this share of all even bright parts.
const ARTERIAL: (f64, f64) = (250.0, 0.1);
/// An island that tells the level of contrast.
const TELLS_LEVEL: Mm3 = Mm3(3000.0);
/// Values at these shares of the way from soft tissue to contrast start a vessel, bound it, and end it.
const STARTS: f64 = 0.4;
const BRIGHT: f64 = 0.5;
const ENDS: f64 = 0.25;
/// How far from bright blood a vessel may reach.
const BORDER: Mm = Mm(3.0);
/// Bone is so much brighter than blood, HU or in noise, and no thicker than twice this where it is.
const BONE: (f64, f64) = (120.0, 4.8);
const CORTEX: Mm = Mm(4.0);
const LEAST_BONE: Mm3 = Mm3(30.0);
/// Bone has less than this share of blood around it.
const BLOOD_ALONG: f64 = 0.25;

/// What [`contrast_vessels`] found.
#[derive(Clone, Debug)]
pub struct ContrastVessels {
    /// The vessels, with the chambers of the heart that are filled alike.
    pub mask: Mask,
    /// The level of contrast, HU.
    pub level: f64,
    /// The level of soft tissue, HU.
    pub tissue: f64,
    /// What the vessels are bounded by, HU.
    pub lower: f64,
}

/// Finds vessels filled with contrast agent in CT within the body; see the module for how.
///
/// # Errors
/// When there is no soft tissue, or no arterial contrast: nothing even of at least 250 HU, or next to nothing beside
/// parenchyma and veins that are darker. When cancelled.
pub fn contrast_vessels(volume: &Volume, body: &Mask, progress: &Progress) -> Result<ContrastVessels, SegmentError> {
    let tissue =
        Tissue::measure(volume, body).ok_or_else(|| not_found("the scan shows too little soft tissue".into()))?;
    progress.stage("vessels: blood");
    let even = (2.0 * tissue.noise).max(EVEN_HU);
    let bright = homogeneous(volume, tissue.level + BRIGHTER_HU.0, f64::MAX, even, EVEN, progress)?;
    let bright = intersection(&bright, body)?;
    let candidates = Islands::find(&bright, Connectivity::Six, progress)?;
    let means = islands::means(volume, &candidates);
    let around = islands::shares(&candidates, AROUND.0, AROUND.1, |island, at| {
        let value = volume.value(at)?;
        let mean = means[island];
        let darker = value < (mean + tissue.level) / 2.0;
        Some([darker, value > mean + 2.0 * tissue.noise + 50.0])
    });
    let blood: Vec<usize> = (0..candidates.len())
        .filter(|&n| {
            candidates.volume(n).0 >= LEAST_START.0
                && means[n] >= tissue.level + BRIGHTER_HU.1
                && around[n][0] >= SURROUNDED.0
                && around[n][1] <= SURROUNDED.1
        })
        .collect();
    let level = contrast_level(&blood, &means, &candidates)?;
    let above = |share: f64| tissue.level + share * (level - tissue.level);
    let mut start = vec![false; candidates.len()];
    blood.iter().filter(|&&n| means[n] >= above(STARTS)).for_each(|&n| start[n] = true);
    let start = candidates.keep(|n| start[n], progress)?;

    progress.stage("vessels: bone");
    let values = smooth::smoothed(volume, Mm(0.8), progress)?;
    let [nx, ny, _] = volume.grid().dims();
    let at = |[i, j, k]: [usize; 3]| f64::from(values[i + nx * (j + ny * k)]);
    let brighter = |than: f64| {
        mask_from_rows(volume.grid(), progress, |j, k, words| {
            let row = &values[nx * (j + ny * k)..][..nx];
            for (i, _) in row.iter().enumerate().filter(|(_, v)| f64::from(**v) > than) {
                words[i / 64] |= 1 << (i % 64);
            }
        })
    };
    let dense = brighter(level + BONE.0.max(BONE.1 * tissue.noise))?;
    let thick = dilate(&erode(&dense, CORTEX, progress)?, Mm(CORTEX.0 + 1.0), progress)?;
    let thin = Islands::find(&difference(&dense, &thick)?, Connectivity::TwentySix, progress)?;
    let along = islands::shares(&thin, AROUND_BONE.0, AROUND_BONE.1, |_, place| {
        let like_blood = (at(place) - level).abs() < (2.5 * tissue.noise).max(60.0);
        (!dense.get(place)).then_some([like_blood, false])
    });
    let is_bone = |n: usize| thin.volume(n).0 >= LEAST_BONE.0 && along[n][0] < BLOOD_ALONG;
    let bone = difference(&thin.keep(is_bone, progress)?, &start)?;

    progress.stage("vessels: growing");
    let lower = above(ENDS).max(tissue.level + 2.5 * tissue.noise);
    let within = intersection(&brighter(lower)?, body)?;
    let grown = watershed::flood(&values, &start, &bone, &within, progress)?;
    let sure = union(&intersection(&grown, &brighter(above(BRIGHT))?)?, &start)?;
    let mask = intersection(&grown, &dilate(&sure, BORDER, progress)?)?;
    Ok(ContrastVessels { mask, level, tissue: tissue.level, lower })
}

fn not_found(reason: String) -> SegmentError {
    SegmentError::not_found("vessels with contrast agent", reason)
}

/// The level of contrast, weighed by volume over the brightest islands that are large.
fn contrast_level(blood: &[usize], means: &[f64], islands: &Islands) -> Result<f64, SegmentError> {
    let volume = |n: usize| islands.volume(n).0;
    let all: f64 = blood.iter().map(|&n| volume(n)).sum();
    let arterial: f64 = blood.iter().filter(|&&n| means[n] >= ARTERIAL.0).map(|&n| volume(n)).sum();
    let largest = blood.iter().copied().max_by(|&a, &b| volume(a).total_cmp(&volume(b)));
    let Some(largest) = largest.filter(|_| arterial > 0.0 && arterial >= ARTERIAL.1 * all) else {
        let found = largest.map_or("nothing bright and even".to_owned(), |n| {
            format!("{:.0} mL with {:.0} HU as the largest bright and even part", volume(n) / 1000.0, means[n])
        });
        return Err(not_found(format!(
            "the scan shows {found}; arteries filled with contrast agent have at least {} HU. It may have no contrast or \
             be of a venous phase: grow from seeds instead",
            ARTERIAL.0
        )));
    };
    let large: Vec<usize> = blood.iter().copied().filter(|&n| volume(n) >= TELLS_LEVEL.0).collect();
    let large = if large.is_empty() { vec![largest] } else { large };
    let brightest = large.iter().map(|&n| means[n]).fold(0.0, f64::max);
    let (sum, weight) = large
        .iter()
        .filter(|&&n| means[n] >= 0.8 * brightest)
        .fold((0.0, 0.0), |(sum, weight), &n| (sum + means[n] * volume(n), weight + volume(n)));
    Ok(sum / weight)
}
