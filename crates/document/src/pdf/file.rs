//! The objects of a PDF file (ISO 32000-1, section 7).

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// An object's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 0 R", self.0)
    }
}

/// A file under way.
pub(super) struct File {
    bytes: Vec<u8>,
    /// Where each object begins; 0 for one that is only promised.
    offsets: Vec<usize>,
}

impl File {
    pub(super) fn new() -> Self {
        // The second line tells programs that the file is binary.
        Self { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), offsets: Vec::new() }
    }

    /// Promises an object, so that others can name it.
    pub(super) fn promise(&mut self) -> Id {
        self.offsets.push(0);
        Id(self.offsets.len())
    }

    /// Writes a promised object.
    pub(super) fn put(&mut self, id: Id, body: &str) {
        self.begin(id);
        self.bytes.extend_from_slice(body.as_bytes());
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    /// Writes an object.
    pub(super) fn add(&mut self, body: &str) -> Id {
        let id = self.promise();
        self.put(id, body);
        id
    }

    /// Writes a stream, compressed; `entries` are those of its dictionary besides length and filter.
    pub(super) fn add_stream(&mut self, entries: &str, data: &[u8]) -> Id {
        let id = self.promise();
        let mut coder = ZlibEncoder::new(Vec::new(), Compression::default());
        // Writing into memory does not fail; if it did, the bytes go in as they are.
        let packed = coder.write_all(data).and_then(|()| coder.finish()).ok();
        let (filter, bytes) = packed.as_deref().map_or(("", data), |packed| ("/Filter/FlateDecode", packed));
        self.begin(id);
        let head = format!("<</Length {}{filter}{entries}>>\nstream\n", bytes.len());
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
        id
    }

    fn begin(&mut self, id: Id) {
        if let Some(offset) = self.offsets.get_mut(id.0 - 1) {
            *offset = self.bytes.len();
        }
        self.bytes.extend_from_slice(format!("{} 0 obj\n", id.0).as_bytes());
    }

    /// The whole file.
    pub(super) fn finish(mut self, root: Id, info: Id) -> Vec<u8> {
        let start = self.bytes.len();
        let mut end = format!("xref\n0 {}\n0000000000 65535 f \n", self.offsets.len() + 1);
        for offset in &self.offsets {
            let _ = writeln!(end, "{offset:010} 00000 n ");
        }
        let _ = write!(
            end,
            "trailer\n<</Size {}/Root {root}/Info {info}>>\nstartxref\n{start}\n%%EOF\n",
            self.offsets.len() + 1
        );
        self.bytes.extend_from_slice(end.as_bytes());
        self.bytes
    }
}

/// A text for the file's own entries: UTF-16 with a mark of its byte order (ISO 32000-1, 7.9.2.2), in hexadecimal.
pub(super) fn text(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("{unit:04X}"));
    format!("<FEFF{}>", units.collect::<String>())
}
