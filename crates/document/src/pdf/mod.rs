//! The page as PDF (ISO 32000-1): A4, fonts and pictures inside.

mod file;
mod font;
mod layout;
mod lines;
mod picture;
mod subset;

use std::fmt::Write as _;

use crate::{Attachment, Block, Document, DocumentError};
use file::{File, Id};
use layout::{Face as Which, Layout, PAGE};

/// What is said where a character is written by its number.
const BY_NUMBER: &str =
    "A character that the fonts of this page do not have is written by its Unicode number, as in [U+5C71].";

pub(crate) fn write(document: &Document) -> Result<Vec<u8>, DocumentError> {
    let mut file = File::new();
    let mut layout = Layout::new(&document.title, &document.foot)?;
    layout.title();
    let mut pictures = Vec::new();
    for block in &document.blocks {
        match block {
            Block::Heading(text) => layout.heading(text, 13.0),
            Block::Subheading(text) => layout.heading(text, 10.5),
            Block::Text(text) => layout.paragraph(text, Which::Text, 9.5, 0.0),
            Block::Small(text) => layout.paragraph(text, Which::Text, 8.0, 0.35),
            Block::Fixed(text) => layout.paragraph(text, Which::Fixed, 7.5, 0.0),
            Block::Alert(text) => layout.alert(text),
            Block::Table(table) => layout.table(table),
            Block::Pictures(row) => {
                let first = pictures.len();
                for one in row {
                    pictures.push(picture::write(&mut file, one)?);
                }
                let placed = row.iter().zip(&pictures[first..]);
                let sizes: Vec<_> = placed.map(|(one, placed)| (one.caption.as_str(), placed.size)).collect();
                layout.pictures(&sizes, first);
            }
        }
    }
    if layout.by_number {
        layout.paragraph(BY_NUMBER, Which::Text, 8.0, 0.35);
    }
    let pages = layout.pages();
    let fonts = layout.fonts(&mut file)?;
    let mut resources = format!("/Font<</F0 {}/F1 {}>>/XObject<<", fonts[0], fonts[1]);
    for (n, placed) in pictures.iter().enumerate() {
        let _ = write!(resources, "/P{n} {}", placed.id);
    }
    let resources = file.add(&format!("<<{resources}>>>>"));
    let tree = file.promise();
    let kids: Vec<Id> = pages
        .iter()
        .map(|content| {
            let content = file.add_stream("", content.as_bytes());
            let [width, height] = PAGE;
            file.add(&format!(
                "<</Type/Page/Parent {tree}/MediaBox[0 0 {width} {height}]/Resources {resources}/Contents {content}>>"
            ))
        })
        .collect();
    let listed: String = kids.iter().map(|kid| format!("{kid} ")).collect();
    file.put(tree, &format!("<</Type/Pages/Count {}/Kids[{listed}]>>", kids.len()));
    let attached = attach(&mut file, &document.attachments);
    let title = file::text(&document.title);
    let root = file
        .add(&format!("<</Type/Catalog/Pages {tree}/Lang(en)/ViewerPreferences<</DisplayDocTitle true>>{attached}>>"));
    let info = file.add(&format!("<</Title {title}/Producer(Fabrica)>>"));
    Ok(file.finish(root, info))
}

/// Files inside the file (ISO 32000-1, 7.11.4), as entries of the catalogue. Readers want their names in order.
fn attach(file: &mut File, attachments: &[Attachment]) -> String {
    if attachments.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<&Attachment> = attachments.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut names, mut all) = (String::new(), String::new());
    for attachment in sorted {
        let mime = attachment.mime.replace('/', "#2F");
        let entries = format!("/Type/EmbeddedFile/Subtype/{mime}/Params<</Size {}>>", attachment.bytes.len());
        let data = file.add_stream(&entries, &attachment.bytes);
        let name = file::text(&attachment.name);
        let spec =
            file.add(&format!("<</Type/Filespec/F {name}/UF {name}/EF<</F {data}/UF {data}>>/AFRelationship/Data>>"));
        let _ = write!(names, "{name} {spec} ");
        let _ = write!(all, "{spec} ");
    }
    format!("/Names<</EmbeddedFiles<</Names[{names}]>>>>/AF[{all}]")
}
