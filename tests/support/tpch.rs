//! TPC-H: its tables, the generator's `.tbl` files, and the queries run so far.
//!
//! Source: TPC Benchmark H, revision 3.0.1, with the validation parameters of its queries.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

/// A table: its name and the statement that makes it.
pub const TABLES: [(&str, &str); 8] = [
    (
        "region",
        "CREATE TABLE region (r_regionkey INTEGER PRIMARY KEY, r_name VARCHAR(25) NOT NULL, \
         r_comment VARCHAR(152))",
    ),
    (
        "nation",
        "CREATE TABLE nation (n_nationkey INTEGER PRIMARY KEY, n_name VARCHAR(25) NOT NULL, \
         n_regionkey INTEGER NOT NULL, n_comment VARCHAR(152))",
    ),
    (
        "part",
        "CREATE TABLE part (p_partkey INTEGER PRIMARY KEY, p_name VARCHAR(55) NOT NULL, \
         p_mfgr VARCHAR(25) NOT NULL, p_brand VARCHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, \
         p_size INTEGER NOT NULL, p_container VARCHAR(10) NOT NULL, \
         p_retailprice DECIMAL(15,2) NOT NULL, p_comment VARCHAR(23) NOT NULL)",
    ),
    (
        "supplier",
        "CREATE TABLE supplier (s_suppkey INTEGER PRIMARY KEY, s_name VARCHAR(25) NOT NULL, \
         s_address VARCHAR(40) NOT NULL, s_nationkey INTEGER NOT NULL, \
         s_phone VARCHAR(15) NOT NULL, s_acctbal DECIMAL(15,2) NOT NULL, \
         s_comment VARCHAR(101) NOT NULL)",
    ),
    (
        "partsupp",
        "CREATE TABLE partsupp (ps_partkey INTEGER, ps_suppkey INTEGER, \
         ps_availqty INTEGER NOT NULL, ps_supplycost DECIMAL(15,2) NOT NULL, \
         ps_comment VARCHAR(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey))",
    ),
    (
        "customer",
        "CREATE TABLE customer (c_custkey INTEGER PRIMARY KEY, c_name VARCHAR(25) NOT NULL, \
         c_address VARCHAR(40) NOT NULL, c_nationkey INTEGER NOT NULL, \
         c_phone VARCHAR(15) NOT NULL, c_acctbal DECIMAL(15,2) NOT NULL, \
         c_mktsegment VARCHAR(10) NOT NULL, c_comment VARCHAR(117) NOT NULL)",
    ),
    (
        "orders",
        "CREATE TABLE orders (o_orderkey INTEGER PRIMARY KEY, o_custkey INTEGER NOT NULL, \
         o_orderstatus VARCHAR(1) NOT NULL, o_totalprice DECIMAL(15,2) NOT NULL, \
         o_orderdate DATE NOT NULL, o_orderpriority VARCHAR(15) NOT NULL, \
         o_clerk VARCHAR(15) NOT NULL, o_shippriority INTEGER NOT NULL, \
         o_comment VARCHAR(79) NOT NULL)",
    ),
    (
        "lineitem",
        "CREATE TABLE lineitem (l_orderkey INTEGER, l_partkey INTEGER NOT NULL, \
         l_suppkey INTEGER NOT NULL, l_linenumber INTEGER, l_quantity DECIMAL(15,2) NOT NULL, \
         l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL, \
         l_tax DECIMAL(15,2) NOT NULL, l_returnflag VARCHAR(1) NOT NULL, \
         l_linestatus VARCHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL, \
         l_receiptdate DATE NOT NULL, l_shipinstruct VARCHAR(25) NOT NULL, \
         l_shipmode VARCHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL, \
         PRIMARY KEY (l_orderkey, l_linenumber))",
    ),
];

/// A query: its number, its text here, and its text for SQLite, which has no dates or decimals.
pub struct TpchQuery {
    /// Its number in the benchmark.
    pub number: u32,
    /// For SpectraDB.
    pub sql: &'static str,
    /// For SQLite: dates are text, numbers are integers or doubles.
    pub sqlite: &'static str,
}

/// The queries run so far.
pub const QUERIES: [TpchQuery; 5] = [
    TpchQuery {
        number: 1,
        sql: "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty,
       sum(l_extendedprice) AS sum_base_price,
       sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
       sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
       avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS avg_price,
       avg(l_discount) AS avg_disc, count(*) AS count_order
FROM lineitem
WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL '90' DAY
GROUP BY l_returnflag, l_linestatus
ORDER BY l_returnflag, l_linestatus",
        sqlite: "SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
       sum(l_extendedprice * (1 - l_discount)),
       sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)),
       avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
FROM lineitem WHERE l_shipdate <= '1998-09-02'
GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
    },
    TpchQuery {
        number: 3,
        sql: "SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue,
       o_orderdate, o_shippriority
FROM customer, orders, lineitem
WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
  AND o_orderdate < DATE '1995-03-15' AND l_shipdate > DATE '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority
ORDER BY revenue DESC, o_orderdate LIMIT 10",
        sqlite: "SELECT l_orderkey, sum(l_extendedprice * (1 - l_discount)) AS revenue,
       o_orderdate, o_shippriority
FROM customer, orders, lineitem
WHERE c_mktsegment = 'BUILDING' AND c_custkey = o_custkey AND l_orderkey = o_orderkey
  AND o_orderdate < '1995-03-15' AND l_shipdate > '1995-03-15'
GROUP BY l_orderkey, o_orderdate, o_shippriority
ORDER BY revenue DESC, o_orderdate LIMIT 10",
    },
    TpchQuery {
        number: 6,
        sql: "SELECT sum(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL '1' YEAR
  AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND l_quantity < 24",
        sqlite: "SELECT sum(l_extendedprice * l_discount) FROM lineitem
WHERE l_shipdate >= '1994-01-01' AND l_shipdate < '1995-01-01'
  AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24",
    },
    TpchQuery {
        number: 12,
        sql: "SELECT l_shipmode,
       sum(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH'
           THEN 1 ELSE 0 END) AS high_line_count,
       sum(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH'
           THEN 1 ELSE 0 END) AS low_line_count
FROM orders, lineitem
WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP')
  AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate
  AND l_receiptdate >= DATE '1994-01-01'
  AND l_receiptdate < DATE '1994-01-01' + INTERVAL '1' YEAR
GROUP BY l_shipmode ORDER BY l_shipmode",
        sqlite: "SELECT l_shipmode,
       sum(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END),
       sum(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END)
FROM orders, lineitem
WHERE o_orderkey = l_orderkey AND l_shipmode IN ('MAIL', 'SHIP')
  AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate
  AND l_receiptdate >= '1994-01-01' AND l_receiptdate < '1995-01-01'
GROUP BY l_shipmode ORDER BY l_shipmode",
    },
    TpchQuery {
        number: 14,
        sql: "SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%'
           THEN l_extendedprice * (1 - l_discount) ELSE 0 END)
       / sum(l_extendedprice * (1 - l_discount)) AS promo_revenue
FROM lineitem, part
WHERE l_partkey = p_partkey AND l_shipdate >= DATE '1995-09-01'
  AND l_shipdate < DATE '1995-09-01' + INTERVAL '1' MONTH",
        sqlite: "SELECT 100.00 * sum(CASE WHEN p_type LIKE 'PROMO%'
           THEN l_extendedprice * (1 - l_discount) ELSE 0 END)
       / sum(l_extendedprice * (1 - l_discount))
FROM lineitem, part
WHERE l_partkey = p_partkey AND l_shipdate >= '1995-09-01' AND l_shipdate < '1995-10-01'",
    },
];

/// An expression of ten operations over lineitem: what fused machine code is for.
pub const TEN_OPERATIONS: &str = "SELECT sum((l_extendedprice * (1 - l_discount) + l_tax * 3) \
     * (2 + l_tax) - l_quantity * (l_discount + 1) + l_quantity) FROM lineitem";

/// Writes the eight `.tbl` files of a scale factor into `folder`; returns their paths by table.
///
/// # Errors
/// If a file cannot be written.
pub fn write_files(folder: &Path, scale: f64) -> io::Result<Vec<(&'static str, PathBuf)>> {
    let write = |table: &'static str| -> io::Result<(&'static str, PathBuf)> {
        let path = folder.join(format!("{table}.tbl"));
        let file = BufWriter::new(File::create(&path)?);
        match table {
            "region" => lines(file, RegionGenerator::new(scale, 1, 1).iter()),
            "nation" => lines(file, NationGenerator::new(scale, 1, 1).iter()),
            "part" => lines(file, PartGenerator::new(scale, 1, 1).iter()),
            "supplier" => lines(file, SupplierGenerator::new(scale, 1, 1).iter()),
            "partsupp" => lines(file, PartSuppGenerator::new(scale, 1, 1).iter()),
            "customer" => lines(file, CustomerGenerator::new(scale, 1, 1).iter()),
            "orders" => lines(file, OrderGenerator::new(scale, 1, 1).iter()),
            _ => lines(file, LineItemGenerator::new(scale, 1, 1).iter()),
        }?;
        Ok((table, path))
    };
    TABLES.iter().map(|(table, _)| write(table)).collect()
}

fn lines(mut file: impl Write, rows: impl Iterator<Item = impl Display>) -> io::Result<()> {
    for row in rows {
        writeln!(file, "{row}")?;
    }
    file.flush()
}
