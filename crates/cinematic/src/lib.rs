//! The cinematic look: unbiased volumetric path tracing (Kroes, Post and Botha 2012, "Exposure Render"; Dappa et al.
//! 2016; Hofmann and Evans 2021).
//!
//! Light is followed from the eye back to the lights. It flies freely as [delta tracking](medium) under block-wise
//! upper bounds says; where it meets matter it is scattered by a phase function, or reflected as by a
//! [surface] where the gradient of the values is strong. Each meeting asks one light directly, with multiple
//! importance sampling against scattered light that arrives by itself. Nothing is invented: a picture converges to the
//! solution of the radiative transfer equation for the volume, its transfer function and the lights, up to the look's
//! number of bounces.
//!
//! ```no_run
//! # use fabrica_cinematic::{Blocks, CinematicError, Film, Look, Studio};
//! # use fabrica_raycast::{Camera, Scene};
//! # fn picture(volume: &fabrica_volume::Volume, camera: &Camera) -> Result<(), CinematicError> {
//! let look = Look::named("cinematic-bone")?;
//! let function = look.preset.transfer_function(volume)?;
//! let scene = Scene { settings: look.preset.settings(volume), ..Scene::new(volume, &function) };
//! let blocks = Blocks::new(scene.volume, None);
//! let studio = Studio::new(&scene, &blocks, &look, camera, [512, 512])?;
//! let mut film = Film::new([512, 512])?;
//! studio.trace(&mut film, 64, &fabrica_progress::Progress::new())?;
//! let image = look.development.develop([512, 512], &film.means())?;
//! # Ok(()) }
//! ```
//! `shaders/cinematic.wgsl` does the same on the GPU, with the same random numbers.

mod denoise;
mod develop;
pub mod directions;
mod error;
mod film;
pub mod kinds;
pub mod lights;
mod look;
pub mod majorant;
pub mod medium;
mod path;
pub mod random;
pub mod sky;
mod studio;
pub mod surface;

pub use denoise::denoise;
pub use develop::{Development, Tone};
pub use error::CinematicError;
pub use film::{Film, FilmPixel};
pub use lights::LightRig;
pub use look::{Lens, Look, Material};
pub use majorant::Blocks;
pub use path::scattering_albedo;
pub use studio::{Eye, Studio, ThinLens};
