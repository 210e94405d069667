//! Units, patient coordinates and sampling grids.
//!
//! Everything in space is in the DICOM patient coordinate system (PS3.3 C.7.6.2.1.1): millimetres,
//! +x to the patient's **L**eft, +y to the **P**osterior, +z to the **S**uperior — "LPS".
//! Types keep lengths, patient positions and voxel positions apart, so that a wrong mix does not compile.

mod frame;
mod grid;
mod length;
mod orientation;

pub use frame::{LpsPoint, LpsVector, VoxelPoint};
pub use grid::{Grid, GridError};
pub use length::{Mm, Mm2, Mm3};
pub use orientation::{PatientAxis, PatientDirection};
