//! Random numbers that depend on nothing but the pixel, the sample and the order in which they are asked for, so that
//! a picture is the same on any number of threads, and `shaders/cinematic.wgsl` draws the very same numbers.

/// Hashes three numbers into three (Jarzynski and Olano 2020, "Hash functions for GPU rendering", pcg3d).
#[inline]
pub fn hash3(v: [u32; 3]) -> [u32; 3] {
    let [mut x, mut y, mut z] = v.map(|n| n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let stir = |x: &mut u32, y: &mut u32, z: &mut u32| {
        *x = x.wrapping_add(y.wrapping_mul(*z));
        *y = y.wrapping_add(z.wrapping_mul(*x));
        *z = z.wrapping_add(x.wrapping_mul(*y));
    };
    stir(&mut x, &mut y, &mut z);
    x ^= x >> 16;
    y ^= y >> 16;
    z ^= z >> 16;
    stir(&mut x, &mut y, &mut z);
    [x, y, z]
}

/// A number from 0 to below 1 of the upper 24 bits.
#[inline(always)]
fn unit(bits: u32) -> f32 {
    (bits >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// A path's own stream of random numbers: xoroshiro64** (Blackman and Vigna 2018), which needs 32-bit arithmetic only.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    state: [u32; 2],
}

impl Random {
    /// The stream of sample number `sample` of a pixel.
    #[inline]
    pub fn new(pixel: [u32; 2], sample: u32) -> Self {
        let [a, b, _] = hash3([pixel[0], pixel[1], sample]);
        // The state must not be all zero.
        Self { state: [a | 1, b] }
    }

    /// The next number, from 0 to below 1.
    #[inline(always)]
    pub fn number(&mut self) -> f32 {
        let [s0, mut s1] = self.state;
        let result = s0.wrapping_mul(0x9E37_79BB).rotate_left(5).wrapping_mul(5);
        s1 ^= s0;
        self.state = [s0.rotate_left(26) ^ s1 ^ (s1 << 9), s1.rotate_left(13)];
        unit(result)
    }

    /// The next two numbers.
    #[inline(always)]
    pub fn pair(&mut self) -> [f32; 2] {
        [self.number(), self.number()]
    }
}

/// Point number `index` of a pixel's own two-dimensional Sobol sequence with Owen scrambling, for the choice number
/// `choice` of a path (Burley 2020, "Practical hash-based Owen scrambling"). Both numbers from 0 to below 1.
///
/// The first 2ⁿ points are spread evenly, whatever n, so that edges, lens and first light converge faster than by
/// independent numbers.
#[inline]
pub fn sobol_pair(pixel: [u32; 2], choice: u32, index: u32) -> [f32; 2] {
    let [order, first, second] = hash3([pixel[0] ^ 0x5bd1_e995, pixel[1], choice]);
    let index = scramble(index, order);
    let x = index.reverse_bits();
    [unit(scramble(x, first)), unit(scramble(sobol_second(index), second))]
}

/// The second coordinate of the Sobol sequence.
#[inline]
fn sobol_second(mut index: u32) -> u32 {
    let mut direction = 0x8000_0000u32;
    let mut result = 0;
    while index != 0 {
        if index & 1 == 1 {
            result ^= direction;
        }
        direction ^= direction >> 1;
        index >>= 1;
    }
    result
}

/// Owen's nested uniform scrambling (Laine and Karras 2011, with Vegdahl's constants).
#[inline]
fn scramble(bits: u32, seed: u32) -> u32 {
    let mut x = bits.reverse_bits();
    x ^= x.wrapping_mul(0x3d20_adea);
    x = x.wrapping_add(seed);
    x = x.wrapping_mul((seed >> 16) | 1);
    x ^= x.wrapping_mul(0x0552_6c56);
    x ^= x.wrapping_mul(0x53a2_2864);
    x.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_uniform_and_repeats_with_its_seed() {
        let mut a = Random::new([3, 4], 5);
        let mut b = Random::new([3, 4], 5);
        let mut bins = [0u32; 16];
        for _ in 0..160_000 {
            let n = a.number();
            assert_eq!(n, b.number());
            bins[(n * 16.0) as usize] += 1;
        }
        // 10,000 a bin; six standard deviations are 580.
        assert!(bins.iter().all(|n| n.abs_diff(10_000) < 580), "{bins:?}");
    }

    #[test]
    fn streams_of_neighbours_do_not_hang_together() {
        let mut sum = 0.0;
        for n in 0..10_000u32 {
            let (a, b) = (Random::new([n, 7], 0).number(), Random::new([n + 1, 7], 0).number());
            sum += (f64::from(a) - 0.5) * (f64::from(b) - 0.5);
        }
        // The standard deviation of the mean product is 1/12/100.
        assert!((sum / 10_000.0).abs() < 5.0 / 1200.0, "{sum}");
    }

    #[test]
    fn sixteen_scrambled_points_fall_into_all_elementary_boxes() {
        for choice in 0..8 {
            let points: Vec<[f32; 2]> = (0..16).map(|n| sobol_pair([11, 2], choice, n)).collect();
            for [columns, rows] in [[16, 1], [8, 2], [4, 4], [2, 8], [1, 16]] {
                let mut boxes = vec![0; 16];
                for [x, y] in &points {
                    boxes[(x * columns as f32) as usize * rows + (y * rows as f32) as usize] += 1;
                }
                assert!(boxes.iter().all(|&n| n == 1), "{columns} x {rows}: {boxes:?}");
            }
        }
    }
}
