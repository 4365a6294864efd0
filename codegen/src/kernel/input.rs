//! What goes in: addresses of columns, constants as bytes.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray};
use diag::Code as ErrorCode;
use types::{Batch, DataType, Value};

use super::{BLOCK_ROWS, mismatch};
use crate::error::Unsupported;
use crate::frame::{ColumnView, ConstantSlot};
use crate::shape::{Bindings, Constant, Shape};

/// Validity of a column without NULLs: a block of ones and a byte for its first bit's place.
static ALL_VALID: [u8; BLOCK_ROWS / 8 + 1] = [0xFF; BLOCK_ROWS / 8 + 1];

/// The columns that the code reads, in its order, from the batch's first row on.
pub(super) struct Inputs {
    columns: Vec<Input>,
    has_nulls: bool,
}

struct Input {
    values: *const u8,
    /// First bit of a BOOLEAN column.
    bit: usize,
    /// Bytes a value; none for bits.
    width: Option<usize>,
    /// Bits and the first one's place.
    validity: Option<(*const u8, usize)>,
}

impl Inputs {
    /// # Panics
    /// If a column is not of its slot's type.
    pub(super) fn of(shape: &Shape, batch: &Batch) -> Inputs {
        let columns: Vec<Input> = shape
            .read_slots()
            .into_iter()
            .map(|(slot, ty)| input(batch.column(slot as usize), ty))
            .collect();
        let has_nulls = columns.iter().any(|column| column.validity.is_some());
        Inputs { columns, has_nulls }
    }

    pub(super) fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    /// Returns the views from row `begin` on.
    pub(super) fn views(&self, _shape: &Shape, begin: usize) -> Vec<ColumnView> {
        self.columns.iter().map(|column| column.view(begin)).collect()
    }
}

impl Input {
    fn view(&self, begin: usize) -> ColumnView {
        let (validity, validity_bit) = match self.validity {
            Some((bits, first)) => (bits, first + begin),
            None => (ALL_VALID.as_ptr(), 0),
        };
        let values = self.values.wrapping_add(self.width.unwrap_or(0) * begin);
        ColumnView {
            values,
            validity,
            value_bit: (self.bit + begin) as u64,
            validity_bit: validity_bit as u64,
        }
    }
}

fn input(column: &ArrayRef, ty: DataType) -> Input {
    assert_eq!(*column.data_type(), ty.arrow(), "a batch has its pipeline's types");
    let validity = column.nulls().filter(|nulls| nulls.null_count() > 0).map(|nulls| {
        let bits = nulls.inner();
        (bits.values().as_ptr(), bits.offset())
    });
    if ty == DataType::Boolean {
        let bits = column.as_boolean().values();
        return Input { values: bits.values().as_ptr(), bit: bits.offset(), width: None, validity };
    }
    let (values, width) = values_of(column, ty);
    Input { values, bit: 0, width: Some(width), validity }
}

fn values_of(column: &ArrayRef, ty: DataType) -> (*const u8, usize) {
    match ty {
        DataType::Int16 => primitive(column.as_primitive::<Int16Type>()),
        DataType::Int32 => primitive(column.as_primitive::<Int32Type>()),
        DataType::Int64 => primitive(column.as_primitive::<Int64Type>()),
        DataType::Float32 => primitive(column.as_primitive::<Float32Type>()),
        DataType::Float64 => primitive(column.as_primitive::<Float64Type>()),
        DataType::Date => primitive(column.as_primitive::<Date32Type>()),
        DataType::Timestamp => primitive(column.as_primitive::<TimestampMicrosecondType>()),
        DataType::Decimal { precision, .. } if precision <= 18 => {
            primitive(column.as_primitive::<Decimal64Type>())
        }
        DataType::Decimal { .. } => primitive(column.as_primitive::<Decimal128Type>()),
        DataType::Null
        | DataType::Boolean
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => unreachable!("lowering admits no such slot"),
    }
}

fn primitive<T: arrow_array::ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> (*const u8, usize) {
    (array.values().as_ptr().cast(), size_of::<T::Native>())
}

/// Returns the literals as bytes, and NULL in the places of parameters.
pub(super) fn literals(
    shape: &Shape,
    bindings: &Bindings,
) -> Result<Vec<ConstantSlot>, Unsupported> {
    let pairs = bindings.constants.iter().zip(&shape.constants);
    pairs
        .map(|(constant, ty)| match constant {
            Constant::Literal(value) => encode(value, *ty)
                .ok_or_else(|| Unsupported::new(format!("a constant that is not of type {ty}"))),
            Constant::Parameter(_) => Ok(NULL),
        })
        .collect()
}

/// Returns the constants of one execution.
pub(super) fn with_parameters(
    shape: &Shape,
    bindings: &Bindings,
    literals: &[ConstantSlot],
    parameters: &[Value],
) -> Result<Vec<ConstantSlot>, ErrorCode> {
    let mut constants = literals.to_vec();
    for (at, constant) in bindings.constants.iter().enumerate() {
        if let Constant::Parameter(number) = constant {
            let value = parameters.get(*number as usize).ok_or(ErrorCode::UnknownParameter)?;
            constants[at] = encode(value, shape.constants[at]).ok_or_else(mismatch)?;
        }
    }
    Ok(constants)
}

const NULL: ConstantSlot = ConstantSlot { value: [0; 16], valid: 0 };

/// Returns the bytes of a value of exactly type `ty`; decimals may have a smaller scale.
fn encode(value: &Value, ty: DataType) -> Option<ConstantSlot> {
    let bytes = match (value, ty) {
        (Value::Null, _) => return Some(NULL),
        (Value::Boolean(value), DataType::Boolean) => i128::from(*value),
        (Value::Int16(value), DataType::Int16) => i128::from(*value),
        (Value::Int32(value), DataType::Int32) => i128::from(*value),
        (Value::Int64(value), DataType::Int64) => i128::from(*value),
        (Value::Float32(value), DataType::Float32) => i128::from(value.to_bits()),
        (Value::Float64(value), DataType::Float64) => i128::from(value.to_bits()),
        (Value::Date(date), DataType::Date) => i128::from(date.0),
        (Value::Timestamp(time), DataType::Timestamp) => i128::from(time.0),
        (Value::Decimal(number), DataType::Decimal { precision, scale }) => {
            let factor = types::pow10(scale.checked_sub(number.scale)?)?;
            let unscaled = number.unscaled.checked_mul(factor)?;
            let limit = types::pow10(precision)?;
            (unscaled > -limit && unscaled < limit).then_some(unscaled)?
        }
        _ => return None,
    };
    Some(ConstantSlot { value: bytes.to_le_bytes(), valid: 1 })
}
