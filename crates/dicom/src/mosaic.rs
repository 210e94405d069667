//! Mosaics: all slices of a volume side by side in one image, as Siemens and United Imaging write them.
//!
//! The tiles lie row by row, the first at the upper left. Of Siemens' mosaics, Image Position (Patient) is where the first
//! pixel would lie of an image as large as the mosaic around the first slice's centre, so that the slice itself begins half
//! the difference in size further on (NiBabel, "DICOM mosaic"; dcm2niix does the same); how many slices there are and in
//! which direction they follow one another stands in the CSA header only. United Imaging keeps a position for each slice.

use fabrica_dicom_pixels::FrameLayout;
use glam::DVec3;

use crate::csa::Csa;
use crate::dataset::{self, DataSet};
use crate::frame::FrameFacts;
use crate::image;

/// How the slices lie in the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mosaic {
    /// How many slices there are.
    pub(crate) slices: usize,
    /// Tiles along a side.
    pub(crate) across: usize,
    /// Size of a tile.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Mosaic {
    /// Row and column of the mosaic where a tile begins.
    pub(crate) fn corner(self, tile: usize) -> [usize; 2] {
        [tile / self.across * self.rows, tile % self.across * self.columns]
    }
}

/// Whether an image is a mosaic.
pub(crate) fn is_mosaic(image_type: &[String]) -> bool {
    image_type.iter().any(|t| t == "MOSAIC" || t == "VFRAME")
}

/// The slices of a mosaic, from what holds for the whole image.
pub(crate) fn slices(
    data: &DataSet<'_>,
    csa: Option<&Csa>,
    layout: &FrameLayout,
    whole: &FrameFacts,
) -> Result<(Mosaic, Vec<FrameFacts>), String> {
    let found = if data.is_private_of(dataset::UIH_GRID, dataset::UIH) {
        united_imaging(data, layout, whole)
    } else {
        siemens(data, csa, layout, whole)
    };
    found.map_err(|what| {
        format!(
            "this is a mosaic (many slices side by side in one image), and {what}; export it as enhanced or single slices"
        )
    })
}

/// The tiles of so many slices. A square may have empty rows of tiles at its end.
fn tiles(slices: f64, square: bool, layout: &FrameLayout) -> Result<Mosaic, String> {
    if !(1.0..=65536.0).contains(&slices) {
        return Err(format!("it claims to have {slices} of them"));
    }
    let across = slices.sqrt().ceil() as usize;
    let slices = slices as usize;
    let down = if square { across } else { slices.div_ceil(across) };
    if !layout.rows.is_multiple_of(down) || !layout.columns.is_multiple_of(across) {
        return Err(format!(
            "its {}×{} pixels are not {across}×{down} tiles for {slices} slices",
            layout.columns, layout.rows
        ));
    }
    Ok(Mosaic { slices, across, rows: layout.rows / down, columns: layout.columns / across })
}

fn united_imaging(
    data: &DataSet<'_>,
    layout: &FrameLayout,
    whole: &FrameFacts,
) -> Result<(Mosaic, Vec<FrameFacts>), String> {
    let mosaic = tiles(data.decimal(dataset::UIH_GRID).ok_or("it does not say of how many")?, false, layout)?;
    let items = data.items(dataset::UIH_GRID_SEQUENCE);
    if items.len() != mosaic.slices {
        return Err(format!("it has {} slices, but describes {}", mosaic.slices, items.len()));
    }
    let slice = |item: &DataSet<'_>| match image::position(item) {
        Some(position) => Ok(FrameFacts { position: Some(position), slice_location: None, ..whole.clone() }),
        None => Err("a slice has no position".to_owned()),
    };
    Ok((mosaic, items.iter().map(slice).collect::<Result<_, _>>()?))
}

fn siemens(
    data: &DataSet<'_>,
    csa: Option<&Csa>,
    layout: &FrameLayout,
    whole: &FrameFacts,
) -> Result<(Mosaic, Vec<FrameFacts>), String> {
    let stated = csa.and_then(|c| c.numbers("NumberOfImagesInMosaic")).and_then(|n| n.first().copied());
    let slices = stated.or_else(|| dataset::siemens(data, dataset::SIEMENS_MOSAIC).map(f64::from));
    let mosaic = tiles(slices.ok_or("it does not say of how many")?, true, layout)?;
    let (Some(position), Some(orientation), Some(pixel)) = (whole.position, whole.orientation, whole.pixel_spacing)
    else {
        return Err("its position, orientation or pixel spacing is missing".into());
    };
    let spacing = whole.spacing_between_slices.ok_or("Spacing Between Slices is missing")?.abs();
    let normal = orientation.normal();
    let along = match csa.and_then(|c| c.numbers("SliceNormalVector")).as_deref() {
        Some(&[x, y, z]) => DVec3::new(x, y, z).dot(normal),
        _ => {
            return Err(
                "its CSA header, which says in which direction slices follow one another, is missing or damaged".into(),
            );
        }
    };
    if along.abs() < 0.99 {
        return Err("the slices' normal in its CSA header contradicts Image Orientation (Patient)".into());
    }
    let step = normal * spacing * along.signum();
    let half = |whole: usize, tile: usize, mm: f64| (whole - tile) as f64 / 2.0 * mm;
    let first = position
        + orientation.row * half(layout.columns, mosaic.columns, pixel[0])
        + orientation.column * half(layout.rows, mosaic.rows, pixel[1]);
    let slice =
        |tile: usize| FrameFacts { position: Some(first + step * tile as f64), slice_location: None, ..whole.clone() };
    Ok((mosaic, (0..mosaic.slices).map(slice).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_follow_one_another_along_rows() {
        let mosaic = Mosaic { slices: 7, across: 3, rows: 10, columns: 20 };
        assert_eq!(mosaic.corner(0), [0, 0]);
        assert_eq!(mosaic.corner(2), [0, 40]);
        assert_eq!(mosaic.corner(5), [10, 40]);
    }
}
