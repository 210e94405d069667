//! Wrong use of swapchains, frames and layers, and the code that the specification asks for.

#![allow(unsafe_code, reason = "wrong use of a C interface is what is tested")]

mod common;

use common::client::{Client, SIZE};
use common::{remote, under_simulator};
use openxr::sys::{self, Handle as _, Result as Code};
use serde_json::json;

const FAST: &str = "{\"do\":\"clock\",\"simulated\":true}\n";

#[test]
fn swapchain_arguments() {
    under_simulator("swapchain_arguments", FAST, || {
        let client = Client::new();
        let good = client.swapchain_info();
        let code = |info: sys::SwapchainCreateInfo| client.create_swapchain(&info).err();
        let invalid = Some(Code::ERROR_VALIDATION_FAILURE);
        assert_eq!(code(sys::SwapchainCreateInfo { ty: sys::FrameEndInfo::TYPE, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { width: 0, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { height: 5000, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { sample_count: 0, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { array_size: 0, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { mip_count: 0, ..good }), invalid);
        assert_eq!(code(sys::SwapchainCreateInfo { mip_count: 8, ..good }), invalid, "64 pixels have 7 levels");
        assert_eq!(code(sys::SwapchainCreateInfo { face_count: 2, ..good }), invalid);
        let unsupported = Some(Code::ERROR_FEATURE_UNSUPPORTED);
        assert_eq!(code(sys::SwapchainCreateInfo { face_count: 6, ..good }), unsupported);
        let protected = openxr::SwapchainCreateFlags::PROTECTED_CONTENT;
        assert_eq!(code(sys::SwapchainCreateInfo { create_flags: protected, ..good }), unsupported);
        let depth = openxr::SwapchainUsageFlags::DEPTH_STENCIL_ATTACHMENT;
        assert_eq!(code(sys::SwapchainCreateInfo { usage_flags: depth, ..good }), unsupported);
        let format = Some(Code::ERROR_SWAPCHAIN_FORMAT_UNSUPPORTED);
        assert_eq!(code(sys::SwapchainCreateInfo { format: 12345, ..good }), format);
        assert_eq!(code(good), None);
        let raw = unsafe {
            let mut out = sys::Swapchain::NULL;
            (client.fp().create_swapchain)(sys::Session::from_raw(0x1234), &good, &mut out)
        };
        assert_eq!(raw, Code::ERROR_HANDLE_INVALID);
        assert_eq!(
            unsafe { (client.fp().destroy_swapchain)(sys::Swapchain::from_raw(77)) },
            Code::ERROR_HANDLE_INVALID
        );
    });
}

#[test]
fn image_order() {
    under_simulator("image_order", FAST, || {
        let client = Client::new();
        let swapchain = client.create_swapchain(&client.swapchain_info()).unwrap();
        let order = Code::ERROR_CALL_ORDER_INVALID;
        assert_eq!(client.wait_image(swapchain), order);
        assert_eq!(client.release(swapchain), order);
        let indices = [0, 1, 2].map(|_| client.acquire(swapchain).unwrap());
        assert_eq!(indices, [0, 1, 2]);
        assert_eq!(client.acquire(swapchain), Err(order), "all are acquired");
        assert_eq!(client.release(swapchain), order, "not waited for");
        assert_eq!(client.wait_image(swapchain), Code::SUCCESS);
        assert_eq!(client.wait_image(swapchain), order, "waited for already");
        assert_eq!(client.release(swapchain), Code::SUCCESS);
        assert_eq!(client.acquire(swapchain), Ok(0));
        let info = sys::SwapchainCreateInfo {
            create_flags: openxr::SwapchainCreateFlags::STATIC_IMAGE,
            ..client.swapchain_info()
        };
        let once = client.create_swapchain(&info).unwrap();
        client.acquire(once).unwrap();
        assert_eq!(client.wait_image(once), Code::SUCCESS);
        assert_eq!(client.release(once), Code::SUCCESS);
        assert_eq!(client.acquire(once), Err(order), "a static image comes once");
    });
}

#[test]
fn two_call_idiom() {
    under_simulator("two_call_idiom", FAST, || {
        let client = Client::new();
        let swapchain = client.create_swapchain(&client.swapchain_info()).unwrap();
        let enumerate = |capacity: u32, images: *mut sys::SwapchainImageVulkanKHR, count: *mut u32| unsafe {
            (client.fp().enumerate_swapchain_images)(swapchain, capacity, count, images.cast())
        };
        let mut count = 0;
        let null = std::ptr::null_mut();
        assert_eq!(enumerate(0, null, &mut count), Code::SUCCESS);
        assert_eq!(count, 3);
        let empty = sys::SwapchainImageVulkanKHR {
            ty: sys::SwapchainImageVulkanKHR::TYPE,
            next: std::ptr::null_mut(),
            image: 0,
        };
        let mut images = [empty; 3];
        assert_eq!(enumerate(2, images.as_mut_ptr(), &mut count), Code::ERROR_SIZE_INSUFFICIENT);
        assert_eq!(count, 3);
        assert_eq!(enumerate(3, null, &mut count), Code::ERROR_VALIDATION_FAILURE);
        assert_eq!(enumerate(3, images.as_mut_ptr(), null.cast()), Code::ERROR_VALIDATION_FAILURE);
        images[1].ty = sys::FrameState::TYPE;
        assert_eq!(enumerate(3, images.as_mut_ptr(), &mut count), Code::ERROR_VALIDATION_FAILURE);
        images[1].ty = empty.ty;
        assert_eq!(enumerate(3, images.as_mut_ptr(), &mut count), Code::SUCCESS);
        assert!(images.iter().all(|image| image.image != 0));
    });
}

#[test]
fn frame_order() {
    under_simulator("frame_order", FAST, || {
        let mut client = Client::new();
        assert_eq!(client.waiter.wait().unwrap_err(), Code::ERROR_SESSION_NOT_RUNNING);
        assert_eq!(client.stream.begin().unwrap_err(), Code::ERROR_SESSION_NOT_RUNNING);
        let time = openxr::Time::from_nanos(1_000_000);
        assert_eq!(client.end(time, &[]), Code::ERROR_SESSION_NOT_RUNNING);
        client.focus();
        assert_eq!(client.stream.begin().unwrap_err(), Code::ERROR_CALL_ORDER_INVALID, "no xrWaitFrame");
        assert_eq!(client.end(time, &[]), Code::ERROR_CALL_ORDER_INVALID, "no xrBeginFrame");
        let state = client.waiter.wait().unwrap();
        client.stream.begin().unwrap();
        assert_eq!(client.end(openxr::Time::from_nanos(0), &[]), Code::ERROR_TIME_INVALID);
        assert_eq!(client.end(openxr::Time::from_nanos(-5), &[]), Code::ERROR_TIME_INVALID);
        assert_eq!(client.end(state.predicted_display_time, &[]), Code::SUCCESS, "a refused xrEndFrame ended nothing");
        // Another xrBeginFrame gives the begun frame up.
        client.waiter.wait().unwrap();
        client.stream.begin().unwrap();
        let state = client.waiter.wait().unwrap();
        let begun = unsafe { (client.fp().begin_frame)(client.raw(), std::ptr::null()) };
        assert_eq!(begun, Code::FRAME_DISCARDED);
        assert_eq!(client.end(state.predicted_display_time, &[]), Code::SUCCESS);
        let counts = remote().say(&json!({"do":"state"})).unwrap()["counts"].clone();
        assert_eq!(counts["discarded"], 1);
        assert_eq!(counts["waited"].as_u64().unwrap(), counts["empty"].as_u64().unwrap() + 1);
        assert_eq!(client.session.end().unwrap_err(), Code::ERROR_SESSION_NOT_STOPPING);
        let again = client.session.begin(openxr::ViewConfigurationType::PRIMARY_STEREO).unwrap_err();
        assert_eq!(again, Code::ERROR_SESSION_RUNNING);
    });
}

#[test]
fn wait_frame_waits_for_begin_frame() {
    under_simulator("wait_frame_waits_for_begin_frame", FAST, || {
        let mut client = Client::new();
        client.focus();
        client.waiter.wait().unwrap();
        let Client { mut waiter, mut stream, .. } = client;
        let second = std::thread::spawn(move || waiter.wait().map(|_| ()));
        std::thread::sleep(std::time::Duration::from_millis(150));
        assert!(!second.is_finished(), "the second xrWaitFrame came back before xrBeginFrame");
        stream.begin().unwrap();
        second.join().unwrap().unwrap();
    });
}

#[test]
fn layers() {
    under_simulator("layers", FAST, || {
        let mut client = Client::new();
        client.focus();
        let swapchain = client.create_swapchain(&client.swapchain_info()).unwrap();
        let state = client.waiter.wait().unwrap();
        client.stream.begin().unwrap();
        let time = state.predicted_display_time;
        let views = client.views(time);
        let good = client.layer_views(swapchain, &views);
        let submit = |views: &[sys::CompositionLayerProjectionView]| {
            let layer = client.projection(views);
            client.end(time, &[(&raw const layer).cast()])
        };
        assert_eq!(submit(&good), Code::ERROR_LAYER_INVALID, "no image was ever released");
        client.acquire(swapchain).unwrap();
        client.wait_image(swapchain);
        client.release(swapchain);

        assert_eq!(client.end(time, &[std::ptr::null()]), Code::ERROR_LAYER_INVALID);
        let many = vec![std::ptr::null(); 17];
        assert_eq!(client.end(time, &many), Code::ERROR_LAYER_LIMIT_EXCEEDED);
        assert_eq!(submit(&good[..1]), Code::ERROR_VALIDATION_FAILURE, "one view of two");
        let mut bad = good;
        bad[1].pose.orientation.w = 0.5;
        assert_eq!(submit(&bad), Code::ERROR_POSE_INVALID);
        let mut bad = good;
        bad[0].sub_image.image_rect.offset.x = -1;
        assert_eq!(submit(&bad), Code::ERROR_SWAPCHAIN_RECT_INVALID);
        let mut bad = good;
        bad[0].sub_image.image_rect.extent.width = SIZE as i32 + 1;
        assert_eq!(submit(&bad), Code::ERROR_SWAPCHAIN_RECT_INVALID);
        let mut bad = good;
        bad[1].sub_image.image_array_index = 2;
        assert_eq!(submit(&bad), Code::ERROR_VALIDATION_FAILURE);
        let mut bad = good;
        bad[1].ty = sys::View::TYPE;
        assert_eq!(submit(&bad), Code::ERROR_VALIDATION_FAILURE);
        let mut bad = good;
        bad[0].fov.angle_left = -1.7;
        assert_eq!(submit(&bad), Code::ERROR_VALIDATION_FAILURE);
        let mut bad = good;
        bad[0].sub_image.swapchain = sys::Swapchain::from_raw(0x1234);
        assert_eq!(submit(&bad), Code::ERROR_HANDLE_INVALID);
        let mut layer = client.projection(&good);
        layer.space = sys::Space::from_raw(0x1234);
        assert_eq!(client.end(time, &[(&raw const layer).cast()]), Code::ERROR_HANDLE_INVALID);
        let mut layer = client.projection(&good);
        layer.ty = sys::StructureType::COMPOSITION_LAYER_CUBE_KHR;
        assert_eq!(client.end(time, &[(&raw const layer).cast()]), Code::ERROR_LAYER_INVALID);
        let blend = |mode| {
            let info = sys::FrameEndInfo {
                ty: sys::FrameEndInfo::TYPE,
                next: std::ptr::null(),
                display_time: time,
                environment_blend_mode: mode,
                layer_count: 0,
                layers: std::ptr::null(),
            };
            unsafe { (client.fp().end_frame)(client.raw(), &info) }
        };
        let unsupported = Code::ERROR_ENVIRONMENT_BLEND_MODE_UNSUPPORTED;
        assert_eq!(blend(openxr::EnvironmentBlendMode::ADDITIVE), unsupported);
        assert_eq!(blend(openxr::EnvironmentBlendMode::from_raw(99)), Code::ERROR_VALIDATION_FAILURE);
        assert_eq!(submit(&good), Code::SUCCESS);
    });
}

#[test]
fn quad_and_depth_layers() {
    under_simulator("quad_and_depth_layers", FAST, || {
        let mut client = Client::new();
        client.focus();
        let colour = client.create_swapchain(&client.swapchain_info()).unwrap();
        let depth_info = sys::SwapchainCreateInfo {
            format: i64::from(ash::vk::Format::D32_SFLOAT.as_raw()),
            usage_flags: openxr::SwapchainUsageFlags::DEPTH_STENCIL_ATTACHMENT
                | openxr::SwapchainUsageFlags::TRANSFER_DST,
            ..client.swapchain_info()
        };
        let depth = client.create_swapchain(&depth_info).unwrap();
        let state = client.waiter.wait().unwrap();
        client.stream.begin().unwrap();
        let time = state.predicted_display_time;
        let views = client.views(time);
        for (swapchain, is_depth) in [(colour, false), (depth, true)] {
            let typed = std::mem::ManuallyDrop::new(unsafe {
                openxr::Swapchain::<openxr::Vulkan>::from_raw(client.session.clone(), swapchain)
            });
            let image = typed.enumerate_images().unwrap()[client.acquire(swapchain).unwrap() as usize];
            client.wait_image(swapchain);
            let bytes = if is_depth { 0.25f32.to_le_bytes() } else { [9, 8, 7, 255] };
            for layer in 0..2 {
                client.vulkan.upload(image, layer, [SIZE, SIZE], &bytes.repeat((SIZE * SIZE) as usize), is_depth);
            }
            client.release(swapchain);
        }
        let mut layer_views = client.layer_views(colour, &views);
        let info = |swapchain, near_z, min_depth| sys::CompositionLayerDepthInfoKHR {
            ty: sys::CompositionLayerDepthInfoKHR::TYPE,
            next: std::ptr::null(),
            sub_image: sys::SwapchainSubImage { swapchain, ..layer_views[0].sub_image },
            min_depth,
            max_depth: 1.0,
            near_z,
            far_z: 100.0,
        };
        let good = info(depth, 0.05, 0.0);
        for (bad, code) in [
            (info(colour, 0.05, 0.0), Code::ERROR_LAYER_INVALID),
            (info(depth, 100.0, 0.0), Code::ERROR_VALIDATION_FAILURE),
            (info(depth, 0.05, -0.5), Code::ERROR_VALIDATION_FAILURE),
        ] {
            layer_views[0].next = (&raw const bad).cast();
            let layer = client.projection(&layer_views);
            assert_eq!(client.end(time, &[(&raw const layer).cast()]), code);
        }
        layer_views[0].next = (&raw const good).cast();
        let layer = client.projection(&layer_views);
        let mut quad = sys::CompositionLayerQuad {
            ty: sys::CompositionLayerQuad::TYPE,
            next: std::ptr::null(),
            layer_flags: openxr::CompositionLayerFlags::EMPTY,
            space: client.stage.as_raw(),
            eye_visibility: openxr::EyeVisibility::BOTH,
            sub_image: layer_views[1].sub_image,
            pose: openxr::Posef::IDENTITY,
            size: openxr::Extent2Df { width: 0.4, height: -0.3 },
        };
        let both = |quad: &sys::CompositionLayerQuad| {
            client.end(time, &[(&raw const layer).cast(), std::ptr::from_ref(quad).cast()])
        };
        assert_eq!(both(&quad), Code::ERROR_VALIDATION_FAILURE, "no such height");
        quad.size.height = 0.3;
        quad.pose.orientation.x = 1.0;
        assert_eq!(both(&quad), Code::ERROR_POSE_INVALID);
        quad.pose.orientation.x = 0.0;
        let mut line = remote();
        let saved = std::thread::spawn(move || line.capture("all").unwrap());
        while remote().say(&json!({"do":"state"})).unwrap()["captures_wanted"] == 0 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(both(&quad), Code::SUCCESS);
        let capture = saved.join().unwrap();
        assert_eq!(capture.left.pixel(5, 5).unwrap(), [9, 8, 7, 255]);
        let layers = &capture.description["layers"];
        assert_eq!(layers[0]["views"][0]["depth"]["near_m"], "0.05");
        assert_eq!(layers[0]["views"][1]["depth"], serde_json::Value::Null);
        assert_eq!(layers[1]["size_m"][0].as_f64().unwrap() as f32, 0.4);
        let folder = std::path::PathBuf::from(std::env::var_os(fabrica_openxr_simulator::OUT).unwrap());
        assert!(folder.join("all_layer1_quad.png").is_file());
        assert!(folder.join("all_stereo.png").is_file());
        let file = std::io::BufReader::new(std::fs::File::open(folder.join("all_left_depth.png")).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        // 0.25 of 65535 is 16384.
        assert_eq!(bytes[..2], 16384u16.to_be_bytes());
    });
}
