//! Everything that the application hands over as a pointer is read and written here, after the checks that can be
//! made: null, alignment, structure type, length of the `next` chain. What cannot be checked (that memory of the
//! stated size is there) is the application's duty by the specification.

use std::ffi::{CStr, c_char, c_void};

use openxr_sys::{BaseInStructure, StructureType};

use crate::refusal::{Answer, Refusal};

/// No honest chain is longer; a longer one runs in a circle.
const LONGEST_CHAIN: usize = 64;

/// A structure of the API: begins with its type and a `next` pointer.
///
/// # Safety
/// `repr(C)` with `ty: StructureType` first and `next: *const c_void` (or `*mut`) second.
pub(crate) unsafe trait Tagged: Copy {
    /// The value that `ty` must have.
    const TAG: StructureType;
    /// For messages.
    const NAME: &'static str;
}

/// Says of structures of `openxr-sys` that they are `Tagged`.
macro_rules! tagged {
    ($($name:ident),+ $(,)?) => {$(
        // SAFETY: all of these are generated from the registry as repr(C) with `ty` and `next` first.
        unsafe impl $crate::abi::pointers::Tagged for openxr_sys::$name {
            const TAG: openxr_sys::StructureType = openxr_sys::$name::TYPE;
            const NAME: &'static str = concat!("Xr", stringify!($name));
        }
    )+};
}
pub(crate) use tagged;

fn checked<T>(pointer: *const T, what: &str) -> Answer<()> {
    if pointer.is_null() {
        return Err(Refusal::invalid(format!("{what} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Refusal::invalid(format!("{what} is not aligned: {pointer:p}")));
    }
    Ok(())
}

fn checked_type<T: Tagged>(pointer: *const T) -> Answer<()> {
    checked(pointer, T::NAME)?;
    // SAFETY: not null, aligned; every structure begins with its type, which the application must have set.
    let ty = unsafe { (*pointer.cast::<BaseInStructure>()).ty };
    if ty != T::TAG {
        return Err(Refusal::invalid(format!("{} has the type {ty:?}, not {:?}", T::NAME, T::TAG)));
    }
    Ok(())
}

/// A structure that the application filled. Its `next` chain is walked too, so that a broken one is found early.
pub(crate) unsafe fn input<'a, T: Tagged>(pointer: *const T) -> Answer<&'a T> {
    checked_type(pointer)?;
    // SAFETY: type and alignment are right; the caller's contract (xr spec 2.12) is that the structure is whole and
    // stays unchanged during the call.
    unsafe {
        Chain::of(pointer)?;
        Ok(&*pointer)
    }
}

/// As [`input`], where the specification allows NULL.
pub(crate) unsafe fn optional_input<'a, T: Tagged>(pointer: *const T) -> Answer<Option<&'a T>> {
    // SAFETY: as for `input`.
    if pointer.is_null() { Ok(None) } else { unsafe { input(pointer).map(Some) } }
}

/// An array that the application filled. Null is allowed when it is empty.
pub(crate) unsafe fn input_array<'a, T: Copy>(pointer: *const T, count: u32, what: &str) -> Answer<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    checked(pointer, what)?;
    if count > 65_536 {
        return Err(Refusal::invalid(format!("{what}: {count} elements are not credible")));
    }
    // SAFETY: not null, aligned; that `count` elements are there is the application's duty.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count as usize) })
}

/// A string given by pointer: null or not UTF-8 is refused.
pub(crate) unsafe fn input_string<'a>(pointer: *const c_char, what: &str) -> Answer<&'a str> {
    checked(pointer, what)?;
    // SAFETY: not null; that it ends with NUL is the application's duty.
    let string = unsafe { CStr::from_ptr(pointer) };
    string.to_str().map_err(|_| Refusal::invalid(format!("{what} is not UTF-8")))
}

/// A string in an array of fixed size inside a structure. `None`: no NUL in it, or not UTF-8.
pub(crate) fn fixed_string(array: &[c_char]) -> Option<&str> {
    // SAFETY: c_char and u8 have the same size and any bits are valid; the slice's length is kept.
    let bytes = unsafe { std::slice::from_raw_parts(array.as_ptr().cast::<u8>(), array.len()) };
    CStr::from_bytes_until_nul(bytes).ok()?.to_str().ok()
}

/// Puts a string into an array of fixed size, cut where it does not fit, always ending with NUL.
pub(crate) fn put_string<const N: usize>(text: &str) -> [c_char; N] {
    let mut array = [0; N];
    for (slot, byte) in array.iter_mut().take(N.saturating_sub(1)).zip(text.bytes()) {
        *slot = byte as c_char;
    }
    array
}

/// A place for a plain value (a handle, a number).
pub(crate) struct Out<T>(*mut T);

/// The place where the application wants a value.
pub(crate) fn output<T>(pointer: *mut T, what: &str) -> Answer<Out<T>> {
    checked(pointer, what)?;
    Ok(Out(pointer))
}

impl<T> Out<T> {
    pub(crate) fn write(self, value: T) {
        // SAFETY: checked in `output`; that the memory is the application's own is its duty.
        unsafe { self.0.write(value) }
    }
}

/// A place for a structure, whose `type` and `next` the application has set and which stay as they are.
pub(crate) struct OutStruct<T> {
    pointer: *mut T,
    next: *mut c_void,
}

/// The structure that the application wants filled.
pub(crate) unsafe fn output_struct<T: Tagged>(pointer: *mut T) -> Answer<OutStruct<T>> {
    checked_type(pointer)?;
    // SAFETY: as for `input`; only the header is read, for the rest may be uninitialised.
    let next = unsafe {
        Chain::of(pointer)?;
        (*pointer.cast::<BaseInStructure>()).next
    };
    Ok(OutStruct { pointer, next: next.cast_mut().cast() })
}

impl<T: Tagged> OutStruct<T> {
    /// The `next` that the value to be written must carry.
    pub(crate) fn next(&self) -> *mut c_void {
        self.next
    }

    pub(crate) fn write(self, value: T) {
        // SAFETY: checked in `output_struct`.
        unsafe { self.pointer.write(value) }
    }
}

/// A `next` chain.
pub(crate) struct Chain(Vec<(StructureType, *const BaseInStructure)>);

impl Chain {
    /// Walks the chain of a structure whose header is sound.
    pub(crate) unsafe fn of<T: Tagged>(pointer: *const T) -> Answer<Self> {
        // SAFETY: the caller has checked the header.
        unsafe { Self::from(pointer.cast::<BaseInStructure>()) }
    }

    unsafe fn from(header: *const BaseInStructure) -> Answer<Self> {
        let mut links = Vec::new();
        // SAFETY: each link is checked for null and alignment before it is read.
        let mut next = unsafe { (*header).next };
        while !next.is_null() {
            if !next.is_aligned() {
                return Err(Refusal::invalid(format!("a next pointer is not aligned: {next:p}")));
            }
            if links.len() == LONGEST_CHAIN {
                return Err(Refusal::invalid(format!("a next chain has more than {LONGEST_CHAIN} links: a circle?")));
            }
            // SAFETY: see above.
            let link = unsafe { &*next };
            if links.iter().any(|(ty, _)| *ty == link.ty) {
                return Err(Refusal::invalid(format!("{:?} is twice in one next chain", link.ty)));
            }
            links.push((link.ty, next));
            next = link.next;
        }
        Ok(Self(links))
    }

    /// The structure of type `T` in the chain, if the application put one there.
    pub(crate) unsafe fn find<'a, T: Tagged>(&self) -> Option<&'a T> {
        let (_, pointer) = self.0.iter().find(|(ty, _)| *ty == T::TAG)?;
        // SAFETY: its type says what it is.
        pointer.cast::<T>().is_aligned().then(|| unsafe { &*pointer.cast::<T>() })
    }

    /// As [`Chain::find`], to be filled.
    pub(crate) unsafe fn find_output<T: Tagged>(&self) -> Option<OutStruct<T>> {
        let (_, pointer) = self.0.iter().find(|(ty, _)| *ty == T::TAG)?;
        // SAFETY: its type says what it is; only the header is read.
        let next = unsafe { (**pointer).next };
        let pointer = pointer.cast_mut().cast::<T>();
        pointer.is_aligned().then_some(OutStruct { pointer, next: next.cast_mut().cast() })
    }
}

/// The two-call idiom (xr spec 2.11) for plain values: tells the count; fills `buffer` when its capacity is not zero.
pub(crate) unsafe fn fill<T: Copy>(capacity: u32, count: *mut u32, buffer: *mut T, items: &[T]) -> Answer {
    unsafe {
        // SAFETY: `write` stays below the capacity, which is the application's word for what is there.
        fill_with(capacity, count, buffer, items.len(), |index| {
            buffer.add(index).write(items[index]);
            Ok(())
        })
    }
}

/// As [`fill`] for structures with a type, each of which is checked. `make` gets the index and the `next` to keep.
pub(crate) unsafe fn fill_structs<T: Tagged>(
    capacity: u32,
    count: *mut u32,
    buffer: *mut T,
    length: usize,
    make: impl Fn(usize, *mut c_void) -> T,
) -> Answer {
    unsafe {
        // SAFETY: as for `fill`.
        fill_with(capacity, count, buffer, length, |index| {
            let slot = output_struct(buffer.add(index))?;
            let value = make(index, slot.next());
            slot.write(value);
            Ok(())
        })
    }
}

/// The two-call idiom for text: the count includes the NUL at the end.
pub(crate) unsafe fn fill_text(capacity: u32, count: *mut u32, buffer: *mut c_char, text: &str) -> Answer {
    let bytes: Vec<c_char> = text.bytes().map(|byte| byte as c_char).chain([0]).collect();
    // SAFETY: as for `fill`.
    unsafe { fill(capacity, count, buffer, &bytes) }
}

unsafe fn fill_with<T>(
    capacity: u32,
    count: *mut u32,
    buffer: *mut T,
    length: usize,
    mut write: impl FnMut(usize) -> Answer<()>,
) -> Answer {
    output(count, "the count")?.write(length as u32);
    if capacity == 0 {
        return Ok(openxr_sys::Result::SUCCESS);
    }
    if (capacity as usize) < length {
        crate::refusal::refuse!(ERROR_SIZE_INSUFFICIENT, "room for {capacity}, but there are {length}");
    }
    checked(buffer, "the array")?;
    for index in 0..length {
        write(index)?;
    }
    Ok(openxr_sys::Result::SUCCESS)
}
