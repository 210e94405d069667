//! The synthetic patient.

use fabrica_geometry::{Grid, LpsPoint};
use fabrica_progress::Progress;
use fabrica_volume::{Modality, Provenance, Samples, Structure, ValueUnit, Volume};

use crate::{Body, PhantomError, PhantomOptions, Sampling, SlicePlane, Truth, anatomy, labels, sample, truth};

/// The most samples that are made at once: 8 GiB of them.
const MAX_SAMPLES: u128 = 1 << 32;

/// The values outside every part: air.
pub(crate) const AIR: f64 = -1000.0;

/// A synthetic patient: analytic solids in patient millimetres. It belongs to nobody and says so wherever it appears.
///
/// The origin lies amid the first lumbar vertebra's level, in the body's middle; +x left, +y back, +z head.
///
/// # Example
/// ```
/// use fabrica_phantom::{Acquisition, Phantom, PhantomOptions, Region, Sampling};
/// use fabrica_geometry::Mm;
/// use fabrica_progress::Progress;
/// let phantom = Phantom::new(&PhantomOptions::default())?;
/// let scan = Acquisition { region: Region::Abdomen, pixel: Mm(8.0), slice: Mm(8.0), ..Acquisition::default() };
/// let volume = phantom.sample(&scan.grid()?, &Sampling::default(), &Progress::new())?;
/// assert!(volume.provenance.simulated);
/// # Ok::<(), fabrica_phantom::PhantomError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Phantom {
    options: PhantomOptions,
    body: Body,
}

/// Slices on any planes, with their values in Hounsfield units.
#[derive(Clone, Debug)]
pub struct Slices {
    /// Where each slice lies.
    pub planes: Vec<SlicePlane>,
    /// Each slice's values, i fastest.
    pub values: Vec<Vec<i16>>,
    /// Where they come from: simulated.
    pub provenance: Provenance,
}

impl Phantom {
    /// Builds the patient.
    ///
    /// # Errors
    /// When an option is out of range.
    pub fn new(options: &PhantomOptions) -> Result<Self, PhantomError> {
        options.check()?;
        Ok(Self { options: options.clone(), body: anatomy::build(options) })
    }

    /// The options that it was built from.
    pub fn options(&self) -> &PhantomOptions {
        &self.options
    }

    /// Its parts, organs, trees and landmarks.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The attenuation at a point, Hounsfield units, without noise.
    pub fn hounsfield(&self, at: LpsPoint) -> f64 {
        self.body.part_at(at).map_or(AIR, |part| part.material.hounsfield)
    }

    /// The CT on a grid, signed 16-bit Hounsfield units between -1024 and 3071.
    ///
    /// Each voxel averages its own box (partial volume). The same options, grid and sampling give the same volume to
    /// the bit, on any number of cores.
    ///
    /// # Errors
    /// When the grid has over 2³² voxels, a sampling option is out of range, or the user cancels.
    pub fn sample(&self, grid: &Grid, sampling: &Sampling, progress: &Progress) -> Result<Volume, PhantomError> {
        limit(grid.dims().iter().map(|&n| n as u128).product())?;
        let planes = SlicePlane::of_grid(grid);
        let mut values = vec![0i16; grid.len()];
        let slice = grid.dims()[0] * grid.dims()[1];
        let slices = planes.iter().zip(values.chunks_mut(slice)).collect();
        sample::fill(&self.body, self.options.seed, slices, sampling, progress)?;
        let mut volume = Volume::new(grid.clone(), Samples::I16(values), ValueUnit::Hounsfield)?;
        volume.provenance = self.provenance();
        Ok(volume)
    }

    /// The CT on any set of planes: tilted, unevenly spaced, with gaps.
    ///
    /// # Errors
    /// As [`Phantom::sample`].
    pub fn sample_slices(
        &self,
        planes: &[SlicePlane],
        sampling: &Sampling,
        progress: &Progress,
    ) -> Result<Slices, PhantomError> {
        limit(planes.iter().map(|p| p.size[0] as u128 * p.size[1] as u128).sum())?;
        let mut values: Vec<Vec<i16>> = planes.iter().map(|p| vec![0i16; p.size[0] * p.size[1]]).collect();
        let slices = planes.iter().zip(values.iter_mut().map(Vec::as_mut_slice)).collect();
        sample::fill(&self.body, self.options.seed, slices, sampling, progress)?;
        Ok(Slices { planes: planes.to_vec(), values, provenance: self.provenance() })
    }

    /// Every organ that reaches into the grid as a mask: the voxels whose centre lies in it. Masks overlap where organs
    /// hold others.
    ///
    /// # Errors
    /// When the grid has over 2³² voxels or the user cancels.
    pub fn structures(&self, grid: &Grid, progress: &Progress) -> Result<Vec<Structure>, PhantomError> {
        limit(grid.dims().iter().map(|&n| n as u128).product())?;
        labels::structures(&self.body.organs, grid, progress)
    }

    /// What is known exactly: volumes, diameters, lengths, positions and distances.
    ///
    /// # Errors
    /// When the user cancels.
    pub fn truth(&self, progress: &Progress) -> Result<Truth, PhantomError> {
        truth::measure(&self.options, &self.body, progress)
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            modality: Modality::ct(),
            description: format!("SYNTHETIC phantom, {}", self.options.contrast.name()),
            patient_name: crate::PATIENT_NAME.into(),
            patient_id: format!("SYNTHETIC-{}", self.options.seed),
            simulated: true,
            steps: vec![format!(
                "simulated by fabrica-phantom {}, seed {}",
                env!("CARGO_PKG_VERSION"),
                self.options.seed
            )],
            ..Provenance::default()
        }
    }
}

impl Slices {
    /// The slices of a volume of 16-bit Hounsfield units.
    ///
    /// # Errors
    /// When the volume is not signed 16 bit, not in Hounsfield units or not marked as simulated.
    pub fn of_volume(volume: &Volume) -> Result<Self, PhantomError> {
        let Samples::I16(samples) = volume.samples() else {
            return Err(PhantomError::NotCt(format!("the samples are {}, not int16", volume.samples().type_name())));
        };
        if volume.unit != ValueUnit::Hounsfield {
            return Err(PhantomError::NotCt("the samples are not in Hounsfield units".into()));
        }
        let [nx, ny, _] = volume.grid().dims();
        Ok(Self {
            planes: SlicePlane::of_grid(volume.grid()),
            values: samples.chunks(nx * ny).map(<[i16]>::to_vec).collect(),
            provenance: volume.provenance.clone(),
        })
    }
}

fn limit(samples: u128) -> Result<(), PhantomError> {
    if samples > MAX_SAMPLES {
        return Err(PhantomError::TooLarge { samples, limit: MAX_SAMPLES });
    }
    Ok(())
}
