//! A simulated OpenXR runtime: a headset without a headset.
//!
//! Built as a shared library, it is loaded by the standard Khronos loader instead of a real runtime. The application
//! knows no difference: it finds a system, draws into swapchain images on its own Vulkan device, gets poses and
//! buttons, and is told to stop. What the wearer does comes from a script or over a socket; what the application
//! shows is saved as pictures. It is strict: it answers with the codes that the OpenXR specification (1.0) asks for
//! and says in its log which rule was broken, so that wrong use of OpenXR fails here and not on somebody's head.
//!
//! # Running a program under it
//! ```sh
//! cargo build -p fabrica-openxr-simulator
//! cat > runtime.json <<END
//! { "file_format_version": "1.0.0", "runtime": { "name": "simulator",
//!   "library_path": "$CARGO_TARGET_DIR/debug/libfabrica_openxr_simulator.so" } }
//! END
//! XR_RUNTIME_JSON=$PWD/runtime.json OPENXR_SIMULATOR_LOG=stderr fabrica open CASE --vr
//! ```
//! Tests do all this with [`harness::Headset`].
//!
//! | variable | |
//! |---|---|
//! | `XR_RUNTIME_JSON` | (the loader's) path of the manifest above |
//! | `OPENXR_SIMULATOR_SCRIPT` | file with commands |
//! | `OPENXR_SIMULATOR_SOCKET` | path of a Unix socket to listen on: commands in, answers out, one JSON object a line |
//! | `OPENXR_SIMULATOR_OUT` | folder for pictures (default: `openxr-simulator` in the folder for temporary files) |
//! | `OPENXR_SIMULATOR_LOG` | `stderr` or a file: states, commands, and every refused or dubious call with the reason |
//!
//! # Scripts
//! One JSON object a line; lines that are empty or begin with `#` are skipped. Commands run in order. Those before the
//! first wait run before the application's first call, so they can set up the system. A line with `"frame": N` waits
//! for the N-th frame (`xrWaitFrame`) of the process, one with `"time": S` until S seconds after the first
//! `xrBeginSession`.
//! ```text
//! {"do":"display","width":320,"height":320,"rates":[90,120]}
//! {"do":"clock","simulated":true}
//! {"do":"wait","state":"FOCUSED"}
//! {"do":"hand","hand":"right","aim":true,"position":[0.2,1.2,-0.3],"look_at":[0,1.4,-1]}
//! {"do":"click","hand":"right","input":"trigger"}
//! {"do":"head","position":[0.3,1.6,0],"look_at":[0,1.2,-1],"over":1.5}
//! {"time":4,"do":"capture","name":"after_the_walk"}
//! {"frame":400,"do":"exit"}
//! ```
//! Poses are in the STAGE space: metres, Y up, −Z ahead, the origin on the floor. At the start the head is at
//! 0, 1.6, 0 and looks ahead, the hands at ±0.25, 1.1, −0.35 hold Oculus Touch controllers.
//!
//! | command | fields | |
//! |---|---|---|
//! | `display` | `width`, `height`, `rates` (Hz), `eye_distance_mm`, `fov_degrees` (left eye: left, right, up, down), `blend_modes` | what there is to see with (640×640, 90 Hz, 64 mm, −50 42 45 −48) |
//! | `system` | `name`, `hand_tracking`, `formats` (`"R8G8B8A8_SRGB"`…), `without` (extensions) | what the runtime offers; formats left out are refused |
//! | `clock` | `simulated`, `latency_periods` | simulated: `xrWaitFrame` never sleeps and each frame is one period, so runs repeat exactly |
//! | `head` | pose, `over` (seconds) or `over_frames` | moves the head: `position`, and one of `look_at`, `yaw_pitch_roll` (degrees, left and up positive), `orientation` (x, y, z, w); what is left out stays |
//! | `hand` | `hand`, pose, `aim` | moves a hand by its grip pose, or by its aim pose |
//! | `track` | `of` (`head`, `left`, `right`, `left_fingers`, `right_fingers`), `on` | tracking lost and found |
//! | `controllers` | `profile` (`"valve/index_controller"`, null: empty hands), `hand` | what is held |
//! | `press`, `release` | `hand`, `input`, `value` | `trigger` and `squeeze` take a value (1), others click; `trigger/touch` and the like name one component |
//! | `click` | `hand`, `input`, `frames` (3) | presses, and releases after so many frames |
//! | `stick` | `hand`, `x`, `y`, `input` (`thumbstick`) | |
//! | `shape` | `hand`, `shape` (`open`, `fist`, `point`, `pinch`), `curls` (thumb to little, 0–1), `pinch` (0–1) | fingers |
//! | `joints` | `hand`, `joints` (26 of x, y, z, qx, qy, qz, qw, radius in the grip's frame; null: from the shape) | |
//! | `headset` | `worn` | taken off: the session goes back to SYNCHRONIZED; on: forward again |
//! | `standby` | `on` | the session is stopped (STOPPING, IDLE); off: READY again |
//! | `visible`, `focus` | `on` | another application, the system's menu |
//! | `exit` | | the user ends the application |
//! | `recentre` | | LOCAL moves to the head |
//! | `bounds` | `size` (null: no STAGE space) | width and depth of the play space |
//! | `refresh_rate` | `hz` | |
//! | `fail` | `function`, `result`, `times` | that function answers so (`"xrCreateSwapchain"`, `"XR_ERROR_OUT_OF_MEMORY"`) |
//! | `fault` | `fault`: `session_loss` or `instance_loss` (`after` seconds), `runtime_death`, `runtime_back`, `slow_compositor` (`ms`), `no_headset` (`on`) | |
//! | `capture` | `name` | saves the next frame that has layers |
//! | `capture_every` | `frames` (0: none) | |
//! | `wait` | one of `frames`, `seconds` (of the clock: simulated time, if it is simulated), `state`; on the socket also `timeout` (60 s) | |
//! | `note` | `text` | a line in the log |
//! | `state`, `problems`, `haptics` | | (socket) answers with states and counts, refusals and doubts, what the motors were told |
//!
//! A capture `NAME` is `NAME_left.png` and `NAME_right.png` (sRGB), `NAME_stereo.png` (what both eyes
//! see, side by side: all layers put over each other, and where the surroundings show through, grey squares in their
//! place), `NAME_left_depth.png` (16 bit) where depth was submitted, other layers as `NAME_layer1_….png`, and `NAME.json`
//! with times, poses, fields of view and flags of all layers. The JSON file comes last: when it is there, all are.
//!
//! # What it cannot do
//! Vulkan only; no cube maps, no protected content; one instance and one session at a time; OpenXR 1.0. Projection
//! layers are not warped from the pose that they were drawn for. Image layouts cannot be seen from here: run with Vulkan's validation
//! layer (`VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation`), which then checks the layouts that the simulator's own
//! copies state, those that the specification demands.
//!
//! Sources: OpenXR 1.0 specification and registry (Khronos), section numbers in the code are of 1.0.34.

#[allow(unsafe_code, reason = "a C interface: pointers from the application, each checked in `abi::pointers`")]
mod abi;
mod capture;
mod compose;
mod environment;
pub mod harness;
mod log;
mod model;
mod picture;
mod refusal;
mod script;
#[allow(unsafe_code, reason = "calls of Vulkan, on the application's own device")]
mod vulkan;

pub use abi::xrNegotiateLoaderRuntimeInterface;
pub use environment::{LOG, OUT, SCRIPT, SOCKET};
