//! A saved frame, read back.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Missing;
use crate::model::pose::Pose;
use glam::{DQuat, DVec3};

/// A frame that the application submitted (its first projection layer).
#[derive(Debug)]
pub struct Capture {
    /// What the left eye saw.
    pub left: Eye,
    /// What the right eye saw.
    pub right: Eye,
    /// The JSON file: times, poses, all layers.
    pub description: Value,
}

/// One eye's picture with where it was seen from.
#[derive(Debug)]
pub struct Eye {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    rgba: Vec<u8>,
    stage_from_eye: Pose,
    /// Tangents of left, right, up and down.
    tangents: [f64; 4],
}

impl Capture {
    /// Reads the capture `name` from the folder of pictures.
    ///
    /// # Errors
    /// [`Missing::Disk`] or [`Missing::Answer`], if a file is not there or not as the simulator writes it.
    pub fn load(folder: &Path, name: &str) -> Result<Self, Missing> {
        let path = folder.join(format!("{name}.json"));
        let file = File::open(&path).map_err(|error| Missing::Disk { path: path.clone(), error })?;
        let description: Value = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| Missing::Answer(format!("{}: {error}", path.display())))?;
        let layers = description.get("layers").and_then(Value::as_array);
        let projection = layers.and_then(|layers| layers.iter().position(|layer| layer["type"] == "projection"));
        let Some(index) = projection else {
            return Err(Missing::Answer(format!("{}: no projection layer", path.display())));
        };
        let prefix = if index == 0 { String::new() } else { format!("layer{index}_") };
        let eye = |number: usize, side: &str| {
            let view = &description["layers"][index]["views"][number];
            Eye::load(&folder.join(format!("{name}_{prefix}{side}.png")), view)
        };
        let (left, right) = (eye(0, "left")?, eye(1, "right")?);
        Ok(Self { left, right, description })
    }
}

fn numbers<const N: usize>(value: &Value, path: &Path) -> Result<[f64; N], Missing> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<_>>();
    list.try_into().map_err(|_| Missing::Answer(format!("{}: {value} has not {N} numbers", path.display())))
}

impl Eye {
    fn load(path: &PathBuf, view: &Value) -> Result<Self, Missing> {
        let disk = |error| Missing::Disk { path: path.clone(), error };
        let broken = |error: png::DecodingError| Missing::Answer(format!("{}: {error}", path.display()));
        let mut reader =
            png::Decoder::new(BufReader::new(File::open(path).map_err(disk)?)).read_info().map_err(broken)?;
        let (width, height) = (reader.info().width, reader.info().height);
        let mut rgba = vec![0; width as usize * height as usize * 4];
        reader.next_frame(&mut rgba).map_err(broken)?;
        let pose = &view["pose_in_stage"];
        let [x, y, z, w] = numbers(&pose["orientation"], path)?;
        let stage_from_eye =
            Pose::new(DVec3::from_array(numbers(&pose["position"], path)?), DQuat::from_xyzw(x, y, z, w));
        let fov = &view["fov_radians"];
        let tangents = ["left", "right", "up", "down"].map(|side| fov[side].as_f64().unwrap_or(f64::NAN).tan());
        Ok(Self { width, height, rgba, stage_from_eye, tangents })
    }

    /// Red, green, blue, alpha (sRGB) of a pixel; 0, 0 is the upper left one.
    ///
    /// # Errors
    /// [`Missing::Answer`] outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> Result<[u8; 4], Missing> {
        let start = (y as usize * self.width as usize + x as usize) * 4;
        match self.rgba.get(start..start + 4) {
            Some([r, g, b, a]) if x < self.width => Ok([*r, *g, *b, *a]),
            _ => Err(Missing::Answer(format!("{x}, {y} is outside the picture of {}×{}", self.width, self.height))),
        }
    }

    /// All pixels, row by row from above, as [`Eye::pixel`].
    pub fn pixels(&self) -> impl Iterator<Item = [u8; 4]> {
        self.rgba.as_chunks::<4>().0.iter().copied()
    }

    /// Where a point of the stage (metres, Y up) must be seen: pixels from the upper left corner, pixel centres at
    /// half numbers. `None`: behind the eye.
    ///
    /// By hand: an eye at 0, 1.6, 0 that looks along −Z through a field of ±45° in a picture of 200×200 sees
    /// 0.5, 1.6, −1 half way between the middle and the right edge: at 150, 100.
    #[must_use]
    pub fn project(&self, point: [f64; 3]) -> Option<[f64; 2]> {
        let seen = self.stage_from_eye.inverse() * Pose::new(DVec3::from_array(point), DQuat::IDENTITY);
        let (p, [left, right, up, down]) = (seen.position, self.tangents);
        if p.z >= 0.0 {
            return None;
        }
        let (x, y) = (p.x / -p.z, p.y / -p.z);
        Some([(x - left) / (right - left) * f64::from(self.width), (up - y) / (up - down) * f64::from(self.height)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_half_way_to_the_right() {
        let eye = Eye {
            width: 200,
            height: 200,
            rgba: Vec::new(),
            stage_from_eye: Pose::at(0.0, 1.6, 0.0),
            tangents: [-1.0, 1.0, 1.0, -1.0],
        };
        assert_eq!(eye.project([0.5, 1.6, -1.0]), Some([150.0, 100.0]));
        assert_eq!(eye.project([0.0, 2.1, -1.0]), Some([100.0, 50.0]));
        assert_eq!(eye.project([0.0, 1.6, 1.0]), None);
        assert!(eye.pixel(0, 0).is_err());
    }
}
