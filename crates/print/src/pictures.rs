//! Pictures of a model from six sides.

use fabrica_geometry::LpsPoint;
use fabrica_progress::Progress;
use fabrica_raycast::{MeshSettings, NamedView, SurfaceMesh, View, draw_marks, render_mesh, view_marks};
use fabrica_surface::Mesh;
use fabrica_volume::Rgb;

use crate::PrintError;

/// Width and height of each.
const SIZE: [u32; 2] = [320, 320];

/// A picture in PNG.
pub(crate) struct Picture {
    pub(crate) side: &'static str,
    pub(crate) png: Vec<u8>,
}

pub(crate) fn six_sides(
    mesh: &Mesh,
    colour: Rgb,
    simulated: bool,
    progress: &Progress,
) -> Result<Vec<Picture>, PrintError> {
    let Some(bounds) = mesh.bounds() else { return Ok(Vec::new()) };
    let vertices: Vec<LpsPoint> =
        mesh.vertices().iter().map(|v| LpsPoint::new(v[0].into(), v[1].into(), v[2].into())).collect();
    let surface = SurfaceMesh { vertices: &vertices, triangles: mesh.triangles(), colour, opacity: 1.0 };
    let words = |e: fabrica_raycast::RenderError| PrintError::Picture(e.to_string());
    NamedView::ALL
        .iter()
        .map(|&side| {
            let camera = View { field_of_view: None, ..View::from(side) }.camera(bounds, SIZE);
            let mut image =
                render_mesh(&[surface], &camera, SIZE, &MeshSettings::default(), progress).map_err(words)?;
            let captions = if simulated { vec!["SYNTHETIC".to_owned()] } else { Vec::new() };
            draw_marks(&mut image, &view_marks(&camera, SIZE, &captions).map_err(words)?);
            let mut png = Vec::new();
            image.write_png(&mut png, &[]).map_err(|e| PrintError::Picture(e.to_string()))?;
            Ok(Picture { side: side.name(), png })
        })
        .collect()
}
