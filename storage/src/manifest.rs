//! The manifest: which runs make up the store at the durable cut, as a log of edits.
//!
//! Runs, the closings that came after them, schemas and commit times on disk are together *exactly*
//! the state at the cut F, so an edit that moves F is one frame: whole or absent. A new manifest,
//! beginning with one edit that says everything, is written at every opening and after 1,000 edits;
//! then `CURRENT` is switched to it by write, sync, rename and sync of the directory. Byte tables:
//! docs/formats/manifest.md.

use std::collections::BTreeMap;

use types::{CommitId, TreeId};

use crate::closings::Closing;
use crate::codec::{Malformed, Reader, put_signed, put_varint};
use crate::error::{Error, Result};
use crate::schema::TreeSchema;
use crate::segment::Tier;
use crate::vfs::{Disk, DiskFile};
use crate::wal::record::{put_schema, read_schema};

/// The file that names the current manifest.
pub(crate) const CURRENT: &str = "CURRENT";
const CURRENT_NEW: &str = "CURRENT.new";
/// The first bytes of a manifest.
pub(crate) const MANIFEST_MAGIC: [u8; 8] = *b"SPDBMAN\0";
/// The format that this release writes; a larger major number is refused.
pub(crate) const FORMAT_MAJOR: u32 = 0;
/// Bytes of a manifest's header: magic, database id, sum.
pub(crate) const MANIFEST_HEADER_BYTES: usize = 28;
/// Bytes before an edit: length and sum.
pub(crate) const EDIT_HEAD_BYTES: usize = 8;
const EDITS_MAX: usize = 1_000;

const ADD_RUN: u8 = 1;
const REMOVE_RUN: u8 = 2;
const CLOSE: u8 = 3;
const TREE: u8 = 4;
const CUT: u8 = 5;
const NEXT_ID: u8 = 6;

/// The edits by tag, for the check of the page about them.
#[cfg(test)]
pub(crate) const TAGS: [(u8, &str); 6] = [
    (ADD_RUN, "AddRun"),
    (REMOVE_RUN, "RemoveRun"),
    (CLOSE, "Close"),
    (TREE, "Tree"),
    (CUT, "Cut"),
    (NEXT_ID, "NextId"),
];

/// Returns the name of a manifest.
pub(crate) fn manifest_name(number: u64) -> String {
    format!("manifest-{number:016}")
}

/// Where a run lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunRecord {
    pub(crate) id: u64,
    pub(crate) file: u64,
    pub(crate) offset: u64,
    pub(crate) tier: Tier,
}

/// One change of the state on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    AddRun(RunRecord),
    RemoveRun {
        id: u64,
    },
    /// Closings of a run that the cut now covers.
    Close {
        run: u64,
        closings: Vec<Closing>,
    },
    Tree {
        schema: TreeSchema,
        single_piece: bool,
    },
    /// The cut moves to `to`; the times of the commits since the last cut.
    Cut {
        to: CommitId,
        next_row_id: u64,
        times_us: Vec<i64>,
    },
    /// Runs and files below this number are taken.
    NextId {
        id: u64,
    },
}

impl Edit {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Edit::AddRun(run) => {
                out.push(ADD_RUN);
                put_varint(out, run.id);
                put_varint(out, run.file);
                put_varint(out, run.offset);
                out.extend(run.tier.to_bytes());
            }
            Edit::RemoveRun { id } => {
                out.push(REMOVE_RUN);
                put_varint(out, *id);
            }
            Edit::Close { run, closings } => {
                out.push(CLOSE);
                put_varint(out, *run);
                put_closings(out, closings);
            }
            Edit::Tree { schema, single_piece } => {
                out.push(TREE);
                put_schema(out, schema);
                out.push(u8::from(*single_piece));
            }
            Edit::Cut { to, next_row_id, times_us } => {
                out.push(CUT);
                put_varint(out, to.0);
                put_varint(out, *next_row_id);
                put_varint(out, times_us.len() as u64);
                let mut last = 0;
                for &time in times_us {
                    put_signed(out, time.wrapping_sub(last));
                    last = time;
                }
            }
            Edit::NextId { id } => {
                out.push(NEXT_ID);
                put_varint(out, *id);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> std::result::Result<Edit, Malformed> {
        Ok(match reader.u8()? {
            ADD_RUN => Edit::AddRun(RunRecord {
                id: reader.varint()?,
                file: reader.varint()?,
                offset: reader.varint()?,
                tier: Tier::from_bytes(reader.array()?).ok_or(Malformed)?,
            }),
            REMOVE_RUN => Edit::RemoveRun { id: reader.varint()? },
            CLOSE => Edit::Close { run: reader.varint()?, closings: read_closings(reader)? },
            TREE => Edit::Tree {
                schema: read_schema(reader)?,
                single_piece: match reader.u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(Malformed),
                },
            },
            CUT => {
                let (to, next_row_id) = (CommitId(reader.varint()?), reader.varint()?);
                let mut last = 0_i64;
                let times = (0..reader.varint()?).map(|_| {
                    last = last.wrapping_add(reader.signed()?);
                    Ok(last)
                });
                Edit::Cut {
                    to,
                    next_row_id,
                    times_us: times.collect::<std::result::Result<_, _>>()?,
                }
            }
            NEXT_ID => Edit::NextId { id: reader.varint()? },
            _ => return Err(Malformed),
        })
    }
}

fn put_closings(out: &mut Vec<u8>, closings: &[Closing]) {
    put_varint(out, closings.len() as u64);
    let mut last = 0;
    for closing in closings {
        put_varint(out, u64::from(closing.ordinal - last));
        put_varint(out, closing.at.0);
        last = closing.ordinal;
    }
}

fn read_closings(reader: &mut Reader<'_>) -> std::result::Result<Vec<Closing>, Malformed> {
    let mut last = 0_u32;
    (0..reader.varint()?)
        .map(|_| {
            last = last.checked_add(reader.small()?).ok_or(Malformed)?;
            Ok(Closing { ordinal: last, at: CommitId(reader.varint()?) })
        })
        .collect()
}

/// The state that a manifest describes.
#[derive(Debug, Default)]
pub(crate) struct ManifestState {
    pub(crate) database: u128,
    pub(crate) number: u64,
    pub(crate) cut: CommitId,
    pub(crate) next_row_id: u64,
    pub(crate) next_id: u64,
    pub(crate) times_us: Vec<i64>,
    pub(crate) trees: BTreeMap<TreeId, (TreeSchema, bool)>,
    pub(crate) runs: BTreeMap<u64, RunRecord>,
    pub(crate) closings: BTreeMap<u64, Vec<Closing>>,
}

impl ManifestState {
    /// Takes in an edit; `None` if it does not fit the state.
    fn apply(&mut self, edit: Edit) -> Option<()> {
        match edit {
            Edit::AddRun(run) => {
                self.runs.insert(run.id, run);
            }
            Edit::RemoveRun { id } => {
                self.runs.remove(&id)?;
                self.closings.remove(&id);
            }
            Edit::Close { run, closings } => {
                self.runs.get(&run)?;
                self.closings.entry(run).or_default().extend(closings);
            }
            Edit::Tree { schema, single_piece } => {
                self.trees.insert(schema.id, (schema, single_piece));
            }
            Edit::Cut { to, next_row_id, times_us } => {
                self.times_us.extend(times_us);
                (self.cut, self.next_row_id) = (to, next_row_id);
                (self.times_us.len() as u64 == to.0).then_some(())?;
            }
            Edit::NextId { id } => self.next_id = self.next_id.max(id),
        }
        Some(())
    }
}

/// The writing end of the manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    disk: Disk,
    database: u128,
    number: u64,
    file: DiskFile,
    offset: u64,
    edits: usize,
}

impl Manifest {
    /// Writes a manifest that says everything in one edit, and makes it the current one.
    pub(crate) fn create(
        disk: Disk,
        database: u128,
        number: u64,
        snapshot: &[Edit],
    ) -> Result<Manifest> {
        let file = disk.create(&manifest_name(number))?;
        let mut bytes = header(database);
        put_frame(&mut bytes, snapshot);
        file.write_at(0, &bytes)?;
        file.sync_data()?;
        disk.sync_dir("")?;
        switch_current(&disk, number)?;
        Ok(Manifest { disk, database, number, file, offset: bytes.len() as u64, edits: 0 })
    }

    /// Appends edits as one frame; they count once this returns. If the disk was full they do not;
    /// after another error nobody knows.
    pub(crate) fn append(&mut self, edits: &[Edit]) -> std::result::Result<(), ManifestFailure> {
        let mut bytes = Vec::new();
        put_frame(&mut bytes, edits);
        self.file.write_at(self.offset, &bytes).map_err(|error| match error {
            // What a full disk refused is not in the file, so the frame is not whole.
            Error::DiskFull { .. } => ManifestFailure::Untouched(error),
            error => ManifestFailure::Unknown(error),
        })?;
        self.file.sync_data().map_err(ManifestFailure::Unknown)?;
        self.offset += bytes.len() as u64;
        self.edits += 1;
        Ok(())
    }

    /// True if it is time for [`Manifest::rewrite`].
    pub(crate) fn is_long(&self) -> bool {
        self.edits >= EDITS_MAX
    }

    /// Starts the next manifest with everything in one edit and drops this one.
    pub(crate) fn rewrite(&mut self, snapshot: &[Edit]) -> Result<()> {
        let old = manifest_name(self.number);
        *self = Manifest::create(self.disk.clone(), self.database, self.number + 1, snapshot)?;
        self.disk.remove(&old)
    }
}

/// A failed attempt to append.
#[derive(Debug)]
pub(crate) enum ManifestFailure {
    /// The edit is not in the manifest, and the next one will be written over what there is of it.
    Untouched(Error),
    /// It may or may not be.
    Unknown(Error),
}

pub(crate) fn header(database: u128) -> Vec<u8> {
    let mut bytes = MANIFEST_MAGIC.to_vec();
    bytes.extend(database.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn put_frame(out: &mut Vec<u8>, edits: &[Edit]) {
    let mut body = Vec::new();
    edits.iter().for_each(|edit| edit.put(&mut body));
    let length = u32::try_from(body.len()).expect("an edit is far below 4 GiB");
    out.extend(length.to_le_bytes());
    out.extend(frame_sum(length, &body).to_le_bytes());
    out.extend(body);
}

fn frame_sum(length: u32, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

fn switch_current(disk: &Disk, number: u64) -> Result<()> {
    let name = manifest_name(number);
    let text = format!("spectradb {FORMAT_MAJOR}\n{name}\n");
    let text = format!("{text}{:08x}\n", crc32fast::hash(text.as_bytes()));
    let file = disk.create(CURRENT_NEW)?;
    file.write_at(0, text.as_bytes())?;
    file.sync_data()?;
    disk.rename(CURRENT_NEW, CURRENT)?;
    disk.sync_dir("")
}

/// Reads the current manifest; `None` if there is none.
pub(crate) fn load(disk: &Disk) -> Result<Option<ManifestState>> {
    let Some(bytes) = disk.read(CURRENT)? else { return Ok(None) };
    let number = current_number(disk, &bytes)?;
    let name = manifest_name(number);
    let path = disk.path(&name);
    let bytes = disk.open(&name)?.read_all()?;
    let Some(database) = read_header(&bytes) else {
        return Err(Error::corrupt(path, 0, "a manifest's header", "other bytes"));
    };
    let mut state = ManifestState { database, number, ..ManifestState::default() };
    let mut at = MANIFEST_HEADER_BYTES;
    while let Some((body, end)) = frame_at(&bytes, at) {
        if read_edits(body, &mut state).is_none() {
            return Err(Error::corrupt(path, at as u64, "an edit of this state", "another"));
        }
        at = end;
    }
    // The first frame was synced before CURRENT named the file; of later ones the last may be torn.
    let later = (at + 1..bytes.len()).find(|&later| frame_at(&bytes, later).is_some());
    if at == MANIFEST_HEADER_BYTES || later.is_some() {
        return Err(Error::corrupt(path, at as u64, "an edit", "a bad frame"));
    }
    Ok(Some(state))
}

fn current_number(disk: &Disk, bytes: &[u8]) -> Result<u64> {
    let damaged = || Error::corrupt(disk.path(CURRENT), 0, "the name of a manifest", "other bytes");
    let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
    let mut lines = text.split_inclusive('\n');
    let (Some(format), Some(name), Some(sum)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(damaged());
    };
    let sum = u32::from_str_radix(sum.trim(), 16).map_err(|_| damaged())?;
    if sum != crc32fast::hash(format!("{format}{name}").as_bytes()) {
        return Err(damaged());
    }
    let major = format.trim().strip_prefix("spectradb ").and_then(|major| major.parse().ok());
    let major: u32 = major.ok_or_else(damaged)?;
    if major > FORMAT_MAJOR {
        let directory = disk.root().to_owned();
        return Err(Error::NewerFormat { directory, found: major, supported: FORMAT_MAJOR });
    }
    let number = name.trim().strip_prefix("manifest-").and_then(|number| number.parse().ok());
    number.ok_or_else(damaged)
}

fn read_header(bytes: &[u8]) -> Option<u128> {
    let (body, crc) = bytes.get(..MANIFEST_HEADER_BYTES)?.split_last_chunk::<4>()?;
    let mut reader = Reader::new(body);
    let magic = reader.array().ok()?;
    let database = u128::from_le_bytes(reader.array().ok()?);
    let whole = crc32fast::hash(body) == u32::from_le_bytes(*crc);
    (magic == MANIFEST_MAGIC && whole).then_some(database)
}

fn frame_at(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut reader = Reader::new(bytes.get(at..)?);
    let (length, crc) = (reader.u32().ok()?, reader.u32().ok()?);
    let start = at + EDIT_HEAD_BYTES;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    let body = bytes.get(start..end)?;
    // An empty frame is none: zeros must not pass for edits.
    (length > 0 && frame_sum(length, body) == crc).then_some((body, end))
}

fn read_edits(body: &[u8], state: &mut ManifestState) -> Option<()> {
    let mut reader = Reader::new(body);
    while !reader.is_empty() {
        state.apply(Edit::read(&mut reader).ok()?)?;
    }
    Some(())
}
