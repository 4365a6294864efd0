//! Calls with DISTINCT or ORDER BY inside: their rows are kept, then fed in order, each once.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow_schema::SortOptions;
use arrow_select::take::take;
use ir::AggregateCall;
use types::{BATCH_ROWS, DataType};

use crate::keys::RowCodec;
use crate::keys::groups::{GroupTable, columns_of};
use crate::memory::array_bytes;

/// One call's kept rows.
pub(super) struct Deferred {
    distinct: bool,
    arguments: Vec<DataType>,
    order: Vec<(DataType, SortOptions)>,
    kept: Kept,
    bytes: usize,
}

enum Kept {
    /// Distinct pairs of group and arguments; enough where no order is asked for.
    Set(Box<GroupTable>),
    /// All rows: group, arguments, order keys.
    Rows(Vec<Vec<ArrayRef>>),
}

impl Deferred {
    /// Returns where to keep a call's rows, if it has to.
    pub(super) fn of(call: &AggregateCall) -> diag::Result<Option<Deferred>> {
        if !call.distinct && call.order.is_empty() {
            return Ok(None);
        }
        let arguments: Vec<DataType> = call.args.iter().map(|argument| argument.ty).collect();
        let order = call.order.iter().map(|key| {
            let options = SortOptions { descending: key.descending, nulls_first: key.nulls_first };
            (key.scalar.ty, options)
        });
        let kept = match call.order.is_empty() {
            true => Kept::Set(Box::new(set(&arguments)?)),
            false => Kept::Rows(Vec::new()),
        };
        let distinct = call.distinct;
        Ok(Some(Deferred { distinct, arguments, order: order.collect(), kept, bytes: 0 }))
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.kept {
            Kept::Set(set) => set.bytes(),
            Kept::Rows(_) => self.bytes,
        }
    }

    /// Keeps rows whose groups are `numbers`.
    pub(super) fn keep(
        &mut self,
        args: Vec<ArrayRef>,
        order: Vec<ArrayRef>,
        numbers: &[u32],
    ) -> diag::Result<()> {
        let groups = Int64Array::from_iter_values(numbers.iter().map(|number| i64::from(*number)));
        let mut columns: Vec<ArrayRef> = vec![Arc::new(groups)];
        columns.extend(args);
        columns.extend(order);
        self.keep_columns(columns)
    }

    fn keep_columns(&mut self, columns: Vec<ArrayRef>) -> diag::Result<()> {
        match &mut self.kept {
            Kept::Set(set) => set.assign(&columns, columns[0].len(), &mut Vec::new()),
            Kept::Rows(rows) => {
                self.bytes +=
                    columns.iter().map(|column| array_bytes(column.as_ref())).sum::<usize>();
                rows.push(columns);
                Ok(())
            }
        }
    }

    /// Takes over another worker's rows, whose group `n` is `mapping[n]` here.
    pub(super) fn merge(&mut self, other: Deferred, mapping: &[u32]) -> diag::Result<()> {
        let pieces = match other.kept {
            Kept::Set(set) => vec![set.into_columns()],
            Kept::Rows(rows) => rows,
        };
        for mut piece in pieces {
            let groups = piece[0].as_primitive::<Int64Type>();
            let groups = groups.unary::<_, Int64Type>(|group| mapping[group as usize].into());
            piece[0] = Arc::new(groups);
            self.keep_columns(piece)?;
        }
        Ok(())
    }

    /// Feeds every row that counts to `update`, in order.
    pub(super) fn feed(
        self,
        mut update: impl FnMut(&[ArrayRef], &[u32]) -> diag::Result<()>,
    ) -> diag::Result<()> {
        let columns = match self.kept {
            Kept::Set(set) => set.into_columns(),
            Kept::Rows(rows) => ordered(&self.arguments, &self.order, &rows, self.distinct)?,
        };
        let groups = columns[0].as_primitive::<Int64Type>().values();
        let rows = groups.len();
        for start in (0..rows).step_by(BATCH_ROWS) {
            let length = BATCH_ROWS.min(rows - start);
            // Groups were numbered by u32.
            let numbers: Vec<u32> =
                groups[start..start + length].iter().map(|group| *group as u32).collect();
            let args: Vec<ArrayRef> = columns[1..=self.arguments.len()]
                .iter()
                .map(|column| column.slice(start, length))
                .collect();
            update(&args, &numbers)?;
        }
        Ok(())
    }
}

fn set(arguments: &[DataType]) -> diag::Result<GroupTable> {
    GroupTable::new(&with_group(arguments.iter().copied()))
}

fn with_group(types: impl Iterator<Item = DataType>) -> Vec<DataType> {
    std::iter::once(DataType::Int64).chain(types).collect()
}

/// Returns groups and arguments in the order of group and keys; each pair once if `distinct`.
fn ordered(
    arguments: &[DataType],
    order: &[(DataType, SortOptions)],
    pieces: &[Vec<ArrayRef>],
    distinct: bool,
) -> diag::Result<Vec<ArrayRef>> {
    let order_types = order.iter().map(|(ty, _)| *ty);
    let types = with_group(arguments.iter().copied().chain(order_types.clone()));
    let columns = columns_of(&types, pieces);
    let mut options = vec![SortOptions::default()];
    options.extend(order.iter().map(|(_, options)| *options));
    let codec = RowCodec::ordered(&with_group(order_types), &options)?;
    let mut keys = vec![Arc::clone(&columns[0])];
    keys.extend(columns[1 + arguments.len()..].iter().cloned());
    let keys = codec.encode(&keys)?;
    let mut rows: Vec<u32> = (0..columns[0].len() as u32).collect();
    rows.sort_by(|left, right| keys.row(*left as usize).cmp(&keys.row(*right as usize)));
    let rows = UInt32Array::from(rows);
    let pick = |columns: &[ArrayRef], rows: &UInt32Array| -> Vec<ArrayRef> {
        let pick =
            |column: &ArrayRef| take(column, rows, None).expect("row numbers lie in the column");
        columns.iter().map(pick).collect()
    };
    let sorted = pick(&columns[..=arguments.len()], &rows);
    if !distinct {
        return Ok(sorted);
    }
    let mut seen = set(arguments)?;
    seen.assign(&sorted, rows.len(), &mut Vec::new())?;
    Ok(pick(&sorted, &UInt32Array::from(seen.fresh().to_vec())))
}
