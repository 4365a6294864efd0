//! Reading the log at opening: every commit after the durable cut, and where the log ends.
//!
//! A bad frame in a segment that has a successor is damage, for the successor's header says where
//! the segment ends. In the newest segment it is the torn tail of a crash, and is cut, unless a
//! later frame certifies that the lost commit was synced: then it is damage too.
//!
//! Live bytes are written again in place and synced before anything new is accepted: after a
//! failed sync the page cache may show bytes that the disk never got.

use std::collections::VecDeque;

use types::CommitId;

use super::frame::{Frame, FrameKind, certifying_frame, frame_at};
use super::record::Record;
use super::{OldSegment, WAL_DIRECTORY, WAL_HEADER_BYTES, WalHeader, WalTail, segment_name};
use crate::codec::Reader;
use crate::error::{Error, Result};
use crate::vfs::Disk;

/// A commit read back.
#[derive(Debug)]
pub(crate) struct LoggedCommit {
    pub(crate) id: CommitId,
    pub(crate) time_us: i64,
    pub(crate) records: Vec<Record>,
    /// Where it was read, for errors.
    pub(crate) generation: u64,
    pub(crate) offset: u64,
}

/// What replay found.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) tail: WalTail,
    pub(crate) segments: VecDeque<OldSegment>,
}

/// Reads all live segments and gives `apply` each commit after `cut`, in order.
pub(crate) fn replay(
    disk: &Disk,
    database: u128,
    cut: CommitId,
    mut apply: impl FnMut(LoggedCommit) -> Result<()>,
) -> Result<Replayed> {
    let segments = live_segments(disk, database, cut)?;
    let mut state = Replay { disk, cut, last: None, tail: WalTail::default(), apply: &mut apply };
    state.tail.last = cut;
    let mut old = VecDeque::new();
    for (at, segment) in segments.iter().enumerate() {
        state.segment(segment, segments.get(at + 1))?;
        old.push_back(OldSegment { generation: segment.header.generation, last: state.tail.last });
    }
    Ok(Replayed { tail: state.tail, segments: old })
}

struct Segment {
    header: WalHeader,
    bytes: Vec<u8>,
    name: String,
}

/// Returns the newest run of consecutive generations; older ones were being retired.
fn live_segments(disk: &Disk, database: u128, cut: CommitId) -> Result<Vec<Segment>> {
    let mut live: VecDeque<Segment> = VecDeque::new();
    let generations = generations(disk)?;
    for (at, &generation) in generations.iter().rev().enumerate() {
        let follows = live.front().is_none_or(|next| next.header.generation == generation + 1);
        match read_segment(disk, database, generation, at == 0)? {
            Some(segment) if follows => live.push_front(segment),
            Some(_) | None => disk.remove(&segment_name(generation))?,
        }
    }
    if let Some(oldest) = live.front()
        && oldest.header.first > cut.next()
    {
        return Err(Error::corrupt(
            disk.path(&oldest.name),
            0,
            format!("a log from commit {}", cut.next()),
            format!("a log from commit {}", oldest.header.first),
        ));
    }
    Ok(live.into())
}

fn generations(disk: &Disk) -> Result<Vec<u64>> {
    let names = disk.list(WAL_DIRECTORY)?;
    let mut generations: Vec<u64> =
        names.iter().filter_map(|name| name.strip_suffix(".log")?.parse().ok()).collect();
    generations.sort_unstable();
    Ok(generations)
}

/// Reads a segment; `None` if it is the newest and its header was never finished.
fn read_segment(
    disk: &Disk,
    database: u128,
    generation: u64,
    newest: bool,
) -> Result<Option<Segment>> {
    let name = segment_name(generation);
    let bytes = disk.open(&name)?.read_all()?;
    if let Ok(header) = WalHeader::read(&bytes)
        && header.generation == generation
        && header.database == database
    {
        return Ok(Some(Segment { header, bytes, name }));
    }
    let unfinished = WalHeader {
        generation,
        database,
        first: CommitId::ZERO,
        previous_end: 0,
        previous_chain: 0,
    };
    let used = certifying_frame(&bytes, WAL_HEADER_BYTES - 1, unfinished.salt(), CommitId::ZERO);
    if newest && used.is_none() {
        return Ok(None);
    }
    let expected = format!("the header of log {generation} of this database");
    Err(Error::corrupt(disk.path(&name), 0, expected, "something else"))
}

struct Replay<'a> {
    disk: &'a Disk,
    cut: CommitId,
    /// The last commit read, whether applied or not.
    last: Option<CommitId>,
    tail: WalTail,
    apply: &'a mut dyn FnMut(LoggedCommit) -> Result<()>,
}

impl Replay<'_> {
    fn segment(&mut self, segment: &Segment, next: Option<&Segment>) -> Result<()> {
        let salt = segment.header.salt();
        let mut chain = salt;
        let mut at = WAL_HEADER_BYTES;
        let end = match next {
            Some(next) => self.end_by_successor(segment, next)?,
            None => segment.bytes.len(),
        };
        let bytes = &segment.bytes[..end];
        // The last place and sum after a whole commit: fragments without an end are cut.
        let mut whole = (at, chain);
        let mut fragments: Vec<u8> = Vec::new();
        let mut open = false;
        while let Some(frame) = frame_at(bytes, at, salt).filter(|frame| frame.previous == chain) {
            let starts =
                matches!(frame.head.kind, FrameKind::Full | FrameKind::First | FrameKind::Mark);
            if starts == open {
                return Err(self.damage(segment, at, "the next fragment of the commit", "another"));
            }
            fragments.extend(frame.records);
            open = matches!(frame.head.kind, FrameKind::First | FrameKind::Middle);
            if !open {
                self.commit(segment, at, &frame, &fragments)?;
                fragments.clear();
                whole = (frame.end, frame.crc);
            }
            (at, chain) = (frame.end, frame.crc);
        }
        match next {
            Some(next) => self.check_end(segment, next, whole)?,
            None => self.check_tail(segment, at, salt)?,
        }
        self.rewrite(segment, whole.0)?;
        self.tail.generation = segment.header.generation;
        (self.tail.end, self.tail.chain) = (whole.0 as u64, whole.1);
        Ok(())
    }

    fn end_by_successor(&self, segment: &Segment, next: &Segment) -> Result<usize> {
        let end = usize::try_from(next.header.previous_end).ok();
        end.filter(|end| (WAL_HEADER_BYTES..=segment.bytes.len()).contains(end)).ok_or_else(|| {
            let expected = format!("{} bytes", next.header.previous_end);
            self.damage(segment, 0, expected, format!("{} bytes", segment.bytes.len()))
        })
    }

    fn check_end(&self, segment: &Segment, next: &Segment, whole: (usize, u32)) -> Result<()> {
        let (end, chain) = (next.header.previous_end, next.header.previous_chain);
        if whole == (end as usize, chain) {
            return Ok(());
        }
        Err(self.damage(segment, whole.0, format!("frames up to byte {end}"), "a bad frame"))
    }

    /// Returns the commit that must come next. A segment may begin later than its predecessor
    /// ends only where the durable cut covers the gap: the store ran without a log in between.
    fn wanted(&self, segment: &Segment) -> CommitId {
        let next = self.last.map_or(segment.header.first, CommitId::next);
        if segment.header.first <= self.cut.next() { next.max(segment.header.first) } else { next }
    }

    fn check_tail(&self, segment: &Segment, at: usize, salt: u32) -> Result<()> {
        let lost = self.wanted(segment);
        match certifying_frame(&segment.bytes, at, salt, lost) {
            None => Ok(()),
            Some(later) => {
                let found = format!("a bad frame, though byte {later} certifies it as synced");
                Err(self.damage(segment, at, format!("commit {lost}"), found))
            }
        }
    }

    fn commit(
        &mut self,
        segment: &Segment,
        at: usize,
        frame: &Frame<'_>,
        records: &[u8],
    ) -> Result<()> {
        let id = frame.head.commit_id;
        if frame.head.kind == FrameKind::Mark {
            return Ok(());
        }
        let wanted = self.wanted(segment);
        if id != wanted {
            let (expected, found) = (format!("commit {wanted}"), format!("commit {id}"));
            return Err(self.damage(segment, at, expected, found));
        }
        self.last = Some(id);
        if id <= self.cut {
            return Ok(());
        }
        self.tail.last = id;
        let Some(records) = parse_records(records) else {
            return Err(self.damage(segment, at, "records", "bytes that are no record"));
        };
        (self.apply)(LoggedCommit {
            id,
            time_us: frame.head.commit_time_us,
            records,
            generation: segment.header.generation,
            offset: at as u64,
        })
    }

    fn rewrite(&self, segment: &Segment, end: usize) -> Result<()> {
        let file = self.disk.open(&segment.name)?;
        file.write_at(0, &segment.bytes[..end])?;
        file.sync_data()
    }

    fn damage(
        &self,
        segment: &Segment,
        at: usize,
        expected: impl Into<std::borrow::Cow<'static, str>>,
        found: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Error::corrupt(self.disk.path(&segment.name), at as u64, expected, found)
    }
}

fn parse_records(bytes: &[u8]) -> Option<Vec<Record>> {
    let mut reader = Reader::new(bytes);
    let mut records = Vec::new();
    while !reader.is_empty() {
        records.push(Record::read(&mut reader).ok()?);
    }
    Some(records)
}
