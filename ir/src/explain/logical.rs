//! Logical plans as trees: columns as `name#id`.

use super::node::Node;
use super::scalar::{
    Names, print, print_aggregate, print_all, print_conjuncts, print_keys, print_window,
};
use crate::{
    AggregateCall, Column, Columns, Join, JoinKind, Logical, Query, Scalar, Scan, ScanColumn,
    SystemTime, Table, TemporalRead, ValidTime, WindowCall, Write, WriteAction,
};

/// Most rows of a VALUES list that are printed.
const VALUES_SHOWN: usize = 5;

pub(super) fn tree(query: &Query) -> Node {
    let mut root = node(&query.root, &query.columns);
    let output = query.output.iter().map(|output| {
        let own = &query.columns.info(output.column).name;
        let column = format!("{own}#{}", output.column.0);
        if *own == output.name { column } else { format!("{column} AS {}", output.name) }
    });
    let output: Vec<String> = output.collect();
    if !output.is_empty() {
        root = Node::new("Output", output.join(", ")).input(root);
    }
    root
}

fn node(plan: &Logical, columns: &Columns) -> Node {
    let printed = operator(plan, columns);
    plan.inputs().into_iter().fold(printed, |tree, input| tree.input(node(input, columns)))
}

fn operator(plan: &Logical, columns: &Columns) -> Node {
    let names = &Names::Columns(columns);
    match plan {
        Logical::Scan(own) => scan(own, columns),
        Logical::SystemScan { columns: made, .. } => {
            Node::new("SystemScan", "system.commits").list("columns", list(made, columns))
        }
        Logical::Values { rows, columns: made } => {
            values(rows, names).list("columns", list(made, columns))
        }
        Logical::GenerateSeries { start, stop, step, column } => {
            Node::new("GenerateSeries", print_all([start, stop, step], names).join(", "))
                .list("columns", list(&[*column], columns))
        }
        Logical::External { columns: made } => {
            Node::new("External", "").list("columns", list(made, columns))
        }
        Logical::Filter { predicates, .. } => {
            Node::new("Filter", print_conjuncts(predicates, names).join(" AND "))
        }
        Logical::Project { items, .. } => {
            Node::new("Project", "").list("items", assigned(items, columns))
        }
        Logical::Join(own) => join("Join", own, columns),
        Logical::DependentJoin(own) => join("DependentJoin", own, columns),
        Logical::Aggregate { groups, aggregates, .. } => Node::new("Aggregate", "")
            .list("groups", assigned(groups, columns))
            .list("aggregates", aggregate_calls(aggregates, columns)),
        Logical::Window { partition, order, calls, .. } => Node::new("Window", "")
            .list("partition", print_all(partition, names))
            .list("order", print_keys(order, names))
            .list("calls", window_calls(calls, columns)),
        Logical::Sort { keys, .. } => Node::new("Sort", print_keys(keys, names).join(", ")),
        Logical::Limit { limit, offset, .. } => {
            Node::new("Limit", limit_text(limit.as_ref(), offset.as_ref(), names))
        }
        Logical::Distinct { .. } => Node::new("Distinct", ""),
        Logical::UnionAll { inputs, columns: made } => {
            let arms = inputs.iter().map(|(_, arm)| format!("({})", list(arm, columns).join(", ")));
            Node::new("UnionAll", "")
                .list("columns", list(made, columns))
                .list("arms", arms.collect())
        }
        Logical::Write(own) => write(own, columns),
    }
}

fn list(made: &[Column], columns: &Columns) -> Vec<String> {
    made.iter().map(|column| name(*column, columns)).collect()
}

fn name(column: Column, columns: &Columns) -> String {
    format!("{}#{}", columns.info(column).name, column.0)
}

/// Prints what passes through as its name, what is computed as `name#id = expression`.
fn assigned(items: &[(Column, Scalar)], columns: &Columns) -> Vec<String> {
    let one = |(column, scalar): &(Column, Scalar)| match scalar.kind {
        crate::ScalarKind::Column(source) if source == *column => name(*column, columns),
        _ => format!("{} = {}", name(*column, columns), print(scalar, &Names::Columns(columns))),
    };
    items.iter().map(one).collect()
}

fn aggregate_calls(calls: &[(Column, AggregateCall)], columns: &Columns) -> Vec<String> {
    let names = Names::Columns(columns);
    let one = |(column, call): &(Column, AggregateCall)| {
        format!("{} = {}", name(*column, columns), print_aggregate(call, &names))
    };
    calls.iter().map(one).collect()
}

fn window_calls(calls: &[(Column, WindowCall)], columns: &Columns) -> Vec<String> {
    let names = Names::Columns(columns);
    let one = |(column, call): &(Column, WindowCall)| {
        format!("{} = {}", name(*column, columns), print_window(call, &names))
    };
    calls.iter().map(one).collect()
}

fn scan(scan: &Scan, columns: &Columns) -> Node {
    let read: Vec<Column> = scan.columns.iter().map(|(column, _)| *column).collect();
    let mut node = Node::new("Scan", scan.table.name.clone());
    if let Some(text) = temporal(scan.temporal) {
        node = node.fact("temporal", text);
    }
    node.list("columns", list(&read, columns))
        .list("predicates", print_conjuncts(&scan.predicates, &Names::Columns(columns)))
}

pub(super) fn values(rows: &[Vec<Scalar>], names: &Names<'_>) -> Node {
    let shown = rows.iter().take(VALUES_SHOWN);
    let shown = shown.map(|row| format!("({})", print_all(row, names).join(", "))).collect();
    let count = rows.len();
    Node::new("Values", if count == 1 { "1 row".to_owned() } else { format!("{count} rows") })
        .list(if count > VALUES_SHOWN { "first" } else { "rows" }, shown)
}

fn join(word: &'static str, join: &Join, columns: &Columns) -> Node {
    let made = match join.kind {
        JoinKind::Mark(mark) => vec![name(mark, columns)],
        _ => Vec::new(),
    };
    Node::new(word, join_word(join.kind))
        .list("mark", made)
        .list("on", print_conjuncts(&join.on, &Names::Columns(columns)))
}

pub(super) fn join_word(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Inner => "inner",
        JoinKind::Left => "left",
        JoinKind::Right => "right",
        JoinKind::Full => "full",
        JoinKind::Semi => "semi",
        JoinKind::Anti => "anti",
        JoinKind::Mark(_) => "mark",
        JoinKind::Single { .. } => "single",
    }
}

pub(super) fn limit_text(
    limit: Option<&Scalar>,
    offset: Option<&Scalar>,
    names: &Names<'_>,
) -> String {
    let limit = limit.map_or("ALL".to_owned(), |limit| print(limit, names));
    let offset = offset.map(|offset| format!(" OFFSET {}", print(offset, names)));
    format!("{limit}{}", offset.unwrap_or_default())
}

pub(super) fn write_word(action: &WriteAction) -> &'static str {
    match action {
        WriteAction::Insert { upsert: false } => "Insert",
        WriteAction::Insert { upsert: true } => "Upsert",
        WriteAction::Update { .. } => "Update",
        WriteAction::Delete { .. } => "Delete",
    }
}

pub(super) fn portion(action: &WriteAction) -> Option<ValidTime> {
    match action {
        WriteAction::Insert { .. } => None,
        WriteAction::Update { portion } | WriteAction::Delete { portion } => *portion,
    }
}

fn write(write: &Write, columns: &Columns) -> Node {
    let names = Names::Columns(columns);
    let checks = write.checks.iter();
    let checks = checks.map(|(name, check)| format!("{name}: {}", print(check, &names))).collect();
    let mut node = Node::new(write_word(&write.action), write.table.name.clone());
    if let Some(text) = portion(&write.action).and_then(valid) {
        node = node.fact("portion", text);
    }
    node.list("columns", list(&write.columns, columns)).list("checks", checks)
}

/// Says which versions are read; nothing for the default.
pub(super) fn temporal(read: TemporalRead) -> Option<String> {
    let axes: Vec<String> =
        [system(read.system), valid(read.valid)].into_iter().flatten().collect();
    (!axes.is_empty()).then(|| axes.join(", "))
}

fn system(axis: SystemTime) -> Option<String> {
    match axis {
        SystemTime::Current => None,
        SystemTime::AsOf(commit) => Some(format!("system time as of {commit}")),
        SystemTime::Range { from, to } => Some(format!("system time from {from} to {to}")),
        SystemTime::ContainedIn { from, to } => {
            Some(format!("system time contained in ({from}, {to})"))
        }
        SystemTime::All => Some("system time all".to_owned()),
    }
}

fn valid(axis: ValidTime) -> Option<String> {
    match axis {
        ValidTime::All => None,
        ValidTime::At(at) => Some(format!("valid time at {at}")),
        ValidTime::Range { from, to } => Some(format!("valid time from {from} to {to}")),
        ValidTime::ContainedIn { from, to } => {
            Some(format!("valid time contained in ({from}, {to})"))
        }
    }
}

/// Returns the name of a column that a scan produces.
pub(super) fn scan_column(column: ScanColumn, table: &Table) -> String {
    match column {
        ScanColumn::Stored(id) => match table.column_by_id(id) {
            Some(found) => found.name.clone(),
            None => "_row_id".to_owned(),
        },
        ScanColumn::CommitFrom => "_commit_from".to_owned(),
        ScanColumn::CommitTo => "_commit_to".to_owned(),
        ScanColumn::SystemFrom => "_system_from".to_owned(),
        ScanColumn::SystemTo => "_system_to".to_owned(),
        ScanColumn::ValidFrom => "_valid_from".to_owned(),
        ScanColumn::ValidTo => "_valid_to".to_owned(),
    }
}
