//! What the user points at in the 3D view.

use std::sync::Arc;

use fabrica_geometry::LpsPoint;
use fabrica_picking::{Sight, visible_point};
use fabrica_raycast::{ClipPlane, Preset};
use fabrica_scene::{OpenCase, Preview, SurfaceTargets, View3d};

/// The look that the volume has in the 3D view.
pub fn preset(case: &OpenCase) -> Option<Preset> {
    let volume = &case.volume.as_ref()?.volume;
    if case.preset.is_empty() { Preset::suited_to(volume).ok() } else { Preset::named(&case.preset).ok() }
}

/// The nearest thing seen at a point of the picture (fractions from its left and top): a surface that is shown, or the
/// visible surface of the volume. Nothing where only air is seen.
pub fn pick(
    view: &View3d,
    case: &OpenCase,
    preview: &Preview,
    targets: &SurfaceTargets,
    at: [f32; 2],
) -> Option<LpsPoint> {
    let [x, y] = [f64::from(at[0]) * f64::from(view.size.x), f64::from(at[1]) * f64::from(view.size.y)];
    let ray = view.camera.rays(view.size.to_array()).ok()?.through(x, y);
    let clip = preview.clip.or(case.clip).filter(|clip| clip.enabled);
    let sight = Sight::new(ray, clip.map(|clip| ClipPlane { point: clip.point, keep: -clip.normal }))?;
    let shown = |target: &&fabrica_scene::ShownTarget| {
        let structure = case.structures.iter().find(|s| Arc::ptr_eq(&s.structure, &target.structure));
        structure.is_some_and(|s| s.appearance.visible && s.appearance.opacity > 0.0)
    };
    let surfaces = targets.0.iter().filter(shown).filter_map(|t| t.target.first(&sight));
    let volume = || {
        let (volume, preset) = (&case.volume.as_ref()?.volume, preset(case)?);
        visible_point(volume, &preset.transfer_function(volume).ok()?, &preset.settings(volume).mode, &sight)
    };
    let nearest = surfaces.chain(volume()).min_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(sight.at(nearest))
}
