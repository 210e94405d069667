//! A solid given by its cross sections: the trunk's layers and the chest's cavity.

use glam::DVec3;

use super::Bounds;

/// One cross section: an oval at height z.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// Height, mm.
    pub z: f64,
    /// Half the width (x), mm.
    pub half_width: f64,
    /// Half the depth (y), mm.
    pub half_depth: f64,
    /// The centre's y, mm.
    pub centre_y: f64,
}

/// Ovals across z, symmetric about x = 0, between a lowest and a highest plane.
///
/// The oval is the unit circle of the mean of the Euclidean and the fourth-power norm: between an ellipse and a rounded
/// rectangle. Sections are interpolated on a Catmull-Rom curve, tabulated every millimetre and linear in between.
#[derive(Clone, Debug)]
pub struct Loft {
    low: f64,
    high: f64,
    table: Vec<Section>,
    /// For each table entry, what the norm less 1 is multiplied with to be 1-Lipschitz.
    scale: Vec<f64>,
}

/// The scale changes by at most this a millimetre; the field is divided by 1 more.
const SCALE_SLOPE: f64 = 0.35;

impl Loft {
    /// Through these sections, which must be at least two and rise in z.
    pub fn new(sections: &[Section]) -> Self {
        let low = sections.first().map_or(0.0, |s| s.z);
        let high = sections.last().map_or(0.0, |s| s.z);
        let count = (high - low).ceil().max(1.0) as usize;
        let table: Vec<Section> = (0..=count).map(|i| smooth(sections, low + i as f64)).collect();
        // 1 / the greatest gradient of the norm on either side of each entry.
        let mut scale = vec![f64::INFINITY; table.len()];
        for (n, pair) in table.windows(2).enumerate() {
            let least = |get: fn(&Section) -> f64| get(&pair[0]).min(get(&pair[1]));
            let change = |get: fn(&Section) -> f64| (get(&pair[0]) - get(&pair[1])).abs();
            let (a, b) = (least(|s| s.half_width), least(|s| s.half_depth));
            let (da, db) = (change(|s| s.half_width), change(|s| s.half_depth));
            // Where the norm is at most 2 (it is clamped there), the scaled position is at most 2.2 long.
            let along = 2.2 * (da / a).max(db / b) + change(|s| s.centre_y) / b;
            let local = (a.min(b).recip().powi(2) + along * along).sqrt().recip();
            scale[n] = scale[n].min(local);
            scale[n + 1] = scale[n + 1].min(local);
        }
        // The greatest function below these that changes by at most SCALE_SLOPE an entry: since the norm less 1 is at
        // most 1, scaling by it adds at most SCALE_SLOPE to the gradient.
        for n in 1..scale.len() {
            scale[n] = scale[n].min(scale[n - 1] + SCALE_SLOPE);
        }
        for n in (1..scale.len()).rev() {
            scale[n - 1] = scale[n - 1].min(scale[n] + SCALE_SLOPE);
        }
        scale.iter_mut().for_each(|s| *s /= 1.0 + SCALE_SLOPE);
        Self { low, high, table, scale }
    }

    /// The section at a height, clamped to the ends.
    #[inline]
    pub fn section(&self, z: f64) -> Section {
        let at = (z - self.low).clamp(0.0, (self.table.len() - 1) as f64);
        let first = (at as usize).min(self.table.len() - 2);
        let t = at - first as f64;
        let (p, q) = (&self.table[first], &self.table[first + 1]);
        let mix = |a: f64, b: f64| a + (b - a) * t;
        Section {
            z,
            half_width: mix(p.half_width, q.half_width),
            half_depth: mix(p.half_depth, q.half_depth),
            centre_y: mix(p.centre_y, q.centre_y),
        }
    }

    /// The wall's point at a height in a direction: `angle` 0 is the back, 90° the patient's left, 180° the front;
    /// `outside` mm beyond the wall on each semi-axis.
    pub fn wall(&self, z: f64, angle: f64, outside: f64) -> DVec3 {
        let s = self.section(z);
        let (x, y) = angle.to_radians().sin_cos();
        let reach = norm(x / (s.half_width + outside), y / (s.half_depth + outside)).recip();
        DVec3::new(x * reach, s.centre_y + y * reach, z)
    }

    pub(super) fn bounds(&self) -> Bounds {
        self.table.iter().fold(Bounds::EMPTY, |all, s| {
            let half = DVec3::new(s.half_width, s.half_depth, 0.0);
            all.with(&Bounds::about(DVec3::new(0.0, s.centre_y, s.z.min(self.high)), half))
        })
    }

    #[inline]
    pub(super) fn field(&self, p: DVec3) -> f64 {
        let s = self.section(p.z);
        let at = (p.z - self.low).clamp(0.0, (self.scale.len() - 1) as f64);
        let first = (at as usize).min(self.scale.len() - 2);
        let scale = self.scale[first] + (self.scale[first + 1] - self.scale[first]) * (at - first as f64);
        let side = (norm(p.x / s.half_width, (p.y - s.centre_y) / s.half_depth).min(2.0) - 1.0) * scale;
        side.max(self.low - p.z).max(p.z - self.high)
    }
}

/// Both norms have gradients of at most 1, and so has their mean.
#[inline]
fn norm(x: f64, y: f64) -> f64 {
    let (x2, y2) = (x * x, y * y);
    0.5 * ((x2 + y2).sqrt() + (x2 * x2 + y2 * y2).sqrt().sqrt())
}

fn smooth(sections: &[Section], z: f64) -> Section {
    let last = sections.len() - 1;
    let i = sections.windows(2).position(|w| z <= w[1].z).unwrap_or(last - 1);
    let (p1, p2) = (sections[i], sections[i + 1]);
    let (p0, p3) = (sections[i.saturating_sub(1)], sections[(i + 2).min(last)]);
    let width = p2.z - p1.z;
    let t = ((z - p1.z) / width).clamp(0.0, 1.0);
    let value = |get: fn(&Section) -> f64| {
        // Cubic Hermite with central-difference slopes for uneven heights.
        let slope = |a: &Section, b: &Section| if b.z > a.z { (get(b) - get(a)) / (b.z - a.z) * width } else { 0.0 };
        let (m1, m2) = (slope(&p0, &p2), slope(&p1, &p3));
        let (t2, t3) = (t * t, t * t * t);
        (2.0 * t3 - 3.0 * t2 + 1.0) * get(&p1)
            + (t3 - 2.0 * t2 + t) * m1
            + (3.0 * t2 - 2.0 * t3) * get(&p2)
            + (t3 - t2) * m2
    };
    Section {
        z,
        half_width: value(|s| s.half_width),
        half_depth: value(|s| s.half_depth),
        centre_y: value(|s| s.centre_y),
    }
}
