//! What an eye sees when all layers of a frame are put over each other, as a compositor does (xr spec 10.6).

use glam::{DQuat, DVec3, Vec3, Vec4};
use openxr_sys::{CompositionLayerFlags, Fovf};

use crate::model::pose::Pose;
use crate::picture::Image;
use crate::vulkan::{Pixels, decode_srgb, encode_srgb};

/// An eye to see with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Eye {
    /// In the stage.
    pub pose: Pose,
    pub fov: Fovf,
    pub width: u32,
    pub height: u32,
}

/// A layer for one eye.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// Fills the eye.
    Whole { image: &'a Image, flags: CompositionLayerFlags },
    /// A rectangle in the room (its middle's pose in the stage, metres).
    Quad { image: &'a Image, flags: CompositionLayerFlags, pose: Pose, size: [f64; 2] },
    /// The cameras' picture of the surroundings.
    Surroundings,
}

/// Squares of the synthetic surroundings, pixels.
const CHECK: u32 = 16;

/// Puts layers over each other, the first at the back. `see_through`: the display lets the surroundings in, which are a
/// synthetic pattern of grey squares.
pub(crate) fn compose(eye: &Eye, see_through: bool, layers: &[Shown<'_>]) -> Image {
    let mut pixels = Vec::with_capacity(eye.width as usize * eye.height as usize);
    for y in 0..eye.height {
        for x in 0..eye.width {
            let surroundings = if (x / CHECK + y / CHECK).is_multiple_of(2) { 0.05 } else { 0.1 };
            let mut colour = Vec3::splat(if see_through { surroundings } else { 0.0 });
            let (u, v) = ((f64::from(x) + 0.5) / f64::from(eye.width), (f64::from(y) + 0.5) / f64::from(eye.height));
            for layer in layers {
                let over = match layer {
                    Shown::Surroundings => Vec3::splat(surroundings).extend(1.0),
                    Shown::Whole { image, flags } => sample(image, *flags, u, v),
                    Shown::Quad { image, flags, pose, size } => match hit(eye, pose, *size, u, v) {
                        Some((u, v)) => sample(image, *flags, u, v),
                        None => continue,
                    },
                };
                colour = over.truncate() + colour * (1.0 - over.w);
            }
            let [r, g, b] = colour.to_array().map(|linear| (encode_srgb(linear) * 255.0).round() as u8);
            pixels.push([r, g, b, 255]);
        }
    }
    Image::new(eye.width, eye.height, Pixels::Rgba(pixels))
}

/// Premultiplied linear colour of the nearest pixel.
fn sample(image: &Image, flags: CompositionLayerFlags, u: f64, v: f64) -> Vec4 {
    let Some([r, g, b, a]) = image.at(u, v) else { return Vec4::ZERO };
    let colour = Vec3::from_array([r, g, b].map(|byte| decode_srgb(f32::from(byte) / 255.0)));
    if !flags.contains(CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA) {
        return colour.extend(1.0);
    }
    let alpha = f32::from(a) / 255.0;
    let premultiplied =
        if flags.contains(CompositionLayerFlags::UNPREMULTIPLIED_ALPHA) { colour * alpha } else { colour };
    premultiplied.extend(alpha)
}

/// Where the ray through a point of the eye's picture meets a quad, from the quad's upper left corner, 0 to 1. A quad is
/// seen from its front (+Z) only.
fn hit(eye: &Eye, quad: &Pose, [width, height]: [f64; 2], u: f64, v: f64) -> Option<(f64, f64)> {
    let [left, right, up, down] = [eye.fov.angle_left, eye.fov.angle_right, eye.fov.angle_up, eye.fov.angle_down]
        .map(|angle| f64::from(angle).tan());
    let ray = eye.pose.orientation * DVec3::new(left + (right - left) * u, up + (down - up) * v, -1.0);
    let from = quad.inverse() * Pose::new(eye.pose.position, DQuat::IDENTITY);
    let ray = quad.orientation.inverse() * ray;
    if from.position.z <= 0.0 || ray.z >= 0.0 || width <= 0.0 || height <= 0.0 {
        return None;
    }
    let met = from.position + ray * (from.position.z / -ray.z);
    let (u, v) = (met.x / width + 0.5, 0.5 - met.y / height);
    ((0.0..1.0).contains(&u) && (0.0..1.0).contains(&v)).then_some((u, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: CompositionLayerFlags = CompositionLayerFlags::EMPTY;

    fn eye() -> Eye {
        let quarter = std::f32::consts::FRAC_PI_4;
        let fov = Fovf { angle_left: -quarter, angle_right: quarter, angle_up: quarter, angle_down: -quarter };
        Eye { pose: Pose::at(0.0, 1.5, 0.0), fov, width: 4, height: 4 }
    }

    fn plain(colour: [u8; 4]) -> Image {
        Image::new(1, 1, Pixels::Rgba(vec![colour]))
    }

    #[test]
    fn a_quad_covers_what_it_should() {
        // 1 m away the eye sees 2 m × 2 m: a quad of 1 m × 1 m in the middle covers the inner 2 × 2 pixels of 4 × 4.
        let (back, front) = (plain([0, 0, 255, 255]), plain([255, 0, 0, 255]));
        let pose = Pose::at(0.0, 1.5, -1.0);
        let quad = Shown::Quad { image: &front, flags: NONE, pose, size: [1.0, 1.0] };
        let seen = compose(&eye(), false, &[Shown::Whole { image: &back, flags: NONE }, quad]);
        let red: Vec<bool> = (0..16)
            .map(|i| seen.at((f64::from(i % 4) + 0.5) / 4.0, (f64::from(i / 4) + 0.5) / 4.0) == Some([255, 0, 0, 255]))
            .collect();
        let inner = |i: usize| (1..3).contains(&(i % 4)) && (1..3).contains(&(i / 4));
        assert!(red.iter().enumerate().all(|(i, red)| *red == inner(i)), "{red:?}");
        let turned = Pose::new(pose.position, DQuat::from_rotation_y(std::f64::consts::PI));
        let away = Shown::Quad { image: &front, flags: NONE, pose: turned, size: [1.0, 1.0] };
        let seen = compose(&eye(), false, &[Shown::Whole { image: &back, flags: NONE }, away]);
        assert_eq!(seen.at(0.5, 0.5), Some([0, 0, 255, 255]), "its back is not seen");
    }

    #[test]
    fn alpha_lets_the_surroundings_through() {
        let clear = plain([0, 0, 0, 0]);
        let flags = CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA;
        let through = compose(&eye(), true, &[Shown::Whole { image: &clear, flags }]);
        // 0.05 linear is 0.2473 in sRGB: 63.
        assert_eq!(through.at(0.1, 0.1), Some([63, 63, 63, 255]));
        let opaque = compose(&eye(), true, &[Shown::Whole { image: &clear, flags: NONE }]);
        assert_eq!(opaque.at(0.1, 0.1), Some([0, 0, 0, 255]), "without the flag alpha counts for nothing");
        let below = compose(&eye(), false, &[Shown::Surroundings, Shown::Whole { image: &clear, flags }]);
        assert_eq!(below, through);
    }

    #[test]
    fn half_covering_white_is_half_light() {
        let half = plain([255, 255, 255, 128]);
        let flags = CompositionLayerFlags::BLEND_TEXTURE_SOURCE_ALPHA | CompositionLayerFlags::UNPREMULTIPLIED_ALPHA;
        let seen = compose(&eye(), false, &[Shown::Whole { image: &half, flags }]);
        // 128/255 linear is 188 in sRGB.
        assert_eq!(seen.at(0.5, 0.5), Some([188, 188, 188, 255]));
    }
}
