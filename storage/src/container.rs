//! Container files: the segments of several trees in one file.
//!
//! A flush touches many trees and writes one file. Segments come first, each at a multiple of 128
//! bytes, then a list of them, then a footer of fixed length that says which format this is and which
//! features a reader must know. The footer's XXH3 covers list and footer and is checked whenever the
//! file is opened; another covers all that lies before and is checked by [`Container::verify`],
//! because segments check their own parts as they are used. Byte tables: docs/formats/segment.md.

use std::path::Path;
use std::sync::Arc;

use arrow_buffer::Buffer;
use twox_hash::XxHash3_128;
use types::TreeId;

use crate::error::{Error, Result};
use crate::segment::{FinishedSegment, Segment};

/// The last bytes of a container.
pub const CONTAINER_MAGIC: [u8; 8] = *b"SPDBCTR\0";
/// The format of containers that this release writes; a larger major number is refused.
pub const CONTAINER_MAJOR: u16 = 0;
/// Additions to the format that older readers may ignore.
pub const CONTAINER_MINOR: u16 = 0;
/// Bytes of the footer.
pub const FOOTER_BYTES: usize = 96;
/// Bytes of an entry of the list of segments.
pub const LIST_ENTRY_BYTES: usize = 24;
/// Segments start at multiples of this.
pub const SEGMENT_ALIGNMENT: usize = 128;

/// Features that a reader must know to read the file at all: none yet.
const INCOMPATIBLE_KNOWN: u32 = 0;
const HASH_BYTES: usize = 16;

/// Where a segment lies in its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// The tree.
    pub tree: TreeId,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
}

/// Collects segments into a container.
#[derive(Debug)]
pub struct ContainerWriter {
    file_id: u64,
    bytes: Vec<u8>,
    places: Vec<SegmentPlace>,
}

impl ContainerWriter {
    /// Returns a writer of the file with this number, which is kept in the footer.
    pub fn new(file_id: u64) -> ContainerWriter {
        ContainerWriter { file_id, bytes: Vec::new(), places: Vec::new() }
    }

    /// Returns the number of segments added.
    pub fn segments(&self) -> usize {
        self.places.len()
    }

    /// Returns the bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a segment and returns where it lies.
    pub fn add(&mut self, segment: &FinishedSegment) -> SegmentPlace {
        self.pad();
        let place = SegmentPlace {
            tree: segment.meta.tree,
            offset: self.bytes.len() as u64,
            len: segment.bytes.len() as u64,
        };
        self.bytes.extend(&segment.bytes);
        self.places.push(place);
        place
    }

    /// Returns the bytes of the file.
    pub fn finish(mut self) -> Vec<u8> {
        self.pad();
        let content = XxHash3_128::oneshot(&self.bytes);
        let list = self.bytes.len();
        for place in &self.places {
            self.bytes.extend(place.offset.to_le_bytes());
            self.bytes.extend(place.len.to_le_bytes());
            self.bytes.extend(place.tree.0.to_le_bytes());
            self.bytes.extend([0; 4]);
        }
        let count = u32::try_from(self.places.len()).expect("segments are counted in 32 bits");
        self.bytes.extend((list as u64).to_le_bytes());
        self.bytes.extend(count.to_le_bytes());
        // The key that encrypts the file: none.
        self.bytes.extend(0_u32.to_le_bytes());
        self.bytes.extend(self.file_id.to_le_bytes());
        self.bytes.extend(content.to_le_bytes());
        // Compatible, read-only compatible and incompatible features, then room.
        self.bytes.extend([0; 12 + 12]);
        self.bytes.extend(CONTAINER_MAJOR.to_le_bytes());
        self.bytes.extend(CONTAINER_MINOR.to_le_bytes());
        self.bytes.extend([0; 4]);
        let hash = footer_hash(&self.bytes[list..]);
        self.bytes.extend(hash.to_le_bytes());
        self.bytes.extend(CONTAINER_MAGIC);
        self.bytes
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(SEGMENT_ALIGNMENT), 0);
    }
}

fn footer_hash(list_and_footer: &[u8]) -> u128 {
    XxHash3_128::oneshot(list_and_footer)
}

/// An open container.
#[derive(Debug)]
pub struct Container {
    file: Arc<Path>,
    bytes: Buffer,
    file_id: u64,
    content: u128,
    content_len: usize,
    places: Vec<SegmentPlace>,
}

/// The footer's fields at their offsets from its start.
struct Footer<'a>(&'a [u8; FOOTER_BYTES]);

impl Footer<'_> {
    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let (field, _) = self.0[at..].split_first_chunk().expect("fields lie inside of the footer");
        *field
    }

    fn list(&self) -> u64 {
        u64::from_le_bytes(self.field(0))
    }

    fn count(&self) -> u32 {
        u32::from_le_bytes(self.field(8))
    }

    fn file_id(&self) -> u64 {
        u64::from_le_bytes(self.field(16))
    }

    fn content(&self) -> u128 {
        u128::from_le_bytes(self.field(24))
    }

    fn incompatible(&self) -> u32 {
        u32::from_le_bytes(self.field(48))
    }

    fn major(&self) -> u16 {
        u16::from_le_bytes(self.field(64))
    }

    fn hash(&self) -> u128 {
        u128::from_le_bytes(self.field(72))
    }

    fn magic(&self) -> [u8; 8] {
        self.field(88)
    }
}

impl Container {
    /// Opens the container whose bytes are `bytes`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if list or footer are not what was written, [`Error::NewerFormat`] if a newer
    /// release wrote the file.
    pub fn open(file: Arc<Path>, bytes: Buffer) -> Result<Container> {
        let Some((before, footer)) = bytes.split_last_chunk::<FOOTER_BYTES>() else {
            return Err(wrong(&file, 0, "a container's footer", bytes.len()));
        };
        let (at, footer) = (before.len(), Footer(footer));
        if footer.magic() != CONTAINER_MAGIC {
            return Err(wrong(&file, at + 88, "a container's magic", "other bytes"));
        }
        let newer = footer.major() > CONTAINER_MAJOR;
        if newer || footer.incompatible() & !INCOMPATIBLE_KNOWN != 0 {
            let found = u32::from(footer.major()).max(1);
            let supported = CONTAINER_MAJOR.into();
            return Err(Error::NewerFormat { directory: file.to_path_buf(), found, supported });
        }
        let list_len = footer.count() as usize * LIST_ENTRY_BYTES;
        let Some(list) = at.checked_sub(list_len).filter(|list| *list as u64 == footer.list())
        else {
            return Err(wrong(&file, at, "a list of segments before the footer", footer.count()));
        };
        let hashed = &bytes[list..bytes.len() - HASH_BYTES - CONTAINER_MAGIC.len()];
        if footer_hash(hashed) != footer.hash() {
            return Err(wrong(&file, at, "the hash of list and footer", "another"));
        }
        let places = places(&file, &bytes[list..at], list)?;
        let (file_id, content) = (footer.file_id(), footer.content());
        Ok(Container { file, file_id, content, content_len: list, places, bytes })
    }

    /// Returns the number that the file was written with.
    pub fn file_id(&self) -> u64 {
        self.file_id
    }

    /// Returns where the segments lie, in the order in which they were added.
    pub fn places(&self) -> &[SegmentPlace] {
        &self.places
    }

    /// Opens a segment.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if no segment lies there, or it is not what was written.
    pub fn segment(&self, place: SegmentPlace) -> Result<Segment> {
        if !self.places.contains(&place) {
            return Err(wrong(&self.file, place.offset as usize, "a segment", "none listed"));
        }
        let bytes = self.bytes.slice_with_length(place.offset as usize, place.len as usize);
        Segment::open(Arc::clone(&self.file), place.offset, bytes)
    }

    /// Reads the whole file and checks every byte of it, and every segment.
    ///
    /// # Errors
    /// [`Error::Corrupt`] at the first thing that is not what was written.
    pub fn verify(&self) -> Result<()> {
        if XxHash3_128::oneshot(&self.bytes[..self.content_len]) != self.content {
            return Err(wrong(&self.file, 0, "the hash of the content", "another"));
        }
        self.places.iter().try_for_each(|place| self.segment(*place)?.verify())
    }
}

fn wrong(file: &Path, at: usize, expected: &'static str, found: impl ToString) -> Error {
    Error::corrupt(file, at as u64, expected, found.to_string())
}

fn places(file: &Path, list: &[u8], content_len: usize) -> Result<Vec<SegmentPlace>> {
    let (entries, _) = list.as_chunks::<LIST_ENTRY_BYTES>();
    let place = |entry: &[u8; LIST_ENTRY_BYTES]| {
        let number = |at: usize| {
            let (field, _) = entry[at..].split_first_chunk().expect("an entry has its length");
            u64::from_le_bytes(*field)
        };
        let place =
            SegmentPlace { tree: TreeId(number(16) as u32), offset: number(0), len: number(8) };
        let end = place.offset.checked_add(place.len);
        if end.is_some_and(|end| end <= content_len as u64) {
            Ok(place)
        } else {
            Err(wrong(file, content_len, "segments before their list", place.offset))
        }
    };
    entries.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::tests::small_segment;

    fn container() -> Vec<u8> {
        let mut writer = ContainerWriter::new(7);
        for tree in 1..4 {
            writer.add(&small_segment(TreeId(tree), 40 * u64::from(tree)));
        }
        assert_eq!(writer.segments(), 3);
        writer.finish()
    }

    fn open(bytes: Vec<u8>) -> Result<Container> {
        Container::open(Path::new("0001.seg").into(), Buffer::from_vec(bytes))
    }

    #[test]
    fn segments_come_back() {
        let container = open(container()).expect("just written");
        assert_eq!(container.file_id(), 7);
        container.verify().expect("just written");
        let rows = container.places().iter().map(|place| {
            assert_eq!(place.offset as usize % SEGMENT_ALIGNMENT, 0);
            let segment = container.segment(*place).expect("just written");
            assert_eq!(segment.meta().tree, place.tree);
            segment.rows()
        });
        assert_eq!(rows.collect::<Vec<_>>(), [40, 80, 120]);
    }

    #[test]
    fn an_empty_container_opens() {
        let bytes = ContainerWriter::new(1).finish();
        assert_eq!(bytes.len(), FOOTER_BYTES);
        let container = open(bytes).expect("just written");
        assert!(container.places().is_empty());
        container.verify().expect("just written");
    }

    #[test]
    fn any_flipped_byte_is_found() {
        let whole = container();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            let found = open(bytes).and_then(|container| container.verify());
            assert!(found.is_err(), "byte {at}");
        }
    }

    #[test]
    fn any_cut_is_found() {
        let whole = container();
        for len in (0..whole.len()).step_by(31) {
            assert!(open(whole[..len].to_vec()).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let mut bytes = container();
        let major = bytes.len() - FOOTER_BYTES + 64;
        bytes[major] = 9;
        assert!(matches!(open(bytes), Err(Error::NewerFormat { found: 9, supported: 0, .. })));
    }
}
