//! Surfaces at each pixel, sorted by distance, for rays that march between them.

use fabrica_progress::Progress;
use rayon::prelude::*;

use crate::mesh::{BAND_ROWS, MeshScene};
use crate::{Camera, ClipPlane, MeshSettings, Projection, RenderError, SurfaceMesh};

/// A surface that a ray meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment {
    /// From the ray's origin, mm.
    pub distance: f32,
    /// Its shaded colour in linear light.
    pub light: [f32; 3],
    /// 0 to 1.
    pub opacity: f32,
}

/// The surfaces at every pixel's middle.
pub(crate) struct Fragments {
    width: usize,
    /// Where each pixel's begin, and at the end their number; nothing without surfaces.
    starts: Vec<u32>,
    list: Vec<Fragment>,
}

impl Fragments {
    pub fn of(
        meshes: &[SurfaceMesh<'_>],
        camera: &Camera,
        size: [u32; 2],
        clip: Option<ClipPlane>,
        progress: &Progress,
    ) -> Result<Self, RenderError> {
        let [width, height] = size.map(|n| n as usize);
        if meshes.is_empty() {
            return Ok(Self { width, starts: Vec::new(), list: Vec::new() });
        }
        let settings = MeshSettings { clip, ..MeshSettings::default() };
        let corners = MeshScene::project_all(meshes, camera, size, 1, progress)?;
        let scene = MeshScene::new(meshes, &corners, width, camera, &settings)?;
        let by_band = scene.sort_into_bands(height);
        let rays = camera.rays(size)?;
        let forward = camera.frame()?.forward.0;
        let bands = by_band
            .par_iter()
            .enumerate()
            .map(|(band, triangles)| {
                progress.check()?;
                let first = band * BAND_ROWS;
                let rows = BAND_ROWS.min(height - first);
                let mut found: Vec<(u32, Fragment)> = Vec::new();
                for &(mesh, triangle) in triangles {
                    let opacity = meshes[mesh as usize].opacity.clamp(0.0, 1.0);
                    if opacity <= 0.0 {
                        continue;
                    }
                    scene.triangle(mesh, triangle, first, rows, |sample, nearness, colour| {
                        let (x, y) = (sample % width, first + sample / width);
                        let distance = match camera.projection {
                            Projection::Orthographic { .. } => -nearness,
                            Projection::Perspective { .. } => {
                                let ray = rays.through(x as f64 + 0.5, y as f64 + 0.5);
                                1.0 / (nearness * ray.direction.0.dot(forward) as f32)
                            }
                        };
                        found.push((sample as u32, Fragment { distance, light: colour().to_array(), opacity }));
                    });
                }
                found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.distance.total_cmp(&b.1.distance)));
                Ok((rows, found))
            })
            .collect::<Result<Vec<_>, RenderError>>()?;
        let mut fragments = Self { width, starts: vec![0], list: Vec::new() };
        for (rows, found) in bands {
            let mut found = found.into_iter().peekable();
            for sample in 0..(rows * width) as u32 {
                let mut hidden = false;
                while let Some((_, fragment)) = found.next_if(|(s, _)| *s == sample) {
                    // Behind an opaque surface nothing is seen.
                    if !hidden {
                        fragments.list.push(fragment);
                    }
                    hidden |= fragment.opacity >= 1.0;
                }
                fragments.starts.push(fragments.list.len() as u32);
            }
        }
        Ok(fragments)
    }

    /// The surfaces at a pixel, nearest first; the last may be opaque.
    #[inline]
    pub fn at(&self, x: usize, y: usize) -> &[Fragment] {
        let pixel = y * self.width + x;
        match (self.starts.get(pixel), self.starts.get(pixel + 1)) {
            (Some(&start), Some(&end)) => &self.list[start as usize..end as usize],
            _ => &[],
        }
    }
}
