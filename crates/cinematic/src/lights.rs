//! The lights of a picture: an environment and panels, from a data file.

use glam::{Mat3, Vec3};
use serde::{Deserialize, Serialize};

use crate::CinematicError;
use crate::sky::Sky;

const FILES: [(&str, &str); 4] = [
    ("studio", include_str!("../../../assets/cinematic/lights/studio.json")),
    ("theatre", include_str!("../../../assets/cinematic/lights/theatre.json")),
    ("daylight", include_str!("../../../assets/cinematic/lights/daylight.json")),
    ("even", include_str!("../../../assets/cinematic/lights/even.json")),
];

/// What lights hold still to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attached {
    /// The camera: light comes from the same side of the picture however it is turned.
    #[default]
    Camera,
    /// The patient: the light's x, y, z are the patient's left, head and front, as the camera's are from the front.
    Patient,
}

/// Lights, in directions of a frame with x to the right of the picture, y to its top and z towards the viewer. Radiance
/// is linear red, green, blue; a white surface under radiance 1 from everywhere has radiance 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LightRig {
    /// Its name, as the command line takes it.
    pub name: String,
    /// What it is like.
    pub description: String,
    /// What the lights hold still to.
    #[serde(default)]
    pub attached: Attached,
    /// Radiance from above, from the horizon and from below; between them it goes evenly with the sine of the height.
    pub gradient: [[f32; 3]; 3],
    /// Bright rectangles far away.
    #[serde(default)]
    pub boxes: Vec<SoftBox>,
    /// Bright rectangles near by, whose light falls off with distance.
    #[serde(default)]
    pub panels: Vec<Panel>,
}

/// A rectangle of light at infinity: a window, a soft box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftBox {
    /// Direction to its middle, of any length.
    pub direction: [f32; 3],
    /// Width and height as angles.
    pub degrees: [f32; 2],
    /// Over how many degrees its edge fades, inwards.
    pub edge_degrees: f32,
    /// Its radiance in the middle.
    pub radiance: [f32; 3],
}

/// A rectangle of light in space, facing the middle of the volume and shining to that side only. It is not seen by the
/// camera and casts no shadow itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// Its middle, in radii of the volume from the volume's middle.
    pub centre: [f32; 3],
    /// Width and height, in radii of the volume.
    pub size: [f32; 2],
    /// Its radiance.
    pub radiance: [f32; 3],
}

impl LightRig {
    /// The lights that the program carries.
    ///
    /// # Errors
    /// None for the lights as shipped (a test reads them all).
    pub fn all() -> Result<Vec<Self>, CinematicError> {
        FILES.iter().map(|(_, text)| Self::from_json(text)).collect()
    }

    /// The lights of this name.
    ///
    /// # Errors
    /// When there are none.
    pub fn named(name: &str) -> Result<Self, CinematicError> {
        match FILES.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::from_json(text),
            None => Err(CinematicError::Unknown {
                what: "lights",
                name: name.to_owned(),
                known: FILES.map(|(known, _)| known).join(", "),
            }),
        }
    }

    /// Reads lights from JSON text as in `assets/cinematic/lights`.
    ///
    /// # Errors
    /// When the text is something else or a number is out of range.
    pub fn from_json(text: &str) -> Result<Self, CinematicError> {
        let rig: Self = serde_json::from_str(text).map_err(|e| CinematicError::Syntax(e.to_string()))?;
        rig.check()?;
        Ok(rig)
    }

    /// Only light of one radiance from everywhere.
    pub fn uniform(radiance: f32) -> Self {
        Self {
            name: "uniform".into(),
            description: "The same light from everywhere".into(),
            attached: Attached::Patient,
            gradient: [[radiance; 3]; 3],
            boxes: Vec::new(),
            panels: Vec::new(),
        }
    }

    /// Refuses lights that are none.
    ///
    /// # Errors
    /// When a radiance is negative or not finite, or a direction, angle or size is out of range.
    pub fn check(&self) -> Result<(), CinematicError> {
        let light = |r: &[f32; 3]| r.iter().all(|c| (0.0..=1e6).contains(c));
        let boxes = self.boxes.iter().all(|b| {
            light(&b.radiance)
                && Vec3::from_array(b.direction).try_normalize().is_some()
                && b.degrees.iter().all(|d| (0.1..=170.0).contains(d))
                && (0.0..=90.0).contains(&b.edge_degrees)
        });
        let panels = self.panels.iter().all(|p| {
            light(&p.radiance)
                && Vec3::from_array(p.centre).is_finite()
                && Vec3::from_array(p.centre).length() >= 0.1
                && p.size.iter().all(|s| (1e-3..=100.0).contains(s))
        });
        if self.gradient.iter().all(light) && boxes && panels { Ok(()) } else { Err(CinematicError::Lights) }
    }

    /// The radiance from a direction of the lights' frame, without the panels.
    pub fn radiance(&self, direction: Vec3) -> Vec3 {
        let [above, horizon, below] = self.gradient.map(Vec3::from_array);
        let end = if direction.y >= 0.0 { above } else { below };
        let mut radiance = horizon.lerp(end, direction.y.abs());
        for soft in &self.boxes {
            radiance += Vec3::from_array(soft.radiance) * soft.share(direction);
        }
        radiance
    }
}

impl SoftBox {
    /// How much of the box is seen in a direction, 0 to 1.
    fn share(&self, direction: Vec3) -> f32 {
        let forward = Vec3::from_array(self.direction).normalize_or(Vec3::Y);
        let local = upright(forward).transpose() * direction;
        if local.z <= 0.0 {
            return 0.0;
        }
        let along = |offset: f32, degrees: f32| {
            let angle = (offset / local.z).atan().abs().to_degrees();
            let inside = (degrees / 2.0 - angle) / self.edge_degrees.max(1e-3);
            let t = inside.clamp(0.0, 1.0);
            t * t * (3.0 - 2.0 * t)
        };
        along(local.x, self.degrees[0]) * along(local.y, self.degrees[1])
    }
}

/// Right, up and forward for something that faces `forward` and stands upright.
fn upright(forward: Vec3) -> Mat3 {
    let up = if forward.y.abs() > 0.99 { Vec3::Z } else { Vec3::Y };
    let right = up.cross(forward).normalize_or(Vec3::X);
    Mat3::from_cols(right, forward.cross(right), forward)
}

/// A panel in place: in the tracer's frame, millimetres.
#[derive(Clone, Copy, Debug)]
pub struct PlacedPanel {
    /// A corner.
    pub corner: Vec3,
    /// One side.
    pub across: Vec3,
    /// The other side.
    pub along: Vec3,
    /// Unit direction in which it shines.
    pub normal: Vec3,
    /// Linear red, green, blue.
    pub radiance: Vec3,
    /// How often this panel is chosen among all lights.
    pub chance: f32,
}

/// Lights in place, ready to be sampled.
#[derive(Clone, Debug)]
pub struct Lights {
    /// The environment.
    pub sky: Sky,
    /// From the tracer's frame to that of the lights.
    pub to_sky: Mat3,
    /// How often the environment is chosen.
    pub sky_chance: f32,
    /// The panels.
    pub panels: Vec<PlacedPanel>,
}

/// A light as seen from a point.
#[derive(Clone, Copy, Debug)]
pub struct LightSample {
    /// Unit direction to it.
    pub direction: Vec3,
    /// How far it is, mm; infinite for the environment.
    pub distance: f32,
    /// Linear red, green, blue.
    pub radiance: Vec3,
    /// Density of this light and direction, per steradian.
    pub density: f32,
}

impl Lights {
    /// Places lights about a volume: `frame` takes the lights' directions to the tracer's.
    pub fn new(rig: &LightRig, frame: Mat3, centre: Vec3, radius: f32) -> Self {
        let sky = Sky::new(|direction| rig.radiance(direction));
        let mut panels: Vec<PlacedPanel> = rig
            .panels
            .iter()
            .map(|panel| {
                let middle = Vec3::from_array(panel.centre);
                let facing = upright(-middle.normalize_or(Vec3::Y));
                let across = frame * facing.x_axis * (panel.size[0] * radius);
                let along = frame * facing.y_axis * (panel.size[1] * radius);
                PlacedPanel {
                    corner: centre + frame * middle * radius - (across + along) / 2.0,
                    across,
                    along,
                    normal: frame * facing.z_axis,
                    radiance: Vec3::from_array(panel.radiance),
                    chance: 0.0,
                }
            })
            .collect();
        // Chosen by about how much light each gives to the middle of the volume.
        let flux = |p: &PlacedPanel| {
            let middle = p.corner + (p.across + p.along) / 2.0;
            let distance = (middle - centre).length_squared().max(1e-6);
            p.radiance.element_sum() / 3.0 * p.across.length() * p.along.length() / distance
        };
        let sky_flux = sky.mean * 4.0 * std::f32::consts::PI;
        let total = sky_flux + panels.iter().map(flux).sum::<f32>();
        let chance = |flux: f32| if total > 0.0 { flux / total } else { 0.0 };
        let sky_chance = if total > 0.0 { chance(sky_flux) } else { 1.0 };
        for panel in &mut panels {
            panel.chance = chance(flux(panel));
        }
        Self { sky, to_sky: frame.transpose(), sky_chance, panels }
    }

    /// Chooses a light and a direction to it from a point.
    #[inline]
    pub fn sample(&self, from: Vec3, choice: f32, pair: [f32; 2]) -> Option<LightSample> {
        if choice < self.sky_chance {
            let sample = self.sky.sample(pair);
            return Some(LightSample {
                direction: self.to_sky.transpose() * sample.direction,
                distance: f32::INFINITY,
                radiance: sample.radiance,
                density: sample.density * self.sky_chance,
            });
        }
        let mut rest = choice - self.sky_chance;
        let mut panels = self.panels.iter();
        let panel = loop {
            let panel = panels.next()?;
            rest -= panel.chance;
            if rest < 0.0 {
                break panel;
            }
        };
        let to = panel.corner + panel.across * pair[0] + panel.along * pair[1] - from;
        let distance = to.length();
        let direction = to / distance;
        let density = panel.density(direction, distance)?;
        Some(LightSample { direction, distance, radiance: panel.radiance, density })
    }

    /// The environment's light from a direction, and the density with which [`Lights::sample`] chooses it.
    #[inline]
    pub fn sky(&self, direction: Vec3) -> (Vec3, f32) {
        let (radiance, density) = self.sky.look(self.to_sky * direction);
        (radiance, density * self.sky_chance)
    }
}

impl PlacedPanel {
    /// How far a ray goes until it meets the shining side.
    #[inline]
    pub fn meet(&self, origin: Vec3, direction: Vec3) -> Option<f32> {
        let facing = direction.dot(self.normal);
        if facing >= -1e-6 {
            return None;
        }
        let t = (self.corner - origin).dot(self.normal) / facing;
        let on = origin + direction * t - self.corner;
        let inside = |side: Vec3| (0.0..=1.0).contains(&(on.dot(side) / side.length_squared()));
        (t > 0.0 && inside(self.across) && inside(self.along)).then_some(t)
    }

    /// The density with which [`Lights::sample`] chooses a direction that meets the panel at this distance.
    #[inline]
    pub fn density(&self, direction: Vec3, distance: f32) -> Option<f32> {
        let facing = -direction.dot(self.normal);
        let area = self.across.length() * self.along.length();
        (facing > 1e-6).then(|| self.chance * distance * distance / (facing * area))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn every_rig_reads_and_has_its_files_name() {
        for (rig, (name, _)) in LightRig::all().unwrap().iter().zip(FILES) {
            assert_eq!(rig.name, name);
            assert!(!rig.description.is_empty());
        }
        let error = LightRig::named("stage").unwrap_err().to_string();
        assert!(error.contains("stage") && error.contains("studio, "), "{error}");
        let bad = FILES[0].1.replace("\"radiance\": [", "\"radiance\": [-");
        assert!(matches!(LightRig::from_json(&bad), Err(CinematicError::Lights)));
    }

    #[test]
    fn a_panel_gives_the_irradiance_of_its_closed_form() {
        // A square of side 2 at distance 1, straight above: form factor from a point below the middle is four times
        // that of a corner with a = b = 1: 4/2π · 2 · (1/√2) atan(1/√2) = 0.5541.
        let mut rig = LightRig::uniform(0.0);
        rig.panels.push(Panel { centre: [0.0, 0.0, 1.0], size: [2.0, 2.0], radiance: [3.0; 3] });
        let lights = Lights::new(&rig, Mat3::IDENTITY, Vec3::ZERO, 1.0);
        assert_eq!(lights.sky_chance, 0.0);
        let mut random = Random::new([1, 2], 3);
        let n = 100_000;
        let sum: f64 = (0..n)
            .filter_map(|_| lights.sample(Vec3::ZERO, random.number(), random.pair()))
            .map(|s| f64::from(s.radiance.x * s.direction.z / s.density))
            .sum();
        let root = 2f64.sqrt();
        let form = 4.0 / std::f64::consts::TAU * 2.0 / root * (1.0 / root).atan();
        assert!((sum / f64::from(n) / (3.0 * std::f64::consts::PI * form) - 1.0).abs() < 0.01);
        let t = lights.panels[0].meet(Vec3::ZERO, Vec3::Z);
        assert_eq!(t, Some(1.0));
        assert_eq!(lights.panels[0].meet(Vec3::new(0.0, 0.0, 2.0), Vec3::NEG_Z), None, "its back is dark");
    }
}
