//! The fonts of a PDF: how wide letters are, and which were used.

use std::collections::BTreeMap;

use ab_glyph::{Font, FontRef};

use super::file::{File, Id};
use super::subset::{subset, table, u16_at};
use crate::DocumentError;

/// A font, and the glyphs of it that were used, each with its character.
pub(super) struct Face {
    name: &'static str,
    bytes: &'static [u8],
    font: FontRef<'static>,
    per_em: f32,
    used: BTreeMap<u16, char>,
}

impl Face {
    pub(super) fn new(name: &'static str, bytes: &'static [u8]) -> Result<Self, DocumentError> {
        let font = FontRef::try_from_slice(bytes).map_err(|_| DocumentError::Font(name))?;
        let per_em = font.units_per_em().ok_or(DocumentError::Font(name))?;
        Ok(Self { name, bytes, font, per_em, used: BTreeMap::new() })
    }

    /// Whether this font has a character, and the character stands for itself, one after the other from left to right:
    /// no mark that belongs on the letter before, no script whose letters join or run from right to left.
    fn has(&self, c: char) -> bool {
        let set_alone = matches!(u32::from(c),
            0x20..=0x7E | 0xA0..=0xAC | 0xAE..=0x2FF | 0x370..=0x482 | 0x48A..=0x52F | 0x1E00..=0x1FFF | 0x2010..=0x2027
            | 0x2030..=0x205E | 0x2070..=0x20CF | 0x2100..=0x2BFF);
        set_alone && self.font.glyph_id(c).0 != 0
    }

    /// A text as it can be set, and whether a character is written by its number.
    pub(super) fn settable(&self, text: &str) -> (String, bool) {
        let (mut set, mut by_number) = (String::with_capacity(text.len()), false);
        for c in text.chars() {
            match c {
                '\t' => set.push_str("    "),
                '\n' => set.push('\n'),
                '\r' => {}
                c if self.has(c) => set.push(c),
                c => {
                    by_number = true;
                    set.push_str(&format!("[U+{:04X}]", u32::from(c)));
                }
            }
        }
        (set, by_number)
    }

    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.letter(c, size)).sum()
    }

    pub(super) fn letter(&self, c: char, size: f32) -> f32 {
        self.font.h_advance_unscaled(self.font.glyph_id(c)) / self.per_em * size
    }

    /// A settable text as the string of a page's content.
    pub(super) fn encode(&mut self, text: &str) -> String {
        let mut coded = String::from("<");
        for c in text.chars() {
            let glyph = self.font.glyph_id(c).0;
            self.used.entry(glyph).or_insert(c);
            coded.push_str(&format!("{glyph:04X}"));
        }
        coded.push('>');
        coded
    }

    /// Writes the font with what was used of it (ISO 32000-1, 9.7: a composite font, coded by the numbers of glyphs).
    pub(super) fn write(&self, file: &mut File) -> Result<Id, DocumentError> {
        let broken = || DocumentError::Font(self.name);
        let glyphs = self.used.keys().copied().collect();
        let cut = subset(self.bytes, &glyphs).ok_or_else(broken)?;
        let data = file.add_stream(&format!("/Length1 {}", cut.len()), &cut);
        let thousandths = |units: f32| (units * 1000.0 / self.per_em).round();
        let head = table(self.bytes, b"head").ok_or_else(broken)?;
        let corner = |n: usize| u16_at(head, 36 + 2 * n).map(|v| thousandths(f32::from(v as i16))).ok_or_else(broken);
        let (ascent, descent) = (thousandths(self.font.ascent_unscaled()), thousandths(self.font.descent_unscaled()));
        let descriptor = file.add(&format!(
            "<</Type/FontDescriptor/FontName/{0}/Flags 4/FontBBox[{1} {2} {3} {4}]/ItalicAngle 0/Ascent {ascent}/Descent \
             {descent}/CapHeight {ascent}/StemV 60/FontFile2 {data}>>",
            self.name,
            corner(0)?,
            corner(1)?,
            corner(2)?,
            corner(3)?
        ));
        let widths: String =
            self.used.iter().map(|(glyph, &c)| format!("{glyph}[{}]", self.letter(c, 1000.0).round())).collect();
        let descendant = file.add(&format!(
            "<</Type/Font/Subtype/CIDFontType2/BaseFont/{}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>\
             /FontDescriptor {descriptor}/CIDToGIDMap/Identity/DW 0/W[{widths}]>>",
            self.name
        ));
        let to_unicode = file.add_stream("", self.to_unicode().as_bytes());
        Ok(file.add(&format!(
            "<</Type/Font/Subtype/Type0/BaseFont/{}/Encoding/Identity-H/DescendantFonts[{descendant}]/ToUnicode {to_unicode}>>",
            self.name
        )))
    }

    /// What glyphs mean, so that text can be searched and copied.
    fn to_unicode(&self) -> String {
        let mut map = String::from(
            "/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)\
             /Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n1 begincodespacerange<0000><FFFF>\
             endcodespacerange\n",
        );
        let used: Vec<_> = self.used.iter().collect();
        for hundred in used.chunks(100) {
            map.push_str(&format!("{} beginbfchar\n", hundred.len()));
            for (glyph, c) in hundred {
                let mut units = [0; 2];
                let coded: String = c.encode_utf16(&mut units).iter().map(|unit| format!("{unit:04X}")).collect();
                map.push_str(&format!("<{glyph:04X}><{coded}>\n"));
            }
            map.push_str("endbfchar\n");
        }
        map + "endcmap CMapName currentdict/CMap defineresource pop end end"
    }
}
