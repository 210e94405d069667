//! Smaller extensions: visibility mask, refresh rate, passthrough, time conversion.

use openxr_sys::{
    GeometryInstanceCreateInfoFB, GeometryInstanceFB, GeometryInstanceTransformFB, Handle, Instance,
    PassthroughCreateInfoFB, PassthroughFB, PassthroughFlagsFB, PassthroughLayerCreateInfoFB, PassthroughLayerFB,
    PassthroughLayerPurposeFB, PassthroughStyleFB, Result as Code, Session, Time, Vector2f, ViewConfigurationType,
    VisibilityMaskKHR, VisibilityMaskTypeKHR,
};

use super::call::call;
use super::monotonic::Timespec;
use super::pointers::{fill, input, output, output_struct};
use super::system::check_view_configuration;
use crate::model::state::Runtime;
use crate::model::track::Nanos;
use crate::refusal::{Answer, Refusal, refuse};

/// The corners of the lens: the visible area is an octagon that cuts this share off each side.
const CUT: f64 = 0.25;

/// Vertices (on the plane at −1 m) and triangles of a mask.
fn mask(fov: &openxr_sys::Fovf, kind: VisibilityMaskTypeKHR) -> (Vec<Vector2f>, Vec<u32>) {
    let [left, right, up, down] =
        [fov.angle_left, fov.angle_right, fov.angle_up, fov.angle_down].map(|angle| f64::from(angle).tan());
    let (dx, dy) = ((right - left) * CUT, (up - down) * CUT);
    let point = |x: f64, y: f64| Vector2f { x: x as f32, y: y as f32 };
    let octagon = [
        point(left + dx, down),
        point(right - dx, down),
        point(right, down + dy),
        point(right, up - dy),
        point(right - dx, up),
        point(left + dx, up),
        point(left, up - dy),
        point(left, down + dy),
    ];
    if kind == VisibilityMaskTypeKHR::VISIBLE_TRIANGLE_MESH {
        return (octagon.to_vec(), (1..7).flat_map(|index| [0, index, index + 1]).collect());
    }
    if kind == VisibilityMaskTypeKHR::LINE_LOOP {
        return (octagon.to_vec(), (0..8).collect());
    }
    // Hidden: the four corner triangles, counter-clockwise.
    let corners = [point(right, down), point(right, up), point(left, up), point(left, down)];
    let mut vertices = octagon.to_vec();
    vertices.extend(corners);
    (vertices, vec![1, 8, 2, 3, 9, 4, 5, 10, 6, 7, 11, 0])
}

pub(super) unsafe extern "system" fn visibility_mask(
    session: Session,
    views: ViewConfigurationType,
    view: u32,
    kind: VisibilityMaskTypeKHR,
    out: *mut VisibilityMaskKHR,
) -> Code {
    call("xrGetVisibilityMaskKHR", |runtime| {
        let within = runtime.session(session.into_raw())?;
        check_view_configuration(views)?;
        if view > 1 {
            return Err(Refusal::invalid(format!("viewIndex is {view}: 0 or 1")));
        }
        if format!("{kind:?}").parse::<i32>().is_ok() {
            return Err(Refusal::invalid(format!("{} is no visibility mask type", kind.into_raw())));
        }
        // SAFETY: a structure of the application, checked; its arrays are written through `fill`.
        unsafe {
            output_struct(out)?;
            let (vertices, indices) = mask(&within.world.display.fov(view as usize), kind);
            let wanted = *out;
            (*out).vertex_count_output = vertices.len() as u32;
            (*out).index_count_output = indices.len() as u32;
            // Where either has no room both counts are all that is asked for.
            if wanted.vertex_capacity_input == 0 || wanted.index_capacity_input == 0 {
                return Ok(Code::SUCCESS);
            }
            fill(wanted.vertex_capacity_input, &raw mut (*out).vertex_count_output, wanted.vertices, &vertices)?;
            fill(wanted.index_capacity_input, &raw mut (*out).index_count_output, wanted.indices, &indices)
        }
    })
}

pub(super) unsafe extern "system" fn enumerate_rates(
    session: Session,
    capacity: u32,
    count: *mut u32,
    rates: *mut f32,
) -> Code {
    call("xrEnumerateDisplayRefreshRatesFB", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // SAFETY: an array of the application, checked.
        unsafe { fill(capacity, count, rates, &within.world.display.rates) }
    })
}

pub(super) unsafe extern "system" fn get_rate(session: Session, rate: *mut f32) -> Code {
    call("xrGetDisplayRefreshRateFB", |runtime| {
        let within = runtime.session(session.into_raw())?;
        output(rate, "displayRefreshRate")?.write(within.world.display.rate);
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn request_rate(session: Session, rate: f32) -> Code {
    call("xrRequestDisplayRefreshRateFB", |runtime| {
        let within = runtime.session(session.into_raw())?;
        // 0 leaves the choice to the runtime, which stays with what it has.
        if rate == 0.0 {
            return Ok(Code::SUCCESS);
        }
        let rates = &within.world.display.rates;
        if !rates.iter().any(|one| one.to_bits() == rate.to_bits()) {
            refuse!(ERROR_DISPLAY_REFRESH_RATE_UNSUPPORTED_FB, "{rate} Hz is none of {rates:?}");
        }
        runtime.set_rate(rate);
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn create_passthrough(
    session: Session,
    info: *const PassthroughCreateInfoFB,
    out: *mut PassthroughFB,
) -> Code {
    call("xrCreatePassthroughFB", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(out, "outPassthrough")?;
        let raw = within.handle();
        let runs = info.flags.contains(PassthroughFlagsFB::IS_RUNNING_AT_CREATION);
        within.session.passthroughs.insert(raw, runs);
        out.write(PassthroughFB::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

fn run(runtime: &mut Runtime, passthrough: PassthroughFB, runs: bool) -> Answer {
    let raw = passthrough.into_raw();
    runtime.session_of_passthrough(raw)?.session.passthroughs.insert(raw, runs);
    Ok(Code::SUCCESS)
}

pub(super) unsafe extern "system" fn start_passthrough(passthrough: PassthroughFB) -> Code {
    call("xrPassthroughStartFB", |runtime| run(runtime, passthrough, true))
}

pub(super) unsafe extern "system" fn pause_passthrough(passthrough: PassthroughFB) -> Code {
    call("xrPassthroughPauseFB", |runtime| run(runtime, passthrough, false))
}

pub(super) unsafe extern "system" fn destroy_passthrough(passthrough: PassthroughFB) -> Code {
    call("xrDestroyPassthroughFB", |runtime| {
        let raw = passthrough.into_raw();
        let within = runtime.session_of_passthrough(raw)?;
        within.session.passthroughs.remove(&raw);
        within.session.passthrough_layers.retain(|_, (owner, _)| *owner != raw);
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn create_passthrough_layer(
    session: Session,
    info: *const PassthroughLayerCreateInfoFB,
    out: *mut PassthroughLayerFB,
) -> Code {
    call("xrCreatePassthroughLayerFB", |runtime| {
        let mut within = runtime.session(session.into_raw())?;
        // SAFETY: pointers of the application, checked.
        let info = unsafe { input(info)? };
        let out = output(out, "outLayer")?;
        let owner = info.passthrough.into_raw();
        if !within.session.passthroughs.contains_key(&owner) {
            return Err(Refusal::handle("XrPassthroughFB", owner));
        }
        if info.purpose != PassthroughLayerPurposeFB::RECONSTRUCTION {
            refuse!(ERROR_FEATURE_UNSUPPORTED, "{:?}: reconstruction only", info.purpose);
        }
        let raw = within.handle();
        let shown = info.flags.contains(PassthroughFlagsFB::IS_RUNNING_AT_CREATION);
        within.session.passthrough_layers.insert(raw, (owner, shown));
        out.write(PassthroughLayerFB::from_raw(raw));
        Ok(Code::SUCCESS)
    })
}

fn show(runtime: &mut Runtime, layer: PassthroughLayerFB, shown: bool) -> Answer {
    let raw = layer.into_raw();
    let within = runtime.session_of_passthrough_layer(raw)?;
    if let Some((_, showing)) = within.session.passthrough_layers.get_mut(&raw) {
        *showing = shown;
    }
    Ok(Code::SUCCESS)
}

pub(super) unsafe extern "system" fn resume_layer(layer: PassthroughLayerFB) -> Code {
    call("xrPassthroughLayerResumeFB", |runtime| show(runtime, layer, true))
}

pub(super) unsafe extern "system" fn pause_layer(layer: PassthroughLayerFB) -> Code {
    call("xrPassthroughLayerPauseFB", |runtime| show(runtime, layer, false))
}

pub(super) unsafe extern "system" fn set_layer_style(
    layer: PassthroughLayerFB,
    style: *const PassthroughStyleFB,
) -> Code {
    call("xrPassthroughLayerSetStyleFB", |runtime| {
        runtime.session_of_passthrough_layer(layer.into_raw())?;
        // SAFETY: a structure of the application, checked.
        unsafe { input(style)? };
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn destroy_passthrough_layer(layer: PassthroughLayerFB) -> Code {
    call("xrDestroyPassthroughLayerFB", |runtime| {
        let raw = layer.into_raw();
        runtime.session_of_passthrough_layer(raw)?.session.passthrough_layers.remove(&raw);
        Ok(Code::SUCCESS)
    })
}

/// Passthrough on surfaces of the application's is not for this headset; the functions are part of the extension.
fn no_geometry() -> Answer {
    refuse!(ERROR_FEATURE_UNSUPPORTED, "passthrough cannot be projected on geometry here")
}

pub(super) unsafe extern "system" fn create_geometry(
    session: Session,
    info: *const GeometryInstanceCreateInfoFB,
    _out: *mut GeometryInstanceFB,
) -> Code {
    call("xrCreateGeometryInstanceFB", |runtime| {
        runtime.session(session.into_raw())?;
        // SAFETY: a structure of the application, checked.
        unsafe { input(info)? };
        no_geometry()
    })
}

pub(super) unsafe extern "system" fn destroy_geometry(geometry: GeometryInstanceFB) -> Code {
    call("xrDestroyGeometryInstanceFB", |_| Err(Refusal::handle("XrGeometryInstanceFB", geometry.into_raw())))
}

pub(super) unsafe extern "system" fn move_geometry(
    geometry: GeometryInstanceFB,
    _transform: *const GeometryInstanceTransformFB,
) -> Code {
    call("xrGeometryInstanceSetTransformFB", |_| Err(Refusal::handle("XrGeometryInstanceFB", geometry.into_raw())))
}

pub(super) unsafe extern "system" fn timespec_to_time(
    instance: Instance,
    timespec: *const Timespec,
    time: *mut Time,
) -> Code {
    call("xrConvertTimespecTimeToTimeKHR", |runtime| {
        runtime.instance(instance.into_raw())?;
        output(timespec.cast_mut(), "timespecTime")?;
        let out = output(time, "time")?;
        // SAFETY: checked for null and alignment.
        let given = unsafe { *timespec };
        if given.seconds < 0 || !(0..1_000_000_000).contains(&given.nanoseconds) {
            return Err(Refusal::invalid(format!("{} s {} ns is no time", given.seconds, given.nanoseconds)));
        }
        let nanos: Nanos = given.seconds.saturating_mul(1_000_000_000).saturating_add(given.nanoseconds);
        if nanos == 0 {
            return Err(Refusal::invalid("0 is no time"));
        }
        out.write(Time::from_nanos(nanos));
        Ok(Code::SUCCESS)
    })
}

pub(super) unsafe extern "system" fn time_to_timespec(instance: Instance, time: Time, timespec: *mut Timespec) -> Code {
    call("xrConvertTimeToTimespecTimeKHR", |runtime| {
        runtime.instance(instance.into_raw())?;
        let out = output(timespec, "timespecTime")?;
        let nanos = crate::model::spaces::check_time(time)?;
        out.write(Timespec { seconds: nanos / 1_000_000_000, nanoseconds: nanos % 1_000_000_000 });
        Ok(Code::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_and_hidden_make_the_whole() {
        let fov = openxr_sys::Fovf { angle_left: -0.8, angle_right: 0.7, angle_up: 0.6, angle_down: -0.9 };
        let area = |kind| -> f32 {
            let (vertices, indices) = mask(&fov, kind);
            let triangle = |t: &[u32]| {
                let [a, b, c] = [0, 1, 2].map(|i| vertices[t[i] as usize]);
                let area = 0.5 * ((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y));
                assert!(area > 0.0, "counter-clockwise");
                area
            };
            indices.chunks(3).map(triangle).sum()
        };
        let whole = (0.7f32.tan() + 0.8f32.tan()) * (0.6f32.tan() + 0.9f32.tan());
        let hidden = area(VisibilityMaskTypeKHR::HIDDEN_TRIANGLE_MESH);
        let visible = area(VisibilityMaskTypeKHR::VISIBLE_TRIANGLE_MESH);
        assert!((hidden + visible - whole).abs() < 1e-4);
        assert!((hidden / whole - 0.125).abs() < 1e-4);
    }
}
