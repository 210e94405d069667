//! Samples as text, turned into the bytes that other encodings hold.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom};

use crate::Problem;
use crate::input::Input;
use crate::stored::Stored;

/// Longer than any number.
const MAX_TOKEN: usize = 64;

pub(super) fn open(mut file: File, offset: u64, stored: Stored) -> Result<Input, Problem> {
    let held = file.metadata()?.len().saturating_sub(offset);
    file.seek(SeekFrom::Start(offset))?;
    // At least a digit and a blank a sample.
    let limit = held.div_ceil(2).saturating_mul(stored.bytes() as u64);
    Ok(Input::from_reader(Box::new(Numbers { text: BufReader::new(file), stored, made: Vec::new(), at: 0 }), limit))
}

struct Numbers {
    text: BufReader<File>,
    stored: Stored,
    /// The bytes of the last number, and how many were handed over.
    made: Vec<u8>,
    at: usize,
}

impl Read for Numbers {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            if self.at == self.made.len() {
                let Some(token) = self.token()? else { break };
                self.made = bytes(&token, self.stored).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidData, format!("`{token}` is no {}", self.stored.name()))
                })?;
                self.at = 0;
            }
            let n = (self.made.len() - self.at).min(buffer.len() - filled);
            buffer[filled..filled + n].copy_from_slice(&self.made[self.at..self.at + n]);
            self.at += n;
            filled += n;
        }
        Ok(filled)
    }
}

impl Numbers {
    fn token(&mut self) -> std::io::Result<Option<String>> {
        let separates = |b: u8| b.is_ascii_whitespace() || b == b',';
        let mut token = Vec::new();
        loop {
            let available = self.text.fill_buf()?;
            let Some(&next) = available.first() else { break };
            if separates(next) {
                let n = available.iter().take_while(|&&b| separates(b)).count();
                self.text.consume(n);
                if !token.is_empty() {
                    break;
                }
            } else {
                let n = available.iter().take_while(|&&b| !separates(b)).count();
                if token.len() + n > MAX_TOKEN {
                    return Err(Error::new(ErrorKind::InvalidData, "something longer than any number"));
                }
                token.extend_from_slice(&available[..n]);
                self.text.consume(n);
            }
        }
        Ok((!token.is_empty()).then(|| String::from_utf8_lossy(&token).into_owned()))
    }
}

fn bytes(token: &str, stored: Stored) -> Option<Vec<u8>> {
    macro_rules! parsed {
        ($t:ty) => {
            token.parse::<$t>().ok()?.to_ne_bytes().to_vec()
        };
    }
    Some(match stored {
        Stored::I8 => parsed!(i8),
        Stored::U8 => parsed!(u8),
        Stored::I16 => parsed!(i16),
        Stored::U16 => parsed!(u16),
        Stored::I32 => parsed!(i32),
        Stored::U32 => parsed!(u32),
        Stored::I64 => parsed!(i64),
        Stored::U64 => parsed!(u64),
        Stored::F32 => parsed!(f32),
        Stored::F64 => parsed!(f64),
    })
}
