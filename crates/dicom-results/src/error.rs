//! Why results could not be written or read.

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// There is nothing to write.
    #[error("there is no {0} to write")]
    Nothing(&'static str),
    /// A structure lies on another grid than the scan that it is to refer to.
    #[error("`{0}` lies on another grid than the scan; resample it first")]
    OtherGrid(String),
    /// What is told of how far voxels are filled is not what the mask holds.
    #[error("what `{0}` fills of its voxels is not told, or is half or more elsewhere than in its mask")]
    Filled(String),
    /// The object would be larger than DICOM allows.
    #[error("{what} are {count}; DICOM holds at most {most}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The user stopped it.
    #[error(transparent)]
    Cancelled(#[from] fabrica_progress::Cancelled),
    /// The object cannot be encoded.
    #[error("the object cannot be encoded: {0}")]
    Encoding(String),
    /// The file is not DICOM, or damaged.
    #[error("the file cannot be read as DICOM: {0}")]
    Unreadable(String),
    /// The file is DICOM, but no report of measurements, or not as one should be.
    #[error("the file is no report of measurements (TID 1500): {0}")]
    NoReport(String),
    /// Nothing can be drawn on the scan's images.
    #[error("nothing can be drawn on the scan's images: {0}")]
    NoImages(&'static str),
    /// The file is DICOM, but no presentation state, or not as one should be.
    #[error("the file is no grayscale softcopy presentation state: {0}")]
    NoPresentation(String),
    /// The file is DICOM, but no picture, or not as one should be.
    #[error("the file is no secondary capture in colour: {0}")]
    NoPicture(String),
    /// The file is DICOM, but no selection of key images.
    #[error("the file is no key object selection: {0}")]
    NoKeys(String),
    /// The file is DICOM, but no printable model, or not as one should be.
    #[error("the file is no printable model (encapsulated STL or OBJ, in mm): {0}")]
    NoModel(String),
}
