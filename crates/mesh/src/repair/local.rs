//! Mending faults where they are.

use fabrica_geometry::{Mm, Mm2};

use super::orient::{agree, outward, shells};
use super::work::Work;
use super::{FilledHole, Log, LostPiece, RepairOptions, Sheets, cut, holes, place, sheets, stitch, tangles};
use crate::compare::Triangles;
use crate::edges::Edges;
use crate::{MeshError, wrap};

/// An open part whose filling leaves less than this share of its area to the power of 3/2 as volume is a sheet. A ball
/// has 0.094, a plate of 100 × 100 × 1 has 0.0035.
const SHEET: f64 = 1e-4;

/// Flaps that are more than this share of the whole area are asked about.
const LARGE_FLAPS: f64 = 0.05;

/// A mesh whose faults were mended where they are, as far as that went.
pub(crate) struct Mended {
    pub(crate) work: Work,
    pub(crate) holes: Vec<FilledHole>,
    /// Sheets that were taken away.
    pub(crate) sheets: Vec<LostPiece>,
    /// Triangles of flaps that were cut off.
    pub(crate) flaps: Triangles,
    pub(crate) warnings: Vec<String>,
    /// Volume once the holes were closed.
    pub(crate) closed_volume: f64,
    /// Parts pass through each other, so that `closed_volume` counts what they share twice.
    pub(crate) overlapping: bool,
}

pub(crate) fn mend(
    mut work: Work,
    options: &RepairOptions,
    diagonal: f64,
    tangled: bool,
    log: &mut Log<'_>,
) -> Result<Mended, MeshError> {
    let mut warnings = Vec::new();
    let copies = work.remove_copies();
    log.step("repeated triangles removed", copies, &work.mesh()?)?;
    let flat = work.remove_flat();
    log.step("triangles without area turned away", flat, &work.mesh()?)?;
    let within = options.stitch.map_or(1e-5 * diagonal, |s| s.0);
    let joined = stitch::stitch(&mut work, within);
    work.remove_copies();
    log.step("vertices of rims stitched", joined, &work.mesh()?)?;
    let whole_area: f64 = (0..work.triangles.len() as u32).map(|t| work.area(t)).sum();
    let flaps = sheets::remove_flaps(&mut work);
    if flaps.triangles > 0 {
        warnings.push(format!(
            "flaps and fins without thickness were cut off: {} triangles, {}",
            flaps.triangles,
            Mm2(flaps.area)
        ));
    }
    log.step("triangles of flaps removed", flaps.triangles, &work.mesh()?)?;
    let turned = agree(&mut work);
    log.step("triangles turned to agree with their neighbours", turned, &work.mesh()?)?;
    let cuts = cut::cut_apart(&mut work);
    log.step("vertices cut apart", cuts.copies, &work.mesh()?)?;

    let first_filled = work.triangles.len();
    let open = open_triangles(&work);
    let filled = holes::fill(&mut work, log.progress)?;
    let removed = remove_sheets(&mut work, first_filled, &open, options)?;
    log.step("edges of holes filled", filled.iter().map(|f| f.edges).sum(), &work.mesh()?)?;
    if !removed.is_empty() && matches!(options.sheets, Sheets::Remove) {
        warnings.push(format!("{} sheets without thickness were left out", removed.len()));
    }
    let flat = work.remove_flat();
    log.step("triangles without area turned away", flat, &work.mesh()?)?;

    let faces = outward(&mut work)?;
    log.step("triangles turned outwards", faces.turned, &work.mesh()?)?;
    let mesh = work.mesh()?;
    let (shells, _) = shells(&mesh);
    let closed_volume = shells.iter().map(|s| s.volume).sum();
    if let Some((_, at)) = faces.swallowed.first() {
        warnings.push(format!(
            "{} parts lie wholly inside others and face outwards, the first at ({:.1}, {:.1}, {:.1}): they print as one solid with them; if one is a cavity, turn it",
            faces.swallowed.len(), at.x, at.y, at.z
        ));
    }
    let mut overlapping = false;
    if tangled || !filled.is_empty() || flaps.triangles > 0 || cuts.copies > 0 || joined > 0 || flat > 0 {
        overlapping = crossing_parts(&mesh, log)?;
        let untied = tangles::untie(&mut work, log.progress)?;
        log.step("triangles cut out where the surface passed through itself", untied.removed, &work.mesh()?)?;
        cut::cut_apart(&mut work);
        let (parted, _) = cut::part(&mut work);
        log.step("vertices at one place moved apart", parted, &work.mesh()?)?;
        if untied.removed > 0 {
            work.remove_flat();
            outward(&mut work)?;
        }
    }
    let holes = filled.iter().map(|f| FilledHole { at: place(f.at), edges: f.edges, area: Mm2(f.area) }).collect();
    let mut sheets = if matches!(options.sheets, Sheets::Thicken(_)) { Vec::new() } else { removed };
    // Small flaps are waste of other programs; large ones may be meant.
    if flaps.area > LARGE_FLAPS * whole_area {
        let low = work.vertices.first().map_or(glam::DVec3::ZERO, |_| work.at(0));
        sheets.push(LostPiece::Sheet {
            triangles: flaps.triangles,
            area: Mm2(flaps.area),
            at: place(low),
            size: Mm(0.0),
        });
    }
    Ok(Mended { work, holes, sheets, flaps: flaps.keys, warnings, closed_volume, overlapping })
}

/// Whether two different parts pass through each other, or most of one through itself.
fn crossing_parts(mesh: &fabrica_surface::Mesh, log: &Log<'_>) -> Result<bool, MeshError> {
    let (part, _) = crate::edges::parts(mesh);
    let pairs = crate::intersections::intersecting_pairs(&crate::tree::Tree::new(mesh), log.progress)?;
    Ok(pairs.iter().any(|&(a, b)| part[a as usize] != part[b as usize]))
}

/// Flags of the vertices on rims.
fn open_triangles(work: &Work) -> Vec<bool> {
    let mut open = vec![false; work.vertices.len()];
    for uses in Edges::new(&work.triangles).groups().filter(|uses| uses.len() == 1) {
        uses[0].edge.iter().for_each(|&v| open[v as usize] = true);
    }
    open
}

/// Takes away (or makes plates of) the parts that were open and enclose nothing once they are filled. Tells which.
fn remove_sheets(
    work: &mut Work,
    first_filled: usize,
    open: &[bool],
    options: &RepairOptions,
) -> Result<Vec<LostPiece>, MeshError> {
    let mesh = fabrica_surface::Mesh::new(work.vertices.clone(), work.triangles.clone())?;
    let (shells, part) = shells(&mesh);
    let mut was_open = vec![false; shells.len()];
    let mut own_triangles = vec![0; shells.len()];
    for (n, t) in work.triangles.iter().enumerate() {
        let p = part[n] as usize;
        was_open[p] |= t.iter().any(|&v| open.get(v as usize).copied().unwrap_or(false));
        own_triangles[p] += usize::from(n < first_filled);
    }
    let is_sheet = |n: usize| was_open[n] && shells[n].volume.abs() <= SHEET * shells[n].area.powf(1.5);
    let pieces: Vec<LostPiece> = (0..shells.len())
        .filter(|&n| is_sheet(n))
        .map(|n| LostPiece::Sheet {
            triangles: own_triangles[n],
            area: Mm2(shells[n].area / 2.0),
            at: place((shells[n].low + shells[n].high) / 2.0),
            size: Mm((shells[n].high - shells[n].low).max_element()),
        })
        .collect();
    if pieces.is_empty() {
        return Ok(pieces);
    }
    if let Sheets::Thicken(radius) = options.sheets {
        let flat = super::pick(&mesh, |t| t < first_filled && is_sheet(part[t] as usize))?;
        let plates = wrap(&flat, radius, &fabrica_progress::Progress::new())?;
        let keep: Vec<bool> = part.iter().map(|&p| !is_sheet(p as usize)).collect();
        work.keep(&keep);
        let first = work.vertices.len() as u32;
        let (vertices, triangles) = plates.mesh.into_parts();
        work.vertices.extend(vertices);
        work.triangles.extend(triangles.iter().map(|t| t.map(|v| v + first)));
        return Ok(pieces);
    }
    let keep: Vec<bool> = part.iter().map(|&p| !is_sheet(p as usize)).collect();
    work.keep(&keep);
    Ok(pieces)
}
