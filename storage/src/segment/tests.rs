//! Segments against the plain list of versions that they were written from.

use std::path::Path;
use std::sync::Arc;

use arrow_buffer::Buffer;
use proptest::prelude::*;
use proptest::sample::Index;
use types::encoded::Comparison;
use types::{ColumnId, CommitId, DataType, TIME_MAX, TIME_MIN, TreeId, Value, row};

use super::*;
use crate::schema::{KeyColumn, TreeColumn, TreeSchema};

/// A version as it was given to the writer.
#[derive(Clone, Debug)]
struct Version {
    key: Vec<u8>,
    row: Vec<Value>,
    times: [i64; 4],
}

const DECIMAL: DataType = DataType::Decimal { precision: 12, scale: 2 };

fn schema(tree: TreeId, descending: bool) -> TreeSchema {
    let column = |id, ty, nullable| TreeColumn { id: ColumnId(id), ty, nullable };
    TreeSchema {
        id: tree,
        columns: vec![
            column(1, DataType::Text { length_max: Some(40) }, true),
            column(2, DataType::Int64, false),
            column(5, DataType::Float64, true),
            column(6, DECIMAL, true),
            column(7, DataType::Interval, true),
        ],
        key: vec![
            KeyColumn { column: ColumnId(2), descending },
            KeyColumn { column: ColumnId(1), descending: false },
        ],
    }
}

fn write(schema: &TreeSchema, tier: Tier, versions: &[Version]) -> FinishedSegment {
    let mut writer = SegmentWriter::new(schema, tier);
    for version in versions {
        let mut bytes = Vec::new();
        row::encode(&schema.types(), &version.row, &mut bytes).unwrap();
        let [sys_from, sys_to, valid_from, valid_to] = version.times;
        let version = VersionRef {
            key: &version.key,
            row: &bytes,
            sys_from: meta::commit_of_word(sys_from),
            sys_to: meta::commit_of_word(sys_to),
            valid_from,
            valid_to,
        };
        writer.push(&version).unwrap();
    }
    assert_eq!(writer.rows(), versions.len() as u64);
    writer.finish()
}

fn open(bytes: Vec<u8>) -> Result<Segment> {
    Segment::open(Path::new("test.seg").into(), 0, Buffer::from_vec(bytes))
}

/// Versions of many keys: some with NULLs, some with histories, in the order of segments.
fn versions(descending: bool) -> impl Strategy<Value = Vec<Version>> {
    let text = prop_oneof![
        Just(Value::Null),
        "[a-c]{0,3}".prop_map(Value::text),
        "[a-c]{15,18}".prop_map(Value::text),
    ];
    let float = prop_oneof![Just(f64::NAN), Just(-0.0), any::<f64>()].prop_map(Value::Float64);
    let number =
        (-99_i128..99).prop_map(|unscaled| Value::Decimal(types::Decimal { unscaled, scale: 2 }));
    let span = (-2_i32..2, -40_i32..40)
        .prop_map(|(months, days)| Value::Interval(types::Interval { months, days, micros: 0 }));
    let rest = (prop::option::of(float), prop::option::of(number), prop::option::of(span));
    let times = (0_i64..50, prop::option::of(50_i64..90), prop::option::of(-9_i64..9));
    let one = (text, -40_i64..40, rest, times).prop_map(|(text, number, rest, times)| {
        let or_null = |value: Option<Value>| value.unwrap_or(Value::Null);
        let row =
            vec![text, Value::Int64(number), or_null(rest.0), or_null(rest.1), or_null(rest.2)];
        let valid_from = times.2.unwrap_or(TIME_MIN);
        let valid_to = times.2.map_or(TIME_MAX, |from| from + 5);
        (row, [times.0, times.1.unwrap_or(TIME_MAX), valid_from, valid_to])
    });
    prop::collection::vec(one, 1..2_600).prop_map(move |rows| {
        let schema = schema(TreeId(1), descending);
        let mut versions: Vec<Version> = rows
            .into_iter()
            .map(|(row, times)| Version { key: schema.key_of(&row), row, times })
            .collect();
        let order = |version: &Version| (version.key.clone(), version.times[2], version.times[0]);
        versions.sort_by_key(order);
        versions.dedup_by_key(|version| order(version));
        versions
    })
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float64(left), Value::Float64(right)) => {
            left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan()
        }
        (left, right) => left == right,
    }
}

fn check_rows(schema: &TreeSchema, segment: &Segment, wanted: &[Version]) {
    assert_eq!(segment.rows(), wanted.len() as u64);
    let mut ordinal = 0;
    for at in 0..segment.block_count() {
        let block = segment.block(at);
        assert_eq!(block.first(), ordinal as u64);
        assert_eq!(block.first_key(), wanted[ordinal].key);
        let pages: Vec<_> =
            schema.columns.iter().map(|column| block.column(column.id).unwrap().unwrap()).collect();
        let times = TimeColumn::ALL.map(|column| block.times(column).unwrap());
        let bounds = TimeColumn::ALL.map(|column| block.time_bounds(column));
        for row in 0..block.rows() {
            let version = &wanted[ordinal];
            for (page, value) in pages.iter().zip(&version.row) {
                assert!(same(&page.value(row), value), "{:?}, not {value:?}", page.value(row));
            }
            for (at, time) in version.times.into_iter().enumerate() {
                assert_eq!(times[at].at(row), time);
                assert!(bounds[at].min <= time);
                assert!(time <= bounds[at].max);
            }
            ordinal += 1;
        }
    }
    assert_eq!(ordinal, wanted.len());
}

/// Returns a segment of `rows` one-version keys, for tests that need any.
pub(crate) fn small_segment(tree: TreeId, rows: u64) -> FinishedSegment {
    let schema = schema(tree, false);
    let versions: Vec<Version> = (0..rows as i64)
        .map(|number| {
            let text = Value::text(format!("name {number}"));
            let rest = [Value::Null, Value::Null, Value::Null];
            let row = [[text, Value::Int64(number)].as_slice(), &rest].concat();
            Version {
                key: schema.key_of(&row),
                row,
                times: [number / 3, TIME_MAX, TIME_MIN, TIME_MAX],
            }
        })
        .collect();
    write(&schema, Tier::Fresh, &versions)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn versions_come_back(
        (descending, wanted) in any::<bool>().prop_flat_map(|descending| (Just(descending), versions(descending))),
        fresh: bool, times in prop::collection::vec(-10_i64..95, 4),
    ) {
        let schema = schema(TreeId(1), descending);
        let tier = if fresh { Tier::Fresh } else { Tier::Current(2) };
        let finished = write(&schema, tier, &wanted);
        let segment = open(finished.bytes).unwrap();
        prop_assert_eq!(segment.meta(), &finished.meta);
        prop_assert_eq!(segment.block_count(), wanted.len().div_ceil(tier.block_rows()));
        segment.verify().unwrap();
        check_rows(&schema, &segment, &wanted);
        let open_rows = wanted.iter().filter(|version| version.times[1] == TIME_MAX).count();
        prop_assert_eq!(segment.meta().open_rows, open_rows as u64);
        for at in 0..segment.block_count() {
            let block = segment.block(at);
            let rows = &wanted[block.first() as usize..][..block.rows()];
            for (which, column) in TimeColumn::ALL.into_iter().enumerate() {
                let page = block.times(column).unwrap();
                for op in [Comparison::Le, Comparison::Gt] {
                    let found: Vec<bool> = page.compare(op, times[which]).iter().collect();
                    let right = rows.iter().map(|version| op.accepts(version.times[which].cmp(&times[which])));
                    prop_assert_eq!(found, right.collect::<Vec<_>>());
                }
                let array = page.decode(0..block.rows());
                prop_assert_eq!(arrow_array::Array::null_count(&array), 0);
            }
        }
    }

    #[test]
    fn keys_are_found_where_they_are(
        (descending, wanted) in any::<bool>().prop_flat_map(|descending| (Just(descending), versions(descending))),
        absent in prop::collection::vec((-50_i64..50, "[a-d]{0,3}"), 20),
    ) {
        let schema = schema(TreeId(1), descending);
        let segment = open(write(&schema, Tier::Fresh, &wanted).bytes).unwrap();
        let first_of = |key: &[u8]| wanted.partition_point(|version| version.key.as_slice() < key);
        for (ordinal, version) in wanted.iter().enumerate() {
            prop_assert_eq!(&segment.key_at(ordinal as u64).unwrap(), &version.key);
            let first = first_of(&version.key);
            let last = wanted.partition_point(|other| other.key <= version.key);
            prop_assert_eq!(segment.find(&version.key).unwrap(), first as u64..last as u64);
        }
        for (number, text) in absent {
            let key = schema.encode_key(&[Value::Int64(number), Value::text(text)]);
            if !wanted.iter().any(|version| version.key == key) {
                prop_assert!(segment.find(&key).unwrap().is_empty());
            }
            let prefix = schema.encode_key(&[Value::Int64(number)]);
            for bound in [key, types::key::successor(&prefix).unwrap(), prefix] {
                prop_assert_eq!(segment.seek(&bound).unwrap(), first_of(&bound) as u64);
            }
        }
        prop_assert_eq!(segment.seek(&[]).unwrap(), 0);
        prop_assert_eq!(segment.seek(&[0xFF; 4]).unwrap(), segment.rows());
    }

    #[test]
    fn statistics_are_those_of_the_values(wanted in versions(false)) {
        let schema = schema(TreeId(1), false);
        let segment = open(write(&schema, Tier::Fresh, &wanted).bytes).unwrap();
        let statistics = segment.statistics(ColumnId(2)).unwrap();
        let numbers: Vec<i64> = wanted
            .iter()
            .map(|version| match version.row[1] { Value::Int64(number) => number, _ => unreachable!() })
            .collect();
        prop_assert_eq!(&statistics.min, &Value::Int64(*numbers.iter().min().unwrap()));
        prop_assert_eq!(&statistics.max, &Value::Int64(*numbers.iter().max().unwrap()));
        let distinct = numbers.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        prop_assert!(statistics.distinct.abs_diff(distinct) <= 2 + distinct / 10);
        let texts = segment.statistics(ColumnId(1)).unwrap();
        let nulls = wanted.iter().filter(|version| version.row[0].is_null()).count();
        prop_assert_eq!(texts.nulls, nulls as u64);
        let real = || wanted.iter().filter_map(|version| match &version.row[0] {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        prop_assert_eq!(&texts.max, &real().max().map_or(Value::Null, Value::Text));
        prop_assert_eq!(&texts.min, &real().min().map_or(Value::Null, Value::Text));
    }

    #[test]
    fn versions_move_between_segments(wanted in versions(false), closed in 90_i64..99) {
        let schema = schema(TreeId(1), false);
        let source = open(write(&schema, Tier::Fresh, &wanted).bytes).unwrap();
        let mut wider = schema.clone();
        wider.columns.push(TreeColumn { id: ColumnId(9), ty: DataType::Date, nullable: true });
        let mut writer = SegmentWriter::new(&wider, Tier::Current(3));
        let mut moved = wanted.clone();
        let mut key = Vec::new();
        let mut ordinal = 0;
        for at in 0..source.block_count() {
            let block = source.block(at);
            let keys = source.keys_of(&block).unwrap();
            for row in 0..block.rows() {
                keys.put(row, &mut key);
                let sys_to = &mut moved[ordinal].times[1];
                *sys_to = if *sys_to == TIME_MAX && ordinal % 2 == 0 { closed } else { *sys_to };
                writer.push_from(&key, &block, row, meta::commit_of_word(*sys_to)).unwrap();
                moved[ordinal].row.push(Value::Null);
                ordinal += 1;
            }
        }
        let copy = open(writer.finish().bytes).unwrap();
        copy.verify().unwrap();
        check_rows(&wider, &copy, &moved);
        prop_assert!(source.block(0).column(ColumnId(9)).unwrap().is_none());
    }

    #[test]
    fn a_flipped_byte_gives_an_error_or_the_right_rows(
        wanted in versions(false), flips in prop::collection::vec((any::<Index>(), 1_u8..), 60),
    ) {
        let schema = schema(TreeId(1), false);
        let whole = write(&schema, Tier::Fresh, &wanted).bytes;
        for (at, bits) in flips {
            let mut bytes = whole.clone();
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
            let Ok(segment) = open(bytes) else { continue };
            for (ordinal, version) in wanted.iter().enumerate().step_by(7) {
                if let Ok(found) = segment.find(&version.key) {
                    prop_assert!(found.contains(&(ordinal as u64)));
                }
            }
            // Whatever is not refused is what was written.
            for at in 0..segment.block_count() {
                let block = segment.block(at);
                let rows = &wanted[block.first() as usize..][..block.rows()];
                for (place, column) in schema.columns.iter().enumerate() {
                    let Ok(page) = block.column(column.id) else { continue };
                    let page = page.expect("the segment has the column");
                    for (row, version) in rows.iter().enumerate() {
                        prop_assert!(same(&page.value(row), &version.row[place]));
                    }
                }
                for (which, column) in TimeColumn::ALL.into_iter().enumerate() {
                    let Ok(page) = block.times(column) else { continue };
                    for (row, version) in rows.iter().enumerate() {
                        prop_assert_eq!(page.at(row), version.times[which]);
                    }
                }
            }
        }
    }
}

/// Checksums are no proof against a forger: with all of them mended, nothing may lead out of bounds.
#[test]
fn forged_sections_do_not_panic() {
    let finished = small_segment(TreeId(1), 3_000);
    let sections_start = finished.bytes.len() - tail::TAIL_BYTES;
    let sections = Tail::read(
        &Origin { file: Path::new("x").into(), start: 0 },
        &Buffer::from_vec(finished.bytes.clone()),
    )
    .unwrap();
    let from = sections.filter.at;
    for at in from..sections_start {
        for bits in [0x01, 0x80, 0xFF] {
            let mut bytes = finished.bytes.clone();
            bytes[at] ^= bits;
            mend(
                &mut bytes,
                [
                    &sections.filter,
                    &sections.fences,
                    &sections.directory,
                    &sections.statistics,
                    &sections.properties,
                ],
            );
            if at % 61 != 0 && bits != 0xFF {
                continue;
            }
            let Ok(segment) = open(bytes) else { continue };
            let key = schema(TreeId(1), false)
                .encode_key(&[Value::Int64(1_500), Value::text("name 1500")]);
            drop(segment.find(&key));
            drop(segment.seek(&key));
            drop(segment.verify());
        }
    }
}

fn mend(bytes: &mut [u8], sections: [&tail::Section; 5]) {
    let tail = bytes.len() - tail::TAIL_BYTES;
    for (at, section) in sections.into_iter().enumerate() {
        let crc = crc32fast::hash(&bytes[section.at..section.at + section.bytes.len()]);
        let field = tail + 16 + at * 16 + 12;
        bytes[field..field + 4].copy_from_slice(&crc.to_le_bytes());
    }
    let end = bytes.len() - 8;
    let crc = crc32fast::hash(&bytes[tail..end]);
    bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn hidden_times_cost_nothing() {
    let schema = schema(TreeId(1), false);
    let segment = open(small_segment(TreeId(1), 1_024).bytes).unwrap();
    let block = segment.block(0);
    for column in [TimeColumn::SysTo, TimeColumn::ValidFrom, TimeColumn::ValidTo] {
        let times = block.times(column).unwrap();
        assert_eq!(times.constant(), Some(times.at(0)));
        assert_eq!(times.encoded().encoding(), "constant");
    }
    assert_eq!(schema.columns.len(), segment.columns().len());
}

#[test]
fn wide_rows_end_a_block_early() {
    let schema = schema(TreeId(1), false);
    let versions: Vec<Version> = (0..200)
        .map(|number| {
            let row = vec![
                Value::text(format!("{number}{}", "x".repeat(100_000))),
                Value::Int64(number),
                Value::Null,
                Value::Null,
                Value::Null,
            ];
            Version { key: schema.key_of(&row), row, times: [1, TIME_MAX, TIME_MIN, TIME_MAX] }
        })
        .collect();
    let segment = open(write(&schema, Tier::Fresh, &versions).bytes).unwrap();
    assert!(segment.block_count() > 3);
    check_rows(&schema, &segment, &versions);
}

#[test]
#[should_panic(expected = "versions come in order")]
fn versions_out_of_order_are_refused() {
    let schema = schema(TreeId(1), false);
    let row = vec![Value::Null, Value::Int64(1), Value::Null, Value::Null, Value::Null];
    let key = schema.key_of(&row);
    let version = Version { key, row, times: [3, TIME_MAX, TIME_MIN, TIME_MAX] };
    write(&schema, Tier::Fresh, &[version.clone(), version]);
}

#[test]
fn readers_share_a_segment() {
    let segment = Arc::new(open(small_segment(TreeId(1), 5_000).bytes).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for at in 0..segment.block_count() {
                    let page = segment.block(at).column(ColumnId(2)).unwrap().unwrap();
                    assert_eq!(page.value(0), Value::Int64(segment.block(at).first() as i64));
                }
            });
        }
    });
}

#[test]
fn an_open_version_has_no_end() {
    assert_eq!(meta::commit_of_word(meta::word_of_commit(CommitId::MAX)), CommitId::MAX);
    assert_eq!(meta::commit_of_word(meta::word_of_commit(CommitId(5))), CommitId(5));
}

#[test]
fn the_document_names_the_numbers_of_the_code() {
    let document = include_str!("../../../docs/formats/segment.md");
    let numbers: Vec<(&str, usize)> = vec![
        ("FOOTER_BYTES", crate::container::FOOTER_BYTES),
        ("LIST_ENTRY_BYTES", crate::container::LIST_ENTRY_BYTES),
        ("SEGMENT_ALIGNMENT", crate::container::SEGMENT_ALIGNMENT),
        ("CONTAINER_MAJOR", crate::container::CONTAINER_MAJOR.into()),
        ("CONTAINER_MINOR", crate::container::CONTAINER_MINOR.into()),
        ("SEGMENT_MAJOR", tail::SEGMENT_MAJOR.into()),
        ("SEGMENT_MINOR", tail::SEGMENT_MINOR.into()),
        ("TAIL_BYTES", tail::TAIL_BYTES),
        ("ENTRY_HEAD_BYTES", directory::ENTRY_HEAD_BYTES),
        ("PAGE_ALIGNMENT", directory::PAGE_ALIGNMENT),
        ("SMALL_BLOCK_ROWS", meta::SMALL_BLOCK_ROWS),
        ("LARGE_BLOCK_ROWS", meta::LARGE_BLOCK_ROWS),
        ("PAGE_HEADER_BYTES", types::encoded::PAGE_HEADER_BYTES),
        ("STRIPE_BYTES", types::encoded::STRIPE_BYTES),
    ];
    let (_, table) = document.split_once("## Numbers").expect("the document has its last section");
    let rows: Vec<(&str, usize)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(name, value)| (name, value.trim_end_matches(" |").parse().expect("a number")))
        .collect();
    assert_eq!(rows, numbers);
    for magic in [crate::container::CONTAINER_MAGIC, tail::SEGMENT_MAGIC] {
        let name = String::from_utf8_lossy(&magic[..7]).into_owned();
        assert!(document.contains(&format!("`{name}\\0`")), "{name}");
    }
}
