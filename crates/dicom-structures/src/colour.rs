//! DICOM's display colour as sRGB.

use fabrica_volume::Rgb;
use glam::{DMat3, DVec3};

/// Recommended Display CIELab Value (PS3.3 C.10.7.1.1): L* 0 to 100, a* and b* -128 to 127, each over 0 to 65535.
///
/// DICOM means the connection space of ICC, whose white is D50, but the toolkits that write segmentations (dcmqi,
/// highdicom, 3D Slicer) convert with D65. Theirs is followed, so that colours are those that their users chose.
pub(crate) fn from_cielab(encoded: [u16; 3]) -> Rgb {
    let part = encoded.map(|v| f64::from(v) / 65535.0);
    let (l, a, b) = (part[0] * 100.0, part[1] * 255.0 - 128.0, part[2] * 255.0 - 128.0);
    // CIE 15: from L*a*b* to XYZ.
    let fy = (l + 16.0) / 116.0;
    let inverse = |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let white = DVec3::new(0.950_47, 1.0, 1.088_83);
    let xyz = white * DVec3::new(inverse(fy + a / 500.0), inverse(fy), inverse(fy - b / 200.0));
    // IEC 61966-2-1: XYZ to linear sRGB.
    let to_linear = DMat3::from_cols(
        DVec3::new(3.240_454_2, -0.969_266_0, 0.055_643_4),
        DVec3::new(-1.537_138_5, 1.876_010_8, -0.204_025_9),
        DVec3::new(-0.498_531_4, 0.041_556_0, 1.057_225_2),
    );
    let [r, g, b] = (to_linear * xyz).to_array().map(|c| {
        let c = c.clamp(0.0, 1.0);
        let encoded = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    });
    Rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_black_and_the_liver_of_3d_slicer() {
        assert_eq!(from_cielab([65535, 32896, 32896]), Rgb(255, 255, 255));
        assert_eq!(from_cielab([0, 32896, 32896]), Rgb(0, 0, 0));
        assert_eq!(from_cielab([41661, 41167, 40792]), Rgb(221, 130, 101));
    }
}
