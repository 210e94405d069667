//! What can be wrong with pixel data.

/// Why a frame could not be decoded. The caller adds which file and which frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PixelError {
    /// The transfer syntax is a known one that is not decoded here.
    #[error(
        "the transfer syntax {name} ({uid}) is not supported; convert the file, for example to Explicit VR Little Endian"
    )]
    UnsupportedTransferSyntax {
        /// Transfer Syntax UID.
        uid: String,
        /// Its name in PS3.6.
        name: &'static str,
    },
    /// The transfer syntax is none of the DICOM standard's.
    #[error(
        "the transfer syntax {uid:?} is unknown (damaged or private); convert the file, for example to Explicit VR Little Endian"
    )]
    UnknownTransferSyntax {
        /// Transfer Syntax UID as found.
        uid: String,
    },
    /// A colour image: not a volume of values.
    #[error("this is a colour image ({samples} samples a pixel), which has no place in a volume")]
    Colour {
        /// Samples per Pixel, or the components of the codestream.
        samples: usize,
    },
    /// The attributes of the Image Pixel module contradict each other or cannot be decoded.
    #[error("the image attributes are wrong: {0}")]
    Layout(String),
    /// The output slice does not have one element a pixel.
    #[error("the output has room for {found} pixels, a frame has {expected}")]
    OutputLength {
        /// Rows times columns.
        expected: usize,
        /// Elements of the slice.
        found: usize,
    },
    /// The output type cannot hold every value that the layout allows.
    #[error("values of {bits_stored} bits ({}) do not fit into {output}", if *.signed { "signed" } else { "unsigned" })]
    OutputType {
        /// Bits Stored.
        bits_stored: u16,
        /// Pixel Representation.
        signed: bool,
        /// The Rust type asked for.
        output: &'static str,
    },
    /// Less native pixel data than the attributes promise.
    #[error("the pixel data is cut short: {what} needs {expected} bytes, {found} are there")]
    TooShort {
        /// What was to be read.
        what: String,
        /// Bytes needed.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// The codestream's own size differs from Rows and Columns.
    #[error(
        "the file contradicts itself: Rows × Columns say {rows}×{columns}, its {codec} codestream says {stream_rows}×{stream_columns}"
    )]
    Size {
        /// Name of the compression.
        codec: &'static str,
        /// Rows (0028,0010).
        rows: usize,
        /// Columns (0028,0011).
        columns: usize,
        /// Rows of the codestream.
        stream_rows: usize,
        /// Columns of the codestream.
        stream_columns: usize,
    },
    /// The codestream's samples do not fit the attributes.
    #[error("the file contradicts itself: its {codec} codestream has {precision}-bit samples, {why}")]
    Precision {
        /// Name of the compression.
        codec: &'static str,
        /// Bits of a sample in the codestream.
        precision: u16,
        /// What this contradicts.
        why: String,
    },
    /// The compressed data ends too early.
    #[error("the {codec} data is cut short: it ends {place}")]
    Truncated {
        /// Name of the compression.
        codec: &'static str,
        /// Where it ends.
        place: String,
    },
    /// The compressed data is damaged.
    #[error("the {codec} data is damaged: {what}")]
    Corrupt {
        /// Name of the compression.
        codec: &'static str,
        /// What is wrong, and where.
        what: String,
    },
    /// A legal codestream that uses something not decoded here.
    #[error("the {codec} data uses {what}, which is not supported")]
    Unsupported {
        /// Name of the compression.
        codec: &'static str,
        /// The feature.
        what: String,
    },
    /// Fragments and frames do not match.
    #[error("the encapsulated pixel data cannot be split into frames: {0}")]
    Fragments(String),
}

impl PixelError {
    pub(crate) fn corrupt(codec: &'static str, what: impl Into<String>) -> Self {
        Self::Corrupt { codec, what: what.into() }
    }

    pub(crate) fn truncated(codec: &'static str, place: impl Into<String>) -> Self {
        Self::Truncated { codec, place: place.into() }
    }

    pub(crate) fn unsupported(codec: &'static str, what: impl Into<String>) -> Self {
        Self::Unsupported { codec, what: what.into() }
    }
}
