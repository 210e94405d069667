//! The layers of `xrEndFrame`, read from the application.

use openxr_sys::{
    CompositionLayerBaseHeader, CompositionLayerDepthInfoKHR, CompositionLayerPassthroughFB,
    CompositionLayerProjection, CompositionLayerProjectionView, CompositionLayerQuad, EyeVisibility, FrameEndInfo,
    Handle, StructureType,
};

use super::pointers::{Chain, input, input_array};
use crate::model::layers::{Depth, Layer, ProjectionView, check_flags, check_fov};
use crate::model::pose::Pose;
use crate::model::state::Within;
use crate::refusal::{Answer, Refusal, refuse};

/// # Safety
/// `info` is the application's, checked; what it points to is checked here.
pub(super) unsafe fn read(within: &Within<'_>, info: &FrameEndInfo) -> Answer<Vec<Layer>> {
    // SAFETY: arrays and structures of the application, checked.
    unsafe {
        let pointers = input_array(info.layers, info.layer_count, "layers")?;
        pointers.iter().enumerate().map(|(index, pointer)| layer(within, index, *pointer)).collect()
    }
}

unsafe fn layer(within: &Within<'_>, index: usize, pointer: *const CompositionLayerBaseHeader) -> Answer<Layer> {
    if pointer.is_null() || !pointer.is_aligned() {
        refuse!(ERROR_LAYER_INVALID, "layer {index} is NULL or not aligned");
    }
    // SAFETY: not null, aligned; every layer begins with its type.
    match unsafe { (*pointer).ty } {
        // SAFETY: the type says what it is; the rest is checked.
        StructureType::COMPOSITION_LAYER_PROJECTION => unsafe { projection(within, index, pointer.cast()) },
        // SAFETY: as above.
        StructureType::COMPOSITION_LAYER_QUAD => unsafe { quad(within, index, pointer.cast()) },
        StructureType::COMPOSITION_LAYER_PASSTHROUGH_FB if within.has("XR_FB_passthrough") => {
            // SAFETY: as above.
            let layer: &CompositionLayerPassthroughFB = unsafe { input(pointer.cast())? };
            let raw = layer.layer_handle.into_raw();
            let Some((owner, shown)) = within.session.passthrough_layers.get(&raw) else {
                return Err(Refusal::handle("XrPassthroughLayerFB", raw));
            };
            let runs = *shown && within.session.passthroughs.get(owner) == Some(&true);
            Ok(Layer::Passthrough { runs })
        }
        other => refuse!(ERROR_LAYER_INVALID, "layer {index} has the type {other:?}, which the runtime does not take"),
    }
}

unsafe fn projection(within: &Within<'_>, index: usize, pointer: *const CompositionLayerProjection) -> Answer<Layer> {
    // SAFETY: structures and arrays of the application, checked.
    let (layer, views) = unsafe {
        let layer = input(pointer)?;
        (layer, input_array(layer.views, layer.view_count, "views")?)
    };
    check_flags(layer.layer_flags, &format!("layer {index}"))?;
    within.space(layer.space.into_raw())?;
    if views.len() != 2 {
        return Err(Refusal::invalid(format!("layer {index}: viewCount is {}, not 2", views.len())));
    }
    let views = views.iter().enumerate().map(|(eye, view)| {
        let what = format!("layer {index}, view {eye}");
        // SAFETY: elements of the array above.
        unsafe { projection_view(within, view, &what) }
    });
    Ok(Layer::Projection {
        flags: layer.layer_flags,
        space: layer.space.into_raw(),
        views: views.collect::<Answer<_>>()?,
    })
}

unsafe fn projection_view(
    within: &Within<'_>,
    view: &CompositionLayerProjectionView,
    what: &str,
) -> Answer<ProjectionView> {
    // SAFETY: a structure of the application and its chain, checked.
    let depth = unsafe {
        input(std::ptr::from_ref(view))?;
        Chain::of(std::ptr::from_ref(view))?.find::<CompositionLayerDepthInfoKHR>()
    };
    let pose = Pose::from_app(&view.pose, what)?;
    check_fov(&view.fov, what)?;
    let colour = within.picture(&view.sub_image, what)?;
    if colour.format.depth {
        refuse!(ERROR_LAYER_INVALID, "{what}: the swapchain holds depth, not colour");
    }
    let depth = depth.filter(|_| within.has("XR_KHR_composition_layer_depth"));
    let depth = depth.map(|info| read_depth(within, info, &format!("{what}, depth"))).transpose()?;
    Ok(ProjectionView { pose, fov: view.fov, colour, depth })
}

/// XR_KHR_composition_layer_depth.
fn read_depth(within: &Within<'_>, info: &CompositionLayerDepthInfoKHR, what: &str) -> Answer<Depth> {
    let picture = within.picture(&info.sub_image, what)?;
    if !picture.format.depth {
        refuse!(ERROR_LAYER_INVALID, "{what}: the swapchain holds colour, not depth");
    }
    let range = [info.min_depth, info.max_depth];
    if !(range.iter().all(|depth| (0.0..=1.0).contains(depth)) && info.min_depth <= info.max_depth) {
        return Err(Refusal::invalid(format!("{what}: minDepth and maxDepth are {range:?}, not 0 ≤ min ≤ max ≤ 1")));
    }
    if !(info.near_z >= 0.0 && info.far_z >= 0.0) || info.near_z == info.far_z {
        return Err(Refusal::invalid(format!("{what}: nearZ {} and farZ {}", info.near_z, info.far_z)));
    }
    Ok(Depth { picture, range, near: info.near_z, far: info.far_z })
}

unsafe fn quad(within: &Within<'_>, index: usize, pointer: *const CompositionLayerQuad) -> Answer<Layer> {
    // SAFETY: a structure of the application, checked.
    let layer = unsafe { input(pointer)? };
    let what = format!("layer {index}");
    check_flags(layer.layer_flags, &what)?;
    within.space(layer.space.into_raw())?;
    if !(EyeVisibility::BOTH.into_raw()..=EyeVisibility::RIGHT.into_raw()).contains(&layer.eye_visibility.into_raw()) {
        return Err(Refusal::invalid(format!("{what}: eyeVisibility is {}", layer.eye_visibility.into_raw())));
    }
    let picture = within.picture(&layer.sub_image, &what)?;
    let pose = Pose::from_app(&layer.pose, &what)?;
    let size = [layer.size.width, layer.size.height];
    if !size.iter().all(|length| length.is_finite() && *length >= 0.0) {
        return Err(Refusal::invalid(format!("{what}: its size is {size:?} m")));
    }
    Ok(Layer::Quad {
        flags: layer.layer_flags,
        space: layer.space.into_raw(),
        eyes: layer.eye_visibility,
        picture,
        pose,
        size,
    })
}
