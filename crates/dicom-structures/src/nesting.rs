//! Bounds how deep sequences nest, how long values claim to be, and that what ends was begun.
//!
//! `dicom-object` builds its tree by recursion, so that a small file of sequences within sequences overflows the
//! stack and ends the process; and it makes room for a value as long as its header says. Here the same headers are
//! walked first, without recursion and without reading values.

use std::io::Cursor;

use dicom_encoding::TransferSyntax;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;

use crate::Problem;
use crate::open::chain;

/// Segmentations and structure sets are at most about ten sequences deep.
const MAX_DEPTH: usize = 64;

/// Walks a data set.
pub(crate) fn check_nesting(data_set: &[u8], syntax: &TransferSyntax) -> Result<(), Problem> {
    let damaged = |e: &dyn std::error::Error| Problem::Dicom(chain(e));
    let held = data_set.len() as u64;
    let mut walk = LazyDataSetReader::new_with_ts(Cursor::new(data_set), syntax).map_err(|e| damaged(&e))?;
    let mut open = Vec::new();
    while let Some(token) = walk.advance() {
        let token = token.map_err(|e| damaged(&e))?;
        match token {
            LazyDataToken::SequenceStart { .. } | LazyDataToken::PixelSequenceStart => open.push(Open::Sequence),
            LazyDataToken::ItemStart { .. } => {
                within(&open, Open::Sequence)?;
                open.push(Open::Item);
            }
            LazyDataToken::ItemEnd => {
                within(&open, Open::Item)?;
                open.pop();
            }
            LazyDataToken::SequenceEnd => {
                within(&open, Open::Sequence)?;
                open.pop();
            }
            LazyDataToken::LazyValue { ref header, .. } => {
                fits(header.len.get().map_or(0, u64::from), held)?;
                token.skip().map_err(|e| damaged(&e))?;
            }
            LazyDataToken::LazyItemValue { len, .. } => {
                fits(u64::from(len), held)?;
                token.skip().map_err(|e| damaged(&e))?;
            }
            _ => {}
        }
        if open.len() > 2 * MAX_DEPTH {
            return Err(Problem::Dicom(format!("sequences are nested more than {MAX_DEPTH} deep")));
        }
    }
    Ok(())
}

/// What was begun and has not ended.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    Sequence,
    Item,
}

/// Delimiters that nothing belongs to would make `dicom-parser` lose count, and panic at the next item.
fn within(open: &[Open], expected: Open) -> Result<(), Problem> {
    if open.last() == Some(&expected) {
        return Ok(());
    }
    Err(Problem::Dicom("an item or sequence ends or begins where none is open; the file is damaged".into()))
}

/// A value cannot be longer than its data set.
fn fits(length: u64, held: u64) -> Result<(), Problem> {
    if length <= held {
        return Ok(());
    }
    Err(Problem::Dicom(format!("a value claims {length} bytes, the data set has {held}; it is cut off or damaged")))
}
