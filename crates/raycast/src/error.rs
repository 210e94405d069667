//! Why a picture cannot be made.

use fabrica_progress::Cancelled;

/// Why a picture cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The user cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The picture has no pixels or too many.
    #[error("a picture of {0} x {1} pixels cannot be made; each side must be between 1 and {max}", max = crate::image::MAX_SIDE)]
    Size(u32, u32),
    /// The camera has no direction: the eye is at the target, up is along the view, or a number is not finite.
    #[error(
        "the camera has no direction: its eye lies at its target, its up vector along its view, or a number is not finite"
    )]
    Camera,
    /// The slice plane is degenerate.
    #[error("the slice plane has no extent or its directions are not perpendicular unit vectors")]
    Plane,
    /// The line to be followed is degenerate.
    #[error("the line has no length, turns back on itself, runs along the picture's right, or a number is not finite")]
    Line,
    /// A setting is out of its range.
    #[error("{name} is {value}; it must be {range}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// The structures do not go with the scan or with their looks.
    #[error(transparent)]
    Labels(#[from] crate::LabelError),
    /// A triangle names a vertex that is not there.
    #[error("triangle {triangle} of mesh {mesh} names vertex {vertex}, but the mesh has {vertices}")]
    MeshIndex {
        /// Which mesh, from 0.
        mesh: usize,
        /// Which triangle, from 0.
        triangle: usize,
        /// The vertex that it names.
        vertex: u32,
        /// How many there are.
        vertices: usize,
    },
}
