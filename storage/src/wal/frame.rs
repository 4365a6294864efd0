//! Frames: the unit of the log that is whole or absent.
//!
//! A frame is one commit, or a fragment of a large one, chained to the frame before it. `durable_to`
//! is the newest commit known to be synced when the frame was written: it tells a torn tail (cut)
//! from damage in the middle (refused). The byte table is docs/formats/wal.md.

use types::CommitId;

use crate::codec::{Malformed, Reader};

/// Bytes of a frame's head.
pub(crate) const FRAME_HEAD_BYTES: usize = 40;
/// Frames begin at multiples of this.
pub(crate) const FRAME_ALIGN: usize = 8;
/// Most bytes of records in one frame; larger commits are cut into fragments.
pub(crate) const FRAGMENT_BYTES_MAX: usize = 4 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A whole commit.
    Full = 1,
    /// The first fragment of a commit.
    First = 2,
    /// A fragment that is neither first nor last.
    Middle = 3,
    /// The last fragment of a commit.
    Last = 4,
    /// No commit: a clean end, which certifies everything before it.
    Mark = 5,
}

impl FrameKind {
    fn from_byte(byte: u8) -> Option<FrameKind> {
        Some(match byte {
            1 => FrameKind::Full,
            2 => FrameKind::First,
            3 => FrameKind::Middle,
            4 => FrameKind::Last,
            5 => FrameKind::Mark,
            _ => return None,
        })
    }
}

/// A frame's head, without its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) kind: FrameKind,
    pub(crate) commit_id: CommitId,
    pub(crate) commit_time_us: i64,
    pub(crate) durable_to: CommitId,
}

/// A frame as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) head: FrameHead,
    /// The sum of the frame before it.
    pub(crate) previous: u32,
    /// Its own sum.
    pub(crate) crc: u32,
    pub(crate) records: &'a [u8],
    /// Where the next frame begins.
    pub(crate) end: usize,
}

/// Returns the bytes that a frame of this many record bytes takes.
pub(crate) fn frame_bytes(records: usize) -> usize {
    (FRAME_HEAD_BYTES + records).next_multiple_of(FRAME_ALIGN)
}

/// Returns the bytes that a commit of this many record bytes takes, in fragments if need be.
pub(crate) fn commit_bytes(records: usize) -> usize {
    let whole = records / FRAGMENT_BYTES_MAX;
    whole * frame_bytes(FRAGMENT_BYTES_MAX) + frame_bytes(records % FRAGMENT_BYTES_MAX)
}

/// Appends a frame and returns its sum, the next frame's `previous`.
pub(crate) fn put_frame(
    out: &mut Vec<u8>,
    salt: u32,
    previous: u32,
    head: FrameHead,
    records: &[u8],
) -> u32 {
    let start = out.len();
    let length = u32::try_from(records.len()).expect("fragments are far below 4 GiB");
    out.extend(length.to_le_bytes());
    out.extend([0; 4]);
    out.extend([head.kind as u8, 0, 0, 0]);
    out.extend(previous.to_le_bytes());
    out.extend(head.commit_id.0.to_le_bytes());
    out.extend(head.commit_time_us.to_le_bytes());
    out.extend(head.durable_to.0.to_le_bytes());
    out.extend(records);
    let crc = sum(salt, length, &out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    out.resize(start + frame_bytes(records.len()), 0);
    crc
}

/// Sums a frame; the segment's salt keeps a copy of a log inside a row from being taken for one.
fn sum(salt: u32, length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&length.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

/// Returns the frame at `at`, if the bytes there are a whole and undamaged one.
pub(crate) fn frame_at(bytes: &[u8], at: usize, salt: u32) -> Option<Frame<'_>> {
    parse(bytes, at, salt).ok()
}

fn parse(bytes: &[u8], at: usize, salt: u32) -> Result<Frame<'_>, Malformed> {
    let frame = bytes.get(at..).ok_or(Malformed)?;
    let mut reader = Reader::new(frame);
    let length = reader.u32()?;
    let crc = reader.u32()?;
    let [kind, 0, 0, 0] = reader.array()? else { return Err(Malformed) };
    let kind = FrameKind::from_byte(kind).ok_or(Malformed)?;
    let previous = reader.u32()?;
    let head = FrameHead {
        kind,
        commit_id: CommitId(reader.u64()?),
        commit_time_us: reader.i64()?,
        durable_to: CommitId(reader.u64()?),
    };
    let records = usize::try_from(length).map_err(|_| Malformed)?;
    if records > FRAGMENT_BYTES_MAX {
        return Err(Malformed);
    }
    let body = frame.get(8..FRAME_HEAD_BYTES + records).ok_or(Malformed)?;
    if sum(salt, length, body) != crc {
        return Err(Malformed);
    }
    let records = body.get(FRAME_HEAD_BYTES - 8..).ok_or(Malformed)?;
    Ok(Frame { head, previous, crc, records, end: at + frame_bytes(records.len()) })
}

/// Returns the first undamaged frame after `at` that certifies `commit` as synced.
pub(crate) fn certifying_frame(
    bytes: &[u8],
    at: usize,
    salt: u32,
    commit: CommitId,
) -> Option<usize> {
    let start = (at + 1).next_multiple_of(FRAME_ALIGN);
    (start..bytes.len()).step_by(FRAME_ALIGN).find(|&offset| {
        frame_at(bytes, offset, salt).is_some_and(|frame| frame.head.durable_to >= commit)
    })
}

/// A frame whose fields tell which they are, for the check of the page about it.
#[cfg(test)]
pub(crate) fn told_frame() -> Vec<u8> {
    let mut bytes = Vec::new();
    let head = FrameHead {
        kind: FrameKind::Full,
        commit_id: CommitId(0x0707),
        commit_time_us: 0x0808,
        durable_to: CommitId(0x0909),
    };
    put_frame(&mut bytes, 0, 0x0606, head, b"records");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_and_no_damaged_one_does() {
        let head = FrameHead {
            kind: FrameKind::Full,
            commit_id: CommitId(7),
            commit_time_us: -5,
            durable_to: CommitId(6),
        };
        let mut bytes = Vec::new();
        let crc = put_frame(&mut bytes, 11, 22, head, b"records");
        let frame = frame_at(&bytes, 0, 11).unwrap();
        assert_eq!((frame.head, frame.previous, frame.crc), (head, 22, crc));
        assert_eq!((frame.records, frame.end), (&b"records"[..], bytes.len()));
        assert!(frame_at(&bytes, 0, 12).is_none(), "another segment's salt");
        for bit in 0..(FRAME_HEAD_BYTES + 7) * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(frame_at(&damaged, 0, 11).is_none(), "bit {bit}");
        }
        assert_eq!(
            certifying_frame(&[[0; 8].to_vec(), bytes].concat(), 0, 11, CommitId(6)),
            Some(8)
        );
    }
}
