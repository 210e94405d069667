//! What the model's colours mean.

use fabrica_geometry::Mm;
use fabrica_scene::Legend;
use fabrica_volume::Rgb;

/// What the colours show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Colours {
    /// How thick the walls are.
    #[default]
    Walls,
    /// How far the surface lies from the scan's border.
    Deviation,
    /// The structures' own.
    Structures,
}

impl Colours {
    pub(crate) const ALL: [Self; 3] = [Self::Walls, Self::Deviation, Self::Structures];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Walls => "wall thickness",
            Self::Deviation => "deviation from the scan",
            Self::Structures => "structures",
        }
    }
}

/// Walls: red below the least, from amber to green up to twice as much.
pub(crate) fn of_walls(least: Mm, scale: f64) -> Legend {
    let size = if scale == 1.0 { String::new() } else { format!(" of the print at {:.0} %", scale * 100.0) };
    Legend {
        title: format!("Wall thickness{size}; red is thinner than {least}"),
        stops: vec![
            (Mm(0.0), Rgb(110, 0, 30)),
            (least, Rgb(230, 40, 40)),
            (Mm(least.0 * 1.001), Rgb(245, 190, 70)),
            (Mm(least.0 * 2.0), Rgb(105, 190, 120)),
        ],
        beyond: "or more".into(),
    }
}

/// Deviations: blue inside of the scan's border, red outside, up to the greatest there is.
pub(crate) fn of_deviations(all: &[Vec<f32>]) -> Legend {
    let farthest = all.iter().flatten().fold(0.0f32, |far, d| far.max(d.abs()));
    // Half millimetres are read more easily; a tenth of one is not worth a strong colour.
    let reach = (f64::from(farthest) * 2.0).ceil().max(1.0) / 2.0;
    Legend {
        title: "Deviation from the scan's border, in the patient's size; blue: inside of it, red: outside".into(),
        stops: vec![(Mm(-reach), Rgb(30, 80, 200)), (Mm(0.0), Rgb(235, 235, 230)), (Mm(reach), Rgb(205, 40, 40))],
        beyond: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_that_is_thin_enough_to_break_is_red_and_no_other() {
        let legend = of_walls(Mm(1.5), 1.0);
        let redder = |mm: f64| {
            let Rgb(r, g, _) = legend.colour(Mm(mm));
            i32::from(r) - i32::from(g)
        };
        assert!(redder(0.2) > 100 && redder(1.49) > 150 && redder(1.51) < 60 && redder(5.0) < 0);
    }

    #[test]
    fn inside_is_blue_outside_is_red_and_none_is_neither() {
        let legend = of_deviations(&[vec![0.1, -0.7], vec![0.3]]);
        assert_eq!(legend.stops[2].0, Mm(1.0));
        let at = |mm: f64| legend.colour(Mm(mm));
        assert!(at(-0.7).2 > at(-0.7).0 && at(0.7).0 > at(0.7).2 && at(0.0) == Rgb(235, 235, 230));
    }
}
