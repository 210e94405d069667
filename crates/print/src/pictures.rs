//! Pictures of a model from six sides.

use fabrica_document::Picture;
use fabrica_geometry::LpsPoint;
use fabrica_mesh::ModelPart;
use fabrica_progress::Progress;
use fabrica_raycast::{MeshSettings, NamedView, SurfaceMesh, View, draw_marks, render_mesh, view_marks};
use fabrica_volume::Rgb;

use crate::PrintError;
use crate::make::bounds;

/// Width and height of each.
const SIZE: [u32; 2] = [320, 320];

pub(crate) fn six_sides(parts: &[ModelPart], simulated: bool, progress: &Progress) -> Result<Vec<Picture>, PrintError> {
    let Some(bounds) = bounds(parts) else { return Ok(Vec::new()) };
    let point = |v: &[f32; 3]| LpsPoint::new(v[0].into(), v[1].into(), v[2].into());
    let vertices: Vec<Vec<LpsPoint>> =
        parts.iter().map(|part| part.mesh.vertices().iter().map(point).collect()).collect();
    let surfaces: Vec<SurfaceMesh<'_>> = parts
        .iter()
        .zip(&vertices)
        .map(|(part, vertices)| {
            let [r, g, b] = part.colour.unwrap_or([200, 200, 200]);
            SurfaceMesh { vertices, triangles: part.mesh.triangles(), colour: Rgb(r, g, b), opacity: 1.0 }
        })
        .collect();
    let words = |e: fabrica_raycast::RenderError| PrintError::Picture(e.to_string());
    NamedView::ALL
        .iter()
        .map(|&side| {
            let camera = View { field_of_view: None, ..View::from(side) }.camera(bounds, SIZE);
            let mut image = render_mesh(&surfaces, &camera, SIZE, &MeshSettings::default(), progress).map_err(words)?;
            let captions = if simulated { vec!["SYNTHETIC".to_owned()] } else { Vec::new() };
            draw_marks(&mut image, &view_marks(&camera, SIZE, &captions).map_err(words)?);
            let mut png = Vec::new();
            image.write_png(&mut png, &[]).map_err(|e| PrintError::Picture(e.to_string()))?;
            Ok(Picture { caption: format!("from {}", side.name()), png })
        })
        .collect()
}
