//! Fewer pixels where the display's rate is not held.

use serde_json::json;

use super::ball::*;
use super::driving::{Rehearsal, manifest};

#[test]
fn fewer_pixels_are_drawn_when_it_is_slow() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let Some(manifest) = manifest(folder) else { return };
    let case = ball_case(folder);
    let script = [small_display(), patient_clock(), looks_down()];
    let mut app = Rehearsal::start(folder, &manifest, &script, &[&case, "--vr"]);
    app.until_open();
    app.tell(json!({ "do": "fault", "fault": "slow_compositor", "ms": 33 }));
    app.until("headset", |v| v["scale"].as_f64().is_some_and(|scale| scale < 0.7));
    app.tell(json!({ "do": "fault", "fault": "slow_compositor", "ms": 0 }));
    app.frames(6);
    let capture = app.capture("fewer_pixels");
    let width = capture.description["layers"][0]["views"][0]["size"][0].as_f64().unwrap();
    assert!(width < 400.0 * 0.75, "{width}");
    ball_is_seen(&mut app, "fewer_pixels_too");
}
