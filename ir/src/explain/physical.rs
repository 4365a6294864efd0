//! Physical plans as trees: slots by the names of the input, and the rows expected.

use super::logical::{join_word, limit_text, portion, scan_column, temporal, values, write_word};
use super::node::Node;
use super::scalar::{
    Names, print, print_aggregate, print_all, print_conjuncts, print_keys, print_window,
};
use crate::{
    Access, JoinKey, JoinKind, KeyNulls, Operator, Physical, PhysicalScan, PhysicalWrite, Scalar,
    ScanPredicate, Side, TableColumn,
};

pub(super) fn tree(plan: &Physical) -> Node {
    let mut printed = operator(plan);
    printed.estimate = Some(plan.estimate);
    plan.inputs().into_iter().fold(printed, |node, input| node.input(tree(input)))
}

fn operator(plan: &Physical) -> Node {
    match &plan.operator {
        Operator::Scan(own) => scan(own, &plan.names),
        Operator::SystemScan(_) => Node::new("SystemScan", "system.commits"),
        Operator::Values(rows) => values(rows, &Names::Slots(&[])),
        Operator::External => Node::new("External", plan.names.join(", ")),
        Operator::GenerateSeries { start, stop, step } => {
            let bounds = print_all([start, stop, step], &Names::Slots(&[]));
            Node::new("GenerateSeries", bounds.join(", "))
        }
        Operator::Filter { input, predicates } => {
            let predicates = print_conjuncts(predicates, &Names::Slots(&input.names));
            Node::new("Filter", predicates.join(" AND "))
        }
        Operator::Project { input, items } => {
            Node::new("Project", "").list("items", assigned(items, &plan.names, &input.names))
        }
        Operator::HashJoin { kind, left, right, build, keys, residual } => {
            let node = hash_join(*kind, left, right, keys, residual);
            match build {
                Side::Left => node.fact("builds", "the left side"),
                Side::Right => node,
            }
        }
        Operator::NestedLoopJoin { kind, left, right, on } => {
            let names = Names::Pair(&left.names, &right.names);
            Node::new("NestedLoopJoin", join_word(*kind)).list("on", print_conjuncts(on, &names))
        }
        Operator::HashAggregate { .. } => aggregate(plan),
        Operator::Window { .. } => window(plan),
        Operator::Sort { input, keys } => {
            Node::new("Sort", print_keys(keys, &Names::Slots(&input.names)).join(", "))
        }
        Operator::TopN { input, keys, limit, offset } => {
            let names = Names::Slots(&input.names);
            Node::new("TopN", limit_text(Some(limit), offset.as_ref(), &names))
                .list("order", print_keys(keys, &names))
        }
        Operator::Limit { input, limit, offset } => {
            let names = Names::Slots(&input.names);
            Node::new("Limit", limit_text(limit.as_ref(), offset.as_ref(), &names))
        }
        Operator::UnionAll(_) => Node::new("UnionAll", ""),
        Operator::Write { write: own, .. } => write(own, &plan.inputs()[0].names),
    }
}

/// Prints what keeps its name as that, what is computed as `name = expression`.
fn assigned(items: &[Scalar], made: &[String], input: &[String]) -> Vec<String> {
    let one = |(item, name): (&Scalar, &String)| {
        let text = print(item, &Names::Slots(input));
        if text == *name { text } else { format!("{name} = {text}") }
    };
    items.iter().zip(made).map(one).collect()
}

fn hash_join(
    kind: JoinKind,
    left: &Physical,
    right: &Physical,
    keys: &[JoinKey],
    residual: &[Scalar],
) -> Node {
    let key = |key: &JoinKey| {
        let word = match key.nulls {
            KeyNulls::Never | KeyNulls::Unknown => "=",
            KeyNulls::Equal => "IS NOT DISTINCT FROM",
        };
        let probe = print(&key.left, &Names::Slots(&left.names));
        format!("{probe} {word} {}", print(&key.right, &Names::Slots(&right.names)))
    };
    let names = Names::Pair(&left.names, &right.names);
    Node::new("HashJoin", join_word(kind))
        .list("keys", keys.iter().map(key).collect())
        .list("residual", print_conjuncts(residual, &names))
}

fn aggregate(plan: &Physical) -> Node {
    let Operator::HashAggregate { input, groups, aggregates } = &plan.operator else {
        return Node::new("HashAggregate", "");
    };
    let names = Names::Slots(&input.names);
    let calls = aggregates.iter().zip(plan.names.iter().skip(groups.len()));
    let calls = calls.map(|(call, name)| format!("{name} = {}", print_aggregate(call, &names)));
    Node::new("HashAggregate", "")
        .list("groups", assigned(groups, &plan.names, &input.names))
        .list("aggregates", calls.collect())
}

fn window(plan: &Physical) -> Node {
    let Operator::Window { input, partition, order, calls } = &plan.operator else {
        return Node::new("Window", "");
    };
    let names = Names::Slots(&input.names);
    let named = calls.iter().zip(plan.names.iter().skip(input.names.len()));
    let named = named.map(|(call, name)| format!("{name} = {}", print_window(call, &names)));
    Node::new("Window", "")
        .list("partition", print_all(partition, &names))
        .list("order", print_keys(order, &names))
        .list("calls", named.collect())
}

fn write(write: &PhysicalWrite, input: &[String]) -> Node {
    // Checks see the new row's columns from slot 0, not the input's.
    let row: Vec<String> = write.table.columns.iter().map(|column| column.name.clone()).collect();
    let check =
        |(name, check): &(String, Scalar)| format!("{name}: {}", print(check, &Names::Slots(&row)));
    let mut node = Node::new(write_word(&write.action), write.table.name.clone());
    if let Some(text) = portion(&write.action)
        .and_then(|valid| temporal(crate::TemporalRead { valid, ..crate::TemporalRead::default() }))
    {
        node = node.fact("portion", text);
    }
    node.list("columns", input.to_vec()).list("checks", write.checks.iter().map(check).collect())
}

fn scan(scan: &PhysicalScan, names: &[String]) -> Node {
    let mut detail = scan.table.name.clone();
    if scan.alias != scan.table.name {
        detail.push_str(&format!(" AS {}", scan.alias));
    }
    let mut node = Node::new(access_word(&scan.access), detail);
    if let Some(text) = temporal(scan.temporal) {
        node = node.fact("temporal", text);
    }
    let columns = scan.columns.iter().map(|column| scan_column(*column, &scan.table));
    let pushed = scan.predicates.iter().map(|predicate| pushed(predicate, scan));
    node.list("columns", columns.collect())
        .list("access", access(scan))
        .list("pushed", pushed.collect())
        .list("residual", print_conjuncts(&scan.residual, &Names::Slots(names)))
}

fn access_word(access: &Access) -> &'static str {
    match access {
        Access::Full => "Scan",
        Access::KeyGet(_) => "KeyGet",
        Access::KeyRange { .. } => "KeyRange",
    }
}

fn access(scan: &PhysicalScan) -> Vec<String> {
    let key = scan.table.key();
    let name = |position: usize| match key.get(position) {
        Some(id) => scan.table.column_by_id(*id).map_or("_row_id", name_of).to_owned(),
        None => "?".to_owned(),
    };
    let constant = |value: &Scalar| print(value, &Names::Slots(&[]));
    let equal = |values: &[Scalar]| -> Vec<String> {
        let pairs = values.iter().enumerate();
        pairs.map(|(at, value)| format!("{} = {}", name(at), constant(value))).collect()
    };
    match &scan.access {
        Access::Full => Vec::new(),
        Access::KeyGet(values) => equal(values),
        Access::KeyRange { prefix, lower, upper } => {
            let mut bounds = equal(prefix);
            let next = name(prefix.len());
            let bound = |(value, inside): &(Scalar, bool), op: &str| {
                format!("{next} {op}{} {}", if *inside { "=" } else { "" }, constant(value))
            };
            bounds.extend(lower.as_ref().map(|lower| bound(lower, ">")));
            bounds.extend(upper.as_ref().map(|upper| bound(upper, "<")));
            bounds
        }
    }
}

fn name_of(column: &TableColumn) -> &str {
    &column.name
}

fn pushed(predicate: &ScanPredicate, scan: &PhysicalScan) -> String {
    let constant = |value: &Scalar| print(value, &Names::Slots(&[]));
    match predicate {
        ScanPredicate::Compare { column, op, value } => {
            format!("{} {} {}", scan_column(*column, &scan.table), op.sql(), constant(value))
        }
        ScanPredicate::In { column, values } => {
            let list: Vec<String> = values.iter().map(constant).collect();
            format!("{} IN ({})", scan_column(*column, &scan.table), list.join(", "))
        }
        ScanPredicate::Null { column, negated } => {
            let not = if *negated { "NOT " } else { "" };
            format!("{} IS {not}NULL", scan_column(*column, &scan.table))
        }
    }
}
