//! Passthrough, visibility mask, counting of frames, captures on their own, scripts that wait for times.

#![allow(unsafe_code, reason = "wrong use of a C interface is what is tested")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::path::PathBuf;
use std::time::Duration;

use common::client::{Client, SIZE};
use common::{remote, under_simulator};
use fabrica_openxr_simulator::harness::Capture;
use openxr::sys::{self, Handle as _, Result as Code};
use serde_json::json;

const FAST: &str = "{\"do\":\"clock\",\"simulated\":true}\n";

fn pictures() -> PathBuf {
    PathBuf::from(std::env::var_os(fabrica_openxr_simulator::OUT).unwrap())
}

#[test]
fn passthrough_lies_behind_what_is_clear() {
    under_simulator("passthrough_lies_behind_what_is_clear", FAST, || {
        let mut client = Client::new();
        client.focus();
        let passthrough =
            client.session.create_passthrough(openxr::PassthroughFlagsFB::IS_RUNNING_AT_CREATION).unwrap();
        let layer = client
            .session
            .create_passthrough_layer(
                &passthrough,
                openxr::PassthroughFlagsFB::IS_RUNNING_AT_CREATION,
                openxr::PassthroughLayerPurposeFB::RECONSTRUCTION,
            )
            .unwrap();
        let typed = client.swapchain();
        let swapchain = typed.as_raw();
        let image = typed.enumerate_images().unwrap()[client.acquire(swapchain).unwrap() as usize];
        client.wait_image(swapchain);
        // Clear on the left half of each eye, green on the right.
        let row: Vec<u8> = (0..SIZE).flat_map(|x| if x < SIZE / 2 { [0, 0, 0, 0] } else { [0, 255, 0, 255] }).collect();
        for eye in 0..2 {
            client.vulkan.upload(image, eye, [SIZE, SIZE], &row.repeat(SIZE as usize), false);
        }
        client.release(swapchain);
        for (name, runs) in [("runs", true), ("paused", false)] {
            if !runs {
                passthrough.pause().unwrap();
            }
            let state = client.waiter.wait().unwrap();
            client.stream.begin().unwrap();
            let time = state.predicted_display_time;
            let views = client.layer_views(swapchain, &client.views(time));
            let mut front = client.projection(&views);
            front.layer_flags = openxr::CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA;
            let mut back = sys::CompositionLayerPassthroughFB {
                ty: sys::CompositionLayerPassthroughFB::TYPE,
                next: std::ptr::null(),
                flags: openxr::CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA,
                space: sys::Space::NULL,
                layer_handle: sys::PassthroughLayerFB::from_raw(0x77),
            };
            let submit = |back: &sys::CompositionLayerPassthroughFB| {
                client.end(time, &[std::ptr::from_ref(back).cast(), (&raw const front).cast()])
            };
            assert_eq!(submit(&back), Code::ERROR_HANDLE_INVALID);
            back.layer_handle = *layer.inner();
            let mut line = remote();
            let saved = std::thread::spawn(move || line.capture(name).unwrap());
            while remote().say(&json!({"do":"state"})).unwrap()["captures_wanted"] == 0 {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(submit(&back), Code::SUCCESS);
            let capture = saved.join().unwrap();
            assert_eq!(capture.description["layers"][0]["runs"], runs);
            let strip =
                std::io::BufReader::new(std::fs::File::open(pictures().join(format!("{name}_stereo.png"))).unwrap());
            let mut reader = png::Decoder::new(strip).read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut bytes).unwrap();
            let pixel = |x: usize| &bytes[x * 4..x * 4 + 3];
            assert_eq!(pixel(SIZE as usize - 1), [0, 255, 0]);
            // The surroundings' first square is 0.05 of linear light: 63 in sRGB. Paused, there is only black.
            assert_eq!(pixel(1), if runs { [63; 3] } else { [0; 3] });
        }
    });
}

#[test]
fn visibility_mask() {
    under_simulator("visibility_mask", FAST, || {
        let client = Client::new();
        let stereo = openxr::ViewConfigurationType::PRIMARY_STEREO;
        let get = |view, kind| client.session.get_visibility_mask_khr(stereo, view, kind);
        let hidden = get(0, openxr::VisibilityMaskTypeKHR::HIDDEN_TRIANGLE_MESH).unwrap();
        assert_eq!(hidden.indices.len(), 12, "a triangle a corner");
        assert!(hidden.indices.iter().all(|index| (*index as usize) < hidden.vertices.len()));
        let left = hidden.vertices.iter().map(|vertex| vertex.x).fold(f32::MAX, f32::min);
        assert!((left - (-50f32).to_radians().tan()).abs() < 1e-5);
        let loop_ = get(1, openxr::VisibilityMaskTypeKHR::LINE_LOOP).unwrap();
        assert_eq!(loop_.indices.len(), 8);
        assert_eq!(get(2, openxr::VisibilityMaskTypeKHR::LINE_LOOP).err(), Some(Code::ERROR_VALIDATION_FAILURE));
    });
}

#[test]
fn late_and_missed_frames_are_counted() {
    let script = "{\"do\":\"display\",\"rates\":[500]}\n{\"do\":\"clock\",\"latency_periods\":1}\n";
    under_simulator("late_and_missed_frames_are_counted", script, || {
        let mut client = Client::new();
        client.begin();
        for _ in 0..5 {
            let state = client.waiter.wait().unwrap();
            client.stream.begin().unwrap();
            // Five periods: too late for its own display time and for the next beats.
            std::thread::sleep(Duration::from_millis(10));
            client.stream.end(state.predicted_display_time, openxr::EnvironmentBlendMode::OPAQUE, &[]).unwrap();
        }
        let mut remote = remote();
        for _ in 0..100 {
            let counts = remote.say(&json!({"do":"state"})).unwrap()["counts"].clone();
            if counts["late"] == 5 {
                assert!(counts["missed"].as_u64().unwrap() >= 4 * 4, "{counts}");
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{}", remote.say(&json!({"do":"state"})).unwrap());
    });
}

#[test]
fn scripts_wait_for_frames_and_times() {
    let script = concat!(
        "# A comment.\n",
        "{\"do\":\"clock\",\"simulated\":true}\n",
        "{\"do\":\"display\",\"rates\":[100]}\n",
        "{\"do\":\"capture_every\",\"frames\":4}\n",
        "{\"frame\":9,\"do\":\"note\",\"text\":\"nine\"}\n",
        "{\"time\":0.2,\"do\":\"note\",\"text\":\"a fifth of a second\"}\n",
        "{\"do\":\"dance\"}\n",
    );
    let good = script.replace("{\"do\":\"dance\"}\n", "");
    under_simulator("scripts_wait_for_frames_and_times", &good, || {
        let mut client = Client::new();
        client.focus();
        let mut swapchain = client.swapchain();
        for _ in 0..30 {
            client.picture_frame(&mut swapchain, |_, _| vec![200; (SIZE * SIZE * 4) as usize]);
        }
        drop(swapchain);
        let log = std::fs::read_to_string(std::env::var_os(fabrica_openxr_simulator::LOG).unwrap()).unwrap();
        let at = |text: &str| {
            let line = log.lines().find(|line| line.ends_with(text)).unwrap();
            line.split("frame ").nth(1).unwrap().split(':').next().unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(at(": nine"), 9);
        // Frame n comes n × 10 ms after the first was asked for, which is at xrBeginSession or, on a busy machine, later.
        assert!((9..=20).contains(&at(": a fifth of a second")));
        // Destroying the session waits for the pictures.
        drop(client);
        for frame in [4, 8, 32] {
            let name = format!("frame_{frame:06}");
            let capture = Capture::load(&pictures(), &name).unwrap();
            assert_eq!(capture.right.pixel(1, 1).unwrap(), [200; 4]);
        }
        assert!(Capture::load(&pictures(), "frame_000005").is_err());
    });
}

#[test]
fn a_script_that_cannot_be_read_stops_the_runtime() {
    under_simulator("a_script_that_cannot_be_read_stops_the_runtime", "{\"do\":\"dance\"}\n", || {
        let entry = common::client::entry();
        let error = common::client::try_instance(&entry, &openxr::ExtensionSet::default()).err();
        assert_eq!(error, Some(Code::ERROR_INITIALIZATION_FAILED));
    });
}
