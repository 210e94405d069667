//! Text broken into lines, and a table's width shared among its columns.

use super::font::Face;

/// A word wider than this may be broken anywhere: hashes, paths.
const BREAKS: f32 = 90.0;

/// A text as lines no wider than this. Words stay whole where they can; spaces at the start of a line stay.
pub(super) fn wrapped(face: &Face, text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for hard in text.split('\n') {
        let (mut line, mut so_far) = (String::new(), 0.0);
        for word in hard.split_inclusive(' ') {
            let long = face.width(word.trim_end(), size);
            if so_far + long > width && !line.trim().is_empty() {
                lines.push(std::mem::take(&mut line));
                so_far = 0.0;
            }
            for c in word.chars() {
                let letter = face.letter(c, size);
                if c != ' ' && so_far + letter > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    so_far = 0.0;
                }
                line.push(c);
                so_far += letter;
            }
        }
        lines.push(line);
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines
}

/// The width of each column of a table, of `width` together: what its cells need, as far as there is room.
pub(super) fn columns(face: &Face, rows: &[Vec<String>], count: usize, size: f32, width: f32) -> Vec<f32> {
    let (mut least, mut wanted) = (vec![1.0f32; count], vec![1.0f32; count]);
    for (n, cell) in rows.iter().flat_map(|row| row.iter().enumerate()) {
        let (Some(least), Some(wanted)) = (least.get_mut(n), wanted.get_mut(n)) else { continue };
        for line in cell.split('\n') {
            // A little more, since sums of rounded widths differ.
            *wanted = wanted.max(face.width(line, size) + 0.5);
            for word in line.split(' ') {
                *least = least.max((face.width(word, size) + 0.5).min(BREAKS));
            }
        }
    }
    let (all_least, all_wanted) = (least.iter().sum::<f32>(), wanted.iter().sum::<f32>());
    if all_wanted <= width {
        // What is left over goes to the last, which holds the longest texts.
        if let Some(last) = wanted.last_mut() {
            *last += width - all_wanted;
        }
        return wanted;
    }
    if all_least >= width {
        return least.iter().map(|l| l * width / all_least).collect();
    }
    let share = (width - all_least) / (all_wanted - all_least);
    least.iter().zip(&wanted).map(|(l, w)| l + (w - l) * share).collect()
}
