//! Parts on a printer's bed.

use fabrica_geometry::{LpsVector, Mm};
use fabrica_surface::Mesh;
use glam::DVec3;

use crate::MeshError;

/// Where each part goes on a bed, whose corner is the origin and whose upright axis is the patient's +z: how far it is moved,
/// without being turned. Parts stand on the bed, in rows, at least `gap` from each other and from the bed's edge, the
/// deepest first.
///
/// # Errors
/// When a part has no triangle, is larger than the bed, or they do not fit on it together (then: print fewer at once).
///
/// # Example
/// ```
/// use fabrica_geometry::Mm;
/// use fabrica_mesh::arrange;
/// use fabrica_surface::Mesh;
/// let tetrahedron = Mesh::new(
///     vec![[0.0; 3], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]],
///     vec![[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]],
/// )
/// .unwrap();
/// let moves = arrange(&[&tetrahedron, &tetrahedron], [Mm(40.0), Mm(40.0), Mm(20.0)], Mm(5.0)).unwrap();
/// assert_eq!((moves[0].0.x, moves[1].0.x, moves[1].0.y), (5.0, 20.0, 5.0));
/// ```
pub fn arrange(parts: &[&Mesh], bed: [Mm; 3], gap: Mm) -> Result<Vec<LpsVector>, MeshError> {
    if !(0.0..=100.0).contains(&gap.0) {
        return Err(MeshError::Option { option: "the gap between parts", value: gap.0, allowed: "0 to 100 mm" });
    }
    let boxes: Vec<(DVec3, DVec3)> = parts
        .iter()
        .map(|part| part.bounds().map(|(low, high)| (low.0, high.0 - low.0)).ok_or(MeshError::Empty))
        .collect::<Result<_, _>>()?;
    let bed = DVec3::new(bed[0].0, bed[1].0, bed[2].0);
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| boxes[*b].1.y.total_cmp(&boxes[*a].1.y));
    let failed = |why: String| MeshError::Failed { step: "arranging on the bed", why };
    let mut moves = vec![LpsVector::new(0.0, 0.0, 0.0); parts.len()];
    // The next free place in the row, and where the next row begins.
    let (mut x, mut y, mut next) = (gap.0, gap.0, gap.0);
    for n in order {
        let (low, size) = boxes[n];
        let room = bed - DVec3::new(2.0 * gap.0, 2.0 * gap.0, 0.0);
        if size.cmpgt(room).any() {
            return Err(failed(format!(
                "a part of {:.1} x {:.1} x {:.1} mm does not fit on a bed of {:.1} x {:.1} x {:.1} mm; cut it, or scale it down",
                size.x, size.y, size.z, bed.x, bed.y, bed.z
            )));
        }
        if x + size.x + gap.0 > bed.x {
            (x, y) = (gap.0, next);
        }
        if y + size.y + gap.0 > bed.y {
            return Err(failed(format!("{} parts do not fit on the bed together; print fewer at once", parts.len())));
        }
        moves[n] = LpsVector(DVec3::new(x, y, 0.0) - low);
        x += size.x + gap.0;
        next = next.max(y + size.y + gap.0);
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shapes::block;

    #[test]
    fn parts_stand_on_the_bed_and_keep_apart() {
        let part = |at: f64, w: f64, d: f64, h: f64| {
            block(DVec3::new(at, -at, 900.0), [DVec3::X * w / 2.0, DVec3::Y * d / 2.0, DVec3::Z * h / 2.0]).unwrap()
        };
        let parts = [part(50.0, 60.0, 20.0, 10.0), part(-70.0, 50.0, 40.0, 30.0), part(0.0, 60.0, 30.0, 5.0)];
        let all: Vec<&Mesh> = parts.iter().collect();
        let bed = [Mm(150.0), Mm(120.0), Mm(40.0)];
        let moves = arrange(&all, bed, Mm(5.0)).unwrap();
        let placed: Vec<(DVec3, DVec3)> = parts
            .iter()
            .zip(&moves)
            .map(|(part, by)| {
                let (low, high) = part.bounds().unwrap();
                (low.0 + by.0, high.0 + by.0)
            })
            .collect();
        for (n, (low, high)) in placed.iter().enumerate() {
            assert!(low.z.abs() < 1e-4 && low.x > 4.99 && low.y > 4.99 && high.x < 145.01 && high.y < 115.01);
            for (other_low, other_high) in &placed[..n] {
                let gap = (*low - *other_high).max(*other_low - *high);
                assert!(gap.x.max(gap.y) > 4.99, "{placed:?}");
            }
        }
        assert!(arrange(&all, [Mm(100.0), Mm(50.0), Mm(40.0)], Mm(5.0)).is_err());
        assert!(arrange(&all, [Mm(150.0), Mm(120.0), Mm(20.0)], Mm(5.0)).is_err());
    }
}
