//! The page as HTML.

use crate::{Block, Document, Table};

const STYLE: &str = "body{font:14px/1.4 sans-serif;max-width:190mm;margin:10mm auto;padding:0 4mm;color:#111}h1{font-size:22px}\
h2{font-size:16px;margin:1.2em 0 .3em}h3{font-size:14px;margin:1em 0 .2em}table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #bbb;padding:2px 6px;text-align:left;vertical-align:top;overflow-wrap:anywhere;white-space:pre-line}\
.w{border:2px solid #b00;padding:6px;color:#b00;font-weight:bold}.p{display:flex;flex-wrap:wrap;gap:2mm}\
figure{width:31%;margin:0}img{width:100%;border:1px solid #bbb}figcaption,.s{color:#555;font-size:12px}pre{white-space:pre-wrap}";

pub(crate) fn write(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>"
    );
    for block in &document.blocks {
        match block {
            Block::Heading(text) => page += &format!("<h2>{}</h2>", escaped(text)),
            Block::Subheading(text) => page += &format!("<h3>{}</h3>", escaped(text)),
            Block::Text(text) => page += &format!("<p>{}</p>", escaped(text)),
            Block::Small(text) => page += &format!("<p class=\"s\">{}</p>", escaped(text)),
            Block::Alert(text) => page += &format!("<p class=\"w\">{}</p>", escaped(text)),
            Block::Fixed(text) => page += &format!("<pre>{}</pre>", escaped(text)),
            Block::Table(table) => write_table(&mut page, table),
            Block::Pictures(pictures) => {
                page += "<div class=\"p\">";
                for picture in pictures {
                    page += &format!(
                        "<figure><img alt=\"{0}\" title=\"{0}\" src=\"data:image/png;base64,{1}\"><figcaption>{0}</figcaption>\
                         </figure>",
                        escaped(&picture.caption),
                        base64(&picture.png)
                    );
                }
                page += "</div>";
            }
        }
    }
    page + "</body></html>\n"
}

fn write_table(page: &mut String, table: &Table) {
    *page += "<table>";
    if !table.head.is_empty() {
        *page += "<tr>";
        table.head.iter().for_each(|name| *page += &format!("<th>{}</th>", escaped(name)));
        *page += "</tr>";
    }
    for row in &table.rows {
        *page += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let tag = if column == 0 && table.head.is_empty() { "th" } else { "td" };
            *page += &format!("<{tag}>{}</{tag}>", escaped(cell));
        }
        *page += "</tr>";
    }
    *page += "</table>";
}

/// Text from outside as text, whatever it holds.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0u32, |all, &b| all << 8 | u32::from(b)) << (8 * (3 - three.len()));
        for n in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_name_cannot_be_markup() {
        let mut page = Document::new("<b onclick='x'>&");
        page.push(Block::Table(Table { head: vec![], rows: vec![vec!["<i>".into(), "\"".into()]] }));
        let html = page.html();
        assert!(html.contains("<h1>&lt;b onclick=&#39;x&#39;&gt;&amp;</h1>") && html.contains("<th>&lt;i&gt;</th>"));
    }
}
