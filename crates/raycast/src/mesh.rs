//! Triangles as a picture, without a GPU.

use fabrica_geometry::LpsPoint;
use fabrica_progress::Progress;
use fabrica_volume::Rgb;
use glam::{DVec2, DVec3, Vec3};
use rayon::prelude::*;

use crate::image::{check_size, linear, linear_to_srgb};
use crate::{Camera, CameraFrame, ClipPlane, Image, Lighting, Projection, RenderError};

/// Samples along each side of a pixel.
const OVERSAMPLING: u32 = 2;
/// Rows of samples that one task draws.
pub(crate) const BAND_ROWS: usize = 32;
/// Nothing nearer to the eye is drawn in perspective, mm.
const NEAR: f64 = 0.1;

/// A surface to draw.
#[derive(Clone, Copy, Debug)]
pub struct SurfaceMesh<'a> {
    /// Corners in patient coordinates.
    pub vertices: &'a [LpsPoint],
    /// Three corners each.
    pub triangles: &'a [[u32; 3]],
    /// Colour of the surface.
    pub colour: Rgb,
    /// 1 is opaque, 0 not to be seen.
    pub opacity: f32,
}

/// How surfaces are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeshSettings {
    /// The headlight; its gradient is not used.
    pub lighting: Lighting,
    /// A plane that cuts the picture open.
    pub clip: Option<ClipPlane>,
    /// What is seen where nothing is.
    pub background: Rgb,
}

impl Default for MeshSettings {
    fn default() -> Self {
        let lighting = Lighting { ambient: 0.18, diffuse: 0.8, ..Lighting::default() };
        Self { lighting, clip: None, background: Rgb(0, 0, 0) }
    }
}

/// A picture of surfaces with smooth shading by a headlight, both sides lit, edges anti-aliased, translucent surfaces
/// composed back to front for each pixel. In perspective, triangles that reach within 0.1 mm of the eye's plane
/// are left out.
///
/// # Errors
/// When cancelled, when a triangle names a vertex that is not there, or when the size or the camera cannot give a
/// picture.
pub fn render_mesh(
    meshes: &[SurfaceMesh<'_>],
    camera: &Camera,
    size: [u32; 2],
    settings: &MeshSettings,
    progress: &Progress,
) -> Result<Image, RenderError> {
    check_size(size)?;
    progress.stage("rendering surfaces");
    let corners = MeshScene::project_all(meshes, camera, size, OVERSAMPLING, progress)?;
    let [width, height] = size.map(|n| (n * OVERSAMPLING) as usize);
    let bands: Vec<usize> = (0..height).step_by(BAND_ROWS).collect();
    let scene = MeshScene::new(meshes, &corners, width, camera, settings)?;
    let by_band = scene.sort_into_bands(height);

    let mut image = Image::filled(size, settings.background)?;
    let out_rows = BAND_ROWS / OVERSAMPLING as usize;
    let done = std::sync::atomic::AtomicUsize::new(0);
    image.rgba.par_chunks_mut(size[0] as usize * 4 * out_rows).zip(&bands).zip(&by_band).try_for_each(
        |((pixels, &first), triangles)| {
            progress.check()?;
            let rows = BAND_ROWS.min(height - first);
            let light = scene.band(first, rows, triangles, progress)?;
            reduce(&light, width, pixels);
            let bands_done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress.set(bands_done as f32 / bands.len() as f32);
            Ok::<(), RenderError>(())
        },
    )?;
    Ok(image)
}

fn check_indices(number: usize, mesh: &SurfaceMesh<'_>) -> Result<(), RenderError> {
    let vertices = mesh.vertices.len();
    for (triangle, corners) in mesh.triangles.iter().enumerate() {
        if let Some(&vertex) = corners.iter().find(|&&v| v as usize >= vertices) {
            return Err(RenderError::MeshIndex { mesh: number, triangle, vertex, vertices });
        }
    }
    Ok(())
}

/// A vertex in the picture.
#[derive(Clone, Copy)]
pub(crate) struct Corner {
    /// Samples from the left and the top.
    at: DVec2,
    /// Perspective: one over the depth; orthographic: minus the depth. Linear over the picture, greater is nearer.
    nearness: f64,
    /// In the patient.
    point: Vec3,
    normal: Vec3,
    /// Not behind the eye and a number.
    seen: bool,
}

fn project(mesh: &SurfaceMesh<'_>, camera: &Camera, frame: &CameraFrame, samples: [u32; 2]) -> Vec<Corner> {
    let mut normals = vec![DVec3::ZERO; mesh.vertices.len()];
    for corners in mesh.triangles {
        let [a, b, c] = corners.map(|v| mesh.vertices[v as usize].0);
        // Twice the area long, so that large triangles count more.
        let normal = (b - a).cross(c - a);
        corners.iter().for_each(|&v| normals[v as usize] += normal);
    }
    let [width, height] = samples.map(f64::from);
    mesh.vertices
        .par_iter()
        .zip(&normals)
        .map(|(vertex, normal)| {
            let from_eye = vertex.0 - camera.eye.0;
            let depth = from_eye.dot(frame.forward.0);
            let (half, nearness, seen) = match camera.projection {
                Projection::Perspective { vertical_fov } => {
                    ((vertical_fov / 2.0).tan() * depth, 1.0 / depth, depth > NEAR)
                }
                Projection::Orthographic { height } => (height.0 / 2.0, -depth, depth > 0.0),
            };
            let scale = height / (2.0 * half);
            let x = width / 2.0 + from_eye.dot(frame.right.0) * scale;
            let y = height / 2.0 - from_eye.dot(frame.up.0) * scale;
            Corner {
                at: DVec2::new(x, y),
                nearness,
                point: vertex.0.as_vec3(),
                normal: normal.normalize_or_zero().as_vec3(),
                seen: seen && x.is_finite() && y.is_finite(),
            }
        })
        .collect()
}

/// A triangle of a mesh, by their numbers.
pub(crate) type Part = (u32, u32);

/// All that is the same for every band.
pub(crate) struct MeshScene<'a> {
    meshes: &'a [SurfaceMesh<'a>],
    corners: &'a [Vec<Corner>],
    width: usize,
    camera: &'a Camera,
    frame: CameraFrame,
    settings: &'a MeshSettings,
}

/// A translucent surface at a sample.
struct Layer {
    sample: u32,
    nearness: f32,
    light: Vec3,
    opacity: f32,
}

impl<'a> MeshScene<'a> {
    /// The corners of all meshes in a picture with so many samples along each side of a pixel.
    pub fn project_all(
        meshes: &[SurfaceMesh<'_>],
        camera: &Camera,
        size: [u32; 2],
        oversampling: u32,
        progress: &Progress,
    ) -> Result<Vec<Vec<Corner>>, RenderError> {
        let frame = camera.frame()?;
        let samples = size.map(|n| n * oversampling);
        let mut corners = Vec::with_capacity(meshes.len());
        for (number, mesh) in meshes.iter().enumerate() {
            progress.check()?;
            check_indices(number, mesh)?;
            corners.push(project(mesh, camera, &frame, samples));
        }
        Ok(corners)
    }

    /// Meshes with their corners in a picture `width` samples wide.
    pub fn new(
        meshes: &'a [SurfaceMesh<'a>],
        corners: &'a [Vec<Corner>],
        width: usize,
        camera: &'a Camera,
        settings: &'a MeshSettings,
    ) -> Result<Self, RenderError> {
        Ok(Self { meshes, corners, width, camera, frame: camera.frame()?, settings })
    }

    /// Which triangles touch each band of rows.
    pub fn sort_into_bands(&self, height: usize) -> Vec<Vec<Part>> {
        let mut bands = vec![Vec::new(); height.div_ceil(BAND_ROWS)];
        let last_row = (height - 1) as f64;
        for (number, (mesh, corners)) in self.meshes.iter().zip(self.corners).enumerate() {
            for (triangle, ids) in mesh.triangles.iter().enumerate() {
                let three = ids.map(|v| corners[v as usize]);
                let low = three.iter().map(|c| c.at.y).fold(f64::INFINITY, f64::min);
                let high = three.iter().map(|c| c.at.y).fold(f64::NEG_INFINITY, f64::max);
                if !three.iter().all(|c| c.seen) || high < 0.0 || low > last_row + 1.0 {
                    continue;
                }
                let first = low.clamp(0.0, last_row) as usize / BAND_ROWS;
                let last = high.clamp(0.0, last_row) as usize / BAND_ROWS;
                bands[first..=last].iter_mut().for_each(|band| band.push((number as u32, triangle as u32)));
            }
        }
        bands
    }

    /// The light of the samples of a band of rows.
    fn band(
        &self,
        first: usize,
        rows: usize,
        triangles: &[Part],
        progress: &Progress,
    ) -> Result<Vec<Vec3>, RenderError> {
        let background = Vec3::from_array(linear(self.settings.background));
        let mut light = vec![background; self.width * rows];
        let mut nearest = vec![f32::NEG_INFINITY; self.width * rows];
        let mut layers: Vec<Layer> = Vec::new();
        for (count, &(mesh, triangle)) in triangles.iter().enumerate() {
            if count % 4096 == 0 {
                progress.check()?;
            }
            let opacity = self.meshes[mesh as usize].opacity.clamp(0.0, 1.0);
            if opacity <= 0.0 {
                continue;
            }
            self.triangle(mesh, triangle, first, rows, |sample, nearness, colour| {
                if opacity < 1.0 {
                    layers.push(Layer { sample: sample as u32, nearness, light: colour(), opacity });
                } else if nearness > nearest[sample] {
                    nearest[sample] = nearness;
                    light[sample] = colour();
                }
            });
        }
        layers.retain(|l| l.nearness > nearest[l.sample as usize]);
        // From back to front at each sample.
        layers.sort_by(|a, b| a.sample.cmp(&b.sample).then(a.nearness.total_cmp(&b.nearness)));
        for layer in layers {
            let under = light[layer.sample as usize];
            light[layer.sample as usize] = under + (layer.light - under) * layer.opacity;
        }
        Ok(light)
    }

    /// Calls `put(sample in the band, nearness, colour)` for each sample that a triangle covers.
    pub fn triangle(
        &self,
        mesh: u32,
        triangle: u32,
        first: usize,
        rows: usize,
        mut put: impl FnMut(usize, f32, &dyn Fn() -> Vec3),
    ) {
        let mesh_data = &self.meshes[mesh as usize];
        let corners = &self.corners[mesh as usize];
        let [a, b, c] = mesh_data.triangles[triangle as usize].map(|v| corners[v as usize]);
        let area = (b.at - a.at).perp_dot(c.at - a.at);
        if area == 0.0 {
            return;
        }
        let low = a.at.min(b.at).min(c.at);
        let high = a.at.max(b.at).max(c.at);
        // Samples lie at the middles.
        let span = |low: f64, high: f64, from: usize, to: usize| {
            let start = (low - 0.5).ceil().clamp(from as f64, to as f64) as usize;
            let end = (high - 0.5).floor().clamp(from as f64 - 1.0, to as f64 - 1.0) + 1.0;
            start..(end as usize).max(start)
        };
        let columns = span(low.x, high.x, 0, self.width);
        let colour = Vec3::from_array(linear(mesh_data.colour));
        for y in span(low.y, high.y, first, first + rows) {
            for x in columns.clone() {
                let at = DVec2::new(x as f64 + 0.5, y as f64 + 0.5);
                let weight = |from: DVec2, to: DVec2| (to - from).perp_dot(at - from) / area;
                let (u, v, w) = (weight(b.at, c.at), weight(c.at, a.at), weight(a.at, b.at));
                // A sample on an edge belongs to one of the two triangles that share it.
                let outside = |weight: f64, along: DVec2| weight < 0.0 || weight == 0.0 && !owns_edge(along * area);
                if outside(u, c.at - b.at) || outside(v, a.at - c.at) || outside(w, b.at - a.at) {
                    continue;
                }
                let nearness = a.nearness * u + b.nearness * v + c.nearness * w;
                // Weights in the patient rather than in the picture.
                let [u, v, w] = if a.nearness > 0.0 {
                    [u * a.nearness, v * b.nearness, w * c.nearness].map(|n| (n / nearness) as f32)
                } else {
                    [u as f32, v as f32, w as f32]
                };
                let point = a.point * u + b.point * v + c.point * w;
                if self.is_cut(point) {
                    continue;
                }
                put((y - first) * self.width + x, nearness as f32, &|| {
                    self.shade(colour, a.normal * u + b.normal * v + c.normal * w, point)
                });
            }
        }
    }

    fn is_cut(&self, point: Vec3) -> bool {
        self.settings.clip.is_some_and(|clip| (point.as_dvec3() - clip.point.0).dot(clip.keep.0) < 0.0)
    }

    fn shade(&self, colour: Vec3, normal: Vec3, point: Vec3) -> Vec3 {
        let lighting = &self.settings.lighting;
        let to_eye = match self.camera.projection {
            Projection::Perspective { .. } => (self.camera.eye.0.as_vec3() - point).normalize_or_zero(),
            Projection::Orthographic { .. } => -self.frame.forward.0.as_vec3(),
        };
        let facing = normal.normalize_or_zero().dot(to_eye).abs();
        colour * (lighting.ambient + lighting.diffuse * facing)
            + Vec3::splat(lighting.specular * facing.powf(lighting.shininess))
    }
}

/// Whether a triangle has the samples on an edge of this direction: the opposite direction has not.
fn owns_edge(along: DVec2) -> bool {
    along.y < 0.0 || along.y == 0.0 && along.x > 0.0
}

/// Averages the samples of each pixel.
fn reduce(light: &[Vec3], width: usize, pixels: &mut [u8]) {
    let side = OVERSAMPLING as usize;
    let out_width = width / side;
    for (index, pixel) in pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index % out_width * side, index / out_width * side);
        let sum: Vec3 = (0..side * side).map(|n| light[(y + n / side) * width + x + n % side]).sum();
        let mean = sum / (side * side) as f32;
        pixel[..3].copy_from_slice(&mean.to_array().map(linear_to_srgb));
    }
}

#[cfg(test)]
mod tests {
    use fabrica_geometry::{LpsVector, Mm};

    use super::*;

    /// Seen from the front, 10 mm high, one pixel a millimetre.
    fn camera() -> Camera {
        Camera {
            eye: LpsPoint::new(0.0, -100.0, 0.0),
            target: LpsPoint::default(),
            up: LpsVector::new(0.0, 0.0, 1.0),
            projection: Projection::Orthographic { height: Mm(10.0) },
        }
    }

    /// A square of 2 × `half` mm about (left, superior) at a depth.
    fn square(left: f64, superior: f64, posterior: f64, half: f64) -> Vec<LpsPoint> {
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(x, z)| LpsPoint::new(left + x * half, posterior, superior + z * half))
            .to_vec()
    }

    const FACES: [[u32; 3]; 2] = [[0, 1, 2], [0, 2, 3]];

    fn mesh(vertices: &[LpsPoint], colour: Rgb, opacity: f32) -> SurfaceMesh<'_> {
        SurfaceMesh { vertices, triangles: &FACES, colour, opacity }
    }

    fn flat() -> MeshSettings {
        let lighting = Lighting { ambient: 1.0, diffuse: 0.0, specular: 0.0, ..Lighting::default() };
        MeshSettings { lighting, ..MeshSettings::default() }
    }

    fn picture(meshes: &[SurfaceMesh<'_>], camera: &Camera, settings: &MeshSettings) -> Image {
        render_mesh(meshes, camera, [10, 10], settings, &Progress::new()).unwrap()
    }

    #[test]
    fn a_square_on_the_patients_left_is_on_the_right_without_gaps_or_seam() {
        let corners = square(3.0, 2.0, 0.0, 1.0); // columns 7 and 8, rows 2 and 3
        let image = picture(&[mesh(&corners, Rgb(255, 0, 0), 1.0)], &camera(), &flat());
        for y in 0..10 {
            for x in 0..10 {
                let red = (7..9).contains(&x) && (2..4).contains(&y);
                assert_eq!(image.pixel(x, y).unwrap()[0], if red { 255 } else { 0 }, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_nearer_surface_hides_the_farther_in_both_projections() {
        let (near, far) = (square(0.0, 0.0, -5.0, 4.0), square(0.0, 0.0, 5.0, 4.0));
        let meshes = [mesh(&near, Rgb(0, 255, 0), 1.0), mesh(&far, Rgb(255, 0, 0), 1.0)];
        for projection in [camera().projection, Projection::Perspective { vertical_fov: 0.1 }] {
            let image = picture(&meshes, &Camera { projection, ..camera() }, &flat());
            assert_eq!(image.pixel(5, 5).unwrap(), [0, 255, 0, 255]);
        }
    }

    #[test]
    fn translucent_surfaces_mix_in_linear_light_whatever_their_order() {
        let (near, far) = (square(0.0, 0.0, -5.0, 4.0), square(0.0, 0.0, 5.0, 4.0));
        let mut meshes = [mesh(&near, Rgb(0, 255, 0), 0.5), mesh(&far, Rgb(255, 0, 0), 1.0)];
        let half = linear_to_srgb(0.5);
        let image = picture(&meshes, &camera(), &flat());
        assert_eq!(image.pixel(5, 5).unwrap(), [half, half, 0, 255]);
        meshes.reverse();
        assert_eq!(picture(&meshes, &camera(), &flat()), image);
        // Behind an opaque surface nothing shines through.
        let meshes = [mesh(&near, Rgb(255, 0, 0), 1.0), mesh(&far, Rgb(0, 255, 0), 0.5)];
        assert_eq!(picture(&meshes, &camera(), &flat()).pixel(5, 5).unwrap(), [255, 0, 0, 255]);
    }

    #[test]
    fn the_clip_plane_cuts_and_bad_meshes_are_refused() {
        let corners = square(0.0, 0.0, 0.0, 4.0);
        let clip = ClipPlane { point: LpsPoint::default(), keep: LpsVector::new(1.0, 0.0, 0.0) };
        let image = picture(
            &[mesh(&corners, Rgb(255, 255, 255), 1.0)],
            &camera(),
            &MeshSettings { clip: Some(clip), ..flat() },
        );
        assert_eq!((image.pixel(3, 5).unwrap()[0], image.pixel(6, 5).unwrap()[0]), (0, 255));
        let bad = SurfaceMesh { triangles: &[[0, 1, 7]], ..mesh(&corners, Rgb(0, 0, 0), 1.0) };
        let error = render_mesh(&[bad], &camera(), [10, 10], &flat(), &Progress::new()).unwrap_err();
        assert_eq!(error, RenderError::MeshIndex { mesh: 0, triangle: 0, vertex: 7, vertices: 4 });
    }
}
