//! The write-ahead log: one for the database, in numbered segments `wal/<generation>.log`.
//!
//! A segment is a header, then chained frames (`wal/frame.rs`), then the zeros that were written
//! ahead so that a commit changes no metadata of the file system. A new segment begins when the
//! next group of commits does not fit, and at every opening of the store: its header says where
//! the segment before it ends, so a torn tail is never read twice. A segment retires when the
//! durable cut has passed its last commit. Byte tables: docs/formats/wal.md.

pub(crate) mod frame;
pub(crate) mod record;
pub(crate) mod replay;

use std::collections::VecDeque;

use types::CommitId;

use crate::codec::{Malformed, Reader};
use crate::error::{Error, Result};
use crate::vfs::{Disk, DiskFile};
use frame::{FRAGMENT_BYTES_MAX, FrameHead, FrameKind, commit_bytes, put_frame};

/// The directory of the segments.
pub(crate) const WAL_DIRECTORY: &str = "wal";
/// The first bytes of a segment.
pub(crate) const WAL_MAGIC: [u8; 8] = *b"SPDBWAL\0";
/// The format that this release writes; a larger major number is refused.
pub(crate) const WAL_MAJOR: u16 = 0;
/// Bytes of a segment's header.
pub(crate) const WAL_HEADER_BYTES: usize = 64;

pub(crate) const SEGMENT_BYTES_MIN: u64 = 256 << 10;
pub(crate) const SEGMENT_BYTES_MAX: u64 = 64 << 20;
pub(crate) const SEGMENT_GROWTH: u64 = 4;

/// Returns the name of a segment.
pub(crate) fn segment_name(generation: u64) -> String {
    format!("{WAL_DIRECTORY}/{generation:016}.log")
}

/// The head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WalHeader {
    pub(crate) generation: u64,
    pub(crate) database: u128,
    /// No commit below this one is in the segment.
    pub(crate) first: CommitId,
    /// Where the segment before it ends, and the sum of its last frame.
    pub(crate) previous_end: u64,
    pub(crate) previous_chain: u32,
}

impl WalHeader {
    /// Returns the number that seeds all sums of the segment.
    pub(crate) fn salt(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.database.to_le_bytes());
        hasher.update(&self.generation.to_le_bytes());
        hasher.finalize()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(WAL_HEADER_BYTES);
        out.extend(WAL_MAGIC);
        out.extend(WAL_MAJOR.to_le_bytes());
        out.extend([0, 0]);
        out.extend(self.previous_chain.to_le_bytes());
        out.extend(self.generation.to_le_bytes());
        out.extend(self.database.to_le_bytes());
        out.extend(self.first.0.to_le_bytes());
        out.extend(self.previous_end.to_le_bytes());
        out.extend([0; 4]);
        out.extend(crc32fast::hash(&out).to_le_bytes());
        debug_assert_eq!(out.len(), WAL_HEADER_BYTES);
        out
    }

    fn read(bytes: &[u8]) -> std::result::Result<WalHeader, Malformed> {
        let head = bytes.get(..WAL_HEADER_BYTES).ok_or(Malformed)?;
        let (body, crc) = head.split_last_chunk::<4>().ok_or(Malformed)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(Malformed);
        }
        let mut reader = Reader::new(body);
        if reader.array()? != WAL_MAGIC || reader.u16()? > WAL_MAJOR {
            return Err(Malformed);
        }
        reader.u16()?;
        let previous_chain = reader.u32()?;
        let generation = reader.u64()?;
        let database = u128::from_le_bytes(reader.array()?);
        let first = CommitId(reader.u64()?);
        Ok(WalHeader { generation, database, first, previous_end: reader.u64()?, previous_chain })
    }
}

/// A segment that is no longer written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OldSegment {
    pub(crate) generation: u64,
    /// Its last commit, or the last before it if it has none.
    pub(crate) last: CommitId,
}

/// Where the log ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WalTail {
    pub(crate) generation: u64,
    pub(crate) end: u64,
    pub(crate) chain: u32,
    pub(crate) last: CommitId,
}

/// One commit to be logged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogEntry<'a> {
    pub(crate) id: CommitId,
    pub(crate) time_us: i64,
    pub(crate) records: &'a [u8],
}

/// A failed attempt to log.
#[derive(Debug)]
pub(crate) enum LogFailure {
    /// Nothing of the group was written: the store can go on.
    Untouched(Error),
    /// It is unknown what is on the disk: the store is poisoned.
    Unknown(Error),
}

/// The writing end of the log.
#[derive(Debug)]
pub(crate) struct Wal {
    disk: Disk,
    header: WalHeader,
    file: DiskFile,
    /// Where the next frame goes, and how far the file is written ahead.
    offset: u64,
    capacity: u64,
    chain: u32,
    last: CommitId,
    durable: CommitId,
    older: VecDeque<OldSegment>,
}

impl Wal {
    /// Begins a segment after `tail`; what `tail` covers must be durable.
    pub(crate) fn start(
        disk: Disk,
        database: u128,
        tail: WalTail,
        older: VecDeque<OldSegment>,
    ) -> Result<Wal> {
        let header = next_header(database, tail);
        let file = create_segment(&disk, &header, SEGMENT_BYTES_MIN)?;
        Ok(Wal {
            disk,
            header,
            file,
            offset: WAL_HEADER_BYTES as u64,
            capacity: SEGMENT_BYTES_MIN,
            chain: header.salt(),
            last: tail.last,
            durable: tail.last,
            older,
        })
    }

    /// Returns the number of segments that replay would read.
    pub(crate) fn segment_count(&self) -> usize {
        self.older.len() + 1
    }

    /// Writes a group of commits, in order; they are durable after the next [`Wal::sync`].
    pub(crate) fn write(&mut self, group: &[LogEntry<'_>]) -> std::result::Result<(), LogFailure> {
        let wanted: usize = group.iter().map(|entry| commit_bytes(entry.records.len())).sum();
        self.reserve(wanted as u64)?;
        let mut bytes = Vec::with_capacity(wanted);
        let mut chain = self.chain;
        for entry in group {
            chain = self.put_commit(&mut bytes, chain, entry);
        }
        self.file.write_at(self.offset, &bytes).map_err(LogFailure::Unknown)?;
        self.offset += bytes.len() as u64;
        self.chain = chain;
        self.last = group.last().map_or(self.last, |entry| entry.id);
        Ok(())
    }

    fn put_commit(&self, out: &mut Vec<u8>, mut chain: u32, entry: &LogEntry<'_>) -> u32 {
        let mut rest = entry.records;
        let mut first = true;
        loop {
            let (records, after) = rest.split_at(rest.len().min(FRAGMENT_BYTES_MAX));
            let kind = match (first, after.is_empty()) {
                (true, true) => FrameKind::Full,
                (true, false) => FrameKind::First,
                (false, false) => FrameKind::Middle,
                (false, true) => FrameKind::Last,
            };
            let head = self.head(kind, entry.id, entry.time_us);
            chain = put_frame(out, self.header.salt(), chain, head, records);
            if after.is_empty() {
                return chain;
            }
            (rest, first) = (after, false);
        }
    }

    fn head(&self, kind: FrameKind, commit_id: CommitId, commit_time_us: i64) -> FrameHead {
        FrameHead { kind, commit_id, commit_time_us, durable_to: self.durable }
    }

    /// Waits until everything written is on the disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if self.durable < self.last {
            self.file.sync_data()?;
            self.durable = self.last;
        }
        Ok(())
    }

    /// Certifies the end of the log, so that damage to its last commit cannot pass for a torn tail.
    pub(crate) fn mark(&mut self) -> Result<()> {
        self.sync()?;
        let mut bytes = Vec::new();
        let head = self.head(FrameKind::Mark, self.last, 0);
        let chain = put_frame(&mut bytes, self.header.salt(), self.chain, head, &[]);
        if self.offset + bytes.len() as u64 > self.capacity {
            return Ok(());
        }
        self.file.write_at(self.offset, &bytes)?;
        self.file.sync_data()?;
        self.offset += bytes.len() as u64;
        self.chain = chain;
        Ok(())
    }

    /// Makes room for a group in one segment, so that a full disk is found before anything of it
    /// is written.
    fn reserve(&mut self, wanted: u64) -> std::result::Result<(), LogFailure> {
        if self.offset + wanted <= self.capacity {
            return Ok(());
        }
        // The new header vouches for the old segment's end, so that must be durable first.
        self.sync().map_err(LogFailure::Unknown)?;
        let capacity = (self.capacity * SEGMENT_GROWTH)
            .min(SEGMENT_BYTES_MAX)
            .max(WAL_HEADER_BYTES as u64 + wanted);
        self.begin_segment(capacity).map_err(LogFailure::Untouched)
    }

    /// Begins the next segment; what was written to this one is durable.
    fn begin_segment(&mut self, capacity: u64) -> Result<()> {
        assert!(self.durable >= self.last, "a segment's end is durable before the next begins");
        let tail = WalTail {
            generation: self.header.generation,
            end: self.offset,
            chain: self.chain,
            last: self.last,
        };
        let header = next_header(self.header.database, tail);
        let file = create_segment(&self.disk, &header, capacity)?;
        self.older.push_back(OldSegment { generation: self.header.generation, last: self.last });
        (self.header, self.file, self.chain) = (header, file, header.salt());
        (self.offset, self.capacity) = (WAL_HEADER_BYTES as u64, capacity);
        Ok(())
    }

    /// Unlinks the segments that replay no longer needs once `cut` is durable.
    ///
    /// The one that is being written is among them if it grew and all of it is covered: else the
    /// log of a large load would be read again at every opening.
    pub(crate) fn retire(&mut self, cut: CommitId) -> Result<()> {
        let covered = self.last <= cut && self.durable >= self.last;
        if covered && self.capacity > SEGMENT_BYTES_MIN {
            self.begin_segment(SEGMENT_BYTES_MIN)?;
        }
        while let Some(oldest) = self.older.front() {
            if oldest.last > cut {
                break;
            }
            self.disk.remove(&segment_name(oldest.generation))?;
            self.older.pop_front();
        }
        Ok(())
    }
}

fn next_header(database: u128, tail: WalTail) -> WalHeader {
    WalHeader {
        generation: tail.generation + 1,
        database,
        first: tail.last.next(),
        previous_end: tail.end,
        previous_chain: tail.chain,
    }
}

fn create_segment(disk: &Disk, header: &WalHeader, capacity: u64) -> Result<DiskFile> {
    let name = segment_name(header.generation);
    match write_ahead(disk, &name, header, capacity) {
        Ok(file) => Ok(file),
        Err(error) => {
            // A half-made segment holds no commit; if it cannot go now, opening ignores it.
            drop(disk.remove(&name));
            Err(error)
        }
    }
}

fn write_ahead(disk: &Disk, name: &str, header: &WalHeader, capacity: u64) -> Result<DiskFile> {
    let file = disk.create(name)?;
    let zeros = vec![0; SEGMENT_BYTES_MIN as usize];
    let mut offset = 0;
    while offset < capacity {
        let length = zeros.len().min((capacity - offset) as usize);
        file.write_at(offset, &zeros[..length])?;
        offset += length as u64;
    }
    file.write_at(0, &header.bytes())?;
    file.sync_data()?;
    disk.sync_dir(WAL_DIRECTORY)?;
    Ok(file)
}

/// A header whose fields tell which they are, for the check of the page about it.
#[cfg(test)]
pub(crate) fn told_header() -> Vec<u8> {
    let header = WalHeader {
        generation: 0x0101,
        database: 0x0202,
        first: CommitId(0x0303),
        previous_end: 0x0404,
        previous_chain: 0x0505_0505,
    };
    assert_eq!(WalHeader::read(&header.bytes()), Ok(header));
    header.bytes()
}
