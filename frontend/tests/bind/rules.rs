//! Rules that a plan's text does not show: types, parameters, settings, definitions.

use diag::Code;
use frontend::SessionTime;
use ir::{
    CopySource, Ddl, Logical, Scalar, ScalarKind, Statement, SystemTime, TransactionAction,
    ValidTime,
};
use types::{CommitId, DataType, Decimal, Value};

use super::world::{World, bind, query, shape, state};

#[test]
fn numbers_have_postgresql_types() {
    let shown = shape(
        "SELECT 1, 9223372036854775808, 1.50, 1e3, 7 / 2, 1.5 + 2, 1.25 * 1.5, 1 / 3.0, salary * 2, \
         id + salary, weight + 1, sum(id), avg(id), sum(salary), round(2.567, 2), ceil(1.5) \
         FROM staff, log GROUP BY salary, id, weight",
    );
    let types: Vec<&str> = shown.iter().map(|item| item.rsplit(' ').next().unwrap()).collect();
    let expected = [
        "BIGINT",
        "DECIMAL(19,0)",
        "DECIMAL(3,2)",
        "DECIMAL(4,0)",
        "BIGINT",
        "DECIMAL(3,1)",
        "DECIMAL(5,3)",
        "DECIMAL(38,20)",
        "DECIMAL(11,2)",
        "DECIMAL(22,2)",
        "DOUBLE",
        "DECIMAL(38,0)",
        "DECIMAL(38,16)",
        "DECIMAL(38,2)",
        "DECIMAL(4,2)",
        "DECIMAL(2,0)",
    ];
    assert_eq!(types, expected);
}

#[test]
fn dates_and_intervals_have_postgresql_types() {
    let shown = shape(
        "SELECT hired + 1, hired - hired, hired + INTERVAL '1' DAY, at - at, at + '1 day', \
         INTERVAL '1 day' * 2, hired - at FROM staff, log",
    );
    let types: Vec<&str> = shown.iter().map(|item| item.rsplit(' ').next().unwrap()).collect();
    let expected = ["DATE", "BIGINT", "TIMESTAMP", "INTERVAL", "TIMESTAMP", "INTERVAL", "INTERVAL"];
    assert_eq!(types, expected);
}

#[test]
fn columns_are_named_as_postgresql_names_them() {
    let shown = shape(
        "SELECT name, upper(name), 1, CAST(id AS TEXT), CASE WHEN true THEN 1 END FROM staff",
    );
    let names: Vec<&str> = shown.iter().map(|item| item.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["name", "upper", "?column?", "id", "case"]);
}

#[test]
fn bare_strings_become_text_and_nothing_stays_unknown() {
    assert_eq!(shape("SELECT 'a' AS x, NULL AS y"), ["x TEXT", "y TEXT"]);
    assert_eq!(shape("SELECT NULL AS x UNION ALL SELECT 1"), ["x BIGINT"]);
    assert_eq!(shape("SELECT * FROM (SELECT 'a' AS x) t"), ["x TEXT"]);
}

fn with_parameters(sql: &str, values: Option<Vec<Value>>) -> ir::Query {
    let world = World { parameters: values, ..World::default() };
    match world.bind(sql) {
        Ok(Statement::Query(query)) => query,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn parameters_take_their_type_from_their_place() {
    let bound = with_parameters("SELECT * FROM staff WHERE id = $1 AND hired > $2", None);
    assert_eq!(bound.parameters, [DataType::Int64, DataType::Date]);
    let bound = with_parameters("SELECT $1", None);
    assert_eq!(bound.parameters, [DataType::TEXT]);
    // The first place says nothing, the second one decides.
    let bound = with_parameters("SELECT * FROM staff WHERE $1 IS NULL OR id = $1", None);
    assert_eq!(bound.parameters, [DataType::Int64]);
    let bound = with_parameters("INSERT INTO staff (id, name) VALUES ($1, $2)", None);
    assert_eq!(bound.parameters, [DataType::Int64, DataType::TEXT]);
}

#[test]
fn a_number_given_keeps_its_digits() {
    let value = Value::Decimal(Decimal::new(1_555, 3));
    let bound = with_parameters("SELECT * FROM staff WHERE salary = $1", Some(vec![value]));
    assert_eq!(bound.parameters, [DataType::Decimal { precision: 4, scale: 3 }]);
}

#[test]
fn parameters_and_values_are_counted() {
    let world = World { parameters: Some(vec![Value::Int64(1)]), ..World::default() };
    let missing = world.bind("SELECT $2").expect_err("there is one value");
    assert_eq!(missing.code, Code::UnknownParameter);
    let extra = world.bind("SELECT 1").expect_err("no parameter takes it");
    assert_eq!(extra.code, Code::UnknownParameter);
}

fn scan(plan: &Logical) -> &ir::Scan {
    match plan {
        Logical::Scan(scan) => scan,
        other => scan(other.inputs().first().expect("there is a scan below")),
    }
}

#[test]
fn a_parameter_may_be_a_commit() {
    let world = World { parameters: Some(vec![Value::Int64(3)]), ..World::default() };
    let Ok(Statement::Query(bound)) = world.bind("SELECT * FROM staff AS OF $1") else {
        panic!("it binds");
    };
    let scan = scan(&bound.root);
    assert_eq!(scan.temporal.system, SystemTime::AsOf(CommitId(3)));
    assert_eq!(scan.table.columns.len(), 4);
}

#[test]
fn the_session_reads_time_where_the_statement_is_silent() {
    let session = SessionTime { valid: ValidTime::At(5), ..SessionTime::default() };
    let world = World { session, ..World::default() };
    let Ok(Statement::Query(bound)) = world.bind("SELECT id FROM staff") else {
        panic!("it binds")
    };
    assert_eq!(scan(&bound.root).temporal.valid, ValidTime::At(5));
    let Ok(Statement::Query(bound)) = world.bind("SELECT id FROM staff FOR VALID_TIME ALL") else {
        panic!("it binds");
    };
    assert_eq!(scan(&bound.root).temporal.valid, ValidTime::All);
    // Writes see all of the present.
    let Ok(Statement::Query(bound)) = world.bind("DELETE FROM staff") else { panic!("it binds") };
    assert_eq!(scan(&bound.root).temporal.valid, ValidTime::All);
}

#[test]
fn a_future_commit_is_the_latest_or_an_error_if_so_set() {
    assert_eq!(
        scan(&query("SELECT id FROM staff AS OF 99").root).temporal.system,
        SystemTime::AsOf(CommitId(9))
    );
    let session = SessionTime { strict_as_of: true, ..SessionTime::default() };
    let world = World { session, ..World::default() };
    let strict = world.bind("SELECT id FROM staff AS OF 99").expect_err("it is the future");
    assert_eq!(strict.code, Code::TemporalBound);
    assert!(world.bind("SELECT id FROM staff AS OF 9").is_ok());
}

#[test]
fn times_become_commits_on_both_sides_of_a_range() {
    // Commit n is at hour n; 03:13:20 is commit 5, 03:43:20 lies between 5 and 6.
    let read = |sql: &str| scan(&query(sql).root).temporal.system;
    let range = |from, to| SystemTime::Range { from: CommitId(from), to: CommitId(to) };
    let at = "TIMESTAMP '2023-11-15 03:13:20'";
    let between = "TIMESTAMP '2023-11-15 03:43:20'";
    assert_eq!(read(&format!("SELECT id FROM staff AS OF {at}")), SystemTime::AsOf(CommitId(5)));
    assert_eq!(
        read(&format!("SELECT id FROM staff AS OF {between}")),
        SystemTime::AsOf(CommitId(5))
    );
    assert_eq!(read(&format!("SELECT id FROM staff FOR SYSTEM_TIME FROM 2 TO {at}")), range(2, 5));
    assert_eq!(
        read(&format!("SELECT id FROM staff FOR SYSTEM_TIME FROM 2 TO {between}")),
        range(2, 6)
    );
    assert_eq!(
        read(&format!("SELECT id FROM staff FOR SYSTEM_TIME BETWEEN 2 AND {at}")),
        range(2, 6)
    );
}

#[test]
fn definitions_hold_what_was_said() {
    let sql = "CREATE TABLE t (id INT PRIMARY KEY, price DECIMAL(10, 2) DEFAULT 1 + 1, \
               name VARCHAR(5) NOT NULL CHECK (length(name) > 1), CHECK (price > id))";
    let Ok(Statement::Ddl(Ddl::CreateTable { definition, query: None, .. })) = bind(sql) else {
        panic!("it binds");
    };
    assert_eq!(definition.primary_key, [0]);
    assert!(definition.columns[0].not_null);
    assert_eq!(definition.columns[1].default.as_deref(), Some("1 + 1"));
    assert_eq!(definition.columns[2].ty, DataType::Text { length_max: Some(5) });
    let checks: Vec<(&str, &str)> =
        definition.checks.iter().map(|check| (check.name.as_str(), check.text.as_str())).collect();
    assert_eq!(checks, [("t_name_check", "length(name) > 1"), ("t_check", "price > id")]);
}

#[test]
fn only_the_exact_text_makes_a_document_table() {
    let document = |sql: &str| match bind(sql) {
        Ok(Statement::Ddl(Ddl::CreateTable { definition, .. })) => {
            (definition.document, definition.columns.len())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(document("CREATE TABLE t (pk TEXT PRIMARY KEY)"), (true, 2));
    assert_eq!(document("CREATE TABLE t (id TEXT PRIMARY KEY)"), (false, 1));
    assert_eq!(document("CREATE TABLE t (pk TEXT PRIMARY KEY, n INT)"), (false, 2));
    assert_eq!(document("CREATE TABLE t AS SELECT id, name AS n FROM staff"), (false, 2));
}

#[test]
fn copies_name_their_columns() {
    let sql = "COPY staff (id, name) FROM '/tmp/x.csv' (FORMAT csv, HEADER, DELIMITER ';')";
    let Ok(Statement::Copy(copy)) = bind(sql) else { panic!("it binds") };
    assert_eq!((copy.options.delimiter, copy.options.header), (b';', true));
    let CopySource::Insert { columns, insert, .. } = copy.source else { panic!("it inserts") };
    assert_eq!(columns[0], ("id".to_owned(), DataType::Int64));
    let Logical::Write(write) = insert.root.as_ref() else { panic!("it writes") };
    assert_eq!(write.columns.len(), 7);
    assert_eq!(state("COPY staff FROM 'x' (FORMAT parquet)"), "0A000");
    assert_eq!(state("COPY staff FROM 'x' (HEADR)"), "42704");
}

#[test]
fn transactions_may_read_the_past() {
    let Ok(Statement::Transaction(TransactionAction::Begin { read_only, as_of })) =
        bind("BEGIN READ ONLY AS OF 3")
    else {
        panic!("it binds");
    };
    assert!(read_only);
    assert_eq!(as_of.expect("it was given").system, SystemTime::AsOf(CommitId(3)));
}

#[test]
fn execute_evaluates_its_values() {
    let Ok(Statement::Execute { values, .. }) = bind("EXECUTE p (1 + 2, 'x', NULL)") else {
        panic!("it binds");
    };
    assert_eq!(values, [Value::Int64(3), Value::text("x"), Value::Null]);
}

#[test]
fn a_shared_expression_has_its_own_columns_each_time() {
    let bound = query("WITH s AS (SELECT id FROM staff) SELECT a.id, b.id FROM s a, s b");
    assert_ne!(bound.output[0].column, bound.output[1].column);
}

#[test]
fn deep_text_binds_on_a_small_stack() {
    let plus = (0..240).map(|_| "1 + (").collect::<String>() + "1" + &")".repeat(240);
    assert_eq!(shape(&format!("SELECT {plus}")).len(), 1);
    let case = (0..150).map(|_| "CASE WHEN id = 1 THEN ").collect::<String>()
        + "1"
        + &" ELSE 2 END".repeat(150);
    assert_eq!(shape(&format!("SELECT {case} FROM staff")).len(), 1);
    let nested =
        (0..40).map(|_| "SELECT * FROM (").collect::<String>() + "SELECT 1" + &") t".repeat(40);
    assert_eq!(shape(&nested).len(), 1);
    let deeper =
        (0..90).map(|_| "SELECT * FROM (").collect::<String>() + "SELECT 1" + &") t".repeat(90);
    assert_eq!(state(&deeper), "54001");
}

#[test]
fn hidden_columns_are_read_only_where_they_are_named() {
    let plain = query("SELECT * FROM staff");
    assert_eq!(scan(&plain.root).columns.len(), 5);
    let named = query("SELECT id, _commit_from FROM staff");
    assert_eq!(scan(&named.root).columns.len(), 6);
}

#[test]
fn casts_to_a_length_cut_and_columns_check() {
    let bound = query("SELECT CAST(message AS VARCHAR(3)) FROM log");
    let Logical::Project { items, .. } = bound.root.as_ref() else { panic!("it projects") };
    assert!(matches!(&items[0].1.kind, ScalarKind::Call(ir::Function::Left, _)));
    let bound = query("INSERT INTO staff (id, name) SELECT id, message FROM staff, log");
    let Logical::Write(write) = bound.root.as_ref() else { panic!("it writes") };
    let mut checked = false;
    for input in write.input.inputs() {
        if let Logical::Project { items, .. } = input.as_ref() {
            checked |= items.iter().any(|(_, scalar): &(_, Scalar)| {
                scalar.ty == DataType::Text { length_max: Some(20) }
            });
        }
    }
    assert!(checked);
}
