//! Blocks laid out on pages, from the top.

use std::fmt::Write as _;

use super::file::{File, Id};
use super::font;
use super::lines::{columns, wrapped};
use crate::{DocumentError, Table};

/// A4, in points of 1/72 inch.
pub(super) const PAGE: [f32; 2] = [595.28, 841.89];
/// The margins: 15 mm.
const MARGIN: f32 = 42.5;
/// Where the foot's line stands, and where the text ends above it.
const FOOT: f32 = 28.0;
const BOTTOM: f32 = 46.0;
const WIDTH: f32 = PAGE[0] - 2.0 * MARGIN;
/// Between a cell's text and its frame.
const PAD: f32 = 3.5;
const CELL: f32 = 8.5;
/// Lines over the letters' size.
const LEADING: f32 = 1.32;
const ALERT: &str = "0.69 0 0";

/// Which font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Text,
    Fixed,
}

/// How a line is set.
#[derive(Clone, Copy)]
struct Set<'a> {
    face: Face,
    size: f32,
    strong: bool,
    colour: &'a str,
}

impl Set<'_> {
    fn plain(face: Face, size: f32) -> Self {
        Self { face, size, strong: false, colour: "0 0 0" }
    }
}

/// Pages under way.
pub(super) struct Layout<'a> {
    title: &'a str,
    foot: &'a str,
    faces: [font::Face; 2],
    pages: Vec<String>,
    /// Where the next line's upper end is.
    y: f32,
    /// A character was written by its number.
    pub(super) by_number: bool,
}

impl<'a> Layout<'a> {
    pub(super) fn new(title: &'a str, foot: &'a str) -> Result<Self, DocumentError> {
        let faces = [
            font::Face::new("FABRIC+Ubuntu-Light", epaint_default_fonts::UBUNTU_LIGHT)?,
            font::Face::new("FABRIC+Hack-Regular", epaint_default_fonts::HACK_REGULAR)?,
        ];
        Ok(Self { title, foot, faces, pages: vec![String::new()], y: PAGE[1] - MARGIN, by_number: false })
    }

    pub(super) fn title(&mut self) {
        self.text(self.title, Set { strong: true, ..Set::plain(Face::Text, 17.0) });
        self.y -= 4.0;
    }

    pub(super) fn heading(&mut self, text: &str, size: f32) {
        // Not alone at the foot of a page.
        self.room(size * LEADING + 50.0);
        self.y -= size * 0.7;
        self.text(text, Set { strong: true, ..Set::plain(Face::Text, size) });
        self.y -= 2.0;
    }

    /// A paragraph, of this grey (0 is black).
    pub(super) fn paragraph(&mut self, text: &str, face: Face, size: f32, grey: f32) {
        self.text(text, Set { colour: &format!("{grey} {grey} {grey}"), ..Set::plain(face, size) });
        self.y -= 4.0;
    }

    pub(super) fn alert(&mut self, text: &str) {
        let set = Set { strong: true, colour: ALERT, ..Set::plain(Face::Text, 10.0) };
        let text = self.settable(text, Face::Text);
        let lines = wrapped(&self.faces[0], &text, set.size, WIDTH - 4.0 * PAD);
        self.y -= 3.0;
        self.row(&[(WIDTH, lines, set)], (ALERT, 1.5), &mut |_| {});
        self.y -= 6.0;
    }

    pub(super) fn table(&mut self, table: &Table) {
        let count = table.columns();
        if count == 0 {
            return;
        }
        let mut settable =
            |row: &Vec<String>| -> Vec<String> { row.iter().map(|cell| self.settable(cell, Face::Text)).collect() };
        let head = settable(&table.head);
        let rows: Vec<Vec<String>> = table.rows.iter().map(settable).collect();
        let mut all = rows.clone();
        all.push(head.clone());
        let inner = WIDTH - 2.0 * PAD * count as f32;
        let widths = columns(&self.faces[0], &all, count, CELL, inner);
        let cells = |layout: &Self, row: &[String], strong: &dyn Fn(usize) -> bool| -> Vec<_> {
            let cell = |(n, width): (usize, &f32)| {
                let text = row.get(n).map_or("", String::as_str);
                let set = Set { strong: strong(n), ..Set::plain(Face::Text, CELL) };
                (*width + 2.0 * PAD, wrapped(&layout.faces[0], text, CELL, *width), set)
            };
            widths.iter().enumerate().map(cell).collect()
        };
        let frame = ("0.7 0.7 0.7", 0.5);
        let head = cells(self, &head, &|_| true);
        let has_head = !table.head.is_empty();
        if has_head {
            self.room(3.0 * CELL * LEADING + 4.0 * PAD);
            self.row(&head, frame, &mut |_| {});
        }
        for row in &rows {
            let row = cells(self, row, &|n| n == 0 && !has_head);
            // On a new page the head comes again.
            self.row(&row, frame, &mut |layout| {
                if has_head {
                    layout.row(&head, frame, &mut |_| {});
                }
            });
        }
        self.y -= 6.0;
    }

    /// Pictures beside each other, three in a row at most; `first` is the number of the first.
    pub(super) fn pictures(&mut self, pictures: &[(&str, [u32; 2])], first: usize) {
        const GAP: f32 = 6.0;
        let columns = pictures.len().clamp(1, 3);
        let width = (WIDTH - GAP * (columns as f32 - 1.0)) / columns as f32;
        for (row, several) in pictures.chunks(columns).enumerate() {
            let height = |size: &[u32; 2]| {
                // No higher than half a page.
                (width * size[1] as f32 / size[0].max(1) as f32).min(PAGE[1] / 2.0)
            };
            let tallest = several.iter().map(|(_, size)| height(size)).fold(0.0, f32::max);
            self.room(tallest + 16.0);
            for (n, (caption, size)) in several.iter().enumerate() {
                let (x, high) = (MARGIN + (width + GAP) * n as f32, height(size));
                let wide = high * size[0] as f32 / size[1].max(1) as f32;
                let number = first + row * columns + n;
                self.put(&format!("q {wide:.2} 0 0 {high:.2} {x:.2} {:.2} cm /P{number} Do Q\n", self.y - high));
                let set = Set { colour: "0.35 0.35 0.35", ..Set::plain(Face::Text, 8.0) };
                let caption = self.settable(caption, Face::Text);
                let caption = wrapped(&self.faces[0], &caption, set.size, width).swap_remove(0);
                self.line(&caption, x, self.y - tallest - 9.0, set);
            }
            self.y -= tallest + 16.0;
        }
    }

    /// The pages' contents, each with its foot.
    pub(super) fn pages(&mut self) -> Vec<String> {
        let count = self.pages.len();
        let set = Set { colour: "0.35 0.35 0.35", ..Set::plain(Face::Text, 7.5) };
        let left =
            if self.foot.is_empty() { self.title.to_owned() } else { format!("{}  ·  {}", self.title, self.foot) };
        let left = self.settable(&left.replace('\n', " "), Face::Text);
        let mut pages = std::mem::take(&mut self.pages);
        for (n, page) in pages.iter_mut().enumerate() {
            let right = format!("page {} of {count}", n + 1);
            let width = self.faces[0].width(&right, set.size);
            let mut lines = wrapped(&self.faces[0], &left, set.size, WIDTH - width - 12.0);
            if lines.len() > 1 {
                lines[0].push_str(" ...");
            }
            self.pages = vec![std::mem::take(page)];
            self.line(&lines[0], MARGIN, FOOT, set);
            self.line(&right, PAGE[0] - MARGIN - width, FOOT, set);
            *page = std::mem::take(&mut self.pages).concat();
        }
        pages
    }

    pub(super) fn fonts(&self, file: &mut File) -> Result<[Id; 2], DocumentError> {
        Ok([self.faces[0].write(file)?, self.faces[1].write(file)?])
    }

    fn settable(&mut self, text: &str, face: Face) -> String {
        let (text, by_number) = self.faces[face as usize].settable(text);
        self.by_number |= by_number;
        text
    }

    /// Text over the whole width, from page to page.
    fn text(&mut self, text: &str, set: Set<'_>) {
        let text = self.settable(text, set.face);
        for line in wrapped(&self.faces[set.face as usize], &text, set.size, WIDTH) {
            let high = set.size * LEADING;
            self.room(high);
            self.line(&line, MARGIN, self.y - set.size, set);
            self.y -= high;
        }
    }

    /// A row of framed cells (width, lines, how they are set); what does not fit goes on on the next page, after `again`.
    fn row(
        &mut self,
        cells: &[(f32, Vec<String>, Set<'_>)],
        (frame, thick): (&str, f32),
        again: &mut dyn FnMut(&mut Self),
    ) {
        let high = cells.iter().map(|cell| cell.2.size).fold(0.0, f32::max) * LEADING;
        let count = cells.iter().map(|cell| cell.1.len()).max().unwrap_or(0);
        let mut done = 0;
        while done < count {
            let fits = ((self.y - BOTTOM - 2.0 * PAD) / high).max(0.0) as usize;
            // A row that fits on a page is not broken for a few lines.
            if fits == 0 || (fits < count - done && (count - done) < 12) {
                self.turn();
                again(self);
            }
            let fits = (((self.y - BOTTOM - 2.0 * PAD) / high) as usize).max(1).min(count - done);
            let tall = fits as f32 * high + 2.0 * PAD;
            let (mut x, top) = (MARGIN, self.y);
            for (width, lines, set) in cells {
                self.put(&format!("q {frame} RG {thick} w {x:.2} {:.2} {width:.2} {tall:.2} re S Q\n", top - tall));
                for (n, line) in lines.iter().skip(done).take(fits).enumerate() {
                    self.line(line, x + PAD, top - PAD - set.size - n as f32 * high, *set);
                }
                x += width;
            }
            self.y -= tall;
            done += fits;
        }
    }

    fn line(&mut self, text: &str, x: f32, y: f32, set: Set<'_>) {
        if text.is_empty() {
            return;
        }
        let coded = self.faces[set.face as usize].encode(text);
        let mut ops = format!("BT /F{} {} Tf {} rg ", set.face as usize, set.size, set.colour);
        if set.strong {
            // The font has no bold: its outlines are drawn too.
            let _ = write!(ops, "2 Tr {:.2} w {} RG ", set.size * 0.04, set.colour);
        }
        let _ = writeln!(ops, "{x:.2} {y:.2} Td {coded} Tj 0 Tr ET");
        self.put(&ops);
    }

    fn put(&mut self, ops: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.push_str(ops);
        }
    }

    /// A new page where there is not this much room on this one.
    fn room(&mut self, high: f32) {
        if self.y - high < BOTTOM {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.pages.push(String::new());
        self.y = PAGE[1] - MARGIN;
    }
}
