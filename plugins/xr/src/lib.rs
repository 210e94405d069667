//! The headset through OpenXR, and being in the room with the patient.
//!
//! - [`Runtime::find`] looks for a headset before anything else is started, and says why there is none.
//! - [`HeadsetPlugin`] runs its session: frames, eyes, hands. It reports hands as `fabrica_scene::input` has them, and
//!   ends or goes on when the runtime fails, never with a panic.
//! - [`PresencePlugin`] is what hands do with the patient, whatever device they come from: grab, two-hand scale, operating
//!   pose, snap turn; and, in a headset, the room around.

mod device;
mod presence;
mod timing;

pub use device::{HeadsetPlugin, NoHeadset, Pacing, Runtime};
pub use presence::PresencePlugin;
pub use timing::{FrameCost, FrameTimes, ResolutionControl};
