//! For tests and tools: starts a program under the simulator, talks to it, and looks at what it showed.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use fabrica_openxr_simulator::harness::{Capture, Headset};
//! use serde_json::json;
//!
//! let headset = Headset::new(std::path::Path::new("out/headset"))?;
//! headset.script("{\"do\":\"display\",\"width\":320,\"height\":320}\n{\"do\":\"clock\",\"simulated\":true}\n")?;
//! let mut app = headset.command("target/debug/fabrica").args(["open", "case", "--vr"]).spawn()?;
//! let mut remote = headset.connect(Duration::from_secs(30))?;
//! remote.say(&json!({"do": "wait", "state": "FOCUSED", "timeout": 120}))?;
//! remote.say(&json!({"do": "press", "hand": "right", "input": "squeeze"}))?;
//! remote.say(&json!({"do": "wait", "frames": 10}))?;
//! let shown = remote.capture("grabbed")?;
//! // Where the point 1 m before the stage's origin must be seen, in pixels:
//! let [x, y] = shown.left.project([0.0, 1.6, -1.0]).ok_or("behind the eye")?;
//! assert_eq!(shown.left.pixel(x as u32, y as u32)?, [255, 0, 0, 255]);
//! remote.say(&json!({"do": "exit"}))?;
//! app.wait()?;
//! # Ok(()) }
//! ```

mod capture;
mod headset;

pub use capture::{Capture, Eye};
pub use headset::{Headset, Missing, Remote, loader};
