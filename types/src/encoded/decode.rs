//! From pages to Arrow arrays: all rows, a range, or a selection.
//!
//! Strings are not copied: the views of the array point into the page.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType, BooleanArray, NullArray, PrimitiveArray};
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, BooleanBufferBuilder, Buffer, IntervalMonthDayNano, NullBuffer,
    ScalarBuffer,
};

use super::Encoded;
use super::entries::Entries;
use super::layout::{Layout, run_ends, run_of};
use super::physical::interval_of_wide;
use crate::kernel::{self, Native, Places};
use crate::{DataType, IntegerSet, Interval, Mask};

/// Selections below one row in this many are gathered row by row, denser ones decoded and filtered.
const SPARSE_ROWS: usize = 12;

impl Encoded {
    /// Returns rows `[range.start, range.end)` as an array of `DataType::arrow`.
    ///
    /// # Panics
    /// If the range ends past the last row.
    pub fn decode(&self, range: Range<usize>) -> ArrayRef {
        assert!(range.start <= range.end, "a range rises");
        assert!(range.end <= self.rows, "row {} of {}", range.end, self.rows);
        let nulls = self.validity.as_ref().map(|all| all.slice(range.start, range.len()));
        let nulls = nulls.filter(|part| part.null_count() > 0);
        self.array(&Rows::Range(range), nulls)
    }

    /// Returns all rows.
    pub fn decode_all(&self) -> ArrayRef {
        self.decode(0..self.rows)
    }

    /// Returns the rows whose bit is set, in order.
    ///
    /// # Panics
    /// If the mask has not one bit a row.
    pub fn decode_selected(&self, mask: &Mask) -> ArrayRef {
        assert_eq!(mask.len(), self.rows, "a mask has one bit a row");
        let rows = mask.count_set_bits();
        if rows == self.rows {
            return self.decode_all();
        }
        if rows * SPARSE_ROWS > self.rows && !matches!(self.layout, Layout::Constant(_)) {
            let keep = BooleanArray::new(mask.clone(), None);
            let all = self.decode_all();
            return arrow_select::filter::filter(&all, &keep).expect("mask and column are as long");
        }
        let rows: Vec<u32> = mask.set_indices_u32().collect();
        self.decode_rows(&rows)
    }

    /// Returns the rows with these ordinals, in that order; one may come more than once.
    ///
    /// # Panics
    /// If an ordinal is not a row.
    pub fn decode_rows(&self, rows: &[u32]) -> ArrayRef {
        if let Some(last) = rows.iter().max() {
            assert!((*last as usize) < self.rows, "row {last} of {}", self.rows);
        }
        let nulls = self.validity.as_ref().map(|all| {
            let valid = |at: usize| all.is_valid(rows[at] as usize);
            NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), valid))
        });
        let nulls = nulls.filter(|part| part.null_count() > 0);
        self.array(&Rows::List(rows), nulls)
    }

    /// Returns the rows of `among` whose integer `set` may hold; NULL is none.
    ///
    /// # Panics
    /// If the column's values are not integers of at most 64 bits, or the mask has not one bit a row.
    pub fn members(&self, set: &IntegerSet, among: &Mask) -> Mask {
        assert!(IntegerSet::takes(self.ty), "{} is no integer", self.ty);
        assert_eq!(among.len(), self.rows, "a mask has one bit a row");
        let among = self.mask_validity(among.clone());
        if among.count_set_bits() * SPARSE_ROWS < self.rows {
            let mut kept = BooleanBufferBuilder::new(self.rows);
            kept.append_n(self.rows, false);
            for at in among.set_indices().filter(|at| set.may_hold(self.word(*at))) {
                kept.set_bit(at, true);
            }
            return kept.finish();
        }
        let (words, skip) = self.natives::<i64>(&Rows::Range(0..self.rows));
        let words = &words[skip..];
        &among & &BooleanBuffer::collect_bool(self.rows, |at| set.may_hold(words[at]))
    }

    fn array(&self, rows: &Rows<'_>, nulls: Option<NullBuffer>) -> ArrayRef {
        match self.ty {
            DataType::Null => Arc::new(NullArray::new(rows.len())),
            DataType::Boolean => Arc::new(BooleanArray::new(self.truths(rows), nulls)),
            DataType::Int16 => Arc::new(self.words::<Int16Type, i16>(rows, nulls)),
            DataType::Int32 => Arc::new(self.words::<Int32Type, i32>(rows, nulls)),
            DataType::Int64 => Arc::new(self.words::<Int64Type, i64>(rows, nulls)),
            DataType::Float32 => Arc::new(self.words::<Float32Type, f32>(rows, nulls)),
            DataType::Float64 => Arc::new(self.words::<Float64Type, f64>(rows, nulls)),
            DataType::Date => Arc::new(self.words::<Date32Type, i32>(rows, nulls)),
            DataType::Timestamp => {
                Arc::new(self.words::<TimestampMicrosecondType, i64>(rows, nulls))
            }
            DataType::Decimal { precision, .. } if precision <= 18 => {
                let array = self.words::<Decimal64Type, i64>(rows, nulls);
                Arc::new(array.with_data_type(self.ty.arrow()))
            }
            DataType::Decimal { .. } => {
                let array = PrimitiveArray::<Decimal128Type>::new(self.wides(rows).into(), nulls);
                Arc::new(array.with_data_type(self.ty.arrow()))
            }
            DataType::Interval => Arc::new(self.intervals(rows, nulls)),
            DataType::Text { .. } | DataType::Json => {
                let (entries, places) = self.places(rows);
                Arc::new(kernel::text_views(entries.strings(), &places, nulls))
            }
            DataType::Blob => {
                let (entries, places) = self.places(rows);
                Arc::new(kernel::byte_views(entries.strings(), &places, nulls))
            }
        }
    }

    fn words<A, T>(&self, rows: &Rows<'_>, nulls: Option<NullBuffer>) -> PrimitiveArray<A>
    where
        A: ArrowPrimitiveType<Native = T>,
        T: Native + ArrowNativeType,
    {
        let (words, skip) = self.natives::<T>(rows);
        PrimitiveArray::new(ScalarBuffer::new(Buffer::from_vec(words), skip, rows.len()), nulls)
    }

    /// Returns the words of some rows in their native type, and how many leading ones to skip.
    fn natives<T: Native>(&self, rows: &Rows<'_>) -> (Vec<T>, usize) {
        let of_entry = |entries: &Entries, at| T::from_word(entries.word(at));
        match (&self.layout, rows) {
            (Layout::Frame { base, codes }, Rows::Range(range)) => {
                codes.unpack(*base as i64, range.start, range.end)
            }
            (Layout::Frame { .. }, Rows::List(list)) => {
                (list.iter().map(|at| T::from_word(self.word(*at as usize))).collect(), 0)
            }
            (Layout::Constant(entries), _) => (vec![of_entry(entries, 0); rows.len()], 0),
            (Layout::Dictionary { codes, entries }, Rows::Range(range)) => {
                let table: Vec<T> = (0..entries.len()).map(|at| of_entry(entries, at)).collect();
                let (codes, skip) = codes.unpack::<u32>(0, range.start, range.end);
                let codes = &codes[skip..skip + range.len()];
                (codes.iter().map(|code| table[*code as usize]).collect(), 0)
            }
            (Layout::Runs { ends, entries }, Rows::Range(range)) => {
                let mut words = Vec::with_capacity(range.len());
                for_each_run(ends, range, |run, rows| {
                    words.resize(words.len() + rows, of_entry(entries, run));
                });
                (words, 0)
            }
            (Layout::Plain(entries), Rows::Range(range)) => {
                (range.clone().map(|at| of_entry(entries, at)).collect(), 0)
            }
            (
                Layout::Dictionary { entries, .. }
                | Layout::Runs { entries, .. }
                | Layout::Plain(entries),
                Rows::List(list),
            ) => (
                list.iter().map(|at| of_entry(entries, self.layout.place(*at as usize))).collect(),
                0,
            ),
        }
    }

    fn truths(&self, rows: &Rows<'_>) -> BooleanBuffer {
        if let (Layout::Frame { base: 0, codes }, Rows::Range(range)) = (&self.layout, rows) {
            return codes.in_range(1, 1).slice(range.start, range.len());
        }
        let (words, skip) = self.natives::<i16>(rows);
        BooleanBuffer::collect_bool(rows.len(), |at| words[skip + at] != 0)
    }

    fn wides(&self, rows: &Rows<'_>) -> Vec<i128> {
        if let Layout::Frame { base, codes } = &self.layout {
            let number = |at: usize| base.wrapping_add(i128::from(codes.get(at)));
            return rows.map(number);
        }
        let (entries, places) = self.places(rows);
        places.map(|at| entries.wide(at))
    }

    fn intervals(
        &self,
        rows: &Rows<'_>,
        nulls: Option<NullBuffer>,
    ) -> PrimitiveArray<IntervalMonthDayNanoType> {
        let intervals = self.wides(rows).into_iter().map(|wide| {
            let Interval { months, days, micros } = interval_of_wide(wide);
            IntervalMonthDayNano::new(months, days, micros.saturating_mul(1_000))
        });
        PrimitiveArray::new(ScalarBuffer::from(intervals.collect::<Vec<_>>()), nulls)
    }

    /// Returns the entries of a page that is not a frame, and which one each row has.
    fn places(&self, rows: &Rows<'_>) -> (&Entries, Places) {
        match (&self.layout, rows) {
            (Layout::Frame { .. }, _) => panic!("a frame has no entries"),
            (Layout::Constant(entries), _) => (entries, Places::First(rows.len())),
            (Layout::Dictionary { codes, entries }, Rows::Range(range)) => {
                (entries, Places::List(codes.unpack_u32(range.start, range.end)))
            }
            (Layout::Runs { ends, entries }, Rows::Range(range)) => {
                let mut places = Vec::with_capacity(range.len());
                for_each_run(ends, range, |run, rows| {
                    places.resize(places.len() + rows, run as u32);
                });
                (entries, Places::List(places))
            }
            (Layout::Plain(entries), Rows::Range(range)) => (entries, Places::Range(range.clone())),
            (Layout::Plain(entries), Rows::List(list)) => (entries, Places::List(list.to_vec())),
            (Layout::Dictionary { entries, .. } | Layout::Runs { entries, .. }, Rows::List(_)) => {
                (entries, Places::List(rows.map(|at| self.layout.place(at) as u32)))
            }
        }
    }
}

/// Which rows to decode.
enum Rows<'a> {
    Range(Range<usize>),
    List(&'a [u32]),
}

impl Rows<'_> {
    fn len(&self) -> usize {
        match self {
            Rows::Range(range) => range.len(),
            Rows::List(list) => list.len(),
        }
    }

    fn map<T>(&self, of_row: impl Fn(usize) -> T) -> Vec<T> {
        match self {
            Rows::Range(range) => range.clone().map(of_row).collect(),
            Rows::List(list) => list.iter().map(|at| of_row(*at as usize)).collect(),
        }
    }
}

/// Calls `each` with every run that reaches into `range`, and how many of its rows do.
fn for_each_run(ends: &Buffer, range: &Range<usize>, mut each: impl FnMut(usize, usize)) {
    let mut at = range.start;
    let first = run_of(ends, at);
    for (run, end) in run_ends(ends).enumerate().skip(first) {
        if at >= range.end {
            return;
        }
        let stop = end.min(range.end);
        each(run, stop - at);
        at = stop;
    }
}
