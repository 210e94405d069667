//! Resampling an image along its axes by B-splines of order 0, 1 or 3.
//!
//! The numbers are those of SciPy's `ndimage.zoom(..., mode='nearest', grid_mode=True)`, which nnU-Net resamples with
//! (through scikit-image's `resize`): beyond its ends a line goes on with its end value; cubic coefficients are found by
//! the recursive filter of M. Unser, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing
//! Magazine 16(6), 1999, on a line lengthened by 12 samples at either end.

use rayon::prelude::*;

use crate::image::Image3;

/// Samples that a line is lengthened by before its cubic coefficients are found.
const PAD: usize = 12;

/// The positions, in samples of a line of `from`, of the samples of a line of `to` that covers the same length edge to edge.
///
/// ```
/// // Two samples become four: a quarter of a sample before and after each centre.
/// assert_eq!(fabrica_inference::edge_to_edge(2, 4), [-0.25, 0.25, 0.75, 1.25]);
/// ```
pub fn edge_to_edge(from: usize, to: usize) -> Vec<f64> {
    let scale = from as f64 / to as f64;
    (0..to).map(|n| (n as f64 + 0.5) * scale - 0.5).collect()
}

/// The image with the samples along one axis taken at these positions.
pub fn resample_axis(image: &Image3, axis: usize, positions: &[f64], order: u8) -> Image3 {
    let n = image.sides[axis];
    let mut sides = image.sides;
    sides[axis] = positions.len();
    // Lines along `axis`: `outer` blocks of `n` rows of `inner` neighbouring values each.
    let inner: usize = image.sides[axis + 1..].iter().product();
    let taps: Vec<([usize; 4], [f32; 4], usize)> = positions.iter().map(|&p| taps(p, n, order)).collect();
    let mut out = Image3::filled(sides, 0.0);
    let blocks = image.data.par_chunks(n * inner).zip(out.data.par_chunks_mut(positions.len() * inner));
    blocks.for_each(|(from, to)| {
        let coefficients;
        let from = if order == 3 {
            coefficients = cubic_coefficients(from, n, inner);
            &coefficients
        } else {
            from
        };
        for (row, (places, weights, count)) in to.chunks_mut(inner).zip(&taps) {
            for t in 0..*count {
                let source = &from[places[t] * inner..][..inner];
                let weight = weights[t];
                row.iter_mut().zip(source).for_each(|(to, from)| *to += weight * from);
            }
        }
    });
    out
}

/// Where a position's value comes from: indices (into the lengthened line for order 3), weights, and how many count.
fn taps(position: f64, n: usize, order: u8) -> ([usize; 4], [f32; 4], usize) {
    let last = n as f64 - 1.0;
    match order {
        0 => {
            let nearest = (position + 0.5).floor().clamp(0.0, last) as usize;
            ([nearest, 0, 0, 0], [1.0, 0.0, 0.0, 0.0], 1)
        }
        1 => {
            let p = position.clamp(0.0, last);
            let low = p.floor() as usize;
            let t = (p - low as f64) as f32;
            ([low, (low + 1).min(n - 1), 0, 0], [1.0 - t, t, 0.0, 0.0], 2)
        }
        _ => {
            let lengthened = (n + 2 * PAD) as f64;
            let p = (position + PAD as f64).clamp(1.0, lengthened - 2.0 - 1e-9);
            let low = p.floor();
            let t = p - low;
            let u = 1.0 - t;
            let weights = [
                u * u * u / 6.0,
                (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
                (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
                t * t * t / 6.0,
            ];
            let low = low as usize - 1;
            ([low, low + 1, low + 2, low + 3], weights.map(|w| w as f32), 4)
        }
    }
}

/// The cubic B-spline coefficients of lines of `n` rows, each row `inner` lines wide, lengthened by [`PAD`] at both ends.
fn cubic_coefficients(from: &[f32], n: usize, inner: usize) -> Vec<f32> {
    let length = n + 2 * PAD;
    let z = 3f64.sqrt() - 2.0;
    let mut line = vec![0f64; length];
    let mut out = vec![0f32; length * inner];
    for column in 0..inner {
        for (at, value) in line.iter_mut().enumerate() {
            let source = at.saturating_sub(PAD).min(n - 1);
            // The filter's gain: (1 - z)(1 - 1/z) = 6.
            *value = 6.0 * f64::from(from[source * inner + column]);
        }
        // The line is mirrored about its edges: the first value of the causal filter is a sum over the mirror images.
        let z_n = z.powi(length as i32);
        let first = line[0];
        let mut sum = line[0] + z_n * line[length - 1];
        let mut z_i = z;
        for at in 1..length {
            sum += z_i * (line[at] + z_n * line[length - 1 - at]);
            z_i *= z;
            // What is left is under the last bit.
            if z_i.abs() < 1e-18 {
                break;
            }
        }
        line[0] = sum * z / (1.0 - z_n * z_n) + first;
        for at in 1..length {
            line[at] += z * line[at - 1];
        }
        line[length - 1] *= z / (z - 1.0);
        for at in (0..length - 1).rev() {
            line[at] = z * (line[at + 1] - line[at]);
        }
        for (at, value) in line.iter().enumerate() {
            out[at * inner + column] = *value as f32;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubic_goes_through_the_samples() {
        let image = Image3 { sides: [1, 1, 6], data: vec![3.0, -1.0, 4.0, 1.0, -5.0, 9.0] };
        let same = resample_axis(&image, 2, &edge_to_edge(6, 6), 3);
        for (a, b) in image.data.iter().zip(&same.data) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn linear_by_hand() {
        let image = Image3 { sides: [2, 1, 1], data: vec![0.0, 8.0] };
        assert_eq!(resample_axis(&image, 0, &edge_to_edge(2, 4), 1).data, [0.0, 2.0, 6.0, 8.0]);
    }

    #[test]
    fn nearest_by_hand() {
        let image = Image3 { sides: [1, 3, 1], data: vec![1.0, 2.0, 3.0] };
        assert_eq!(resample_axis(&image, 1, &edge_to_edge(3, 6), 0).data, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }
}
