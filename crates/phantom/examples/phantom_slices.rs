//! Writes middle slices of the synthetic patient, and a projection of its bones, as PNG: `phantom_slices FOLDER [MM]`.
#![allow(clippy::print_stdout, reason = "an example tells what it wrote")]

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use fabrica_geometry::Mm;
use fabrica_phantom::{Acquisition, Phantom, PhantomOptions, Region, Sampling};
use fabrica_progress::Progress;
use fabrica_volume::{Samples, Volume};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: phantom_slices FOLDER [MM]")?;
    let mm: f64 = arguments.next().map_or(Ok(1.5), |text| text.parse())?;
    std::fs::create_dir_all(&folder)?;
    let folder = Path::new(&folder);

    let start = Instant::now();
    let phantom = Phantom::new(&PhantomOptions::default())?;
    println!("built in {:.2} s: {} parts", start.elapsed().as_secs_f64(), phantom.body().parts.len());
    let scan = Acquisition { region: Region::Whole, pixel: Mm(mm), slice: Mm(mm), ..Acquisition::default() };
    let start = Instant::now();
    let volume = phantom.sample(&scan.grid()?, &Sampling::default(), &Progress::new())?;
    println!("sampled {:?} in {:.2} s", volume.grid().dims(), start.elapsed().as_secs_f64());

    let view = View::new(&volume).ok_or("the volume is not int16")?;
    for z in [520, 480, 300, 240, 205, 160, 130, 90, 60, 30, 0, -30, -72, -130, -200, -250, -290] {
        view.axial(f64::from(z), &folder.join(format!("axial_{z:+04}.png")))?;
    }
    for y in [-60, -30, 0, 25, 45, 60] {
        view.coronal(f64::from(y), &folder.join(format!("coronal_{y:+04}.png")))?;
    }
    for x in [-60, -25, 0, 30, 60] {
        view.sagittal(f64::from(x), &folder.join(format!("sagittal_{x:+04}.png")))?;
    }
    view.surface(250.0, false, &folder.join("bones_front.png"))?;
    view.surface(250.0, true, &folder.join("bones_left.png"))?;
    view.surface(-300.0, false, &folder.join("skin_front.png"))?;
    Ok(())
}

/// An axial volume from right to left, front to back, feet to head.
struct View<'a> {
    volume: &'a Volume,
    samples: &'a [i16],
}

impl<'a> View<'a> {
    fn new(volume: &'a Volume) -> Option<Self> {
        match volume.samples() {
            Samples::I16(samples) => Some(Self { volume, samples }),
            _ => None,
        }
    }

    fn index(&self, axis: usize, mm: f64) -> usize {
        let grid = self.volume.grid();
        let at = (mm - grid.origin().0[axis]) / grid.spacing()[axis];
        (at.round().max(0.0) as usize).min(grid.dims()[axis] - 1)
    }

    fn grey(&self, i: usize, j: usize, k: usize) -> u8 {
        let value = f64::from(self.samples[self.volume.grid().index(i, j, k)]);
        ((value + 160.0) / 400.0 * 255.0).clamp(0.0, 255.0) as u8
    }

    /// Seen from the feet: the patient's right on the left, front up.
    fn axial(&self, z: f64, path: &Path) -> Result<(), Box<dyn Error>> {
        let ([nx, ny, _], k) = (self.volume.grid().dims(), self.index(2, z));
        save(path, nx, ny, |i, j| self.grey(i, j, k))
    }

    /// Seen from the front: the patient's right on the left, head up.
    fn coronal(&self, y: f64, path: &Path) -> Result<(), Box<dyn Error>> {
        let ([nx, _, nz], j) = (self.volume.grid().dims(), self.index(1, y));
        save(path, nx, nz, |i, v| self.grey(i, j, nz - 1 - v))
    }

    /// Seen from the left: the front on the left, head up.
    fn sagittal(&self, x: f64, path: &Path) -> Result<(), Box<dyn Error>> {
        let ([_, ny, nz], i) = (self.volume.grid().dims(), self.index(0, x));
        save(path, ny, nz, |j, v| self.grey(i, j, nz - 1 - v))
    }

    /// The first surface of a value that a ray from the front (or the left) meets, shaded by its slope.
    fn surface(&self, value: f64, from_left: bool, path: &Path) -> Result<(), Box<dyn Error>> {
        let grid = self.volume.grid();
        let [nx, ny, nz] = grid.dims();
        let (width, depth) = if from_left { (ny, nx) } else { (nx, ny) };
        let sample = |u: usize, d: usize, k: usize| {
            let (i, j) = if from_left { (nx - 1 - d, u) } else { (u, d) };
            f64::from(self.samples[grid.index(i, j, k)])
        };
        let mut far = vec![f64::NAN; width * nz];
        for k in 0..nz {
            for u in 0..width {
                let hit = (1..depth).find(|&d| sample(u, d, k) >= value);
                if let Some(d) = hit {
                    let (before, at) = (sample(u, d - 1, k), sample(u, d, k));
                    far[u + width * k] = d as f64 - (at - value) / (at - before).max(1.0);
                }
            }
        }
        save(path, width, nz, |u, v| {
            let k = nz - 1 - v;
            let at = |u: usize, k: usize| far[u.min(width - 1) + width * k.min(nz - 1)];
            let here = at(u, k);
            if here.is_nan() {
                return 0;
            }
            let slope = |a: f64, b: f64| if (a - b).abs() < 8.0 { a - b } else { 0.0 };
            let (du, dk) =
                (slope(at(u + 1, k), at(u.saturating_sub(1), k)), slope(at(u, k + 1), at(u, k.saturating_sub(1))));
            let light = (1.0 + 0.4 * du / 2.0 + 0.4 * dk / 2.0) / (1.0 + (du * du + dk * dk) / 4.0).sqrt();
            let fade = 1.0 - 0.5 * here / depth as f64;
            (light * fade * 200.0).clamp(20.0, 255.0) as u8
        })
    }
}

fn save(path: &Path, width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Result<(), Box<dyn Error>> {
    let data: Vec<u8> = (0..width * height).map(|n| pixel(n % width, n / width)).collect();
    let mut encoder = png::Encoder::new(File::create(path)?, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&data)?;
    println!("{}", path.display());
    Ok(())
}
