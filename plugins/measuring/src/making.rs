//! The measurement that is being made: its points so far, and where the pointer is.

use bevy::prelude::*;
use fabrica_geometry::{LpsPoint, Mm};
use fabrica_scene::Measuring;
use fabrica_scene::input::Press;

use crate::kind::{Count, Kind};

/// A press that goes on farther than this draws a line; a shorter one sets a point.
const DRAWS: Mm = Mm(3.0);

/// The measurement that is being made.
#[derive(Resource, Debug, Default)]
pub(crate) struct Making {
    /// What is measured.
    pub(crate) kind: Option<Kind>,
    /// The points that are set.
    pub(crate) points: Vec<LpsPoint>,
    /// Where the pointer is, while it is on something.
    pub(crate) pointed: Option<LpsPoint>,
    /// What the press under way has done.
    held: Held,
}

/// What the press under way has done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Held {
    /// There is none, or it began on nothing.
    #[default]
    No,
    /// It has set the first point there; where it ends may be the second.
    First(LpsPoint),
    /// Where it ends is the next point.
    Next,
}

impl Making {
    /// Takes a kind: another one starts again.
    pub(crate) fn take_kind(&mut self, kind: Kind) {
        if self.kind != Some(kind) {
            self.kind = Some(kind);
            self.start_again();
        }
    }

    /// Forgets the points.
    pub(crate) fn start_again(&mut self) {
        self.points.clear();
        self.held = Held::No;
    }

    /// Follows the pointer. Whether it has set a point.
    pub(crate) fn follow(&mut self, at: Option<LpsPoint>, press: Press) -> bool {
        let Some(count) = self.kind.map(Kind::points) else { return false };
        // A press goes on over gaps: its last place counts.
        self.pointed = at.or(self.pointed.filter(|_| press.held || press.ended));
        let before = self.points.len();
        if press.started {
            self.held = match self.pointed {
                None => Held::No,
                Some(at) if self.points.is_empty() && count != Count::Exactly(1) => {
                    self.points.push(at);
                    Held::First(at)
                }
                Some(_) => Held::Next,
            };
        }
        if press.ended
            && let Some(at) = self.pointed
        {
            let sets = match self.held {
                Held::No => false,
                Held::First(first) => first.distance(at) > DRAWS,
                Held::Next => true,
            };
            if sets {
                self.points.push(at);
            }
        }
        if !press.held {
            self.held = Held::No;
        }
        self.points.len() != before
    }

    /// Whether all points are set, `enough` being what the user says where that is open.
    pub(crate) fn is_whole(&self, enough: bool) -> bool {
        match self.kind.map(Kind::points) {
            Some(Count::Exactly(count)) => self.points.len() >= count,
            Some(Count::AtLeast(least)) => enough && self.points.len() >= least,
            Some(Count::None) => enough,
            None => false,
        }
    }

    /// The points with the pointer's as the next one, where there is one to be set.
    pub(crate) fn with_pointed(&self) -> Vec<LpsPoint> {
        let drawn = match self.held {
            // A click that has not become a line has no second point yet.
            Held::First(first) => self.pointed.filter(|at| first.distance(*at) > DRAWS),
            _ => self.pointed,
        };
        self.points.iter().copied().chain(drawn).collect()
    }

    /// What to do next, in words.
    pub(crate) fn next(&self) -> String {
        match (self.kind.map(Kind::points), self.points.len()) {
            (None, _) => String::new(),
            (Some(Count::None), _) => "Choose what to measure on, then press Measure.".into(),
            (Some(Count::Exactly(1)), _) => "Press where it is to be measured.".into(),
            (Some(Count::Exactly(count)), set) => format!("Point {} of {count}.", (set + 1).min(count)),
            (Some(Count::AtLeast(least)), set) if set < least => format!("Corner {}; at least {least}.", set + 1),
            (Some(Count::AtLeast(_)), set) => format!("Corner {}, or press Measure.", set + 1),
        }
    }
}

/// The tool is not in use: nothing is half-made.
pub(crate) fn lay_aside(mut making: ResMut<Making>, mut measuring: ResMut<Measuring>) {
    if making.kind.take().is_some() {
        making.start_again();
        making.pointed = None;
        measuring.told = None;
        measuring.points.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn making(kind: Kind) -> Making {
        let mut making = Making::default();
        making.take_kind(kind);
        making
    }

    /// Follows a pointer: where it is and whether it presses, frame by frame.
    fn play(making: &mut Making, frames: &[(Option<f64>, bool)]) {
        let mut press = Press::default();
        for &(x, down) in frames {
            press.take_button(down);
            making.follow(x.map(|x| LpsPoint::new(x, 0.0, 0.0)), press);
        }
    }

    fn xs(making: &Making) -> Vec<f64> {
        making.points.iter().map(|p| p.0.x).collect()
    }

    #[test]
    fn two_clicks_and_one_drag_set_the_same_two_points() {
        let mut clicked = making(Kind::Distance);
        play(&mut clicked, &[(Some(0.0), true), (Some(1.0), false), (Some(20.0), false), (Some(30.0), true)]);
        assert_eq!(xs(&clicked), [0.0]);
        play(&mut clicked, &[(Some(30.0), true), (Some(40.0), true), (Some(40.0), false)]);
        assert_eq!(xs(&clicked), [0.0, 40.0]);
        let mut drawn = making(Kind::Distance);
        play(&mut drawn, &[(Some(0.0), true), (Some(20.0), true), (Some(40.0), false)]);
        assert_eq!(xs(&drawn), [0.0, 40.0]);
        assert!(clicked.is_whole(false) && drawn.is_whole(false));
    }

    #[test]
    fn a_press_that_begins_on_nothing_sets_nothing_and_one_that_ends_there_counts_where_it_was() {
        let mut making = making(Kind::Distance);
        play(&mut making, &[(None, true), (Some(5.0), true), (Some(5.0), false)]);
        assert!(making.points.is_empty());
        play(&mut making, &[(Some(5.0), true), (Some(25.0), true), (None, false)]);
        assert_eq!(xs(&making), [5.0, 25.0]);
    }

    #[test]
    fn a_single_point_follows_the_press_and_a_polygon_ends_when_the_user_says() {
        let mut probe = making(Kind::Probe);
        play(&mut probe, &[(Some(1.0), true), (Some(9.0), true), (Some(9.0), false)]);
        assert_eq!(xs(&probe), [9.0]);
        let mut area = making(Kind::Area);
        for x in [0.0, 10.0, 20.0] {
            assert!(!area.is_whole(true));
            play(&mut area, &[(Some(x), true), (Some(x), false)]);
        }
        assert!(area.is_whole(true) && !area.is_whole(false));
        area.take_kind(Kind::Angle);
        assert!(area.points.is_empty());
    }
}
