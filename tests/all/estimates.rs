//! What the planner expects after ANALYZE: conditions on samples, and orders of joins that follow.

use spectradb::{Database, Session};
use spectradb_tests::tpch::{QUERIES, TABLES, write_files};

use crate::support::{memory, rows};

fn run_all(session: &mut Session, statements: &[&str]) {
    for statement in statements {
        rows(session, statement);
    }
}

/// Returns the optimized order of three joined tables, of which two are filtered.
fn plan_of_sales(towns: i64, sorts: i64) -> String {
    let mut session = memory();
    run_all(
        &mut session,
        &[
            "CREATE TABLE sales (id BIGINT PRIMARY KEY, shop BIGINT, item BIGINT)",
            "CREATE TABLE shops (id BIGINT PRIMARY KEY, town BIGINT)",
            "CREATE TABLE items (id BIGINT PRIMARY KEY, sort BIGINT)",
            "INSERT INTO sales SELECT n, n % 500, n % 501 FROM generate_series(1, 6000) AS g(n)",
            &format!(
                "INSERT INTO shops SELECT n, n % {towns} FROM generate_series(0, 499) AS g(n)"
            ),
            &format!(
                "INSERT INTO items SELECT n, n % {sorts} FROM generate_series(0, 500) AS g(n)"
            ),
            "ANALYZE",
        ],
    );
    let query = "SELECT count(*) FROM sales, shops, items \
         WHERE shop = shops.id AND item = items.id AND town = 1 AND sort = 1";
    rows(&mut session, &format!("EXPLAIN {query}")).join("\n")
}

#[test]
fn the_order_of_joins_flips_with_the_rows() {
    let (few_shops, few_items) = (plan_of_sales(100, 2), plan_of_sales(2, 100));
    insta::assert_snapshot!("few shops", few_shops);
    insta::assert_snapshot!("few items", few_items);
    let first = |plan: &str| plan.find("shops").min(plan.find("items"));
    assert_ne!(first(&few_shops), None);
    assert_ne!(few_shops, few_items);
}

/// The conditions that TPC-H's queries put on one table.
const FILTERS: [(&str, &str); 30] = [
    ("lineitem", "l_shipdate <= DATE '1998-09-02'"),
    ("part", "p_size = 15 AND p_type LIKE '%BRASS'"),
    ("region", "r_name = 'EUROPE'"),
    ("customer", "c_mktsegment = 'BUILDING'"),
    ("orders", "o_orderdate < DATE '1995-03-15'"),
    ("lineitem", "l_shipdate > DATE '1995-03-15'"),
    ("orders", "o_orderdate >= DATE '1993-07-01' AND o_orderdate < DATE '1993-10-01'"),
    ("lineitem", "l_commitdate < l_receiptdate"),
    ("orders", "o_orderdate >= DATE '1994-01-01' AND o_orderdate < DATE '1995-01-01'"),
    (
        "lineitem",
        "l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01' \
         AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24",
    ),
    ("nation", "n_name = 'FRANCE' OR n_name = 'GERMANY'"),
    ("lineitem", "l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'"),
    ("orders", "o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31'"),
    ("part", "p_type = 'ECONOMY ANODIZED STEEL'"),
    ("part", "p_name LIKE '%green%'"),
    ("lineitem", "l_returnflag = 'R'"),
    ("nation", "n_name = 'GERMANY'"),
    (
        "lineitem",
        "l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate \
         AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1994-01-01' \
         AND l_receiptdate < DATE '1995-01-01'",
    ),
    ("orders", "o_comment NOT LIKE '%special%requests%'"),
    ("lineitem", "l_shipdate >= DATE '1995-09-01' AND l_shipdate < DATE '1995-10-01'"),
    ("lineitem", "l_shipdate >= DATE '1996-01-01' AND l_shipdate < DATE '1996-04-01'"),
    (
        "part",
        "p_brand <> 'Brand#45' AND p_type NOT LIKE 'MEDIUM POLISHED%' \
         AND p_size IN (49, 14, 23, 45, 19, 3, 36, 9)",
    ),
    ("part", "p_brand = 'Brand#23' AND p_container = 'MED BOX'"),
    ("part", "p_brand = 'Brand#12' AND p_size BETWEEN 1 AND 5"),
    ("lineitem", "l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON'"),
    ("part", "p_name LIKE 'forest%'"),
    ("lineitem", "l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'"),
    ("orders", "o_orderstatus = 'F'"),
    ("lineitem", "l_receiptdate > l_commitdate"),
    ("customer", "SUBSTRING(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17')"),
];

/// Returns the rows that EXPLAIN expects of the scan of a table.
fn expected(session: &mut Session, table: &str, filter: &str) -> f64 {
    let plan = rows(session, &format!("EXPLAIN SELECT count(*) FROM {table} WHERE {filter}"));
    let scan = plan.iter().find(|line| line.contains("Scan ")).expect("a scan");
    let (_, figures) = scan.split_once('~').expect("an estimate");
    figures.split_once(' ').expect("rows").0.parse().expect("a number")
}

fn tpch() -> Session {
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_files(folder.path(), 0.01).expect("the files are written");
    let mut session = Database::in_memory().expect("memory").session();
    for ((table, ddl), (_, path)) in TABLES.iter().zip(&files) {
        rows(&mut session, ddl);
        let copy = format!("COPY {table} FROM '{}' WITH (DELIMITER '|')", path.display());
        rows(&mut session, &copy);
    }
    run_all(&mut session, &["VACUUM", "ANALYZE"]);
    session
}

#[test]
fn conditions_of_tpch_are_off_by_a_factor_of_two_at_most() {
    let mut session = tpch();
    let mut off = Vec::new();
    for (table, filter) in FILTERS {
        let counted = rows(&mut session, &format!("SELECT count(*) FROM {table} WHERE {filter}"));
        let actual: f64 = counted[0].parse().expect("a count");
        let expected = expected(&mut session, table, filter);
        let (more, less) = (expected.max(actual).max(1.0), expected.min(actual).max(1.0));
        println!("{:6.2}  expected {expected:7}  found {actual:7}  {table}: {filter}", more / less);
        if more / less > 2.0 {
            off.push((table, filter, expected, actual));
        }
    }
    assert!(off.is_empty(), "{off:#?}");
    let plan = |number: usize, session: &mut Session| {
        rows(session, &format!("EXPLAIN {}", QUERIES[number - 1].sql)).join("\n")
    };
    for number in [5, 8, 9] {
        insta::assert_snapshot!(format!("tpch {number}"), plan(number, &mut session));
    }
}
