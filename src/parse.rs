//! Reads points, sizes and ranges from command-line words.

use anyhow::{Context, Result, bail};
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use glam::DVec3;

/// Three finite numbers with commas between.
fn triple(text: &str) -> Result<DVec3> {
    let numbers = text
        .split(',')
        .map(|word| word.trim().parse::<f64>().with_context(|| format!("`{word}` is no number")))
        .collect::<Result<Vec<_>>>()?;
    let [x, y, z] = numbers[..] else {
        bail!("`{text}` has {} numbers, not three; write them as 12.5,-40,103", numbers.len());
    };
    let v = DVec3::new(x, y, z);
    if !v.is_finite() {
        bail!("`{text}` is not finite");
    }
    Ok(v)
}

/// A point in patient millimetres: `L,P,S`.
pub fn point(text: &str) -> Result<LpsPoint> {
    triple(text).map(LpsPoint)
}

/// A plane: `L,P,S:NL,NP,NS`, a point and a normal of any length but zero.
pub fn plane(text: &str) -> Result<(LpsPoint, LpsVector)> {
    let (at, normal) =
        text.split_once(':').with_context(|| format!("`{text}` is no plane; write point:normal, as 0,0,120:0,0,1"))?;
    let Some(normal) = triple(normal)?.try_normalize() else { bail!("the normal of `{text}` has no length") };
    Ok((point(at)?, LpsVector(normal)))
}

/// A range `LOWER..UPPER`; a missing end is infinite.
pub fn range(text: &str) -> Result<(f64, f64)> {
    let (lower, upper) =
        text.split_once("..").with_context(|| format!("`{text}` is no range; write 200..3071, 200.. or ..-300"))?;
    let end = |word: &str, open: f64| -> Result<f64> {
        if word.trim().is_empty() {
            return Ok(open);
        }
        let value: f64 = word.trim().parse().with_context(|| format!("`{word}` is no number"))?;
        if value.is_nan() {
            bail!("`{word}` is no number");
        }
        Ok(value)
    };
    let (lower, upper) = (end(lower, f64::NEG_INFINITY)?, end(upper, f64::INFINITY)?);
    if lower > upper {
        bail!("the range `{text}` is empty: {lower} is over {upper}");
    }
    Ok((lower, upper))
}

/// A printer's build volume: `WIDTHxDEPTHxHEIGHT` in millimetres.
pub fn bed(text: &str) -> Result<[Mm; 3]> {
    let sides: Vec<f64> = text.split('x').filter_map(|side| side.trim().parse().ok()).collect();
    match sides[..] {
        [w, d, h] if sides.iter().all(|s| s.is_finite() && *s > 0.0) => Ok([w, d, h].map(Mm)),
        _ => bail!("`{text}` is no bed; write WIDTHxDEPTHxHEIGHT in millimetres, as 250x210x210"),
    }
}

/// A size in pixels: `WIDTHxHEIGHT`, each 1 to 16384.
pub fn size(text: &str) -> Result<[u32; 2]> {
    let (width, height) = text.split_once('x').with_context(|| format!("`{text}` is no size; write 1024x768"))?;
    let side = |word: &str| -> Result<u32> {
        let n: u32 = word.trim().parse().with_context(|| format!("`{word}` is no number of pixels"))?;
        if !(1..=16_384).contains(&n) {
            bail!("{n} pixels are not between 1 and 16384");
        }
        Ok(n)
    };
    Ok([side(width)?, side(height)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_numbers() {
        assert_eq!(point("1, -2.5,3").unwrap(), LpsPoint::new(1.0, -2.5, 3.0));
        assert_eq!(plane("0,0,9:0,0,2").unwrap().1, LpsVector::new(0.0, 0.0, 1.0));
        assert_eq!(range("200..").unwrap(), (200.0, f64::INFINITY));
        assert_eq!(range("-1000..-300").unwrap(), (-1000.0, -300.0));
        assert_eq!(size("640x480").unwrap(), [640, 480]);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1,2", "1,2,x", "1,2,inf"] {
            assert!(point(text).is_err(), "{text}");
        }
        assert!(plane("0,0,0:0,0,0").is_err());
        for text in ["", "5", "9..1", "nan..3"] {
            assert!(range(text).is_err(), "{text}");
        }
        for text in ["0x5", "5", "99999x1", "ax1"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
