//! Measuring in a case.

use std::sync::Arc;

use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_plan::{
    ErrorPart, ErrorSource, MeasuredData, Measurement, MeasurementKind, Path, Quantity, QuantityKind, Region, Unit,
};
use fabrica_progress::Progress;
use fabrica_volume::Volume;

use crate::profile::length_error;
use crate::{
    Border, Cache, Centreline, Displacement, MeasureError, PointErrors, Settings, angle, closest_distance, distance,
    geodesic, in_sphere, in_structure, line_angle, polygon_area, probe, profile, size, snap_to_centreline,
    snap_to_edge, snap_to_surface,
};

/// What is to be measured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// The straight distance between two points.
    Distance([LpsPoint; 2]),
    /// The shortest way on a structure's surface between the places nearest to two points.
    SurfaceDistance(String, [LpsPoint; 2]),
    /// The way along a vessel's centreline between the places nearest to two points.
    CentrelineDistance(String, [LpsPoint; 2]),
    /// The angle at the second of three points.
    Angle([LpsPoint; 3]),
    /// The angle between two lines.
    LineAngle([[LpsPoint; 2]; 2]),
    /// The area of a polygon.
    Area(Vec<LpsPoint>),
    /// A structure's volume and surface.
    Volume(String),
    /// A vessel's diameters along its centreline.
    Diameters {
        /// The vessel.
        structure: String,
        /// Which branch, from 0; the main one is 0.
        branch: usize,
        /// Between sections; about a voxel when left out.
        step: Option<Mm>,
        /// The end nearest to this is the start; the wider end when left out.
        from: Option<LpsPoint>,
    },
    /// The image's value at a point.
    Probe(LpsPoint),
    /// Statistics of the image's values in a ball.
    Sphere(LpsPoint, Mm),
    /// Statistics of the image's values in a structure.
    Statistics(String),
    /// The least distance between two structures.
    Closest([String; 2]),
}

/// What points are snapped to before anything is measured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Snap {
    /// The surface of a structure.
    Surface(String),
    /// The steepest place of the image.
    Edge,
    /// The centreline of a vessel.
    Centreline(String),
}

/// Measures something in a case, on one of its volumes. Points are snapped first where that is asked for, within a
/// distance.
///
/// # Errors
/// While a geometry warning is open (the error lists them, and how to settle them); when a structure or volume is not
/// there, a point lies outside the scan, or what was asked for cannot be measured.
pub fn measure(
    case: &Case,
    volume: &str,
    request: &Request,
    snap: Option<(&Snap, Mm)>,
    settings: &Settings,
    progress: &Progress,
) -> Result<Measurement, MeasureError> {
    measure_with(case, volume, request, snap, settings, &Cache::default(), progress)
}

/// As [`measure`], with what was worked out for earlier measurements: for a tool that measures while a point is dragged.
///
/// # Errors
/// As [`measure`].
pub fn measure_with(
    case: &Case,
    volume: &str,
    request: &Request,
    snap: Option<(&Snap, Mm)>,
    settings: &Settings,
    cache: &Cache,
    progress: &Progress,
) -> Result<Measurement, MeasureError> {
    case.require_settled_geometry()?;
    settings.check()?;
    let mut bench = Bench { case, volume: volume.into(), settings, cache, progress, data: Vec::new() };
    let entry = case.volume_entry(volume)?.clone();
    bench.note(&entry.id, &entry.sha256);
    let (kind, quantities, method) = bench.run(request, snap)?;
    let Bench { volume, data, .. } = bench;
    Ok(Measurement { kind, volume, quantities, method, data })
}

/// The data of a measurement that has changed since or is no longer there: while this is not empty, the measurement is
/// stale.
pub fn stale(case: &Case, measurement: &Measurement) -> Vec<String> {
    changed(case, &measurement.data)
}

/// What of this data has changed since or is no longer there.
pub fn changed(case: &Case, data: &[MeasuredData]) -> Vec<String> {
    let now = |name: &str| {
        let volume = case.volumes().iter().find(|v| v.id == name).map(|v| &v.sha256);
        volume.or_else(|| case.structures().iter().find(|s| s.name == name).map(|s| &s.sha256))
    };
    let changed = data.iter().filter(|d| now(&d.name) != Some(&d.sha256));
    changed.map(|d| d.name.clone()).collect()
}

type Measured = (MeasurementKind, Vec<Quantity>, String);

struct Bench<'a> {
    case: &'a Case,
    /// The volume that the measurement belongs to.
    volume: String,
    settings: &'a Settings,
    cache: &'a Cache,
    progress: &'a Progress,
    data: Vec<MeasuredData>,
}

impl Bench<'_> {
    fn note(&mut self, name: &str, sha256: &str) {
        if !self.data.iter().any(|d| d.name == name) {
            self.data.push(MeasuredData { name: name.into(), sha256: sha256.into() });
        }
    }

    fn scan(&self) -> Result<Arc<Volume>, MeasureError> {
        Ok(self.case.shared_volume(&self.volume, self.progress)?)
    }

    /// A structure's border. The measurement then belongs to the volume that the structure lies on.
    fn border(&mut self, name: &str) -> Result<Arc<Border>, MeasureError> {
        let entry = self.case.structure_entry(name)?.clone();
        let key = (name.to_owned(), entry.sha256.clone(), self.settings.segmentation.map(|error| error.0.to_bits()));
        let border = self.cache.border(&key, || {
            let structure = self.case.structure(name, self.progress)?;
            let volume = match entry.isovalue {
                Some(_) => Some(self.case.shared_volume(&entry.volume, self.progress)?),
                None => None,
            };
            Border::of(&structure, volume.as_deref(), self.settings, self.progress)
        })?;
        let sha256 = self.case.volume_entry(&entry.volume)?.sha256.clone();
        self.note(&entry.volume, &sha256);
        self.note(name, &entry.sha256);
        self.volume = entry.volume;
        Ok(border)
    }

    /// Points on the scan, snapped where asked, with their errors and how that was done.
    fn points(
        &mut self,
        points: &[LpsPoint],
        snap: Option<(&Snap, Mm)>,
    ) -> Result<(Vec<LpsPoint>, PointErrors, String), MeasureError> {
        let grid = self.case.volume_entry(&self.volume)?.grid.clone();
        points.iter().try_for_each(|at| self.within(*at))?;
        let picked = || PointErrors::picked(points.len(), &grid, self.settings);
        let Some((snap, within)) = snap else {
            return Ok((points.to_vec(), picked(), "points put by hand, each anywhere within its voxel".into()));
        };
        let home = self.volume.clone();
        let found = match snap {
            Snap::Edge => {
                let scan = self.scan()?;
                let at = points.iter().map(|p| snap_to_edge(&scan, *p, within)).collect::<Result<Vec<_>, _>>()?;
                (at, picked(), "points snapped to the image's steepest place".to_owned())
            }
            Snap::Surface(name) => {
                let border = self.border(name)?;
                let mut errors = PointErrors::default();
                let mut shared = Vec::new();
                let mut snapped = Vec::new();
                for (n, p) in points.iter().enumerate() {
                    let (_, at) = snap_to_surface(&[border.as_ref()], *p, within)?;
                    shared.push(border.add_snapped(&mut errors, n, at, self.settings));
                    snapped.push(at);
                }
                errors.0.push(Displacement { source: ErrorSource::Segmentation, moves: shared });
                (snapped, errors, format!("points snapped to the {} of {name}", border.method()))
            }
            Snap::Centreline(name) => {
                let border = self.border(name)?;
                let line = self.cache.centreline(&border, self.progress)?;
                let at = points.iter().map(|p| snap_to_centreline(&line, *p, within)).collect::<Result<Vec<_>, _>>()?;
                (at, picked(), format!("points snapped to the centreline of {name}"))
            }
        };
        if self.volume != home {
            self.registered(&home, &self.volume.clone())?;
            self.volume = home;
        }
        Ok(found)
    }

    fn within(&self, at: LpsPoint) -> Result<(), MeasureError> {
        let grid = &self.case.volume_entry(&self.volume)?.grid;
        let p = grid.to_voxel(at).0;
        if (0..3).all(|a| p[a] >= -0.5 && p[a] <= grid.dims()[a] as f64 - 0.5) {
            return Ok(());
        }
        Err(MeasureError::Outside { at })
    }

    /// The error between two volumes along any direction: none on the same volume or where they share a frame of
    /// reference, as one examination's series do.
    fn registered(&self, first: &str, second: &str) -> Result<Option<ErrorPart>, MeasureError> {
        if first == second {
            return Ok(None);
        }
        let frame = |id: &str| -> Result<_, MeasureError> {
            Ok(self.case.volume_entry(id)?.provenance.frame_of_reference_uid.clone())
        };
        let (a, b) = (frame(first)?, frame(second)?);
        match self.settings.registration {
            Some(error) => Ok(Some(ErrorPart { source: ErrorSource::Registration, standard: error.0 })),
            None if a.is_some() && a == b => Ok(None),
            None => Err(MeasureError::Unregistered { first: first.into(), second: second.into() }),
        }
    }

    fn run(&mut self, request: &Request, snap: Option<(&Snap, Mm)>) -> Result<Measured, MeasureError> {
        match request {
            Request::Distance(points) => {
                let (points, errors, how) = self.points(points, snap)?;
                let points = pair(&points)?;
                let value = distance(points, &errors)?;
                Ok((MeasurementKind::Distance { points }, vec![value], format!("straight distance; {how}")))
            }
            Request::Angle(points) => {
                let (points, errors, how) = self.points(points, snap)?;
                let [a, b, c] = points[..] else { return Err(too_few()) };
                let value = angle([a, b, c], &errors)?;
                Ok((
                    MeasurementKind::Angle { points: [a, b, c] },
                    vec![value],
                    format!("angle at the second point; {how}"),
                ))
            }
            Request::LineAngle(lines) => {
                let (points, errors, how) = self.points(&lines.concat(), snap)?;
                let [a, b, c, d] = points[..] else { return Err(too_few()) };
                let lines = [[a, b], [c, d]];
                let value = line_angle(lines, &errors)?;
                let method = format!("angle between two lines, each from its first to its second point; {how}");
                Ok((MeasurementKind::LineAngle { lines }, vec![value], method))
            }
            Request::Area(corners) => {
                let (polygon, errors, how) = self.points(corners, snap)?;
                let values = polygon_area(&polygon, &errors)?.to_vec();
                Ok((MeasurementKind::Area { polygon }, values, format!("area of a polygon; {how}")))
            }
            Request::Volume(structure) => {
                let border = self.border(structure)?;
                let method = format!("volume within the {}", border.method());
                Ok((MeasurementKind::Volume { structure: structure.clone() }, size(&border).to_vec(), method))
            }
            Request::Probe(at) => {
                let (points, _, how) = self.points(&[*at], snap)?;
                let at = *points.first().ok_or_else(too_few)?;
                let value = probe(self.scan()?.as_ref(), at, self.settings)?;
                Ok((MeasurementKind::Probe { at }, vec![value], format!("interpolated between voxels; {how}")))
            }
            Request::Sphere(centre, radius) => {
                let (points, _, how) = self.points(&[*centre], snap)?;
                let centre = *points.first().ok_or_else(too_few)?;
                let values = in_sphere(self.scan()?.as_ref(), centre, *radius, self.settings)?;
                let region = Region::Sphere { centre, radius: *radius };
                Ok((MeasurementKind::RegionStatistics { region }, values, format!("voxels of a ball; {how}")))
            }
            Request::Statistics(structure) => {
                let asked = self.volume.clone();
                let border = self.border(structure)?;
                self.registered(&asked, &self.volume.clone())?;
                self.volume = asked;
                let values = in_structure(self.scan()?.as_ref(), &border)?;
                let region = Region::Structure { structure: structure.clone() };
                let method = format!("voxels whose centre lies within the {}", border.method());
                Ok((MeasurementKind::RegionStatistics { region }, values, method))
            }
            Request::Closest([first, second]) => self.closest(first, second),
            Request::SurfaceDistance(structure, points) => {
                points.iter().try_for_each(|at| self.within(*at))?;
                let border = self.border(structure)?;
                let (values, points) = geodesic(&border, *points, self.settings, self.progress)?;
                let path = Path::Surface { structure: structure.clone() };
                let method = format!("shortest way on the {}; ends at its nearest points", border.method());
                Ok((MeasurementKind::PathLength { path, points }, values.to_vec(), method))
            }
            Request::CentrelineDistance(structure, points) => self.along_centreline(structure, *points),
            Request::Diameters { structure, branch, step, from } => {
                let border = self.border(structure)?;
                let line = Centreline::of(&border, *from, self.progress)?;
                let grid = self.case.volume_entry(&self.volume)?.grid.clone();
                let found = profile(&border, &line, *branch, *step, &grid, self.progress)?;
                let mut method = format!(
                    "sections perpendicular to branch {} of {} of the centreline; {}; greatest of the greatest \
                     diameters, least of the least, mean of the area-equivalent, without those near the ends",
                    branch + 1,
                    line.branches.len(),
                    border.method()
                );
                if line.left_out > 0.005 {
                    method +=
                        &format!("; {:.1} % of the structure hangs apart and was left out", 100.0 * line.left_out);
                }
                let kind = MeasurementKind::DiameterProfile { structure: structure.clone(), sections: found.sections };
                Ok((kind, found.quantities, method))
            }
        }
    }

    fn closest(&mut self, first: &str, second: &str) -> Result<Measured, MeasureError> {
        let a = self.border(first)?;
        let home = self.volume.clone();
        let b = self.border(second)?;
        let registration = self.registered(&home, &self.volume.clone())?;
        self.volume = home;
        let (mut value, points) = closest_distance(&a, &b)?;
        value.error.extend(registration);
        let mut method = format!("least distance of two surfaces: {}; {}", a.method(), b.method());
        if value.value == 0.0 {
            method += "; they touch or overlap";
        }
        let structures = [first.to_owned(), second.to_owned()];
        Ok((MeasurementKind::ClosestDistance { structures, points }, vec![value], method))
    }

    fn along_centreline(&mut self, structure: &str, ends: [LpsPoint; 2]) -> Result<Measured, MeasureError> {
        ends.iter().try_for_each(|at| self.within(*at))?;
        let border = self.border(structure)?;
        let line = self.cache.centreline(&border, self.progress)?;
        let points = line.between(ends).ok_or_else(|| MeasureError::NoCentreline {
            structure: structure.into(),
            why: "its branches do not join the two points".into(),
        })?;
        let value: f64 = points.windows(2).map(|p| p[0].distance(p[1]).0).sum();
        let straight = points.first().zip(points.last()).map_or(0.0, |(a, b)| a.distance(*b).0);
        if straight < 1e-6 {
            return Err(MeasureError::Degenerate { what: "way", why: "its ends coincide" });
        }
        let mut error = length_error(&border);
        let standard = 2f64.sqrt() * self.settings.repeatability.0;
        error.push(ErrorPart { source: ErrorSource::Repeatability, standard });
        let relative: Vec<ErrorPart> =
            error.iter().map(|p| ErrorPart { standard: p.standard * value / straight / straight, ..*p }).collect();
        let quantity = |what, value, unit, error| Quantity { what, value, unit, error };
        let values = vec![
            quantity(QuantityKind::Length, value, Unit::Millimetre, error.clone()),
            quantity(QuantityKind::StraightLength, straight, Unit::Millimetre, error),
            quantity(QuantityKind::Tortuosity, value / straight, Unit::One, relative),
        ];
        let path = Path::Centreline { structure: structure.into() };
        let method = format!("along the centreline between the places nearest to two points; {}", border.method());
        Ok((MeasurementKind::PathLength { path, points }, values, method))
    }
}

fn too_few() -> MeasureError {
    MeasureError::Degenerate { what: "measurement", why: "it has too few points" }
}

fn pair(points: &[LpsPoint]) -> Result<[LpsPoint; 2], MeasureError> {
    let [a, b] = points[..] else { return Err(too_few()) };
    Ok([a, b])
}
