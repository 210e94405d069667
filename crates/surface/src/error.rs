//! What can go wrong with surfaces.

use fabrica_progress::Cancelled;
use fabrica_volume::MaskError;

use crate::MeshFormat;

/// Why a surface could not be made, checked, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurfaceError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The structure has no voxel.
    #[error("the structure \"{0}\" is empty: there is nothing to print")]
    EmptyStructure(String),
    /// There is no mesh or no mask to measure between.
    #[error("the {0} is empty: there is no distance to measure")]
    NothingToCompare(&'static str),
    /// The isovalue is infinite or not a number.
    #[error("the isovalue {0} is not a finite number")]
    Isovalue(f64),
    /// The mask and the volume do not lie on one grid.
    #[error("the structure and the scan do not lie on one grid: {0}")]
    DifferentGrids(#[from] MaskError),
    /// More vertices or triangles than 32-bit indices can count the corners of.
    #[error(
        "the surface has {0} triangles or vertices, more than the 1,431,655,765 that a mesh can hold; crop the structure or close its noise first"
    )]
    TooLarge(u64),
    /// There are more or fewer of something than there must be.
    #[error("there are {actual} {what} where {expected} are needed")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// More combinations of structures than labels can name.
    #[error("the structures overlap in more than {0} ways; print fewer of them at once")]
    TooManyLabels(usize),
    /// The surface is not closed, and that was not asked for.
    #[error("the model of \"{structure}\" is not fit to print: {why}. Repair it, or ask for an open model explicitly")]
    NotClosed {
        /// Name of the structure.
        structure: String,
        /// What the check found.
        why: String,
    },
    /// An option is out of its range.
    #[error("{option} is {value}; it must be {allowed}")]
    Option {
        /// Which option.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What it may be, in words.
        allowed: &'static str,
    },
    /// A triangle names a vertex that is not there.
    #[error("triangle {triangle} names vertex {vertex}, but there are only {vertices} vertices")]
    VertexMissing {
        /// Which triangle, from 0.
        triangle: usize,
        /// Which vertex it names, from 0.
        vertex: u64,
        /// Vertices of the mesh.
        vertices: usize,
    },
    /// A vertex has a coordinate that is infinite or not a number.
    #[error("vertex {0} has a coordinate that is not a finite number")]
    NotFinite(usize),
    /// A mesh file cannot be understood.
    #[error("not a readable {format} file: {problem} ({place})")]
    File {
        /// What the file should be.
        format: MeshFormat,
        /// What is wrong.
        problem: String,
        /// Where: a byte, a line or a triangle.
        place: String,
    },
    /// The mesh could not be written.
    #[error("the mesh could not be written")]
    Write(#[source] std::io::Error),
}
