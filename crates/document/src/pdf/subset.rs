//! A TrueType font cut down to some of its glyphs (Apple's and Microsoft's OpenType specification, tables `glyf`, `loca`).
//!
//! Glyphs keep their numbers; those that are not used become empty, which costs almost nothing once it is compressed.

use std::collections::BTreeSet;

/// The tables that a PDF reader needs of a font inside a file (ISO 32000-1, 9.9).
const KEPT: [&[u8; 4]; 9] = [b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep"];

/// The font with these glyphs, and those that they are composed of. Nothing where it cannot be read.
pub(super) fn subset(font: &[u8], used: &BTreeSet<u16>) -> Option<Vec<u8>> {
    let head = table(font, b"head")?;
    let count = usize::from(u16_at(table(font, b"maxp")?, 4)?);
    let (loca, glyf) = (table(font, b"loca")?, table(font, b"glyf")?);
    let long = u16_at(head, 50)? == 1;
    let start = |glyph: usize| {
        let at = if long { u32_at(loca, 4 * glyph)? } else { 2 * u32::from(u16_at(loca, 2 * glyph)?) };
        usize::try_from(at).ok()
    };
    let outline = |glyph: usize| glyf.get(start(glyph)?..start(glyph + 1)?);
    // The first is what stands for a glyph that is missing.
    let mut wanted: BTreeSet<u16> = used.iter().copied().chain([0]).collect();
    let mut open: Vec<u16> = wanted.iter().copied().collect();
    while let Some(glyph) = open.pop() {
        for part in parts(outline(usize::from(glyph))?)? {
            if wanted.insert(part) {
                open.push(part);
            }
        }
    }
    let (mut outlines, mut places) = (Vec::new(), Vec::new());
    for glyph in 0..count {
        places.extend(u32::try_from(outlines.len()).ok()?.to_be_bytes());
        if wanted.contains(&u16::try_from(glyph).ok()?) {
            outlines.extend_from_slice(outline(glyph)?);
            outlines.resize(outlines.len().next_multiple_of(4), 0);
        }
    }
    places.extend(u32::try_from(outlines.len()).ok()?.to_be_bytes());
    let mut new_head = head.to_vec();
    new_head.get_mut(50..52)?.copy_from_slice(&[0, 1]);
    let kept: Vec<(&[u8; 4], &[u8])> = KEPT
        .iter()
        .filter_map(|&name| match name {
            b"glyf" => Some((name, &outlines[..])),
            b"loca" => Some((name, &places[..])),
            b"head" => Some((name, &new_head[..])),
            _ => Some((name, table(font, name)?)),
        })
        .collect();
    Some(assembled(&kept))
}

/// The glyphs that a glyph is composed of.
fn parts(outline: &[u8]) -> Option<Vec<u16>> {
    let mut found = Vec::new();
    if outline.is_empty() || u16_at(outline, 0)? < 0x8000 {
        return Some(found); // nothing, or contours of its own
    }
    let mut at = 10;
    loop {
        let (flags, glyph) = (u16_at(outline, at)?, u16_at(outline, at + 2)?);
        found.push(glyph);
        let arguments = if flags & 1 != 0 { 4 } else { 2 };
        let scale = match flags {
            f if f & 0x08 != 0 => 2,
            f if f & 0x40 != 0 => 4,
            f if f & 0x80 != 0 => 8,
            _ => 0,
        };
        at += 4 + arguments + scale;
        if flags & 0x20 == 0 {
            return Some(found);
        }
    }
}

fn assembled(tables: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let count = tables.len() as u16;
    let power = u16::BITS - 1 - count.leading_zeros();
    let search = 16u16 << power;
    let mut font = vec![0, 1, 0, 0];
    for number in [count, search, power as u16, 16 * count - search] {
        font.extend(number.to_be_bytes());
    }
    let mut at = 12 + 16 * tables.len();
    for (name, data) in tables {
        font.extend_from_slice(*name);
        let sum = data.chunks(4).fold(0u32, |sum, four| {
            let mut word = [0; 4];
            word[..four.len()].copy_from_slice(four);
            sum.wrapping_add(u32::from_be_bytes(word))
        });
        for number in [sum, at as u32, data.len() as u32] {
            font.extend(number.to_be_bytes());
        }
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in tables {
        font.extend_from_slice(data);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    font
}

/// A table of a font.
pub(super) fn table<'a>(font: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let count = usize::from(u16_at(font, 4)?);
    let record = (0..count).map(|n| 12 + 16 * n).find(|&at| font.get(at..at + 4) == Some(name))?;
    let (at, length) = (u32_at(font, record + 8)? as usize, u32_at(font, record + 12)? as usize);
    font.get(at..at.checked_add(length)?)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use ab_glyph::{Font, FontRef, GlyphId};

    use super::*;

    #[test]
    fn letters_keep_their_outlines_and_composed_ones_their_parts() {
        let whole = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT).unwrap();
        let glyph = |c: char| whole.glyph_id(c).0;
        let used: BTreeSet<u16> = "Aüж".chars().map(glyph).collect();
        let cut = subset(epaint_default_fonts::UBUNTU_LIGHT, &used).unwrap();
        assert!(cut.len() < 30_000, "{}", cut.len());
        let outlines = |font: &[u8], g: u16| {
            let long = u16_at(table(font, b"head").unwrap(), 50).unwrap() == 1;
            let loca = table(font, b"loca").unwrap();
            let at = |n: usize| {
                if long { u32_at(loca, 4 * n).unwrap() } else { 2 * u32::from(u16_at(loca, 2 * n).unwrap()) }
            };
            table(font, b"glyf").unwrap()[at(g.into()) as usize..at(usize::from(g) + 1) as usize].to_vec()
        };
        for c in ['A', 'ü', 'ж'] {
            let (old, new) = (outlines(epaint_default_fonts::UBUNTU_LIGHT, glyph(c)), outlines(&cut, glyph(c)));
            assert!(new.starts_with(&old) && new.len() < old.len() + 4, "{c}");
        }
        assert!(outlines(&cut, glyph('B')).is_empty());
        // ü is composed; its parts came along.
        for part in parts(&outlines(&cut, glyph('ü'))).unwrap() {
            assert!(!outlines(&cut, part).is_empty());
        }
        assert!(whole.h_advance_unscaled(GlyphId(glyph('A'))) > 0.0);
        assert_eq!(subset(b"no font", &used), None);
    }
}
