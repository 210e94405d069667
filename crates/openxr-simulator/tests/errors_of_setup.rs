//! Wrong use of instances, systems, sessions, spaces, paths, and the code that the specification asks for.

#![allow(unsafe_code, reason = "wrong use of a C interface is what is tested")]

mod common;

use common::client::{Client, all_extensions, create_session, entry, try_instance};
use common::under_simulator;
use openxr::sys::{self, Handle as _, Result as Code};

#[test]
fn instances() {
    under_simulator("instances", "", || {
        let entry = entry();
        let mut unknown = openxr::ExtensionSet::default();
        unknown.msft_hand_interaction = true;
        assert_eq!(try_instance(&entry, &unknown).err(), Some(Code::ERROR_EXTENSION_NOT_PRESENT));
        let info = |name, minor| openxr::ApplicationInfo {
            application_name: name,
            api_version: openxr::Version::new(1, minor, 0),
            ..Default::default()
        };
        let none = openxr::ExtensionSet::default();
        assert_eq!(entry.create_instance(&info("", 0), &none, &[]).err(), Some(Code::ERROR_NAME_INVALID));
        assert_eq!(entry.create_instance(&info("it", 7), &none, &[]).err(), Some(Code::ERROR_API_VERSION_UNSUPPORTED));
        let instance = try_instance(&entry, &all_extensions()).unwrap();
        assert!(try_instance(&entry, &none).is_err(), "one at a time");
        assert_eq!(instance.properties().unwrap().runtime_name, "Fabrica OpenXR simulator");
        assert_eq!(instance.result_to_string(Code::ERROR_POSE_INVALID).unwrap(), "XR_ERROR_POSE_INVALID");
        assert_eq!(instance.result_to_string(Code::from_raw(-9999)).unwrap(), "XR_UNKNOWN_FAILURE_-9999");
        assert_eq!(instance.structure_type_to_string(sys::View::TYPE).unwrap(), "XR_TYPE_VIEW");
        let handheld = instance.system(openxr::FormFactor::HANDHELD_DISPLAY).err();
        assert_eq!(handheld, Some(Code::ERROR_FORM_FACTOR_UNSUPPORTED));
        let nonsense = instance.system(openxr::FormFactor::from_raw(9)).err();
        assert_eq!(nonsense, Some(Code::ERROR_FORM_FACTOR_UNSUPPORTED));
        let early = instance.system_properties(openxr::SystemId::from_raw(0x5157)).err();
        assert_eq!(early, Some(Code::ERROR_SYSTEM_INVALID), "nobody called xrGetSystem");
        let system = instance.system(openxr::FormFactor::HEAD_MOUNTED_DISPLAY).unwrap();
        assert_eq!(instance.system_properties(system).unwrap().graphics_properties.max_layer_count, 16);
        let mono = openxr::ViewConfigurationType::PRIMARY_MONO;
        let views = instance.enumerate_view_configuration_views(system, mono).err();
        assert_eq!(views, Some(Code::ERROR_VIEW_CONFIGURATION_TYPE_UNSUPPORTED));
        let fp = instance.fp();
        let mut event = openxr::EventDataBuffer::new();
        assert!(instance.poll_event(&mut event).unwrap().is_none());
        let mut wrong = std::mem::MaybeUninit::<sys::EventDataBuffer>::zeroed();
        let polled = unsafe { (fp.poll_event)(instance.as_raw(), wrong.as_mut_ptr()) };
        assert_eq!(polled, Code::ERROR_VALIDATION_FAILURE, "its type is not set");
    });
}

#[test]
fn paths() {
    under_simulator("paths", "", || {
        let instance = try_instance(&entry(), &all_extensions()).unwrap();
        let path = instance.string_to_path("/user/hand/left/input/trigger/value").unwrap();
        assert_eq!(instance.path_to_string(path).unwrap(), "/user/hand/left/input/trigger/value");
        for bad in ["", "/", "user", "/Upper", "/a//b", "/a/", "/a/..", "/a b"] {
            assert_eq!(instance.string_to_path(bad).unwrap_err(), Code::ERROR_PATH_FORMAT_INVALID, "{bad}");
        }
        assert_eq!(instance.path_to_string(openxr::Path::NULL).unwrap_err(), Code::ERROR_PATH_INVALID);
        assert_eq!(instance.path_to_string(openxr::Path::from_raw(4711)).unwrap_err(), Code::ERROR_PATH_INVALID);
    });
}

#[test]
fn sessions() {
    under_simulator("sessions", "", || {
        let entry = entry();
        let instance = try_instance(&entry, &all_extensions()).unwrap();
        let system = instance.system(openxr::FormFactor::HEAD_MOUNTED_DISPLAY).unwrap();
        let early = openxr::vulkan::SessionCreateInfo {
            instance: 0x10 as _,
            physical_device: 0x10 as _,
            device: 0x10 as _,
            queue_family_index: 0,
            queue_index: 0,
        };
        let missing = Some(Code::ERROR_GRAPHICS_REQUIREMENTS_CALL_MISSING);
        assert_eq!(create_session(&instance, system, &early).err(), missing);
        let vulkan = common::vulkan::Vulkan::new(&instance, system);
        let create = |binding: &openxr::vulkan::SessionCreateInfo| create_session(&instance, system, binding).err();
        let good = vulkan.binding();
        let device = Some(Code::ERROR_GRAPHICS_DEVICE_INVALID);
        assert_eq!(create(&openxr::vulkan::SessionCreateInfo { device: std::ptr::null(), ..good }), device);
        assert_eq!(create(&openxr::vulkan::SessionCreateInfo { queue_family_index: 99, ..good }), device);
        assert_eq!(create(&openxr::vulkan::SessionCreateInfo { queue_index: 99, ..good }), device);
        let other = openxr::vulkan::SessionCreateInfo { physical_device: 0x10 as _, ..good };
        assert_eq!(create(&other), device);
        let bare = sys::SessionCreateInfo {
            ty: sys::SessionCreateInfo::TYPE,
            next: std::ptr::null(),
            create_flags: sys::SessionCreateFlags::EMPTY,
            system_id: system,
        };
        let raw = |info: &sys::SessionCreateInfo| {
            let mut out = sys::Session::NULL;
            unsafe { (instance.fp().create_session)(instance.as_raw(), info, &mut out) }
        };
        assert_eq!(raw(&bare), Code::ERROR_GRAPHICS_DEVICE_INVALID, "no graphics binding");
        let nowhere = sys::SessionCreateInfo { system_id: openxr::SystemId::from_raw(1), ..bare };
        assert_eq!(raw(&nowhere), Code::ERROR_SYSTEM_INVALID);
        let made = create_session(&instance, system, &good).unwrap();
        assert_eq!(create(&good), Some(Code::ERROR_LIMIT_REACHED), "one at a time");
        drop(made);
        assert_eq!(create(&good), None, "another after it");
    });
}

#[test]
fn spaces_and_views() {
    under_simulator("spaces_and_views", "", || {
        let client = Client::new();
        let identity = openxr::Posef::IDENTITY;
        let create = |kind, pose| client.session.create_reference_space(kind, pose);
        let bent = openxr::Posef { orientation: openxr::Quaternionf { x: 0.0, y: 0.0, z: 0.0, w: 0.0 }, ..identity };
        let stage = openxr::ReferenceSpaceType::STAGE;
        assert_eq!(create(stage, bent).err(), Some(Code::ERROR_POSE_INVALID));
        let unbounded = openxr::ReferenceSpaceType::UNBOUNDED_MSFT;
        assert_eq!(create(unbounded, identity).err(), Some(Code::ERROR_REFERENCE_SPACE_UNSUPPORTED));
        let nonsense = openxr::ReferenceSpaceType::from_raw(77);
        assert_eq!(create(nonsense, identity).err(), Some(Code::ERROR_REFERENCE_SPACE_UNSUPPORTED));
        let view = create(openxr::ReferenceSpaceType::VIEW, identity).unwrap();
        for bad in [0, -1] {
            let time = openxr::Time::from_nanos(bad);
            assert_eq!(view.locate(&client.stage, time).err(), Some(Code::ERROR_TIME_INVALID));
        }
        let time = openxr::Time::from_nanos(5_000_000_000);
        let head = view.locate(&client.stage, time).unwrap();
        assert_eq!(head.pose.position, openxr::Vector3f { x: 0.0, y: 1.6, z: 0.0 });
        let local = create(openxr::ReferenceSpaceType::LOCAL, identity).unwrap();
        assert_eq!(local.locate(&client.stage, time).unwrap().pose.position.y, 1.6);
        let floor = create(openxr::ReferenceSpaceType::LOCAL_FLOOR, identity).unwrap();
        assert_eq!(floor.locate(&client.stage, time).unwrap().pose.position.y, 0.0);
        let bounds = client.session.reference_space_bounds_rect(stage).unwrap();
        assert_eq!(bounds.map(|bounds| (bounds.width, bounds.height)), Some((3.0, 2.0)));
        assert_eq!(client.session.reference_space_bounds_rect(openxr::ReferenceSpaceType::VIEW).unwrap(), None);

        let mut location = std::mem::MaybeUninit::<sys::SpaceLocation>::zeroed();
        let locate = client.fp().locate_space;
        let untyped = unsafe { locate(view.as_raw(), client.stage.as_raw(), time, location.as_mut_ptr()) };
        assert_eq!(untyped, Code::ERROR_VALIDATION_FAILURE);
        let gone = unsafe { locate(sys::Space::from_raw(9), client.stage.as_raw(), time, location.as_mut_ptr()) };
        assert_eq!(gone, Code::ERROR_HANDLE_INVALID);

        let views = client.views(time);
        assert_eq!(views[0].pose.position.x, -0.032);
        assert_eq!(views[1].pose.position.x, 0.032);
        assert_eq!(views[0].fov.angle_left, -views[1].fov.angle_right);
        let stereo = openxr::ViewConfigurationType::PRIMARY_STEREO;
        let mono = openxr::ViewConfigurationType::PRIMARY_MONO;
        let wrong = client.session.locate_views(mono, time, &client.stage).err();
        assert_eq!(wrong, Some(Code::ERROR_VIEW_CONFIGURATION_TYPE_UNSUPPORTED));
        let early = client.session.locate_views(stereo, openxr::Time::from_nanos(0), &client.stage).err();
        assert_eq!(early, Some(Code::ERROR_TIME_INVALID));
    });
}

#[test]
fn a_circle_in_a_next_chain_is_seen() {
    under_simulator("a_circle_in_a_next_chain_is_seen", "", || {
        let client = Client::new();
        let mut one = sys::BaseInStructure { ty: sys::StructureType::from_raw(1_900_000_001), next: std::ptr::null() };
        let two = sys::BaseInStructure { ty: sys::StructureType::from_raw(1_900_000_002), next: &raw const one };
        let info = |next| sys::SessionBeginInfo {
            ty: sys::SessionBeginInfo::TYPE,
            next,
            primary_view_configuration_type: openxr::ViewConfigurationType::PRIMARY_STEREO,
        };
        one.next = &raw const two;
        let circle = unsafe { (client.fp().begin_session)(client.raw(), &info((&raw const one).cast())) };
        assert_eq!(circle, Code::ERROR_VALIDATION_FAILURE);
        let alone = sys::BaseInStructure { next: std::ptr::null(), ..one };
        let unknown = unsafe { (client.fp().begin_session)(client.raw(), &info((&raw const alone).cast())) };
        assert_eq!(unknown, Code::SUCCESS, "what a runtime does not know it passes over");
    });
}

#[test]
fn functions_of_extensions_that_are_off() {
    under_simulator("functions_of_extensions_that_are_off", "", || {
        let mut set = openxr::ExtensionSet::default();
        set.khr_vulkan_enable2 = true;
        let instance = try_instance(&entry(), &set).unwrap();
        let mut function = None;
        for name in [c"xrCreateHandTrackerEXT", c"xrCreatePassthroughFB", c"xrNoSuchFunction"] {
            let code =
                unsafe { (instance.fp().get_instance_proc_addr)(instance.as_raw(), name.as_ptr(), &mut function) };
            assert_eq!(code, Code::ERROR_FUNCTION_UNSUPPORTED, "{name:?}");
            assert!(function.is_none());
        }
    });
}
