//! Plans before and after the rules, as text, and what must not move.

#[expect(dead_code, reason = "each test binary uses its own part of the sample")]
mod sample;

use sample::{Sample, after, column_statistics, number};
use spectradb_ir::{
    AggregateFunction, ArithmeticOp, CompareOp, JoinKind, Logical, ScalarKind, SortKey,
    TableStatistics,
};
use types::{DataType, Value};

#[test]
fn a_cross_join_with_where_becomes_a_hash_join() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (customers, c) = s.scan("customers", &["id", "city"]);
    let joined = s.join(JoinKind::Inner, orders, customers, vec![]);
    let same = s.compare(CompareOp::Eq, o[1], c[0]);
    let limit = s.compare_to(CompareOp::Lt, o[1], 10);
    let filtered = s.filter(joined, vec![same, limit]);
    let query = s.query(filtered, &[o[2], c[1]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn what_can_fail_stays_above_the_join_and_behind_its_guard() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (customers, c) = s.scan("customers", &["id", "city"]);
    let joined = s.join(JoinKind::Inner, orders, customers, vec![]);
    let same = s.compare(CompareOp::Eq, o[1], c[0]);
    let guard = s.compare_to(CompareOp::Ne, o[2], 0);
    let quotient = s.arithmetic(ArithmeticOp::Divide, number(10), s.column(o[2]));
    let fallible = s.compare_scalars(CompareOp::Gt, quotient, number(1));
    let filtered = s.filter(joined, vec![same, fallible, guard]);
    let query = s.query(filtered, &[o[0]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn a_left_join_whose_padding_is_rejected_is_an_inner_join() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (customers, c) = s.scan("customers", &["id", "city"]);
    let on = s.compare(CompareOp::Eq, o[1], c[0]);
    let joined = s.join(JoinKind::Left, orders, customers, vec![on]);
    let city = s.compare_to(CompareOp::Gt, c[1], 3);
    let filtered = s.filter(joined, vec![city]);
    let query = s.query(filtered, &[o[0], c[1]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn a_left_join_keeps_conditions_that_padding_passes() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (customers, c) = s.scan("customers", &["id", "city"]);
    let on = s.compare(CompareOp::Eq, o[1], c[0]);
    let left_only = s.compare_to(CompareOp::Gt, o[2], 5);
    let joined = s.join(JoinKind::Left, orders, customers, vec![on, left_only]);
    let missing = s.is_null(c[1]);
    let filtered = s.filter(joined, vec![missing]);
    let query = s.query(filtered, &[o[0]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn conditions_common_to_all_branches_of_an_or_join_the_tables() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (customers, c) = s.scan("customers", &["id", "city"]);
    let joined = s.join(JoinKind::Inner, orders, customers, vec![]);
    let branch = |s: &Sample, city, total| {
        let same = s.compare(CompareOp::Eq, o[1], c[0]);
        let city = s.compare_to(CompareOp::Eq, c[1], city);
        s.and(vec![same, city, s.compare_to(CompareOp::Lt, o[2], total)])
    };
    let either = s.or(vec![branch(&s, 1, 100), branch(&s, 2, 200)]);
    let filtered = s.filter(joined, vec![either]);
    let query = s.query(filtered, &[o[0]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn groups_are_filtered_before_they_are_made() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let (grouped, group, count) = s.count_by(orders, o[1], AggregateFunction::CountStar);
    let many = s.compare_to(CompareOp::Gt, count, 3);
    let one = s.compare_to(CompareOp::Eq, group, 7);
    let filtered = s.filter(grouped, vec![many, one]);
    let query = s.query(filtered, &[group, count]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn the_first_rows_of_an_order_are_a_top_n() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let key = SortKey { scalar: s.column(o[2]), descending: true, nulls_first: true };
    let sorted = s.node(Logical::Sort { input: orders, keys: vec![key] });
    let doubled = s.arithmetic(ArithmeticOp::Add, s.column(o[2]), s.column(o[2]));
    let (projected, made) = s.project(sorted, vec![("twice", doubled)]);
    let limit = Some(number(5));
    let limited = s.node(Logical::Limit { input: projected, limit, offset: None });
    let query = s.query(limited, &[made[0]]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn a_key_is_fetched_and_a_part_of_it_is_a_range() {
    let mut s = Sample::new();
    let (lines, l) = s.scan("lines", &["order", "number", "price"]);
    let order = s.compare_to(CompareOp::Eq, l[0], 4);
    let number = s.compare_to(CompareOp::Eq, l[1], 2);
    let get = s.filter(lines.clone(), vec![order.clone(), number]);
    let get = s.query(get, &[l[2]]);
    insta::assert_snapshot!("key get", after(&get, &s));

    let from = s.compare_to(CompareOp::Ge, l[1], 2);
    let price = s.compare_to(CompareOp::Ne, l[2], 0);
    let range = s.filter(lines, vec![from, price, order]);
    let range = s.query(range, &[l[2]]);
    insta::assert_snapshot!("key range", after(&range, &s));
}

#[test]
fn counting_rows_reads_no_columns() {
    let mut s = Sample::new();
    let (orders, _) = s.scan("orders", &["id", "customer", "total"]);
    let (counted, count) = s.count(orders);
    let query = s.query(counted, &[count]);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn an_expression_that_fails_is_left_for_run_time() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
    let zero = s.arithmetic(ArithmeticOp::Divide, number(1), number(0));
    let six = s.arithmetic(ArithmeticOp::Multiply, number(2), number(3));
    let (projected, made) = s.project(orders, vec![("zero", zero), ("six", six)]);
    let never = s.compare_to(CompareOp::Eq, o[0], 1);
    let query = s.query(projected, &made);
    drop(never);
    insta::assert_snapshot!(after(&query, &s));
}

#[test]
fn the_join_order_follows_the_statistics_alone() {
    let plan = |small: &str| {
        let mut s = Sample::new();
        for table in ["orders", "customers", "lines"] {
            let rows = if table == small { 10.0 } else { 100_000.0 };
            s.statistics(table, rows);
        }
        let (orders, o) = s.scan("orders", &["id", "customer"]);
        let (customers, c) = s.scan("customers", &["id", "city"]);
        let (lines, l) = s.scan("lines", &["order", "price"]);
        let first = s.join(JoinKind::Inner, orders, customers, vec![]);
        let all = s.join(JoinKind::Inner, first, lines, vec![]);
        let on = vec![s.compare(CompareOp::Eq, o[1], c[0]), s.compare(CompareOp::Eq, o[0], l[0])];
        let filtered = s.filter(all, on);
        let query = s.query(filtered, &[c[1], l[1]]);
        spectradb_ir::explain::physical(&s.plan(&query))
    };
    let (few_customers, few_lines) = (plan("customers"), plan("lines"));
    assert_ne!(few_customers, few_lines);
    insta::assert_snapshot!("few customers", few_customers);
    insta::assert_snapshot!("few lines", few_lines);
}

#[test]
fn estimates_interpolate_between_minimum_and_maximum() {
    let mut s = Sample::new();
    let mut table = TableStatistics { rows: 1000.0, exact: true, ..TableStatistics::default() };
    let total = column_statistics(0, 100, 50.0);
    table.columns.insert(s.column_id("orders", "total"), total);
    s.statistics_of("orders", table);
    let (orders, o) = s.scan("orders", &["id", "total"]);
    let low = s.compare_to(CompareOp::Ge, o[1], 40);
    let high = s.compare_to(CompareOp::Lt, o[1], 60);
    let filtered = s.filter(orders, vec![low, high]);
    let query = s.query(filtered, &[o[0]]);
    let rows = s.plan(&query).estimate.rows;
    assert!((rows - 200.0).abs() < 1.0, "a fifth of 1,000 rows, not {rows}");
}

#[test]
fn a_thousand_levels_fit_a_small_stack() {
    let deep = || {
        let mut s = Sample::new();
        let (orders, o) = s.scan("orders", &["id", "customer", "total"]);
        let mut sum = s.column(o[0]);
        for _ in 0..1000 {
            sum = s.arithmetic(ArithmeticOp::Add, sum, s.column(o[2]));
        }
        let mut not = s.compare_scalars(CompareOp::Gt, sum, number(0));
        for _ in 0..999 {
            let span = not.span;
            not =
                spectradb_ir::Scalar::new(ScalarKind::Not(Box::new(not)), DataType::Boolean, span);
        }
        let filtered = s.filter(orders, vec![not]);
        let query = s.query(filtered, &[o[0]]);
        let text = spectradb_ir::explain::physical(&s.plan(&query));
        assert!(text.contains("total"));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(deep);
    thread.expect("a thread starts").join().expect("no overflow");
}

#[test]
fn the_rows_of_values_are_shared_not_copied() {
    let mut s = Sample::new();
    let rows: Vec<Vec<spectradb_ir::Scalar>> = (0..50_000).map(|row| vec![number(row)]).collect();
    let rows = std::sync::Arc::new(rows);
    let column = s.columns.push("n", DataType::Int64);
    let shared = std::sync::Arc::clone(&rows);
    let values = s.node(Logical::Values { rows: shared, columns: vec![column] });
    let query = s.query(values, &[column]);
    let plan = s.plan(&query);
    let spectradb_ir::Operator::Values(planned) = plan.operator else {
        panic!("values stay values")
    };
    assert!(std::sync::Arc::ptr_eq(&rows, &planned));
}

#[test]
fn the_verifier_names_what_does_not_hold() {
    let mut s = Sample::new();
    let (orders, _) = s.scan("orders", &["id"]);
    let stranger = s.columns.push("stranger", DataType::Int64);
    let query = s.query(orders.clone(), &[stranger]);
    let broken = spectradb_ir::verify::logical(&query).unwrap_err();
    assert_eq!(broken.to_string(), "Output: column stranger is not produced");

    let condition = s.column(orders.columns()[0]);
    let filtered = s.filter(orders.clone(), vec![condition]);
    let query = s.query(filtered, &[orders.columns()[0]]);
    let broken = spectradb_ir::verify::logical(&query).unwrap_err();
    assert_eq!(broken.to_string(), "Filter: a condition has type BIGINT");

    let slot = spectradb_ir::Scalar::slot(0, DataType::Boolean);
    let filtered = s.filter(orders.clone(), vec![slot]);
    let query = s.query(filtered, &[orders.columns()[0]]);
    let broken = spectradb_ir::verify::logical(&query).unwrap_err();
    assert_eq!(broken.to_string(), "Filter: slot 0 in a logical plan");

    let doubled = s.join(JoinKind::Inner, orders.clone(), orders.clone(), vec![]);
    let query = s.query(doubled, &[orders.columns()[0]]);
    let broken = spectradb_ir::verify::logical(&query).unwrap_err();
    assert_eq!(broken.to_string(), "Join: column #0 is produced twice");
}

#[test]
fn the_physical_verifier_checks_slots() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id"]);
    let query = s.query(orders, &[o[0]]);
    let mut plan = s.plan(&query);
    plan.types[0] = DataType::Boolean;
    let broken = spectradb_ir::verify::physical(&plan).unwrap_err();
    assert_eq!(broken.to_string(), "Scan: BIGINT where BOOLEAN is declared");
}

#[test]
fn json_names_what_text_shows() {
    let mut s = Sample::new();
    let (orders, o) = s.scan("orders", &["id"]);
    let text = spectradb_ir::Scalar::literal(Value::text("a\"b"), DataType::TEXT, diag::Span::NONE);
    let (projected, made) = s.project(orders, vec![("t", text)]);
    let query = s.query(projected, &[made[0]]);
    drop(o);
    insta::assert_snapshot!(spectradb_ir::explain::physical_tree(&s.plan(&query)).json());
}
