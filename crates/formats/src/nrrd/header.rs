//! The text header.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use crate::Problem;
use crate::stored::Stored;

/// No header is larger; ours holds a line of JSON for every slice's source.
const MAX_HEADER: u64 = 16 << 20;
/// NRRD_DIM_MAX of the reference implementation.
const MAX_AXES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Gzip,
    Ascii,
}

/// The fields that matter here.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) sizes: Vec<usize>,
    pub(crate) stored: Stored,
    pub(crate) encoding: Encoding,
    pub(crate) big_endian: bool,
    pub(crate) space: Option<String>,
    pub(crate) space_dimension: Option<usize>,
    /// One per axis; nothing for an axis outside space.
    pub(crate) directions: Option<Vec<Option<Vec<f64>>>>,
    pub(crate) origin: Option<Vec<f64>>,
    pub(crate) space_units: Vec<String>,
    pub(crate) units: Vec<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) centerings: Vec<String>,
    pub(crate) spacings: Option<Vec<f64>>,
    pub(crate) axis_mins: Option<Vec<f64>>,
    pub(crate) axis_maxs: Option<Vec<f64>>,
    pub(crate) data_file: Option<String>,
    pub(crate) line_skip: u64,
    pub(crate) byte_skip: i64,
    /// Key/value pairs in order, unescaped.
    pub(crate) pairs: Vec<(String, String)>,
}

impl Header {
    /// Reads up to the empty line that ends the header; also says how many bytes that was.
    pub(crate) fn read(reader: &mut impl BufRead) -> Result<(Self, u64), Problem> {
        let mut limited = reader.take(MAX_HEADER);
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut pairs = Vec::new();
        let mut bytes = 0u64;
        let mut line = Vec::new();
        loop {
            line.clear();
            let got = limited.read_until(b'\n', &mut line)? as u64;
            let ended = line.last() != Some(&b'\n');
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            if bytes == 0 && !text.as_bytes().starts_with(super::MAGIC) {
                return Err(Problem::UnknownFormat("an NRRD begins with NRRD000".into()));
            }
            let first = bytes == 0;
            bytes += got;
            if bytes >= MAX_HEADER {
                return Err(Problem::header("header", "has no end"));
            }
            if text.is_empty() || got == 0 {
                break;
            }
            if first || text.starts_with('#') {
                // magic or comment
            } else if let Some((key, value)) = text.split_once(":=") {
                pairs.push((unescape(key), unescape(value)));
            } else if let Some((name, value)) = text.split_once(": ").or_else(|| text.split_once(':')) {
                let name = name.trim().to_ascii_lowercase();
                if fields.iter().any(|(n, _)| *n == name) {
                    return Err(Problem::header(name, "is given twice"));
                }
                fields.push((name, value.trim().to_owned()));
            } else {
                return Err(Problem::header("header", format!("has a line that is no field: `{}`", shortened(text))));
            }
            if ended {
                break; // a detached header may end without an empty line
            }
        }
        Ok((Self::from_fields(&fields, pairs)?, bytes))
    }

    fn from_fields(fields: &[(String, String)], pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let get = |names: &[&str]| fields.iter().find(|(n, _)| names.contains(&n.as_str())).map(|(_, v)| v.as_str());
        let need = |name: &str| get(&[name]).ok_or_else(|| Problem::header(name, "is missing"));

        let dimension: usize = number("dimension", need("dimension")?)?;
        if !(1..=MAX_AXES).contains(&dimension) {
            return Err(Problem::header("dimension", format!("is {dimension}, not 1 to {MAX_AXES}")));
        }
        let sizes: Vec<usize> = numbers("sizes", need("sizes")?)?;
        if sizes.len() != dimension || sizes.contains(&0) {
            return Err(Problem::header("sizes", format!("{sizes:?} are not {dimension} positive numbers")));
        }
        let stored = stored(need("type")?)?;
        let encoding = match need("encoding")?.to_ascii_lowercase().as_str() {
            "raw" => Encoding::Raw,
            "gzip" | "gz" => Encoding::Gzip,
            "ascii" | "text" | "txt" => Encoding::Ascii,
            other => {
                return Err(Problem::Unsupported(format!(
                    "the NRRD encoding `{other}` is not read; save as raw or gzip"
                )));
            }
        };
        let big_endian = match get(&["endian"]).map(str::to_ascii_lowercase).as_deref() {
            _ if encoding == Encoding::Ascii => cfg!(target_endian = "big"),
            Some("little") => false,
            Some("big") => true,
            None if stored.bytes() == 1 => false,
            None => return Err(Problem::header("endian", "is missing")),
            Some(other) => return Err(Problem::header("endian", format!("is `{other}`, not little or big"))),
        };
        let data_file = get(&["data file", "datafile"]).map(str::to_owned);
        if let Some(name) = &data_file
            && (name.starts_with("LIST") || name.contains('%'))
        {
            return Err(Problem::Unsupported("an NRRD with its data in several files is not read; join them".into()));
        }
        let per_axis = |names: &[&str]| -> Result<Option<Vec<f64>>, Problem> {
            let Some(text) = get(names) else { return Ok(None) };
            let values: Vec<f64> = numbers(names[0], text)?;
            if values.len() != dimension {
                return Err(Problem::header(names[0], format!("has {} entries for {dimension} axes", values.len())));
            }
            Ok(Some(values))
        };
        let origin = get(&["space origin"]).map(|t| vectors("space origin", t)).transpose()?;
        let origin = match origin {
            None => None,
            Some(mut one) if one.len() == 1 => one.pop().flatten(),
            Some(_) => return Err(Problem::header("space origin", "is not one vector")),
        };
        let directions = get(&["space directions"]).map(|t| vectors("space directions", t)).transpose()?;
        if let Some(d) = &directions
            && d.len() != dimension
        {
            return Err(Problem::header("space directions", format!("has {} entries for {dimension} axes", d.len())));
        }
        let words = |names: &[&str]| get(names).map(quoted).unwrap_or_default();
        Ok(Self {
            stored,
            encoding,
            big_endian,
            space: get(&["space"]).map(str::to_ascii_lowercase),
            space_dimension: get(&["space dimension"]).map(|t| number("space dimension", t)).transpose()?,
            directions,
            origin,
            space_units: words(&["space units"]),
            units: words(&["units"]),
            kinds: words(&["kinds"]).iter().map(|k| k.to_ascii_lowercase()).collect(),
            centerings: words(&["centerings", "centers"]).iter().map(|c| c.to_ascii_lowercase()).collect(),
            spacings: per_axis(&["spacings"])?,
            axis_mins: per_axis(&["axis mins", "axismins"])?,
            axis_maxs: per_axis(&["axis maxs", "axismaxs"])?,
            data_file,
            line_skip: get(&["line skip", "lineskip"]).map_or(Ok(0), |t| number("line skip", t))?,
            byte_skip: get(&["byte skip", "byteskip"]).map_or(Ok(0), |t| number("byte skip", t))?,
            sizes,
            pairs,
        })
    }

    /// The value of a key.
    pub(crate) fn pair(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// Where the line after `lines` lines begins.
pub(crate) fn skip_lines(file: &File, offset: u64, lines: u64) -> Result<u64, Problem> {
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(offset))?;
    let mut at = offset;
    for _ in 0..lines {
        let got = reader.skip_until(b'\n')?;
        if got == 0 {
            return Err(Problem::header("line skip", format!("of {lines} goes beyond the end of the file")));
        }
        at += got as u64;
    }
    Ok(at)
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Problem> {
    text.trim().parse().map_err(|_| Problem::header(field, format!("is `{}`, no proper number", shortened(text))))
}

fn numbers<T: std::str::FromStr>(field: &str, text: &str) -> Result<Vec<T>, Problem> {
    text.split_whitespace().map(|t| number(field, t)).collect()
}

/// `(1,0,0) none (0,1,0)`: vectors or nothing.
fn vectors(field: &str, text: &str) -> Result<Vec<Option<Vec<f64>>>, Problem> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('(') {
            let (vector, after) =
                inside.split_once(')').ok_or_else(|| Problem::header(field, "has an open parenthesis"))?;
            found.push(Some(vector.split(',').map(|t| number(field, t)).collect::<Result<_, _>>()?));
            rest = after.trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word != "none" {
                return Err(Problem::header(field, format!("has `{}` where a vector should be", shortened(word))));
            }
            found.push(None);
            rest = after.trim_start();
        }
    }
    Ok(found)
}

/// Words, some in double quotes.
fn quoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(inside) => inside.split_once('"').unwrap_or((inside, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Undoes the escapes of key/value pairs: `\n` and `\\`.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some('\\') | None => plain.push('\\'),
                Some(other) => {
                    plain.push('\\');
                    plain.push(other);
                }
            },
            c => plain.push(c),
        }
    }
    plain
}

/// Escapes a key or value.
pub(crate) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\r', " ").replace('\n', "\\n")
}

fn stored(name: &str) -> Result<Stored, Problem> {
    Ok(match name.trim().to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Stored::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Stored::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => Stored::I16,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Stored::U16,
        "int" | "signed int" | "int32" | "int32_t" => Stored::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Stored::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Stored::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Stored::U64,
        "float" => Stored::F32,
        "double" => Stored::F64,
        other => return Err(Problem::header("type", format!("is `{}`, which is no number", shortened(other)))),
    })
}
