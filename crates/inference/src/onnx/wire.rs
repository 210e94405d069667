//! The wire format of protocol buffers: numbered fields, each a number or a run of bytes.
//! (<https://protobuf.dev/programming-guides/encoding/>)

/// A field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its number.
    pub number: u64,
    /// What it holds.
    pub value: Value<'a>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A variable-length or fixed-length number.
    Number(u64),
    /// Bytes: text, a message, packed numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message in order. Ends after the first error.
pub fn fields(bytes: &[u8]) -> impl Iterator<Item = Result<Field<'_>, String>> {
    let mut rest = bytes;
    let mut failed = false;
    std::iter::from_fn(move || {
        if rest.is_empty() || failed {
            return None;
        }
        let field = next(&mut rest);
        failed = field.is_err();
        Some(field)
    })
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, String> {
    let key = varint(rest)?;
    let value = match key & 7 {
        0 => Value::Number(varint(rest)?),
        1 => Value::Number(u64::from_le_bytes(fixed(rest)?)),
        2 => {
            let length = varint(rest)?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let (bytes, after) = rest
                .split_at_checked(length)
                .ok_or_else(|| format!("a field says that it has {length} bytes, {} are left", rest.len()))?;
            *rest = after;
            Value::Bytes(bytes)
        }
        5 => Value::Number(u64::from(u32::from_le_bytes(fixed(rest)?))),
        kind => return Err(format!("a field has the wire type {kind}")),
    };
    Ok(Field { number: key >> 3, value })
}

fn fixed<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (bytes, after) = rest.split_first_chunk::<N>().ok_or("it ends within a number")?;
    *rest = after;
    Ok(*bytes)
}

fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first().ok_or("it ends within a number")?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is longer than 64 bits".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_by_hand() {
        // Field 1 = 300 (0xAC 0x02), field 2 = "hi", field 3 = fixed32 1.
        let bytes = [0x08, 0xAC, 0x02, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0];
        let all: Result<Vec<_>, _> = fields(&bytes).collect();
        let all = all.unwrap();
        assert_eq!(all[0], Field { number: 1, value: Value::Number(300) });
        assert_eq!(all[1], Field { number: 2, value: Value::Bytes(b"hi") });
        assert_eq!(all[2], Field { number: 3, value: Value::Number(1) });
    }

    #[test]
    fn lies_are_errors() {
        assert!(fields(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]).any(|f| f.is_err()));
        assert!(fields(&[0x80; 11]).any(|f| f.is_err()));
        assert!(fields(&[0x0b]).any(|f| f.is_err()));
    }
}
