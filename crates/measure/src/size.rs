//! The volume and the surface of a structure.

use fabrica_plan::{ErrorPart, ErrorSource, Quantity, QuantityKind, Unit};
use fabrica_surface::Mesh;
use glam::{DAffine3, DVec3};

use crate::Border;

/// Counting the points of a grid in a body errs with a variance of 0.066 times the body's surface, in units of the
/// grid, whatever its shape, if grid and body lie at random to one another (the three-dimensional case of Kendall's and
/// Matérn's formula; Matérn, "Precision of area estimation", J. Microscopy 153, 1989; confirmed by
/// `examples/coverage.rs`).
const COUNTING: f64 = 0.066;
/// The same for a border that the scan places.
const INTERPOLATING: f64 = 0.004;
/// How far too far in a curved border is drawn, as a share of a voxel: a mask's, and a scan's (where linear interpolation
/// cuts corners). Found by simulation on balls and rods of 4 to 10 voxels' radius.
const DRAWN_IN: [f64; 2] = [0.025, 0.05];
/// The share by which linear triangles on a border of this kind make its area too large or too small.
const AREA_SHARE: f64 = 0.02;

/// The volume within a structure's border, the volume of its voxels, and the area of the border.
///
/// - **Voxels**: see the constants above; of the surface area, two hundredths.
/// - **Noise**: independent over patches of a voxel.
/// - **Segmentation**: a border too far out by one standard deviation makes the volume greater by its area times that.
pub fn size(border: &Border) -> [Quantity; 3] {
    let mesh = border.mesh();
    let grid = border.field().grid();
    let voxel = grid.voxel_volume().0;
    let (volume, area) = (enclosed(mesh), area(mesh, DAffine3::IDENTITY));
    let counted = border.field().inside().volume().0;
    let area_in_voxels = self::area(mesh, grid.patient_to_voxel());
    let noise = border.noise_error().0 * (area * voxel.cbrt().powi(2)).sqrt();
    let segmentation = area * border.segmentation_error().0;
    let of_volume = |share: f64, drawn_in: f64| {
        let voxels = ((share * area_in_voxels).sqrt() * voxel).hypot(drawn_in * area * voxel.cbrt());
        parts([voxels, noise, segmentation])
    };
    let more = (grown(mesh, 1e-3 * voxel.cbrt()) - area) / (1e-3 * voxel.cbrt());
    let quantity = |what, value, unit, error| Quantity { what, value, unit, error };
    let (share, drawn_in) = if border.is_of_image() { (INTERPOLATING, DRAWN_IN[1]) } else { (COUNTING, DRAWN_IN[0]) };
    [
        quantity(QuantityKind::Volume, volume, Unit::CubicMillimetre, of_volume(share, drawn_in)),
        quantity(QuantityKind::VoxelVolume, counted, Unit::CubicMillimetre, of_volume(COUNTING, 0.0)),
        quantity(
            QuantityKind::SurfaceArea,
            area,
            Unit::SquareMillimetre,
            parts([area * AREA_SHARE, 0.0, more.abs() * border.segmentation_error().0]),
        ),
    ]
}

/// The parts of an error that are not nothing; the voxels' part always.
pub(crate) fn parts([voxels, noise, segmentation]: [f64; 3]) -> Vec<ErrorPart> {
    let all = [(ErrorSource::Voxels, voxels), (ErrorSource::Noise, noise), (ErrorSource::Segmentation, segmentation)];
    let kept = all.into_iter().filter(|(source, standard)| *source == ErrorSource::Voxels || *standard > 0.0);
    kept.map(|(source, standard)| ErrorPart { source, standard }).collect()
}

/// The volume within a closed mesh (Gauss), mm³. About its first vertex, so that no digits are lost far from the origin.
pub(crate) fn enclosed(mesh: &Mesh) -> f64 {
    let Some(&first) = mesh.vertices().first() else { return 0.0 };
    let origin = vector(first);
    corners(mesh).map(|[a, b, c]| (a - origin).dot((b - origin).cross(c - origin)) / 6.0).sum()
}

/// The area of a mesh, mm².
pub(crate) fn area_of(mesh: &Mesh) -> f64 {
    area(mesh, DAffine3::IDENTITY)
}

/// The area of a mesh after a transformation.
fn area(mesh: &Mesh, to: DAffine3) -> f64 {
    corners(mesh)
        .map(|t| {
            let [a, b, c] = t.map(|p| to.transform_point3(p));
            (b - a).cross(c - a).length() / 2.0
        })
        .sum()
}

/// The area after every vertex was moved outwards.
fn grown(mesh: &Mesh, by: f64) -> f64 {
    let normals = mesh.vertex_normals();
    let at = |v: u32| vector(mesh.vertices()[v as usize]) + vector(normals[v as usize]) * by;
    mesh.triangles()
        .iter()
        .map(|t| {
            let [a, b, c] = t.map(at);
            (b - a).cross(c - a).length() / 2.0
        })
        .sum()
}

fn vector([x, y, z]: [f32; 3]) -> DVec3 {
    DVec3::new(x.into(), y.into(), z.into())
}

fn corners(mesh: &Mesh) -> impl Iterator<Item = [DVec3; 3]> {
    mesh.triangles().iter().map(|t| t.map(|v| vector(mesh.vertices()[v as usize])))
}
