//! A page for people, written once as [`Block`]s: as HTML that needs nothing from elsewhere, and as PDF.
//!
//! Both say the same, since both are made of the same blocks. The PDF carries its fonts, cut down to the letters that it
//! uses. A character that these do not have, or that cannot be set letter by letter (Arabic, for one), is written by its
//! Unicode number, as in `[U+5C71]`, and the page says so: a name never turns into another one, or into nothing.
//!
//! ```
//! use fabrica_document::{Block, Document};
//! let mut page = Document::new("Report of 山田");
//! page.push(Block::Alert("Not a cleared medical device.".into()));
//! assert!(page.html().contains("<h1>Report of 山田</h1>"));
//! assert!(page.pdf().unwrap().starts_with(b"%PDF-1.7"));
//! ```

mod html;
mod pdf;

/// A page for people.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What it is, at its head.
    pub title: String,
    /// What stands at the foot of every page of the PDF, before the page's number.
    pub foot: String,
    /// What it says, in order.
    pub blocks: Vec<Block>,
    /// Files that the PDF carries inside: the same for programs.
    pub attachments: Vec<Attachment>,
}

/// A piece of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// The head of a section.
    Heading(String),
    /// The head of a part of a section.
    Subheading(String),
    /// A paragraph.
    Text(String),
    /// A paragraph that explains.
    Small(String),
    /// What must not be overlooked, in a frame.
    Alert(String),
    /// Lines in letters of one width, as they are.
    Fixed(String),
    /// A table.
    Table(Table),
    /// Pictures beside each other.
    Pictures(Vec<Picture>),
}

/// A table. The first cell of each row stands out where there is no head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns; none for a list of names and values.
    pub head: Vec<String>,
    /// The rows. A row may be shorter than others; a cell may hold several lines.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|cell| (*cell).to_owned()).collect());
    }

    fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).chain([self.head.len()]).max().unwrap_or(0)
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// PNG.
    pub png: Vec<u8>,
}

/// A file inside the PDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its kind, as in `application/json`.
    pub mime: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a page cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A picture is no PNG, or damaged.
    #[error("the picture \"{0}\" cannot be read: {1}")]
    Picture(String, png::DecodingError),
    /// A font that the program carries is damaged.
    #[error("the program's font {0} cannot be read; the program is damaged")]
    Font(&'static str),
}

impl Document {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a block.
    pub fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// As one HTML file, pictures included; it prints on A4.
    pub fn html(&self) -> String {
        html::write(self)
    }

    /// As PDF 1.7 on A4.
    ///
    /// # Errors
    /// When a picture is no PNG.
    pub fn pdf(&self) -> Result<Vec<u8>, DocumentError> {
        pdf::write(self)
    }
}
