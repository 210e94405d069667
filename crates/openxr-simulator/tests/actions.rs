//! Actions: bindings, values, poses, haptics; hand tracking; and their errors.

#![allow(unsafe_code, reason = "wrong use of a C interface is what is tested")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::client::Client;
use common::{remote, under_simulator};
use openxr::sys::{self, Handle as _, Result as Code};
use openxr::{ActiveActionSet, Binding, Posef};
use serde_json::json;

const FAST: &str = "{\"do\":\"clock\",\"simulated\":true}\n";
const LEFT: &str = "/user/hand/left";
const RIGHT: &str = "/user/hand/right";

struct Inputs {
    set: openxr::ActionSet,
    grab: openxr::Action<f32>,
    click: openxr::Action<bool>,
    stick: openxr::Action<openxr::Vector2f>,
    aim: openxr::Action<Posef>,
    buzz: openxr::Action<openxr::Haptic>,
    hands: [openxr::Path; 2],
}

fn path(client: &Client, string: &str) -> openxr::Path {
    client.instance.string_to_path(string).unwrap()
}

fn inputs(client: &Client) -> Inputs {
    let hands = [LEFT, RIGHT].map(|hand| path(client, hand));
    let set = client.instance.create_action_set("tools", "Tools", 0).unwrap();
    Inputs {
        grab: set.create_action("grab", "Grab", &hands).unwrap(),
        click: set.create_action("click", "Click", &hands).unwrap(),
        stick: set.create_action("stick", "Stick", &hands).unwrap(),
        aim: set.create_action("aim", "Aim", &hands).unwrap(),
        buzz: set.create_action("buzz", "Buzz", &hands).unwrap(),
        set,
        hands,
    }
}

fn suggest_touch(client: &Client, inputs: &Inputs) {
    let mut bindings = Vec::new();
    for hand in [LEFT, RIGHT] {
        let at = |rest: &str| path(client, &format!("{hand}{rest}"));
        bindings.push(Binding::new(&inputs.grab, at("/input/squeeze/value")));
        bindings.push(Binding::new(&inputs.click, at("/input/trigger/value")));
        bindings.push(Binding::new(&inputs.stick, at("/input/thumbstick")));
        bindings.push(Binding::new(&inputs.aim, at("/input/aim/pose")));
        bindings.push(Binding::new(&inputs.buzz, at("/output/haptic")));
    }
    let profile = path(client, "/interaction_profiles/oculus/touch_controller");
    client.instance.suggest_interaction_profile_bindings(profile, &bindings).unwrap();
}

fn sync(client: &Client, inputs: &Inputs) -> Code {
    let active = sys::ActiveActionSet { action_set: inputs.set.as_raw(), subaction_path: openxr::Path::NULL };
    let info = sys::ActionsSyncInfo {
        ty: sys::ActionsSyncInfo::TYPE,
        next: std::ptr::null(),
        count_active_action_sets: 1,
        active_action_sets: &raw const active,
    };
    unsafe { (client.fp().sync_actions)(client.raw(), &info) }
}

#[test]
fn buttons_sticks_and_poses() {
    under_simulator("buttons_sticks_and_poses", FAST, || {
        let mut client = Client::new();
        let inputs = inputs(&client);
        suggest_touch(&client, &inputs);
        client.session.attach_action_sets(&[&inputs.set]).unwrap();
        assert_eq!(sync(&client, &inputs), Code::SESSION_NOT_FOCUSED);
        assert!(!inputs.grab.state(&client.session, inputs.hands[0]).unwrap().is_active);
        client.focus();
        assert_eq!(sync(&client, &inputs), Code::SUCCESS);
        assert_eq!(client.events(), ["profiles"]);
        let profile = client.session.current_interaction_profile(inputs.hands[1]).unwrap();
        let name = client.instance.path_to_string(profile).unwrap();
        assert_eq!(name, "/interaction_profiles/oculus/touch_controller");

        let mut remote = remote();
        remote.say(&json!({"do":"press","hand":"left","input":"squeeze","value":0.75})).unwrap();
        remote.say(&json!({"do":"stick","hand":"right","x":-0.5,"y":0.25})).unwrap();
        remote.say(&json!({"do":"click","hand":"right","input":"trigger","frames":2})).unwrap();
        sync(&client, &inputs);
        let [left, right] = inputs.hands;
        let grab = inputs.grab.state(&client.session, left).unwrap();
        assert_eq!((grab.current_state, grab.changed_since_last_sync), (0.75, true));
        assert_eq!(inputs.grab.state(&client.session, right).unwrap().current_state, 0.0);
        assert_eq!(inputs.grab.state(&client.session, openxr::Path::NULL).unwrap().current_state, 0.75);
        let stick = inputs.stick.state(&client.session, right).unwrap().current_state;
        assert_eq!((stick.x, stick.y), (-0.5, 0.25));
        assert!(inputs.click.state(&client.session, right).unwrap().current_state, "a pulled trigger is a click");
        client.empty_frame();
        client.empty_frame();
        sync(&client, &inputs);
        let click = inputs.click.state(&client.session, right).unwrap();
        assert_eq!((click.current_state, click.changed_since_last_sync), (false, true));
        let grab = inputs.grab.state(&client.session, left).unwrap();
        assert!(!grab.changed_since_last_sync && grab.last_change_time.as_nanos() > 0);

        let aim = inputs.aim.create_space(&client.session, right, Posef::IDENTITY).unwrap();
        let say = json!({"do":"hand","hand":"right","aim":true,"position":[0.3,1.2,-0.4],"look_at":[0.3,1.2,-5]});
        remote.say(&say).unwrap();
        let time = client.empty_frame().predicted_display_time;
        let found = aim.locate(&client.stage, time).unwrap();
        let position = found.pose.position;
        for (is, wanted) in [(position.x, 0.3), (position.y, 1.2), (position.z, -0.4), (found.pose.orientation.w, 1.0)]
        {
            assert!((is - wanted).abs() < 1e-5, "{is}, not {wanted}");
        }
        assert!(found.location_flags.contains(openxr::SpaceLocationFlags::POSITION_TRACKED));
        remote.say(&json!({"do":"track","of":"right","on":false})).unwrap();
        let lost = aim.locate(&client.stage, time).unwrap().location_flags;
        assert!(!lost.contains(openxr::SpaceLocationFlags::POSITION_TRACKED));
        remote.say(&json!({"do":"focus","on":false})).unwrap();
        assert_eq!(sync(&client, &inputs), Code::SESSION_NOT_FOCUSED);
        assert_eq!(aim.locate(&client.stage, time).unwrap().location_flags, openxr::SpaceLocationFlags::EMPTY);
    });
}

#[test]
fn other_controllers() {
    let script =
        "{\"do\":\"clock\",\"simulated\":true}\n{\"do\":\"controllers\",\"profile\":\"valve/index_controller\"}\n";
    under_simulator("other_controllers", script, || {
        let mut client = Client::new();
        let inputs = inputs(&client);
        suggest_touch(&client, &inputs);
        let simple = path(&client, "/interaction_profiles/khr/simple_controller");
        let select = Binding::new(&inputs.click, path(&client, "/user/hand/left/input/select/click"));
        client.instance.suggest_interaction_profile_bindings(simple, &[select]).unwrap();
        client.session.attach_action_sets(&[&inputs.set]).unwrap();
        client.focus();
        sync(&client, &inputs);
        // Nothing was suggested for the Index: its bindings are those of a profile that was.
        let current = |client: &Client| {
            let profile = client.session.current_interaction_profile(inputs.hands[0]).unwrap();
            (profile != openxr::Path::NULL).then(|| client.instance.path_to_string(profile).unwrap())
        };
        assert_eq!(current(&client).as_deref(), Some("/interaction_profiles/oculus/touch_controller"));
        let mut remote = remote();
        remote.say(&json!({"do":"press","hand":"left","input":"squeeze/force"})).unwrap();
        assert!(remote.say(&json!({"do":"press","hand":"left","input":"x"})).is_err(), "an Index has no X");
        remote.say(&json!({"do":"controllers","profile":"khr/simple_controller"})).unwrap();
        remote.say(&json!({"do":"press","hand":"left","input":"select"})).unwrap();
        sync(&client, &inputs);
        assert_eq!(current(&client).as_deref(), Some("/interaction_profiles/khr/simple_controller"));
        assert!(inputs.click.state(&client.session, inputs.hands[0]).unwrap().current_state);
        assert!(!inputs.stick.state(&client.session, inputs.hands[0]).unwrap().is_active);
        remote.say(&json!({"do":"controllers","profile":null})).unwrap();
        sync(&client, &inputs);
        assert_eq!(current(&client), None);
        assert!(!inputs.click.state(&client.session, inputs.hands[0]).unwrap().is_active);
        assert_eq!(client.events(), ["profiles", "profiles", "profiles"]);
    });
}

#[test]
fn haptics_are_recorded() {
    under_simulator("haptics_are_recorded", FAST, || {
        let mut client = Client::new();
        let inputs = inputs(&client);
        suggest_touch(&client, &inputs);
        client.session.attach_action_sets(&[&inputs.set]).unwrap();
        client.focus();
        sync(&client, &inputs);
        let pulse = openxr::HapticVibration::new()
            .amplitude(0.5)
            .frequency(120.0)
            .duration(openxr::Duration::from_nanos(20_000_000));
        inputs.buzz.apply_feedback(&client.session, inputs.hands[1], &pulse).unwrap();
        inputs.buzz.stop_feedback(&client.session, inputs.hands[1]).unwrap();
        let loud = openxr::HapticVibration::new().amplitude(1.5).duration(openxr::Duration::from_nanos(1));
        let refused = inputs.buzz.apply_feedback(&client.session, inputs.hands[1], &loud).unwrap_err();
        assert_eq!(refused, Code::ERROR_VALIDATION_FAILURE);
        let told = remote().say(&json!({"do":"haptics"})).unwrap()["haptics"].clone();
        assert_eq!(told.as_array().unwrap().len(), 2);
        assert_eq!(told[0]["hand"], RIGHT);
        assert_eq!(told[0]["amplitude"], 0.5);
        assert_eq!(told[0]["duration"], 20_000_000);
        assert_eq!(told[1]["amplitude"], serde_json::Value::Null);
    });
}

#[test]
fn a_set_of_higher_priority_takes_the_input() {
    under_simulator("a_set_of_higher_priority_takes_the_input", FAST, || {
        let mut client = Client::new();
        let low = client.instance.create_action_set("low", "Low", 1).unwrap();
        let high = client.instance.create_action_set("high", "High", 2).unwrap();
        let of = |set: &openxr::ActionSet| set.create_action::<f32>("pull", "Pull", &[]).unwrap();
        let (low_pull, high_pull) = (of(&low), of(&high));
        let trigger = path(&client, "/user/hand/left/input/trigger/value");
        let profile = path(&client, "/interaction_profiles/oculus/touch_controller");
        let both = [Binding::new(&low_pull, trigger), Binding::new(&high_pull, trigger)];
        client.instance.suggest_interaction_profile_bindings(profile, &both).unwrap();
        client.session.attach_action_sets(&[&low, &high]).unwrap();
        client.focus();
        let active = |set: &openxr::Action<f32>| set.state(&client.session, openxr::Path::NULL).unwrap().is_active;
        client.session.sync_actions(&[ActiveActionSet::new(&low), ActiveActionSet::new(&high)]).unwrap();
        assert!(!active(&low_pull) && active(&high_pull));
        client.session.sync_actions(&[ActiveActionSet::new(&low)]).unwrap();
        assert!(active(&low_pull) && !active(&high_pull));
    });
}

#[test]
fn errors() {
    under_simulator("errors", FAST, || {
        let client = Client::new();
        let instance = &client.instance;
        let set_error = |name, localized| instance.create_action_set(name, localized, 0).err();
        assert_eq!(set_error("", "It"), Some(Code::ERROR_NAME_INVALID));
        assert_eq!(set_error("it", ""), Some(Code::ERROR_LOCALIZED_NAME_INVALID));
        assert_eq!(set_error("It", "It"), Some(Code::ERROR_PATH_FORMAT_INVALID));
        let inputs = inputs(&client);
        assert_eq!(set_error("tools", "Else"), Some(Code::ERROR_NAME_DUPLICATED));
        assert_eq!(set_error("else", "Tools"), Some(Code::ERROR_LOCALIZED_NAME_DUPLICATED));
        let [left, _] = inputs.hands;
        let action_error =
            |name, localized, users: &[openxr::Path]| inputs.set.create_action::<bool>(name, localized, users).err();
        assert_eq!(action_error("grab", "Else", &[]), Some(Code::ERROR_NAME_DUPLICATED));
        assert_eq!(action_error("else", "Grab", &[]), Some(Code::ERROR_LOCALIZED_NAME_DUPLICATED));
        assert_eq!(action_error("else", "Else", &[left, left]), Some(Code::ERROR_PATH_UNSUPPORTED));
        let nobody = path(&client, "/user/nobody");
        assert_eq!(action_error("else", "Else", &[nobody]), Some(Code::ERROR_PATH_UNSUPPORTED));

        let touch = path(&client, "/interaction_profiles/oculus/touch_controller");
        let suggest =
            |profile, bindings: &[Binding<'_>]| instance.suggest_interaction_profile_bindings(profile, bindings).err();
        let bind = |rest: &str| Binding::new(&inputs.click, path(&client, rest));
        assert_eq!(suggest(touch, &[]), Some(Code::ERROR_VALIDATION_FAILURE));
        let unsupported = Some(Code::ERROR_PATH_UNSUPPORTED);
        assert_eq!(suggest(nobody, &[bind("/user/hand/left/input/x/click")]), unsupported);
        assert_eq!(suggest(touch, &[bind("/user/hand/right/input/x/click")]), unsupported, "X is on the left");
        assert_eq!(suggest(touch, &[bind("/user/hand/left/input/aim/pose")]), None, "bound to nothing");
        assert_eq!(suggest(touch, &[bind("/user/hand/left/input/trigger")]), None, "the short form");
        let null = openxr::Path::NULL;
        let state = |action: &openxr::Action<bool>, user| action.state(&client.session, user).err();
        assert_eq!(state(&inputs.click, left), Some(Code::ERROR_ACTIONSET_NOT_ATTACHED));
        assert_eq!(sync(&client, &inputs), Code::ERROR_ACTIONSET_NOT_ATTACHED);
        let profile = client.session.current_interaction_profile(left).err();
        assert_eq!(profile, Some(Code::ERROR_ACTIONSET_NOT_ATTACHED));
        assert_eq!(client.session.attach_action_sets(&[]).err(), Some(Code::ERROR_VALIDATION_FAILURE));
        client.session.attach_action_sets(&[&inputs.set]).unwrap();
        let attached = Some(Code::ERROR_ACTIONSETS_ALREADY_ATTACHED);
        assert_eq!(client.session.attach_action_sets(&[&inputs.set]).err(), attached);
        assert_eq!(action_error("late", "Late", &[]), attached);
        assert_eq!(suggest(touch, &[bind("/user/hand/left/input/trigger")]), attached);
        assert_eq!(client.session.current_interaction_profile(null).err(), Some(Code::ERROR_PATH_INVALID));
        assert_eq!(client.session.current_interaction_profile(nobody).err(), unsupported);
        let head = path(&client, "/user/head");
        assert_eq!(state(&inputs.click, head), unsupported, "not among its subaction paths");
        let info = sys::ActionStateGetInfo {
            ty: sys::ActionStateGetInfo::TYPE,
            next: std::ptr::null(),
            action: inputs.click.as_raw(),
            subaction_path: null,
        };
        let mut out = sys::ActionStateFloat::out(std::ptr::null_mut());
        let mismatch = unsafe { (client.fp().get_action_state_float)(client.raw(), &info, out.as_mut_ptr()) };
        assert_eq!(mismatch, Code::ERROR_ACTION_TYPE_MISMATCH);
        let space = sys::ActionSpaceCreateInfo {
            ty: sys::ActionSpaceCreateInfo::TYPE,
            next: std::ptr::null(),
            action: inputs.click.as_raw(),
            subaction_path: null,
            pose_in_action_space: Posef::IDENTITY,
        };
        let mut raw = sys::Space::NULL;
        let mismatch = unsafe { (client.fp().create_action_space)(client.raw(), &space, &mut raw) };
        assert_eq!(mismatch, Code::ERROR_ACTION_TYPE_MISMATCH);
    });
}

#[test]
fn tracked_hands() {
    under_simulator("tracked_hands", FAST, || {
        let mut client = Client::new();
        client.focus();
        let tracker = client.session.create_hand_tracker(openxr::Hand::RIGHT).unwrap();
        let mut remote = remote();
        remote.say(&json!({"do":"shape","hand":"right","shape":"pinch"})).unwrap();
        remote.say(&json!({"do":"hand","hand":"right","position":[0.2,1.0,-0.3]})).unwrap();
        let time = client.empty_frame().predicted_display_time;
        let joints = client.stage.locate_hand_joints(&tracker, time).unwrap().unwrap();
        let tip = |index: openxr::HandJoint| joints[index].pose.position;
        let (thumb, index) = (tip(openxr::HandJoint::THUMB_TIP), tip(openxr::HandJoint::INDEX_TIP));
        let gap = (thumb.x - index.x).hypot(thumb.y - index.y).hypot(thumb.z - index.z);
        assert!(gap < 1e-5, "a pinch: {gap}");
        let palm = tip(openxr::HandJoint::PALM);
        assert!((palm.x - 0.2).abs() < 1e-6 && (palm.y - 1.0).abs() < 1e-6);
        assert!(joints[openxr::HandJoint::PALM].radius > 0.01);
        remote.say(&json!({"do":"track","of":"right_fingers","on":false})).unwrap();
        assert!(client.stage.locate_hand_joints(&tracker, time).unwrap().is_none());
        let early = client.stage.locate_hand_joints(&tracker, openxr::Time::from_nanos(0)).err();
        assert_eq!(early, Some(Code::ERROR_TIME_INVALID));
    });
}

#[test]
fn heads_move_with_velocity_and_local_is_recentred() {
    under_simulator("heads_move_with_velocity_and_local_is_recentred", FAST, || {
        let mut client = Client::new();
        client.focus();
        let view = client.session.create_reference_space(openxr::ReferenceSpaceType::VIEW, Posef::IDENTITY).unwrap();
        let local = client.session.create_reference_space(openxr::ReferenceSpaceType::LOCAL, Posef::IDENTITY).unwrap();
        let mut remote = remote();
        let start = client.empty_frame().predicted_display_time.as_nanos();
        remote.say(&json!({"do":"head","position":[1.0,1.6,0],"over":2.0})).unwrap();
        let at = |seconds: i64| openxr::Time::from_nanos(start + seconds * 1_000_000_000);
        let (location, velocity) = view.relate(&client.stage, at(1)).unwrap();
        assert!((location.pose.position.x - 0.5).abs() < 1e-6);
        assert!((velocity.linear_velocity.x - 0.5).abs() < 1e-6);
        assert_eq!(view.locate(&client.stage, at(5)).unwrap().pose.position.x, 1.0);
        for _ in 0..200 {
            client.empty_frame();
        }
        remote.say(&json!({"do":"recentre"})).unwrap();
        assert_eq!(client.events(), ["moved LOCAL", "moved LOCAL_FLOOR"]);
        let origin = local.locate(&client.stage, at(5)).unwrap().pose.position;
        assert_eq!((origin.x, origin.y), (1.0, 1.6));
    });
}
