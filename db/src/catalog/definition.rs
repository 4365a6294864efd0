//! A relation as a row: the JSON form of its definition.
//!
//! The JSON is part of the format on disk (docs/formats/catalog.md): fields are added, never
//! renamed. Types are written as SQL writes them.

use std::sync::Arc;

use ir::catalog::{Check, DeclaredPeriod, PeriodKey};
use ir::{Relation, Table, TableColumn, TableId, View};
use serde::{Deserialize, Serialize};
use types::{ColumnId, DataType, TreeId, Value};

const TABLE: &str = "table";
const VIEW: &str = "view";

#[derive(Serialize, Deserialize)]
struct TableJson {
    tree: u32,
    columns: Vec<ColumnJson>,
    primary_key: Vec<u32>,
    checks: Vec<CheckJson>,
    document: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    period: Option<PeriodJson>,
}

#[derive(Serialize, Deserialize)]
struct PeriodJson {
    name: String,
    from: u32,
    to: u32,
    without_overlaps: bool,
}

#[derive(Serialize, Deserialize)]
struct ColumnJson {
    id: u32,
    name: String,
    #[serde(rename = "type")]
    ty: String,
    not_null: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    default: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CheckJson {
    name: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
struct ViewJson {
    columns: Vec<String>,
    text: String,
}

/// A row of the catalog that cannot be read: damage, or a newer release's work.
#[derive(Debug, thiserror::Error)]
#[error("the catalog's row of relation {number} cannot be read: {reason}")]
pub(crate) struct UnreadableRow {
    /// The relation's number.
    number: i64,
    /// Why.
    reason: String,
}

/// Returns the catalog row of a relation: name, number, kind, definition.
pub(crate) fn encode_relation(relation: &Relation) -> Vec<Value> {
    let (kind, json) = match relation {
        Relation::Table(table) => (TABLE, serde_json::to_value(table_json(table))),
        Relation::View(view) => (VIEW, serde_json::to_value(view_json(view))),
    };
    let json = json.expect("definitions hold only strings, numbers and lists").to_string();
    vec![
        Value::text(super::name(relation)),
        Value::Int64(i64::from(super::number(relation).0)),
        Value::text(kind),
        Value::Json(json.into()),
    ]
}

/// Returns the relation of a catalog row.
///
/// # Errors
/// A row that [`encode_relation`] did not make.
pub(crate) fn decode_relation(row: &[Value]) -> Result<Relation, UnreadableRow> {
    let [Value::Text(name), Value::Int64(number), Value::Text(kind), Value::Json(json)] = row
    else {
        return Err(UnreadableRow { number: 0, reason: "its columns have other types".into() });
    };
    let unreadable = |reason: String| UnreadableRow { number: *number, reason };
    let id = u32::try_from(*number).map_err(|error| unreadable(error.to_string()))?;
    let relation = match kind.as_ref() {
        TABLE => table(TableId(id), name, json).map(|table| Relation::Table(Arc::new(table))),
        VIEW => view(TableId(id), name, json).map(|view| Relation::View(Arc::new(view))),
        other => Err(format!("its kind is {other}")),
    };
    relation.map_err(unreadable)
}

fn table_json(table: &Table) -> TableJson {
    let columns = table.columns.iter().map(|column| ColumnJson {
        id: column.id.0,
        name: column.name.clone(),
        ty: column.ty.to_string(),
        not_null: column.not_null,
        default: column.default.clone(),
    });
    let checks = table.checks.iter();
    TableJson {
        tree: table.tree.0,
        columns: columns.collect(),
        primary_key: table.primary_key.iter().map(|id| id.0).collect(),
        checks: checks
            .map(|check| CheckJson { name: check.name.clone(), text: check.text.clone() })
            .collect(),
        document: table.document,
        period: table.period.as_ref().map(|period| PeriodJson {
            name: period.name.clone(),
            from: period.from.0,
            to: period.to.0,
            without_overlaps: period.key == PeriodKey::WithoutOverlaps,
        }),
    }
}

fn view_json(view: &View) -> ViewJson {
    ViewJson { columns: view.columns.clone(), text: view.text.clone() }
}

fn table(id: TableId, name: &str, json: &str) -> Result<Table, String> {
    let json: TableJson = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let columns = json.columns.into_iter().map(column).collect::<Result<_, _>>()?;
    let checks = json.checks.into_iter();
    Ok(Table {
        id,
        tree: TreeId(json.tree),
        name: name.to_owned(),
        columns,
        primary_key: json.primary_key.into_iter().map(ColumnId).collect(),
        checks: checks.map(|check| Check { name: check.name, text: check.text }).collect(),
        document: json.document,
        period: json.period.map(period),
    })
}

fn period(json: PeriodJson) -> DeclaredPeriod {
    let key = if json.without_overlaps { PeriodKey::WithoutOverlaps } else { PeriodKey::OneRow };
    DeclaredPeriod { name: json.name, from: ColumnId(json.from), to: ColumnId(json.to), key }
}

fn column(json: ColumnJson) -> Result<TableColumn, String> {
    Ok(TableColumn {
        id: ColumnId(json.id),
        ty: type_of(&json.ty).ok_or_else(|| format!("its type {} is unknown", json.ty))?,
        name: json.name,
        not_null: json.not_null,
        default: json.default,
    })
}

fn view(id: TableId, name: &str, json: &str) -> Result<View, String> {
    let json: ViewJson = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(View { id, name: name.to_owned(), columns: json.columns, text: json.text })
}

/// Reads what [`DataType`]'s `Display` writes.
fn type_of(text: &str) -> Option<DataType> {
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')')?),
        None => (text, ""),
    };
    Some(match name {
        "BOOLEAN" => DataType::Boolean,
        "SMALLINT" => DataType::Int16,
        "INT4" => DataType::Int32,
        "BIGINT" => DataType::Int64,
        "FLOAT4" => DataType::Float32,
        "DOUBLE" => DataType::Float64,
        "DECIMAL" => {
            let (precision, scale) = arguments.split_once(',')?;
            DataType::Decimal { precision: precision.parse().ok()?, scale: scale.parse().ok()? }
        }
        "VARCHAR" => DataType::Text { length_max: Some(arguments.parse().ok()?) },
        "TEXT" => DataType::TEXT,
        "BLOB" => DataType::Blob,
        "DATE" => DataType::Date,
        "TIMESTAMP" => DataType::Timestamp,
        "INTERVAL" => DataType::Interval,
        "JSON" => DataType::Json,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ir::catalog::{Check, DeclaredPeriod, PeriodKey};
    use ir::{Relation, Table, TableColumn, TableId, View};
    use types::{ColumnId, DataType, TreeId};

    use super::{decode_relation, encode_relation};

    const TYPES: [DataType; 14] = [
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal { precision: 15, scale: 2 },
        DataType::TEXT,
        DataType::Text { length_max: Some(10) },
        DataType::Blob,
        DataType::Date,
        DataType::Timestamp,
        DataType::Interval,
        DataType::Json,
    ];

    #[test]
    fn relations_survive_their_rows() {
        let columns = TYPES.iter().zip(1..).map(|(ty, id)| TableColumn {
            id: ColumnId(id),
            name: format!("c \"{id}\""),
            ty: *ty,
            not_null: id % 2 == 0,
            default: (id % 3 == 0).then(|| "1 + 1".to_owned()),
        });
        let table = Relation::Table(Arc::new(Table {
            id: TableId(7),
            tree: TreeId(23),
            name: "t".to_owned(),
            columns: columns.collect(),
            primary_key: vec![ColumnId(4), ColumnId(2)],
            checks: vec![Check { name: "t_check".to_owned(), text: "a > 'x'".to_owned() }],
            document: false,
            period: Some(DeclaredPeriod {
                name: "p".to_owned(),
                from: ColumnId(11),
                to: ColumnId(12),
                key: PeriodKey::WithoutOverlaps,
            }),
        }));
        let view = Relation::View(Arc::new(View {
            id: TableId(8),
            name: "v".to_owned(),
            columns: vec!["a".to_owned()],
            text: "SELECT 1".to_owned(),
        }));
        for relation in [table, view] {
            let row = encode_relation(&relation);
            assert_eq!(decode_relation(&row).expect("we wrote it"), relation);
        }
    }

    #[test]
    fn foreign_rows_are_errors() {
        let view = Relation::View(Arc::new(View {
            id: TableId(8),
            name: "v".to_owned(),
            columns: Vec::new(),
            text: "SELECT 1".to_owned(),
        }));
        let mut row = encode_relation(&view);
        row[2] = types::Value::text("sequence");
        assert!(decode_relation(&row).is_err());
        assert!(decode_relation(&row[..3]).is_err());
    }
}
