//! The last bytes of a segment: where its sections are, each with a checksum.

use arrow_buffer::Buffer;

use super::Origin;
use super::fields::Fields;
use crate::error::Result;

/// The first bytes of the tail.
pub(super) const SEGMENT_MAGIC: [u8; 8] = *b"SPDBSEG\0";
/// The format of segments that this release writes; a larger major number is refused.
pub(super) const SEGMENT_MAJOR: u16 = 0;
/// Additions to the format that older readers may ignore.
pub(super) const SEGMENT_MINOR: u16 = 0;
/// Bytes of the tail: head, five sections, checksum.
pub(super) const TAIL_BYTES: usize = 16 + SECTIONS * SECTION_BYTES + 8;

const SECTIONS: usize = 5;
const SECTION_BYTES: usize = 16;

/// A section's bytes and where they are.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) at: usize,
    pub(super) bytes: Buffer,
}

/// The sections of a segment, their checksums proved.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) filter: Section,
    pub(super) fences: Section,
    pub(super) directory: Section,
    pub(super) statistics: Section,
    pub(super) properties: Section,
}

impl Tail {
    pub(super) fn read(origin: &Origin, segment: &Buffer) -> Result<Tail> {
        let Some((before, tail)) = segment.split_last_chunk::<TAIL_BYTES>() else {
            return Err(origin.corrupt(0, "a segment's tail", segment.len()));
        };
        let at = before.len();
        let (checked, crc) = tail.split_last_chunk::<8>().expect("the tail has its length");
        let [crc @ .., a, b, c, d] = *crc;
        origin.check_crc(at, checked, u32::from_le_bytes(crc))?;
        if [a, b, c, d] != [0; 4] {
            return Err(origin.corrupt(at + TAIL_BYTES - 4, "zeros", a));
        }
        Tail::sections(origin, segment, at, checked)
    }

    fn sections(origin: &Origin, segment: &Buffer, at: usize, tail: &[u8]) -> Result<Tail> {
        let short = || origin.corrupt(at, "a whole tail", tail.len());
        let mut fields = Fields::new(tail);
        if fields.array::<8>().ok_or_else(short)? != SEGMENT_MAGIC {
            return Err(origin.corrupt(at, "a segment's magic", "other bytes"));
        }
        let major = fields.u16().ok_or_else(short)?;
        if major > SEGMENT_MAJOR {
            return Err(origin.corrupt(at + 8, "segment format 0", major));
        }
        fields.array::<6>().ok_or_else(short)?;
        let mut next = || section(origin, segment, at, &mut fields);
        Ok(Tail {
            filter: next()?,
            fences: next()?,
            directory: next()?,
            statistics: next()?,
            properties: next()?,
        })
    }
}

fn section(
    origin: &Origin,
    segment: &Buffer,
    tail: usize,
    fields: &mut Fields<'_>,
) -> Result<Section> {
    let (Some(at), Some(len), Some(crc)) = (fields.u64(), fields.u32(), fields.u32()) else {
        return Err(origin.corrupt(tail, "five sections", "fewer"));
    };
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let len = len as usize;
    if at.checked_add(len).is_none_or(|end| end > tail) {
        return Err(origin.corrupt(tail, "sections inside the segment", at));
    }
    let bytes = segment.slice_with_length(at, len);
    origin.check_crc(at, &bytes, crc)?;
    Ok(Section { at, bytes })
}

/// Appends sections, in the tail's order, and the tail to a segment's blocks.
pub(super) fn put_sections(segment: &mut Vec<u8>, sections: [Vec<u8>; SECTIONS]) {
    let mut tail = Vec::with_capacity(TAIL_BYTES);
    tail.extend(SEGMENT_MAGIC);
    tail.extend(SEGMENT_MAJOR.to_le_bytes());
    tail.extend(SEGMENT_MINOR.to_le_bytes());
    tail.extend([0; 4]);
    for section in sections {
        segment.resize(segment.len().next_multiple_of(8), 0);
        let len = u32::try_from(section.len()).expect("a section is below 4 GiB");
        tail.extend((segment.len() as u64).to_le_bytes());
        tail.extend(len.to_le_bytes());
        tail.extend(crc32fast::hash(&section).to_le_bytes());
        segment.extend(section);
    }
    segment.resize(segment.len().next_multiple_of(8), 0);
    let crc = crc32fast::hash(&tail);
    tail.extend(crc.to_le_bytes());
    tail.extend([0; 4]);
    segment.extend(tail);
}
