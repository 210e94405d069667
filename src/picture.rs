//! Pictures of a case, for `fabrica render` and the demo.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use fabrica_approach::{Library, Pose};
use fabrica_case::{Case, write_atomic};
use fabrica_geometry::{LpsPoint, LpsVector};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, ClipPlane, Image, Interpolation, MeshSettings, OverlayStyle, Preset, Projection, SliceOrientation,
    SlicePlane, StructureOverlay, SurfaceMesh, View, WINDOW_PRESETS, Window, draw_marks, render_mesh, render_slice,
    render_volume, slice_marks, view_marks,
};
use fabrica_scene::transfer_function;
use fabrica_surface::{Mesh, Smoothing, smooth, surface_of_mask, surface_within};
use fabrica_volume::{Rgb, Structure, Volume};
use fabrica_volume_rendering::OffscreenRenderer;

use crate::cli::Renderer;
use crate::terminal::remark;

/// What is drawn of a case, and how.
pub struct Scene<'a> {
    /// The case.
    pub case: &'a Case,
    /// The volume.
    pub volume: &'a Arc<Volume>,
    /// The volume's id.
    pub id: &'a str,
    /// The picture's size, pixels.
    pub size: [u32; 2],
    /// From where.
    pub view: View,
    /// A camera, in place of the view.
    pub from: Option<Camera>,
    /// What is cut away: a point of the plane, and the direction to what goes.
    pub clip: Option<(LpsPoint, LpsVector)>,
    /// Through an endoscope, instead of the view.
    pub through: Option<Camera>,
}

/// The preset asked for, or the plan's, or the one that suits the volume.
pub fn preset(scene: &Scene<'_>, asked: Option<&str>) -> Result<Preset> {
    let planned = scene.case.plan().state().render_presets.get(scene.id);
    match asked.or(planned.map(String::as_str)) {
        Some(name) => Ok(Preset::named(name)?),
        None => Ok(Preset::suited_to(scene.volume)?),
    }
}

/// The window asked for, or the plan's, or the one that suits the volume.
pub fn window(scene: &Scene<'_>, asked: Option<&str>) -> Result<Window> {
    if let Some(name) = asked {
        let names = || WINDOW_PRESETS.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
        return Window::named(name).with_context(|| format!("there is no window \"{name}\"; there are {}", names()));
    }
    if let Some(planned) = scene.case.plan().state().windows.get(scene.id) {
        return Ok(Window { centre: planned.centre, width: planned.width });
    }
    Ok(Window::suited_to(scene.volume))
}

/// The volume through a transfer function.
pub fn of_volume(scene: &Scene<'_>, preset: &Preset, by: Renderer, progress: &Progress) -> Result<Image> {
    // The plan's own function belongs to the plan's own preset.
    let planned = scene.case.plan().state().rendering.functions.get(scene.id);
    let function = match planned {
        Some(planned) if self::preset(scene, None)?.name == preset.name => transfer_function(planned)?,
        _ => preset.transfer_function(scene.volume)?,
    };
    let mut settings = preset.settings(scene.volume);
    settings.clip = scene.keep();
    let camera = scene.camera();
    let on_gpu = match by {
        Renderer::Cpu => None,
        Renderer::Gpu | Renderer::Auto => {
            let drawn = OffscreenRenderer::new()
                .and_then(|mut gpu| gpu.render(scene.volume, &function, &camera, scene.size, &settings));
            match drawn {
                Ok(image) => Some(image),
                Err(error) if by == Renderer::Gpu => return Err(error.into()),
                Err(error) => {
                    remark(format_args!("Drawn on the CPU: {error}"));
                    None
                }
            }
        }
    };
    let mut image = match on_gpu {
        Some(image) => image,
        None => render_volume(scene.volume, &function, &camera, scene.size, &settings, progress)?,
    };
    scene.round_off(&mut image);
    draw_marks(&mut image, &view_marks(&camera, scene.size, &scene.captions(&preset.name))?);
    Ok(image)
}

/// The surfaces of structures.
pub fn of_surfaces(scene: &Scene<'_>, structures: &[Structure], progress: &Progress) -> Result<Image> {
    let state = scene.case.plan().state();
    let mut meshes = Vec::new();
    for structure in structures {
        let mut mesh: Mesh = match structure.isovalue {
            Some(value) => surface_within(&structure.mask, scene.volume, value, progress)?,
            None => surface_of_mask(&structure.mask, progress)?,
        };
        smooth(&mut mesh, structure.mask.grid(), &Smoothing::default(), progress)?;
        let appearance = state.appearance(&structure.name);
        let vertices: Vec<LpsPoint> =
            mesh.vertices().iter().map(|&[x, y, z]| LpsPoint::new(x.into(), y.into(), z.into())).collect();
        meshes.push((vertices, mesh, appearance.colour.unwrap_or(structure.colour), appearance.opacity as f32));
    }
    let surfaces: Vec<SurfaceMesh<'_>> = meshes
        .iter()
        .map(|(vertices, mesh, colour, opacity)| SurfaceMesh {
            vertices,
            triangles: mesh.triangles(),
            colour: *colour,
            opacity: *opacity,
        })
        .collect();
    let camera = scene.camera();
    let settings = MeshSettings { clip: scene.keep(), ..MeshSettings::default() };
    let mut image = render_mesh(&surfaces, &camera, scene.size, &settings, progress)?;
    scene.round_off(&mut image);
    draw_marks(&mut image, &view_marks(&camera, scene.size, &scene.captions("surface"))?);
    Ok(image)
}

/// Axial, coronal and sagittal slices through a point, side by side.
pub fn of_slices(
    scene: &Scene<'_>,
    window: Window,
    structures: &[Structure],
    at: LpsPoint,
    progress: &Progress,
) -> Result<Image> {
    let [width, height] = scene.size;
    if width < 3 {
        bail!("a picture of three slices must be at least 3 pixels wide");
    }
    let state = scene.case.plan().state();
    let overlays: Vec<StructureOverlay<'_>> = structures
        .iter()
        .map(|s| {
            let appearance = state.appearance(&s.name);
            StructureOverlay {
                mask: &s.mask,
                colour: appearance.colour.unwrap_or(s.colour),
                opacity: 0.35 * appearance.opacity as f32,
                style: OverlayStyle::Both,
            }
        })
        .collect();
    let part = [width / 3, height];
    let mut whole = Image::filled(scene.size, Rgb(0, 0, 0))?;
    let orientations = [SliceOrientation::Axial, SliceOrientation::Coronal, SliceOrientation::Sagittal];
    for (column, orientation) in orientations.into_iter().enumerate() {
        let plane = SlicePlane::fitted(orientation, at, scene.volume.grid().bounds(), part);
        let mut image = render_slice(scene.volume, &plane, part, window, Interpolation::Linear, &overlays, progress)?;
        let captions = scene.captions(&format!("centre {:.0}, width {:.0}", window.centre, window.width));
        draw_marks(&mut image, &slice_marks(&plane, part, &captions));
        paste(&image, &mut whole, [column as u32 * part[0], 0]);
    }
    Ok(whole)
}

/// Copies a picture into a larger one, with its top left corner there.
pub fn paste(image: &Image, into: &mut Image, [left, top]: [u32; 2]) {
    let (row, wide) = (image.width as usize * 4, into.width as usize * 4);
    let left = left as usize * 4;
    let rows = into.rgba.chunks_exact_mut(wide).skip(top as usize);
    for (from, to) in image.rgba.chunks_exact(row).zip(rows) {
        to[left..left + row].copy_from_slice(from);
    }
}

/// Red, green and blue of each pixel, rows from the top: what shines through lies on black.
pub fn rgb(image: &Image) -> Vec<u8> {
    let on_black = |c: u8, alpha: u8| (u16::from(c) * u16::from(alpha) / 255) as u8;
    image.rgba.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|n| on_black(p[n], p[3]))).collect()
}

/// Writes a picture, with what it shows in its metadata, and these details.
pub fn save(image: &Image, scene: &Scene<'_>, look: &str, details: &[(&'static str, String)], to: &Path) -> Result<()> {
    let source = scene.case.volume_entry(scene.id)?.sources_sha256();
    let view = match &scene.through {
        Some(camera) => format!("endoscope at {} towards {}", spelt(camera.eye), spelt(camera.target)),
        None => scene.view.to_string(),
    };
    let simulated = if scene.case.is_simulated() { "SYNTHETIC" } else { "patient scan" };
    let mut metadata = vec![
        ("Software", concat!("Fabrica ", env!("CARGO_PKG_VERSION"))),
        ("Look", look),
        ("Camera", view.as_str()),
        ("Source SHA-256", source.as_str()),
        ("Data", simulated),
        ("Warning", "Not a cleared medical device"),
    ];
    metadata.extend(details.iter().map(|(keyword, text)| (*keyword, text.as_str())));
    write_atomic(to, |file| image.write_png(file, &metadata).map_err(std::io::Error::other))
        .with_context(|| format!("{} was not written", to.display()))
}

impl Scene<'_> {
    pub(crate) fn camera(&self) -> Camera {
        self.through.or(self.from).unwrap_or_else(|| self.view.camera(self.volume.grid().bounds(), self.size))
    }

    /// An endoscope sees a round field: what lies outside of it is black.
    fn round_off(&self, image: &mut Image) {
        if self.through.is_none() {
            return;
        }
        let [width, height] = self.size.map(f64::from);
        let row = image.width as usize * 4;
        for (y, line) in image.rgba.chunks_exact_mut(row).enumerate() {
            for (x, pixel) in line.chunks_exact_mut(4).enumerate() {
                let from_middle = (x as f64 + 0.5 - width / 2.0).hypot(y as f64 + 0.5 - height / 2.0);
                if from_middle > height / 2.0 {
                    pixel.copy_from_slice(&[0, 0, 0, 255]);
                }
            }
        }
    }

    pub(crate) fn keep(&self) -> Option<ClipPlane> {
        self.clip.map(|(point, normal)| ClipPlane { point, keep: -normal })
    }

    pub(crate) fn captions(&self, look: &str) -> Vec<String> {
        let mut captions = Vec::new();
        if self.case.is_simulated() {
            captions.push("SYNTHETIC".to_owned());
        }
        captions.push(look.to_owned());
        let open = self.case.open_warnings().len();
        if open > 0 {
            captions.push(format!("{open} geometry warning{} open", if open == 1 { "" } else { "s" }));
        }
        captions
    }
}

fn spelt(at: LpsPoint) -> String {
    format!("L {:.1} P {:.1} S {:.1}", at.0.x, at.0.y, at.0.z)
}

/// What an endoscope sees whose tip lies at a path's target, turned about its axis.
///
/// # Errors
/// When it is no endoscope, or the path has no length.
pub fn endoscope(name: &str, path: &fabrica_approach::Path, turn_degrees: f64) -> Result<Camera> {
    let library = Library::built_in()?;
    let instrument = library.get(name)?;
    let view = instrument.view.with_context(|| format!("\"{name}\" is no endoscope"))?;
    let straight = Pose::along(path)?;
    let (forward, up) = (straight.forward(), straight.up());
    let (sin, cos) = turn_degrees.to_radians().sin_cos();
    let turned = LpsVector(up.0 * cos + forward.0.cross(up.0) * sin);
    let pose = Pose::new(path.target, forward, turned)?;
    let direction = pose.view(view.angle_degrees);
    Ok(Camera {
        eye: path.target,
        // What is upwards in the picture lies a right angle further round.
        up: pose.view(view.angle_degrees + 90.0),
        target: LpsPoint(path.target.0 + direction.0 * 10.0),
        projection: Projection::Perspective { vertical_fov: view.field_degrees.to_radians().min(3.0) },
    })
}

/// The structures asked for, or all that the plan shows.
pub fn structures(case: &Case, id: &str, asked: &[String], progress: &Progress) -> Result<Vec<Structure>> {
    let names: Vec<String> = if asked.is_empty() {
        let state = case.plan().state();
        let shown = case.structures().iter().filter(|s| s.volume == id && state.appearance(&s.name).visible);
        shown.map(|s| s.name.clone()).collect()
    } else {
        asked.to_vec()
    };
    Ok(names.iter().map(|name| case.structure(name, progress)).collect::<Result<_, _>>()?)
}

/// Where the slices cross: the point asked for, the plan's crosshair, or the middle of the scan.
pub fn crosshair(case: &Case, volume: &Volume, asked: Option<LpsPoint>) -> LpsPoint {
    asked.or(case.plan().state().crosshair).unwrap_or_else(|| volume.grid().centre())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasting_keeps_columns_apart() {
        let mut whole = Image::filled([6, 2], Rgb(0, 0, 0)).unwrap();
        let part = Image::filled([2, 2], Rgb(9, 9, 9)).unwrap();
        paste(&part, &mut whole, [2, 0]);
        let row: Vec<u8> = (0..6).map(|x| whole.pixel(x, 1).unwrap()[0]).collect();
        assert_eq!(row, [0, 0, 9, 9, 0, 0]);
    }

    #[test]
    fn ct_is_shown_in_the_abdominal_window() {
        let grid = fabrica_geometry::Grid::axis_aligned([2, 1, 1], LpsPoint::default(), [1.0; 3]).unwrap();
        let samples = fabrica_volume::Samples::I16(vec![-1000, 3000]);
        let mut volume = Volume::new(grid, samples, fabrica_volume::ValueUnit::Arbitrary).unwrap();
        assert_eq!(Window::suited_to(&volume), Window { centre: 1000.0, width: 4000.0 });
        volume.provenance.modality = fabrica_volume::Modality::ct();
        assert_eq!(Window::suited_to(&volume), Window { centre: 40.0, width: 400.0 });
    }
}
