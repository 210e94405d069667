//! All that can be wrong with a mesh, each with its places.

mod faults;
mod overhangs;

use std::fmt;

use fabrica_geometry::{LpsPoint, LpsVector, Mm, Mm2, Mm3};
use fabrica_progress::Progress;
use fabrica_surface::{Mesh, MeshReport, check};
use serde::{Deserialize, Serialize};

use crate::MeshError;
use crate::intersections::intersecting_pairs;
use crate::repair::shells;
use crate::thickness::thickness;
use crate::tree::Tree;

/// What can be wrong at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The rim of a hole.
    Hole,
    /// Edges with three or more triangles.
    NonManifoldEdge,
    /// A vertex at which surfaces touch.
    NonManifoldVertex,
    /// Neighbours that face opposite ways.
    Orientation,
    /// Triangles with the same three corners.
    Duplicate,
    /// Triangles without area.
    Degenerate,
    /// The surface passes through itself.
    SelfIntersection,
    /// A very small separate part.
    TinyShell,
    /// A closed part that faces inwards: the wall of a cavity, which no one sees, and which traps material.
    Cavity,
    /// A wall thinner than asked for.
    ThinWall,
    /// A sharp edge or tip, thinner than a wall, which hardly stands out from what is thick enough.
    SharpEdge,
    /// A part beyond the printer's build volume.
    BeyondBed,
}

impl FaultKind {
    /// Whether this keeps a mesh from being a solid (or is only to be known before printing).
    pub fn breaks_solid(self) -> bool {
        !matches!(self, Self::TinyShell | Self::Cavity | Self::ThinWall | Self::SharpEdge | Self::BeyondBed)
    }

    /// What it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::NonManifoldEdge => "edge with more than two triangles",
            Self::NonManifoldVertex => "vertex where surfaces touch",
            Self::Orientation => "triangles that face opposite ways",
            Self::Duplicate => "repeated triangle",
            Self::Degenerate => "triangle without area",
            Self::SelfIntersection => "surface passes through itself",
            Self::TinyShell => "tiny separate part",
            Self::Cavity => "inner cavity",
            Self::ThinWall => "thin wall",
            Self::SharpEdge => "sharp edge",
            Self::BeyondBed => "beyond the printer's build volume",
        }
    }
}

/// A place where something is wrong, to jump to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultPlace {
    /// What.
    pub kind: FaultKind,
    /// The middle of it.
    pub at: LpsPoint,
    /// How far it reaches.
    pub size: Mm,
    /// How many edges, vertices or triangles.
    pub count: usize,
    /// More about it, in words.
    pub detail: String,
}

/// One separate part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartReport {
    /// Its triangles.
    pub triangles: usize,
    /// Its area.
    pub area: Mm2,
    /// What it encloses (negative for the wall of a cavity); only meaningful where it is closed.
    pub volume: Mm3,
    /// The smallest and the largest coordinates.
    pub bounds: (LpsPoint, LpsPoint),
}

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InspectOptions {
    /// The least wall; walls are not measured when left out.
    pub least_wall: Option<Mm>,
    /// A part whose longest side is shorter than this is tiny.
    pub tiny: Mm,
    /// The printer's build volume, as it stands: width, depth, height.
    pub bed: Option<[Mm; 3]>,
    /// Which way is up on the printer.
    pub up: LpsVector,
    /// Faces that lean over by more than this from the vertical need support, degrees.
    pub overhang_degrees: f64,
    /// The most places of one kind that are listed; all are counted.
    pub most_places: usize,
}

impl Default for InspectOptions {
    fn default() -> Self {
        Self {
            least_wall: Some(Mm(1.5)),
            tiny: Mm(2.0),
            bed: None,
            up: LpsVector::new(0.0, 0.0, 1.0),
            overhang_degrees: 45.0,
            most_places: 100,
        }
    }
}

/// All that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Counts, volume, bounds.
    pub mesh: MeshReport,
    /// Pairs of triangles that pass through each other.
    pub self_intersections: usize,
    /// The separate parts, the largest first.
    pub parts: Vec<PartReport>,
    /// Places, those that break the solid first; the rest by kind, the worst first.
    pub places: Vec<FaultPlace>,
    /// How many places of each kind there are, listed or not.
    pub counts: Vec<(FaultKind, usize)>,
    /// The least wall without sharp edges, where walls were measured: the limit of measuring if none is thinner.
    pub least_wall: Option<Mm>,
    /// Area that leans over and needs support.
    pub overhang: Mm2,
}

impl Inspection {
    /// Whether this is the surface of a solid that passes nowhere through itself.
    pub fn is_solid(&self) -> bool {
        self.mesh.is_solid() && self.mesh.flat_triangles == 0 && self.self_intersections == 0
    }
}

/// Looks for all that can be wrong. Whatever the mesh, it is only looked at.
///
/// # Errors
/// When there is no triangle, an option is out of range, or the user cancels.
///
/// # Example
/// ```
/// use fabrica_mesh::{FaultKind, InspectOptions, inspect};
/// use fabrica_progress::Progress;
/// use fabrica_surface::Mesh;
/// let corners = vec![[0.0; 3], [10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]];
/// let open = Mesh::new(corners, vec![[0, 2, 1], [0, 1, 3], [0, 3, 2]]).unwrap();
/// let found = inspect(&open, &InspectOptions::default(), &Progress::new()).unwrap();
/// assert!(!found.is_solid());
/// assert_eq!((found.places[0].kind, found.places[0].count), (FaultKind::Hole, 3));
/// ```
pub fn inspect(mesh: &Mesh, options: &InspectOptions, progress: &Progress) -> Result<Inspection, MeshError> {
    if mesh.is_empty() {
        return Err(MeshError::Empty);
    }
    if !(0.0..=90.0).contains(&options.overhang_degrees) {
        return Err(MeshError::Option {
            option: "the overhang",
            value: options.overhang_degrees,
            allowed: "0 to 90 degrees from the vertical",
        });
    }
    progress.stage("checking the mesh");
    let report = check(mesh, progress)?;
    let pairs = intersecting_pairs(&Tree::new(mesh), progress)?;
    let mut places = faults::places(mesh, &pairs);
    let (shells, _) = shells(mesh);
    let mut parts: Vec<PartReport> = shells
        .iter()
        .map(|s| PartReport {
            triangles: s.triangles,
            area: Mm2(s.area),
            volume: Mm3(s.volume),
            bounds: (LpsPoint(s.low), LpsPoint(s.high)),
        })
        .collect();
    parts.sort_by(|a, b| b.volume.0.abs().total_cmp(&a.volume.0.abs()));
    for part in &parts {
        let size = (part.bounds.1 - part.bounds.0).0.max_element();
        let place = |kind, detail| FaultPlace {
            kind,
            at: LpsPoint((part.bounds.0.0 + part.bounds.1.0) / 2.0),
            size: Mm(size),
            count: part.triangles,
            detail,
        };
        if size < options.tiny.0 {
            places.push(place(FaultKind::TinyShell, format!("{:.3}", part.volume)));
        }
        if part.volume.0 < 0.0 && report.watertight {
            places.push(place(FaultKind::Cavity, format!("{:.2}", Mm3(-part.volume.0))));
        }
    }
    let mut least_wall = None;
    if let Some(wall) = options.least_wall {
        let walls = thickness(mesh, Mm(2.0 * wall.0), progress)?;
        let thin = walls.thin_places(mesh, wall);
        least_wall = Some(walls.least_wall(&thin, wall));
        places.extend(thin.into_iter().map(|place| FaultPlace {
            kind: if place.edge { FaultKind::SharpEdge } else { FaultKind::ThinWall },
            at: place.at,
            size: place.thickness,
            count: place.vertices,
            detail: format!("{} thick at the thinnest", place.thickness),
        }));
    }
    places.extend(options.bed.and_then(|bed| beyond_bed(&report, bed, options.up)));
    let mut counts: Vec<(FaultKind, usize)> = Vec::new();
    places.sort_by_key(|place| (!place.kind.breaks_solid(), place.kind));
    let most = options.most_places;
    places.retain(|place| {
        match counts.last_mut().filter(|(kind, _)| *kind == place.kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((place.kind, 1)),
        }
        counts.last().is_none_or(|(_, count)| *count <= most)
    });
    Ok(Inspection {
        mesh: report,
        self_intersections: pairs.len(),
        parts,
        places,
        counts,
        least_wall,
        overhang: overhangs::area(mesh, options.up, options.overhang_degrees),
    })
}

/// Whether the model is too large for a bed, the way it lies, or turned by a quarter about the upright axis.
fn beyond_bed(report: &MeshReport, bed: [Mm; 3], up: LpsVector) -> Option<FaultPlace> {
    let (low, high) = report.bounds?;
    let size = (high - low).0;
    // Only upright along an axis of the patient is there a box to compare.
    let axis = (0..3).find(|&n| up.0.normalize_or_zero()[n].abs() > 0.999)?;
    let (width, depth) = (size[(axis + 1) % 3], size[(axis + 2) % 3]);
    let fits = |w: f64, d: f64| w <= bed[0].0 && d <= bed[1].0 && size[axis] <= bed[2].0;
    (!fits(width, depth) && !fits(depth, width)).then(|| FaultPlace {
        kind: FaultKind::BeyondBed,
        at: LpsPoint((low.0 + high.0) / 2.0),
        size: Mm(size.max_element()),
        count: 1,
        detail: format!(
            "the model takes {width:.1} x {depth:.1} x {:.1} mm, the bed has {:.1} x {:.1} x {:.1} mm",
            size[axis], bed[0].0, bed[1].0, bed[2].0
        ),
    })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mesh = &self.mesh;
        let yes = |b: bool| if b { "yes" } else { "NO" };
        writeln!(f, "Triangles         {} ({} vertices)", mesh.triangles, mesh.vertices)?;
        writeln!(f, "Separate parts    {} ({} inner cavities)", mesh.components, mesh.cavities)?;
        writeln!(f, "Volume            {:.3} mL, area {:.1}", mesh.volume.millilitres(), mesh.area)?;
        if let Some((low, high)) = mesh.bounds {
            let size = (high - low).0;
            writeln!(f, "Size              {:.2} x {:.2} x {:.2} mm", size.x, size.y, size.z)?;
        }
        writeln!(
            f,
            "Watertight        {} (edge-manifold {}, vertex-manifold {}, oriented {}, facing outwards {})",
            yes(mesh.watertight),
            yes(mesh.edge_manifold),
            yes(mesh.vertex_manifold),
            yes(mesh.oriented),
            yes(mesh.outward)
        )?;
        writeln!(f, "Intersections     {} pairs of triangles pass through each other", self.self_intersections)?;
        if let Some(wall) = self.least_wall {
            writeln!(f, "Least wall        {wall}")?;
        }
        writeln!(f, "Overhang          {:.1} need support", self.overhang)?;
        for (kind, count) in &self.counts {
            let what = if kind.breaks_solid() { "FAULT " } else { "Note  " };
            writeln!(f, "{what}            {count} x {}", kind.words())?;
            for place in self.places.iter().filter(|p| p.kind == *kind).take(5) {
                let at = place.at.0;
                writeln!(f, "                    at ({:.2}, {:.2}, {:.2}): {}", at.x, at.y, at.z, place.detail)?;
            }
        }
        write!(f, "Solid             {}", yes(self.is_solid()))
    }
}
