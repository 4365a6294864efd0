//! Chooses the encoding of a page from all of its values, and writes it.
//!
//! The smallest encoding wins, with a thumb on the scale: a frame decodes fastest and finds any row
//! in two loads, so runs must halve it and a dictionary of numbers save a third; strings take a
//! dictionary as soon as it saves anything, because comparisons then touch each distinct string once.

use std::hash::Hash;

use foldhash::fast::FixedState;

use super::PAGE_HEADER_BYTES;
use super::build::{ColumnBuilder, Slots, Strings};
use super::entries::form_tag;
use super::layout::{PAGE_ROWS_MAX, TAG_CONSTANT, TAG_DICTIONARY, TAG_FRAME, TAG_PLAIN, TAG_RUNS};
use super::physical::{self, Form};
use crate::DataType;
use crate::kernel;

type Places<T> = std::collections::HashMap<T, u32, FixedState>;

/// Returns the page of the column's rows.
pub(super) fn page(column: &ColumnBuilder) -> Vec<u8> {
    assert!(column.rows() <= PAGE_ROWS_MAX, "a page has at most a million rows");
    let ty = column.data_type();
    match &column.slots {
        Slots::Words(words) => numbers(column, words, NumberForm { ty, entry_bytes: 8 }),
        Slots::Wides(wides) => numbers(column, wides, NumberForm { ty, entry_bytes: 16 }),
        Slots::Bytes(strings) => bytes(column, strings),
    }
}

/// Writes a page: the header, then its parts, each padded to 8 bytes.
struct Writer {
    page: Vec<u8>,
}

impl Writer {
    fn new(column: &ColumnBuilder, tag: u8, entries: usize) -> Writer {
        let mut page = vec![0; PAGE_HEADER_BYTES];
        let validity = column.nulls() > 0;
        page[0] = tag;
        page[1] = form_tag(Form::of(column.data_type()));
        page[3] = u8::from(validity);
        let mut writer = Writer { page };
        writer.put_u32(4, column.rows());
        writer.put_u32(8, column.nulls());
        writer.put_u32(12, entries);
        if validity {
            writer.validity(&column.valid);
        }
        writer
    }

    fn put_u32(&mut self, at: usize, number: usize) {
        let number = u32::try_from(number).expect("a page counts in 32 bits");
        self.page[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    fn part(&mut self, bytes: impl IntoIterator<Item = u8>) {
        self.page.extend(bytes);
        self.page.resize(self.page.len().next_multiple_of(8), 0);
    }

    fn validity(&mut self, valid: &[bool]) {
        for word in valid.chunks(64) {
            let bits = word.iter().enumerate();
            let bits = bits.fold(0_u64, |bits, (at, valid)| bits | u64::from(*valid) << at);
            self.part(bits.to_le_bytes());
        }
    }

    fn codes(&mut self, codes: &[u64], width: u8) {
        self.page[2] = width;
        self.page.extend(kernel::pack(codes, width));
    }

    fn base(&mut self, base: i128) {
        self.page[24..40].copy_from_slice(&base.to_le_bytes());
    }

    fn strings<'a>(&mut self, strings: impl Iterator<Item = &'a [u8]> + Clone) {
        let mut end = 0;
        let mut offsets = vec![0];
        offsets.extend(strings.clone().map(|string| {
            end += string.len() as u64;
            end
        }));
        let width = bits(end);
        self.page[20] = width;
        self.put_u32(16, usize::try_from(end).expect("strings fit memory"));
        self.page.extend(kernel::pack(&offsets, width));
        self.part(strings.flatten().copied());
    }

    fn ends(&mut self, starts: &[usize], rows: usize) {
        let ends = starts.iter().skip(1).chain([&rows]);
        self.part(ends.flat_map(|end| (*end as u32).to_le_bytes()));
    }
}

/// Returns the bits that a number takes.
fn bits(most: u64) -> u8 {
    (64 - most.leading_zeros()) as u8
}

/// A number type of the builder: words and wides.
trait Number: Copy + Eq + Ord + Hash {
    fn wide(self) -> i128;
    fn put(self, page: &mut Vec<u8>);
    fn order(self, ty: DataType) -> i128;
}

impl Number for i64 {
    fn wide(self) -> i128 {
        i128::from(self)
    }

    fn put(self, page: &mut Vec<u8>) {
        page.extend(self.to_le_bytes());
    }

    fn order(self, ty: DataType) -> i128 {
        i128::from(physical::order_of_word(ty, self))
    }
}

impl Number for i128 {
    fn wide(self) -> i128 {
        self
    }

    fn put(self, page: &mut Vec<u8>) {
        page.extend(self.to_le_bytes());
    }

    fn order(self, ty: DataType) -> i128 {
        physical::order_of_wide(ty, self)
    }
}

#[derive(Clone, Copy)]
struct NumberForm {
    ty: DataType,
    entry_bytes: usize,
}

fn numbers<T: Number>(column: &ColumnBuilder, numbers: &[T], form: NumberForm) -> Vec<u8> {
    let (Some(min), Some(max)) = (numbers.iter().min(), numbers.iter().max()) else {
        return entries_page(column, TAG_PLAIN, &[] as &[T]).page;
    };
    if min == max {
        return entries_page(column, TAG_CONSTANT, &[*min]).page;
    }
    let rows = numbers.len();
    let width = frame_width(form.ty, min.wide(), max.wide());
    let plain_bytes = rows * form.entry_bytes;
    let frame_bytes = width.map_or(plain_bytes, |width| kernel::packed_bytes(rows, width));
    let starts = run_starts(rows, |left, right| numbers[left] == numbers[right]);
    if starts.len() * (form.entry_bytes + 4) * 2 <= frame_bytes {
        return runs_page(column, numbers, &starts);
    }
    let entries_max = frame_bytes * 2 / 3 / form.entry_bytes;
    if let Some((entries, codes)) = distinct_numbers(numbers, entries_max, form.ty) {
        let code_width = bits(entries.len() as u64 - 1);
        let bytes = entries.len() * form.entry_bytes + kernel::packed_bytes(rows, code_width);
        if bytes * 3 <= frame_bytes * 2 {
            let mut page = entries_page(column, TAG_DICTIONARY, &entries);
            page.codes(&codes, code_width);
            return page.page;
        }
    }
    match width {
        Some(width) => frame_page(column, numbers, min.wide(), width),
        None => entries_page(column, TAG_PLAIN, numbers).page,
    }
}

/// Returns the bits of a frame's codes, if the range fits 64 and the order of the type is the order of
/// its numbers.
fn frame_width(ty: DataType, min: i128, max: i128) -> Option<u8> {
    let range = u64::try_from(max.checked_sub(min)?).ok()?;
    (ty != DataType::Interval).then(|| bits(range))
}

fn frame_page<T: Number>(column: &ColumnBuilder, numbers: &[T], base: i128, width: u8) -> Vec<u8> {
    let mut page = Writer::new(column, TAG_FRAME, 0);
    page.base(base);
    let codes: Vec<u64> = numbers.iter().map(|number| (number.wide() - base) as u64).collect();
    page.codes(&codes, width);
    page.page
}

fn runs_page<T: Number>(column: &ColumnBuilder, numbers: &[T], starts: &[usize]) -> Vec<u8> {
    let entries: Vec<T> = starts.iter().map(|start| numbers[*start]).collect();
    let mut page = entries_page(column, TAG_RUNS, &entries);
    page.ends(starts, numbers.len());
    page.page
}

fn entries_page<T: Number>(column: &ColumnBuilder, tag: u8, entries: &[T]) -> Writer {
    let mut page = Writer::new(column, tag, entries.len());
    for entry in entries {
        entry.put(&mut page.page);
    }
    page
}

/// Returns the row at which each run of equal rows starts.
fn run_starts(rows: usize, equal: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    (0..rows).filter(|row| *row == 0 || !equal(row - 1, *row)).collect()
}

/// Returns the distinct numbers, sorted, and the code of each row, unless there are more than `most`.
fn distinct_numbers<T: Number>(
    numbers: &[T],
    most: usize,
    ty: DataType,
) -> Option<(Vec<T>, Vec<u64>)> {
    let mut places: Places<T> = Places::with_hasher(FixedState::default());
    let mut first_codes = Vec::with_capacity(numbers.len());
    let mut entries = Vec::new();
    for number in numbers {
        let place = *places.entry(*number).or_insert_with(|| {
            entries.push(*number);
            entries.len() as u32 - 1
        });
        if entries.len() > most {
            return None;
        }
        first_codes.push(place);
    }
    let order = sorted_places(entries.len(), |left, right| {
        let key = |at: usize| (entries[at].order(ty), entries[at]);
        key(left).cmp(&key(right))
    });
    let sorted = order.iter().map(|at| entries[*at]).collect();
    Some((sorted, recode(&first_codes, &order)))
}

fn sorted_places(len: usize, compare: impl Fn(usize, usize) -> std::cmp::Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.sort_unstable_by(|left, right| compare(*left, *right));
    order
}

/// Translates codes by first appearance to codes by sorted order.
fn recode(codes: &[u32], order: &[usize]) -> Vec<u64> {
    let mut rank = vec![0; order.len()];
    for (sorted, at) in order.iter().enumerate() {
        rank[*at] = sorted as u64;
    }
    codes.iter().map(|code| rank[*code as usize]).collect()
}

fn bytes(column: &ColumnBuilder, strings: &Strings) -> Vec<u8> {
    let rows = strings.len();
    let all = || (0..rows).map(|row| strings.get(row));
    let plain_bytes =
        strings.bytes.len() + kernel::packed_bytes(rows + 1, bits(strings.bytes.len() as u64));
    let starts = run_starts(rows, |left, right| strings.get(left) == strings.get(right));
    if rows == 0 {
        return strings_page(column, TAG_PLAIN, 0, all()).page;
    }
    if starts.len() == 1 {
        return strings_page(column, TAG_CONSTANT, 1, all().take(1)).page;
    }
    let run_strings = || starts.iter().map(|start| strings.get(*start));
    let runs_bytes = run_strings().map(|string| string.len() + 8).sum::<usize>();
    if runs_bytes * 4 <= plain_bytes {
        let mut page = strings_page(column, TAG_RUNS, starts.len(), run_strings());
        page.ends(&starts, rows);
        return page.page;
    }
    if let Some((entries, codes)) = distinct_strings(strings, plain_bytes) {
        let width = bits(entries.len() as u64 - 1);
        let entries_bytes = entries.iter().map(|entry| entry.len() + 4).sum::<usize>();
        if entries_bytes + kernel::packed_bytes(rows, width) <= plain_bytes {
            let entry = entries.iter().copied();
            let mut page = strings_page(column, TAG_DICTIONARY, entries.len(), entry);
            page.codes(&codes, width);
            return page.page;
        }
    }
    strings_page(column, TAG_PLAIN, rows, all()).page
}

fn strings_page<'a>(
    column: &ColumnBuilder,
    tag: u8,
    entries: usize,
    strings: impl Iterator<Item = &'a [u8]> + Clone,
) -> Writer {
    let mut page = Writer::new(column, tag, entries);
    page.strings(strings);
    page
}

/// Returns the distinct strings, sorted, and the code of each row, unless a dictionary of them is sure
/// to take more than `bytes_max`.
fn distinct_strings(strings: &Strings, bytes_max: usize) -> Option<(Vec<&[u8]>, Vec<u64>)> {
    let mut places: Places<&[u8]> = Places::with_hasher(FixedState::default());
    let mut first_codes = Vec::with_capacity(strings.len());
    let mut entries: Vec<&[u8]> = Vec::new();
    let mut bytes = 0;
    for row in 0..strings.len() {
        let string = strings.get(row);
        let place = *places.entry(string).or_insert_with(|| {
            entries.push(string);
            bytes += string.len() + 2;
            entries.len() as u32 - 1
        });
        // Half of the rows distinct: not worth the indirection even where it would save a little.
        if bytes > bytes_max || entries.len() > strings.len() / 2 + 1 {
            return None;
        }
        first_codes.push(place);
    }
    let order = sorted_places(entries.len(), |left, right| entries[left].cmp(entries[right]));
    let sorted = order.iter().map(|at| entries[*at]).collect();
    Some((sorted, recode(&first_codes, &order)))
}
