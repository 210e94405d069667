//! Which decoder a transfer syntax needs.

use crate::{FrameLayout, PixelError};

/// How the bytes of a frame are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Uncompressed, least significant byte first. Also for deflated data sets once these are inflated.
    NativeLittleEndian,
    /// Uncompressed 16-bit words of VR OW as they lie in a file of the retired Explicit VR Big Endian: most significant
    /// byte first; of two 8-bit pixels the first is in the less significant byte (PS3.5 annex D).
    ///
    /// Where the reader has put the words into the machine's order (`dicom-object` does for VR OW), and for 8-bit pixels
    /// of VR OB, it is [`NativeLittleEndian`](Self::NativeLittleEndian) that fits the bytes. 32-bit pixels are refused:
    /// writers do not agree on the order of their words.
    NativeBigEndian,
    /// Uncompressed little endian, one fragment a frame.
    EncapsulatedUncompressed,
    /// RLE Lossless (PS3.5 annex G).
    Rle,
    /// JPEG (ITU-T T.81): sequential DCT of 8 or 12 bits, and lossless. The codestream says which.
    Jpeg,
    /// JPEG-LS (ITU-T T.87), lossless and near-lossless.
    JpegLs,
    /// JPEG 2000 (ITU-T T.800), reversible and irreversible.
    Jpeg2000,
    /// JPEG XL (ISO/IEC 18181), lossless and lossy.
    JpegXl,
    /// Uncompressed little endian, each frame deflated by itself (PS3.5 A.4.13).
    DeflatedFrame,
}

impl Codec {
    /// Whether the pixel data comes as fragments (PS3.5 A.4) instead of one run of frames.
    pub fn is_encapsulated(self) -> bool {
        !matches!(self, Self::NativeLittleEndian | Self::NativeBigEndian)
    }

    /// The most pixels that a frame of so many bytes can hold. Ask before allocating what Rows × Columns claim.
    ///
    /// JPEG-LS, JPEG 2000 and JPEG XL can code an even image of any size in a few bytes; beyond 4096×4096 pixels no more than 4096
    /// pixels a byte are believed.
    pub fn max_pixels(self, layout: &FrameLayout, bytes: usize) -> usize {
        let bytes_a_pixel = usize::from(layout.bits_allocated / 8).max(1);
        match self {
            Self::NativeLittleEndian | Self::NativeBigEndian | Self::EncapsulatedUncompressed => bytes / bytes_a_pixel,
            Self::Rle => bytes.saturating_mul(64) / bytes_a_pixel, // two bytes make a run of at most 128
            Self::Jpeg => bytes.saturating_mul(256),               // two bits make a block of 64
            Self::DeflatedFrame => bytes.saturating_mul(1032) / bytes_a_pixel, // zlib's technical details
            Self::JpegLs | Self::Jpeg2000 | Self::JpegXl => bytes.saturating_mul(4096).max(4096 * 4096),
        }
    }
}

/// The codec of a transfer syntax; trailing spaces and zero bytes of the UID do not matter.
///
/// # Errors
/// [`PixelError::UnsupportedTransferSyntax`] names a syntax that is known but not decoded;
/// [`PixelError::UnknownTransferSyntax`] is for all else.
pub fn codec_for(transfer_syntax_uid: &str) -> Result<Codec, PixelError> {
    let uid = transfer_syntax_uid.trim_matches([' ', '\0']);
    let unsupported = |name| Err(PixelError::UnsupportedTransferSyntax { uid: uid.into(), name });
    match uid {
        // Implicit VR, Explicit VR and Deflated Explicit VR Little Endian.
        "1.2.840.10008.1.2" | "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.1.99" => Ok(Codec::NativeLittleEndian),
        "1.2.840.10008.1.2.2" => Ok(Codec::NativeBigEndian),
        "1.2.840.10008.1.2.1.98" => Ok(Codec::EncapsulatedUncompressed),
        "1.2.840.10008.1.2.5" => Ok(Codec::Rle),
        "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51" | "1.2.840.10008.1.2.4.57" | "1.2.840.10008.1.2.4.70" => {
            Ok(Codec::Jpeg)
        }
        "1.2.840.10008.1.2.4.80" | "1.2.840.10008.1.2.4.81" => Ok(Codec::JpegLs),
        "1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.91" => Ok(Codec::Jpeg2000),
        "1.2.840.10008.1.2.4.110" | "1.2.840.10008.1.2.4.111" | "1.2.840.10008.1.2.4.112" => Ok(Codec::JpegXl),
        "1.2.840.10008.1.2.8.1" => Ok(Codec::DeflatedFrame),
        "1.2.840.10008.1.2.4.52"
        | "1.2.840.10008.1.2.4.53"
        | "1.2.840.10008.1.2.4.54"
        | "1.2.840.10008.1.2.4.55"
        | "1.2.840.10008.1.2.4.56"
        | "1.2.840.10008.1.2.4.58"
        | "1.2.840.10008.1.2.4.59"
        | "1.2.840.10008.1.2.4.60"
        | "1.2.840.10008.1.2.4.61"
        | "1.2.840.10008.1.2.4.62"
        | "1.2.840.10008.1.2.4.63"
        | "1.2.840.10008.1.2.4.64"
        | "1.2.840.10008.1.2.4.65"
        | "1.2.840.10008.1.2.4.66" => unsupported("JPEG progressive, hierarchical or extended (retired)"),
        "1.2.840.10008.1.2.4.92" => unsupported("JPEG 2000 Part 2 Multi-component Lossless"),
        "1.2.840.10008.1.2.4.93" => unsupported("JPEG 2000 Part 2 Multi-component"),
        "1.2.840.10008.1.2.4.94" | "1.2.840.10008.1.2.4.204" => unsupported("JPIP Referenced"),
        "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205" => unsupported("JPIP Referenced Deflate"),
        "1.2.840.10008.1.2.4.100"
        | "1.2.840.10008.1.2.4.100.1"
        | "1.2.840.10008.1.2.4.101"
        | "1.2.840.10008.1.2.4.101.1" => unsupported("MPEG2 video"),
        "1.2.840.10008.1.2.4.102"
        | "1.2.840.10008.1.2.4.102.1"
        | "1.2.840.10008.1.2.4.103"
        | "1.2.840.10008.1.2.4.103.1"
        | "1.2.840.10008.1.2.4.104"
        | "1.2.840.10008.1.2.4.104.1"
        | "1.2.840.10008.1.2.4.105"
        | "1.2.840.10008.1.2.4.105.1"
        | "1.2.840.10008.1.2.4.106"
        | "1.2.840.10008.1.2.4.106.1" => unsupported("MPEG-4 AVC/H.264 video"),
        "1.2.840.10008.1.2.4.107" | "1.2.840.10008.1.2.4.108" => unsupported("HEVC/H.265 video"),
        "1.2.840.10008.1.2.4.201" => unsupported("High-Throughput JPEG 2000 Lossless"),
        "1.2.840.10008.1.2.4.202" => unsupported("High-Throughput JPEG 2000 with RPCL Lossless"),
        "1.2.840.10008.1.2.4.203" => unsupported("High-Throughput JPEG 2000"),
        "1.2.840.10008.1.2.6.1" | "1.2.840.10008.1.2.6.2" => unsupported("RFC 2557 MIME or XML encoding (retired)"),
        _ => Err(PixelError::UnknownTransferSyntax { uid: transfer_syntax_uid.chars().take(64).collect() }),
    }
}
