//! The image formats that the simulator takes, and how to see them.

use ash::vk;

/// A swapchain format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub vk: vk::Format,
    /// The name in scripts: Vulkan's without `VK_FORMAT_`.
    pub name: &'static str,
    pub depth: bool,
    /// Bytes a pixel in a copy (of the depth aspect for those with stencil).
    pub bytes: u32,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// In the order in which the runtime likes them (the order of `xrEnumerateSwapchainFormats`).
const FORMATS: [Format; 8] = [
    Format { vk: vk::Format::R8G8B8A8_SRGB, name: "R8G8B8A8_SRGB", depth: false, bytes: 4 },
    Format { vk: vk::Format::B8G8R8A8_SRGB, name: "B8G8R8A8_SRGB", depth: false, bytes: 4 },
    Format { vk: vk::Format::R16G16B16A16_SFLOAT, name: "R16G16B16A16_SFLOAT", depth: false, bytes: 8 },
    Format { vk: vk::Format::R8G8B8A8_UNORM, name: "R8G8B8A8_UNORM", depth: false, bytes: 4 },
    Format { vk: vk::Format::B8G8R8A8_UNORM, name: "B8G8R8A8_UNORM", depth: false, bytes: 4 },
    Format { vk: vk::Format::D32_SFLOAT, name: "D32_SFLOAT", depth: true, bytes: 4 },
    Format { vk: vk::Format::D32_SFLOAT_S8_UINT, name: "D32_SFLOAT_S8_UINT", depth: true, bytes: 4 },
    Format { vk: vk::Format::D16_UNORM, name: "D16_UNORM", depth: true, bytes: 2 },
];

/// All formats, before the device and the script have their say.
pub(crate) fn supported() -> &'static [Format] {
    &FORMATS
}

/// A picture as it is saved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pixels {
    /// Red, green, blue, alpha; sRGB.
    Rgba(Vec<[u8; 4]>),
    /// Depth-buffer values.
    Depth(Vec<f32>),
}

impl Format {
    /// From the bytes of a copy.
    pub(crate) fn decode(self, bytes: &[u8]) -> Pixels {
        let quads = || bytes.as_chunks::<4>().0.iter();
        let linear = |value: f32| (encode_srgb(value) * 255.0).round() as u8;
        let through = |[r, g, b, a]: [u8; 4]| {
            let up = |value: u8| linear(f32::from(value) / 255.0);
            [up(r), up(g), up(b), a]
        };
        let swap = |[b, g, r, a]: [u8; 4]| [r, g, b, a];
        match self.vk {
            vk::Format::R8G8B8A8_SRGB => Pixels::Rgba(quads().copied().collect()),
            vk::Format::B8G8R8A8_SRGB => Pixels::Rgba(quads().copied().map(swap).collect()),
            vk::Format::R8G8B8A8_UNORM => Pixels::Rgba(quads().copied().map(through).collect()),
            vk::Format::B8G8R8A8_UNORM => Pixels::Rgba(quads().copied().map(swap).map(through).collect()),
            vk::Format::R16G16B16A16_SFLOAT => Pixels::Rgba(
                bytes
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|[r0, r1, g0, g1, b0, b1, a0, a1]| {
                        let half = |low: u8, high: u8| half_to_f32(u16::from_le_bytes([low, high]));
                        let alpha = (half(*a0, *a1).clamp(0.0, 1.0) * 255.0).round() as u8;
                        [linear(half(*r0, *r1)), linear(half(*g0, *g1)), linear(half(*b0, *b1)), alpha]
                    })
                    .collect(),
            ),
            vk::Format::D16_UNORM => Pixels::Depth(
                bytes
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|pair| f32::from(u16::from_le_bytes(*pair)) / f32::from(u16::MAX))
                    .collect(),
            ),
            _ => Pixels::Depth(quads().map(|quad| f32::from_le_bytes(*quad)).collect()),
        }
    }
}

/// IEC 61966-2-1, from linear light.
pub(crate) fn encode_srgb(linear: f32) -> f32 {
    let linear = linear.clamp(0.0, 1.0);
    if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// IEC 61966-2-1, to linear light.
pub(crate) fn decode_srgb(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

fn half_to_f32(half: u16) -> f32 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((half >> 10) & 0x1f);
    let fraction = f32::from(half & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Format {
        *supported().iter().find(|format| format.name == name).unwrap()
    }

    #[test]
    fn srgb_bytes_stay_and_linear_ones_are_encoded() {
        let bytes = [10, 128, 255, 7];
        assert_eq!(named("R8G8B8A8_SRGB").decode(&bytes), Pixels::Rgba(vec![[10, 128, 255, 7]]));
        assert_eq!(named("B8G8R8A8_SRGB").decode(&bytes), Pixels::Rgba(vec![[255, 128, 10, 7]]));
        // 128/255 linear is 0.7359 in sRGB: 188; 10/255 is 0.2195: 56.
        assert_eq!(named("R8G8B8A8_UNORM").decode(&bytes), Pixels::Rgba(vec![[56, 188, 255, 7]]));
    }

    #[test]
    fn halves() {
        assert_eq!(half_to_f32(0x3c00), 1.0);
        assert_eq!(half_to_f32(0xc000), -2.0);
        assert_eq!(half_to_f32(0x3555), 0.333_251_95);
        assert_eq!(half_to_f32(0x0001), 5.960_464_5e-8);
    }

    #[test]
    fn depth() {
        assert_eq!(named("D16_UNORM").decode(&[255, 255]), Pixels::Depth(vec![1.0]));
        assert_eq!(named("D32_SFLOAT").decode(&0.25f32.to_le_bytes()), Pixels::Depth(vec![0.25]));
    }
}
