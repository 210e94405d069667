//! What can be measured, as the tool offers it.

use fabrica_geometry::{LpsPoint, Mm};
use fabrica_measure::{Request, Snap};
use fabrica_scene::input::Tools;

use crate::{ID, option};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Distance,
    Angle,
    LineAngle,
    Area,
    AlongSurface,
    AlongCentreline,
    Probe,
    Ball,
    Volume,
    Statistics,
    Closest,
    Diameters,
}

/// How many points a kind takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// None: it is of structures.
    None,
    /// So many.
    Exactly(usize),
    /// So many or more; the user says when it is enough.
    AtLeast(usize),
}

impl Kind {
    /// All of them, in the order in which they are offered.
    pub(crate) const ALL: [Self; 12] = [
        Self::Distance,
        Self::Angle,
        Self::LineAngle,
        Self::Area,
        Self::AlongSurface,
        Self::AlongCentreline,
        Self::Probe,
        Self::Ball,
        Self::Volume,
        Self::Statistics,
        Self::Closest,
        Self::Diameters,
    ];

    /// What users and scripts call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Distance => "distance",
            Self::Angle => "angle",
            Self::LineAngle => "angle between lines",
            Self::Area => "area",
            Self::AlongSurface => "way on a surface",
            Self::AlongCentreline => "way along a vessel",
            Self::Probe => "value",
            Self::Ball => "values in a ball",
            Self::Volume => "volume",
            Self::Statistics => "values in a structure",
            Self::Closest => "closest distance",
            Self::Diameters => "diameters of a vessel",
        }
    }

    /// How many points it takes.
    pub(crate) fn points(self) -> Count {
        match self {
            Self::Distance | Self::AlongSurface | Self::AlongCentreline => Count::Exactly(2),
            Self::Angle => Count::Exactly(3),
            Self::LineAngle => Count::Exactly(4),
            Self::Area => Count::AtLeast(3),
            Self::Probe | Self::Ball => Count::Exactly(1),
            Self::Volume | Self::Statistics | Self::Closest | Self::Diameters => Count::None,
        }
    }

    /// Whether its points may be snapped to something.
    pub(crate) fn snaps(self) -> bool {
        !matches!(self.points(), Count::None) && !matches!(self, Self::AlongSurface | Self::AlongCentreline)
    }

    /// Whether it is of a structure, apart from what points are snapped to.
    pub(crate) fn of_structure(self) -> bool {
        !self.snaps()
    }

    /// What this kind and these points ask for, with the tool's options.
    ///
    /// # Errors
    /// What is missing, in words.
    pub(crate) fn request(self, points: &[LpsPoint], tools: &Tools) -> Result<Request, String> {
        let named = |option: &str| match tools.chosen(ID, option) {
            Some(name) => Ok(name.to_owned()),
            None => Err("There is no structure to measure on: make or import one first.".to_owned()),
        };
        let missing = || format!("{} points are not enough for this.", points.len());
        Ok(match (self, points) {
            (Self::Distance, &[a, b]) => Request::Distance([a, b]),
            (Self::Angle, &[a, b, c]) => Request::Angle([a, b, c]),
            (Self::LineAngle, &[a, b, c, d]) => Request::LineAngle([[a, b], [c, d]]),
            (Self::Area, corners) if corners.len() >= 3 => Request::Area(corners.to_vec()),
            (Self::AlongSurface, &[a, b]) => Request::SurfaceDistance(named(option::STRUCTURE)?, [a, b]),
            (Self::AlongCentreline, &[a, b]) => Request::CentrelineDistance(named(option::STRUCTURE)?, [a, b]),
            (Self::Probe, &[at]) => Request::Probe(at),
            (Self::Ball, &[at]) => Request::Sphere(at, radius(tools)),
            (Self::Volume, []) => Request::Volume(named(option::STRUCTURE)?),
            (Self::Statistics, []) => Request::Statistics(named(option::STRUCTURE)?),
            (Self::Closest, []) => {
                let pair = [named(option::STRUCTURE)?, named(option::OTHER)?];
                if pair[0] == pair[1] {
                    return Err("Choose two structures: the distance of one to itself is nothing.".into());
                }
                Request::Closest(pair)
            }
            (Self::Diameters, []) => {
                Request::Diameters { structure: named(option::STRUCTURE)?, branch: 0, step: None, from: None }
            }
            _ => return Err(missing()),
        })
    }

    /// What its points are snapped to.
    pub(crate) fn snap(self, tools: &Tools) -> Option<Snap> {
        let structure = || tools.chosen(ID, option::STRUCTURE).map(str::to_owned);
        match tools.chosen(ID, option::SNAP).filter(|_| self.snaps())? {
            "surface" => structure().map(Snap::Surface),
            "vessel's middle" => structure().map(Snap::Centreline),
            "edge" => Some(Snap::Edge),
            _ => None,
        }
    }
}

/// The kind that is chosen.
pub(crate) fn chosen(tools: &Tools) -> Kind {
    let name = tools.chosen(ID, option::KIND);
    Kind::ALL.into_iter().find(|kind| Some(kind.name()) == name).unwrap_or(Kind::Distance)
}

fn radius(tools: &Tools) -> Mm {
    tools.length(ID, option::RADIUS).unwrap_or(Mm(5.0))
}
