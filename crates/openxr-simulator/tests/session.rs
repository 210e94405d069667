//! A session from beginning to end, and everything that may happen to it.

mod common;

use common::client::{Client, SIZE, create_session, entry, states, try_instance};
use common::{remote, under_simulator};
use fabrica_openxr_simulator::harness::Capture;
use openxr::sys::Result as Code;
use serde_json::json;

const FAST: &str = "{\"do\":\"clock\",\"simulated\":true}\n";

#[test]
fn reaches_focus_and_leaves_on_request() {
    under_simulator("reaches_focus_and_leaves_on_request", FAST, || {
        let mut client = Client::new();
        client.begin();
        let first = client.empty_frame();
        assert!(!first.should_render, "nobody sees the first frame");
        assert_eq!(client.events(), ["SYNCHRONIZED"]);
        let second = client.empty_frame();
        assert_eq!(client.events(), ["VISIBLE"]);
        let third = client.empty_frame();
        assert!(third.should_render);
        assert_eq!(client.events(), ["FOCUSED"]);
        let step = third.predicted_display_time.as_nanos() - second.predicted_display_time.as_nanos();
        assert_eq!(step, third.predicted_display_period.as_nanos());
        assert_eq!(step, 11_111_111);
        client.session.request_exit().unwrap();
        assert_eq!(client.events(), ["VISIBLE", "SYNCHRONIZED", "STOPPING"]);
        client.session.end().unwrap();
        assert_eq!(client.events(), ["IDLE", "EXITING"]);
        assert_eq!(client.session.end().unwrap_err(), Code::ERROR_SESSION_NOT_RUNNING);
    });
}

#[test]
fn both_eyes_are_saved_as_they_were_drawn() {
    under_simulator("both_eyes_are_saved_as_they_were_drawn", FAST, || {
        let mut client = Client::new();
        client.focus();
        let mut remote = remote();
        remote.say(&json!({"do":"head","position":[0.1,1.5,0.2],"yaw_pitch_roll":[10,-5,3]})).unwrap();
        remote.say(&json!({"do":"wait","frames":0})).unwrap();
        let mut swapchain = client.swapchain();
        // A point of the stage, painted by the client's own projection as one red pixel on a gradient.
        let point = [0.05, 1.4, -0.8];
        let frames = std::thread::spawn(move || remote.capture("both").unwrap());
        while !frames.is_finished() {
            client.picture_frame(&mut swapchain, |eye, view| {
                let mut bytes = Vec::new();
                for y in 0..SIZE {
                    for x in 0..SIZE {
                        bytes.extend([if eye == 0 { 10 } else { 200 }, x as u8, y as u8, 255]);
                    }
                }
                let [x, y] = project(view, point);
                let at = (y as usize * SIZE as usize + x as usize) * 4;
                bytes[at..at + 4].copy_from_slice(&[255, 0, 0, 128]);
                bytes
            });
        }
        let capture: Capture = frames.join().unwrap();
        let mut columns = Vec::new();
        for (eye, red) in [(&capture.left, 10), (&capture.right, 200)] {
            assert_eq!((eye.width, eye.height), (SIZE, SIZE));
            assert_eq!(eye.pixel(3, 50).unwrap(), [red, 3, 50, 255]);
            let found = eye.pixels().position(|pixel| pixel == [255, 0, 0, 128]).unwrap();
            let (x, y) = ((found % SIZE as usize) as f64 + 0.5, (found / SIZE as usize) as f64 + 0.5);
            let [wanted_x, wanted_y] = eye.project(point).unwrap();
            assert!((x - wanted_x).abs() <= 0.51 && (y - wanted_y).abs() <= 0.51, "{x} {y}, {wanted_x} {wanted_y}");
            columns.push(x);
        }
        assert!(columns[0] > columns[1] + 2.0, "a near point lies further right for the left eye: {columns:?}");
        let description = capture.description;
        assert_eq!(description["head_in_stage"]["position"], json!([0.1, 1.5, 0.2]));
    });
}

/// The client's own pinhole arithmetic, apart from the harness's.
fn project(view: &openxr::View, point: [f64; 3]) -> [f64; 2] {
    let (p, q, fov) = (view.pose.position, view.pose.orientation, view.fov);
    let d = [point[0] - f64::from(p.x), point[1] - f64::from(p.y), point[2] - f64::from(p.z)];
    let (x, y, z, w) = (f64::from(q.x), f64::from(q.y), f64::from(q.z), f64::from(q.w));
    // Rows of the transposed rotation matrix.
    let m = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)],
        [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)],
        [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)],
    ];
    let [ex, ey, ez] = m.map(|row| row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
    let tan = |angle: f32| f64::from(angle).tan();
    let (l, r, u, b) = (tan(fov.angle_left), tan(fov.angle_right), tan(fov.angle_up), tan(fov.angle_down));
    let size = f64::from(SIZE);
    [(ex / -ez - l) / (r - l) * size, (u - ey / -ez) / (u - b) * size]
}

#[test]
fn headset_off_and_on() {
    under_simulator("headset_off_and_on", FAST, || {
        let mut client = Client::new();
        client.focus();
        let mut remote = remote();
        remote.say(&json!({"do":"headset","worn":false})).unwrap();
        assert_eq!(client.events(), ["VISIBLE", "SYNCHRONIZED"]);
        assert!(!client.empty_frame().should_render);
        assert!(client.events().is_empty());
        remote.say(&json!({"do":"headset","worn":true})).unwrap();
        client.empty_frame();
        client.empty_frame();
        assert_eq!(client.events(), ["VISIBLE", "FOCUSED"]);
        remote.say(&json!({"do":"focus","on":false})).unwrap();
        assert_eq!(client.events(), ["VISIBLE"]);
        assert!(client.empty_frame().should_render);
        remote.say(&json!({"do":"standby","on":true})).unwrap();
        assert_eq!(states(&client.events()), ["SYNCHRONIZED", "STOPPING"]);
        client.session.end().unwrap();
        assert_eq!(client.events(), ["IDLE"]);
        remote.say(&json!({"do":"focus","on":true})).unwrap();
        remote.say(&json!({"do":"standby","on":false})).unwrap();
        assert_eq!(client.events(), ["READY"]);
        client.session.begin(openxr::ViewConfigurationType::PRIMARY_STEREO).unwrap();
        for _ in 0..3 {
            client.empty_frame();
        }
        assert_eq!(client.events(), ["SYNCHRONIZED", "VISIBLE", "FOCUSED"]);
    });
}

#[test]
fn a_lost_session_can_be_made_again() {
    under_simulator("a_lost_session_can_be_made_again", FAST, || {
        let mut client = Client::new();
        client.focus();
        let mut remote = remote();
        remote.say(&json!({"do":"fault","fault":"session_loss"})).unwrap();
        assert_eq!(client.events(), ["LOSS_PENDING"]);
        assert_eq!(client.waiter.wait().unwrap_err(), Code::ERROR_SESSION_LOST);
        assert_eq!(client.session.enumerate_swapchain_formats().unwrap_err(), Code::ERROR_SESSION_LOST);
        let Client { session, waiter, stream, stage, vulkan, system, instance, entry } = client;
        drop((stage, stream, waiter, session));
        instance.graphics_requirements::<openxr::Vulkan>(system).unwrap();
        let made = create_session(&instance, system, &vulkan.binding()).unwrap();
        drop(made);
        drop((vulkan, instance, entry));
    });
}

#[test]
fn a_lost_instance_answers_so_everywhere() {
    under_simulator("a_lost_instance_answers_so_everywhere", FAST, || {
        let mut client = Client::new();
        client.focus();
        remote().say(&json!({"do":"fault","fault":"instance_loss","after":0})).unwrap();
        let lost = Code::ERROR_INSTANCE_LOST;
        assert_eq!(client.waiter.wait().unwrap_err(), lost);
        assert_eq!(client.stream.begin().unwrap_err(), lost);
        assert_eq!(client.instance.string_to_path("/user/head").unwrap_err(), lost);
        let mut buffer = openxr::EventDataBuffer::new();
        assert_eq!(client.instance.poll_event(&mut buffer).err(), Some(lost));
    });
}

#[test]
fn a_dead_runtime_and_a_new_one() {
    under_simulator("a_dead_runtime_and_a_new_one", FAST, || {
        let mut client = Client::new();
        client.focus();
        let mut remote = remote();
        remote.say(&json!({"do":"fault","fault":"runtime_death"})).unwrap();
        assert_eq!(client.waiter.wait().unwrap_err(), Code::ERROR_INSTANCE_LOST);
        drop(client);
        let entry = entry();
        let error = try_instance(&entry, &openxr::ExtensionSet::default()).err();
        assert_eq!(error, Some(Code::ERROR_RUNTIME_UNAVAILABLE));
        remote.say(&json!({"do":"fault","fault":"runtime_back"})).unwrap();
        assert!(try_instance(&entry, &openxr::ExtensionSet::default()).is_ok());
    });
}

#[test]
fn scripted_obstacles_at_the_start() {
    let script = concat!(
        "{\"do\":\"fault\",\"fault\":\"no_headset\",\"on\":true}\n",
        "{\"do\":\"system\",\"formats\":[\"R8G8B8A8_UNORM\"],\"hand_tracking\":false}\n",
        "{\"do\":\"system\",\"without\":[\"XR_FB_passthrough\"]}\n",
        "{\"do\":\"fail\",\"function\":\"xrCreateSession\",\"result\":\"XR_ERROR_LIMIT_REACHED\",\"times\":1}\n",
    );
    under_simulator("scripted_obstacles_at_the_start", script, || {
        let entry = entry();
        let mut extensions = common::client::all_extensions();
        assert_eq!(try_instance(&entry, &extensions).err(), Some(Code::ERROR_EXTENSION_NOT_PRESENT));
        extensions.fb_passthrough = false;
        let instance = try_instance(&entry, &extensions).unwrap();
        let form = openxr::FormFactor::HEAD_MOUNTED_DISPLAY;
        assert_eq!(instance.system(form).unwrap_err(), Code::ERROR_FORM_FACTOR_UNAVAILABLE);
        remote().say(&json!({"do":"fault","fault":"no_headset","on":false})).unwrap();
        let system = instance.system(form).unwrap();
        assert!(!instance.supports_hand_tracking(system).unwrap());
        let vulkan = common::vulkan::Vulkan::new(&instance, system);
        let make = || create_session(&instance, system, &vulkan.binding());
        assert_eq!(make().err(), Some(Code::ERROR_LIMIT_REACHED));
        let (session, _waiter, _stream) = make().unwrap();
        let unorm = ash::vk::Format::R8G8B8A8_UNORM.as_raw() as u32;
        assert_eq!(session.enumerate_swapchain_formats().unwrap(), [unorm]);
        assert_eq!(session.create_hand_tracker(openxr::Hand::LEFT).err(), Some(Code::ERROR_FEATURE_UNSUPPORTED));
    });
}

#[test]
fn refresh_rate_and_slow_compositor() {
    under_simulator("refresh_rate_and_slow_compositor", FAST, || {
        let mut client = Client::new();
        client.focus();
        assert_eq!(client.session.enumerate_display_refresh_rates().unwrap(), [90.0, 72.0, 120.0]);
        client.session.request_display_refresh_rate(120.0).unwrap();
        assert_eq!(client.events(), ["rate 120"]);
        let one = client.empty_frame();
        assert_eq!(one.predicted_display_period.as_nanos(), 8_333_333);
        remote().say(&json!({"do":"fault","fault":"slow_compositor","ms":5})).unwrap();
        let two = client.empty_frame();
        let step = two.predicted_display_time.as_nanos() - one.predicted_display_time.as_nanos();
        assert_eq!(step, 13_333_333);
        let unsupported = client.session.request_display_refresh_rate(61.0).unwrap_err();
        assert_eq!(unsupported, Code::ERROR_DISPLAY_REFRESH_RATE_UNSUPPORTED_FB);
    });
}

#[test]
fn real_time_keeps_the_beat() {
    under_simulator("real_time_keeps_the_beat", "{\"do\":\"display\",\"rates\":[50]}\n", || {
        let mut client = Client::new();
        client.begin();
        let times: Vec<i64> = (0..5).map(|_| client.empty_frame().predicted_display_time.as_nanos()).collect();
        for pair in times.windows(2) {
            let beats = (pair[1] - pair[0]) as f64 / 20e6;
            assert!(beats >= 1.0 && beats.fract() < 1e-9, "{beats}");
        }
    });
}
