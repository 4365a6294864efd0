//! Checks the byte tables of docs/formats against what the code writes.
//!
//! A table's rows must follow each other without a gap, end where the code's constant says, and name
//! bytes that hold the field when a header with telling values is written.

use crate::manifest::{EDIT_HEAD_BYTES, FORMAT_MAJOR, MANIFEST_HEADER_BYTES, MANIFEST_MAGIC};
use crate::wal::frame::{FRAGMENT_BYTES_MAX, FRAME_ALIGN, FRAME_HEAD_BYTES};
use crate::wal::{WAL_HEADER_BYTES, WAL_MAGIC, WAL_MAJOR};

const WAL: &str = include_str!("../../docs/formats/wal.md");
const MANIFEST: &str = include_str!("../../docs/formats/manifest.md");
const DIRECTORY: &str = include_str!("../../docs/formats/directory.md");

/// A row of a byte table: first byte, bytes (`None`: to the end), what is there.
type Field = (usize, Option<usize>, &'static str);

/// Returns the byte table whose head begins so.
fn table(page: &'static str, head: &str) -> Vec<Field> {
    let (_, rest) = page.split_once(head).expect("the page has the table");
    let rows = rest.lines().skip(2).map_while(|line| line.strip_prefix("| "));
    rows.map(|row| {
        let mut cells = row.trim_end_matches(" |").splitn(3, '|').map(str::trim);
        let mut cell = || cells.next().expect("a row has three cells");
        (cell().parse().expect("a first byte"), cell().parse().ok(), cell())
    })
    .collect()
}

/// Fields follow each other and fill `bytes`.
fn check(fields: &[Field], bytes: usize) {
    let mut end = 0;
    for &(first, length, what) in fields {
        assert_eq!(first, end, "{what}");
        end += length.unwrap_or(0);
    }
    assert_eq!(end, bytes, "{fields:?}");
}

/// Returns the bytes that the table names so.
fn field<'a>(fields: &[Field], what: &str, bytes: &'a [u8]) -> &'a [u8] {
    let found = fields.iter().find(|(_, _, text)| text.starts_with(what));
    let (first, length, _) = found.unwrap_or_else(|| panic!("the table has {what}"));
    &bytes[*first..length.map_or(bytes.len(), |length| first + length)]
}

fn magic(bytes: &[u8]) -> String {
    format!("`{}`", String::from_utf8_lossy(bytes).replace('\0', "\\0"))
}

#[test]
fn the_page_of_the_log_says_what_is_written() {
    let header = table(WAL, "| header, byte");
    check(&header, WAL_HEADER_BYTES);
    let bytes = crate::wal::told_header();
    assert_eq!(field(&header, &magic(&WAL_MAGIC), &bytes), WAL_MAGIC);
    assert_eq!(field(&header, "major format", &bytes), WAL_MAJOR.to_le_bytes());
    assert!(WAL.contains(&format!("major format, {WAL_MAJOR}")));
    assert_eq!(field(&header, "sum of the last frame", &bytes), 0x0505_0505_u32.to_le_bytes());
    assert_eq!(field(&header, "generation", &bytes), 0x0101_u64.to_le_bytes());
    assert_eq!(field(&header, "database id", &bytes), 0x0202_u128.to_le_bytes());
    assert_eq!(field(&header, "no commit below", &bytes), 0x0303_u64.to_le_bytes());
    assert_eq!(field(&header, "where the segment before", &bytes), 0x0404_u64.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..60]);
    assert_eq!(field(&header, "CRC32 of bytes 0–59", &bytes), sum.to_le_bytes());
    let frame = table(WAL, "| frame, byte");
    check(&frame, FRAME_HEAD_BYTES);
    let bytes = crate::wal::frame::told_frame();
    assert_eq!(field(&frame, "length of the records", &bytes), 7_u32.to_le_bytes());
    assert_eq!(field(&frame, "1 whole commit", &bytes), [1]);
    assert_eq!(field(&frame, "sum of the frame before", &bytes), 0x0606_u32.to_le_bytes());
    assert_eq!(field(&frame, "commit id", &bytes), 0x0707_u64.to_le_bytes());
    assert_eq!(field(&frame, "commit time", &bytes), 0x0808_i64.to_le_bytes());
    assert_eq!(field(&frame, "`durable_to`", &bytes), 0x0909_u64.to_le_bytes());
    assert_eq!(field(&frame, "records", &bytes)[..7], *b"records");
    assert!(WAL.contains(&format!("Frames begin at multiples of {FRAME_ALIGN}.")));
    assert!(WAL.contains(&format!("records, at most {} MiB", FRAGMENT_BYTES_MAX >> 20)));
}

#[test]
fn the_page_of_the_manifest_says_what_is_written() {
    let header = table(MANIFEST, "| header, byte");
    check(&header, MANIFEST_HEADER_BYTES);
    let bytes = crate::manifest::header(0x0A0A);
    assert_eq!(bytes.len(), MANIFEST_HEADER_BYTES);
    assert_eq!(field(&header, &magic(&MANIFEST_MAGIC), &bytes), MANIFEST_MAGIC);
    assert_eq!(field(&header, "database id", &bytes), 0x0A0A_u128.to_le_bytes());
    let sum = crc32fast::hash(&bytes[..24]);
    assert_eq!(field(&header, "CRC32 of bytes 0–23", &bytes), sum.to_le_bytes());
    check(&table(MANIFEST, "| frame, byte"), EDIT_HEAD_BYTES);
    for (tag, name) in crate::manifest::TAGS {
        assert!(MANIFEST.contains(&format!("| {tag} {name} |")), "{tag} {name}");
    }
}

#[test]
fn the_pages_name_the_records_and_files() {
    for (tag, name) in crate::wal::record::TAGS {
        assert!(WAL.contains(&format!("| {tag} {name} |")), "{tag} {name}");
    }
    let sizes = [crate::wal::SEGMENT_BYTES_MIN >> 10, crate::wal::SEGMENT_BYTES_MAX >> 20];
    assert!(WAL.contains(&format!(
        "({} KiB, then four times the last, at most {} MiB",
        sizes[0], sizes[1]
    )));
    assert_eq!(crate::wal::SEGMENT_GROWTH, 4);
    for name in [
        "`LOCK`",
        "`CURRENT`",
        "`manifest-<number>`",
        "`wal/<generation>.log`",
        "`data/<number>.seg`",
    ] {
        assert!(DIRECTORY.contains(&format!("| {name} |")), "{name}");
    }
    assert_eq!(crate::manifest::manifest_name(7), "manifest-0000000000000007");
    assert_eq!(crate::wal::segment_name(7), "wal/0000000000000007.log");
    assert_eq!(crate::run::container_name(7), "data/0000000000000007.seg");
    assert_eq!(FORMAT_MAJOR, 0, "a new format is a line in CHANGELOG and a golden file");
}
